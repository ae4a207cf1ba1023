package props

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// scene is a sequence that reached something new: an outcome, or two in a row, that no other had.
type scene struct {
	set      *gen.Dataset
	steps    []model.Step
	features []uint64 // that nobody had reached
	key      uint64   // a hash of what each step came to: the same for sequences that differ in names only
}

// came notes what a sequence came to that ran carefully.
func (l *lab) came(d *gen.Dataset, steps []model.Step, v *judge.Verdict) {
	if len(v.Divergences) > 0 || len(v.Stakes) == 0 {
		return
	}
	var all []uint64
	var last uint64
	for i := range v.Stakes {
		s := &v.Stakes[i]
		if s.Cell.Path != nil {
			continue
		}
		text := fmt.Sprint("careful ", s.Cell.Session, s.Cell.Table, s.Cell.Command, min(s.Allowed, 2), min(s.Forbidden, 2))
		f := model.FoldField(model.FieldsStart(), []byte(text), false)
		all = append(all, f, last*0x9e3779b97f4a7c15+f)
		last = f
	}
	if fresh := l.fast.Fresh(all); len(fresh) > 0 {
		l.novel = append(l.novel, scene{set: d, steps: steps, features: fresh, key: run.FeaturesKey(all)})
	}
}

// corpusLimit bounds the scenes that are kept.
const corpusLimit = 256

// corpus is the scenes that came to something new, none twice. It changes between rounds
// only.
type corpus struct {
	share   int // of nine datasets
	scenes  []scene
	reached run.Reached
	keys    map[uint64]bool
	written int // scenes that are on disk
}

func newCorpus(cfg *Config) *corpus {
	return &corpus{share: cfg.Guide, reached: run.Reached{}, keys: map[uint64]bool{}}
}

// add takes the scenes that come to what none before did.
func (c *corpus) add(list []scene) {
	for _, s := range list {
		news := false
		for _, f := range s.features {
			news = news || !c.reached[f]
			c.reached[f] = true
		}
		if news && !c.keys[s.key] && len(c.scenes) < corpusLimit {
			c.keys[s.key] = true
			c.scenes = append(c.scenes, s)
		}
	}
}

// guides reports whether the n-th dataset of a batch is one of the corpus.
func (c *corpus) guides(n int) bool {
	return len(c.scenes) > 0 && c.share > 0 && n*c.share/9 != (n-1)*c.share/9
}

// draw draws sequences that go on where a scene ended.
func (c *corpus) draw(p *gen.Plan, bits gen.Bits, n, share int, t *rapid.T) (*gen.Dataset, [][]model.Step) {
	s := &c.scenes[bits.Next()%uint64(len(c.scenes))]
	d := s.set.Again()
	sequences := make([][]model.Step, 0, n)
	for range n {
		more := p.Sequence(bits, lengths.Draw(t, "steps"), d, share)
		if len(more) > 0 && more[0].Op.Path != nil {
			sequences = append(sequences, more)
			continue
		}
		sequences = append(sequences, append(s.steps[:len(s.steps):len(s.steps)], more...))
	}
	return d, sequences
}
