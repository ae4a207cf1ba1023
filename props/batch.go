package props

import (
	"context"
	"fmt"
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/search"
)

// A batch is the unit of work: datasets with sequences, and one committed check. Its
// seed follows from the run's and its number, so that any number of workers does the
// same work.
const (
	batchDatasets  = 10 // the last one is committed; after them come plays
	batchSequences = 10
	batchPlays     = 3    // of jobs, where the contract has some
	shrinkRuns     = 60   // distinct scenarios that rapid may run while it shrinks
	shrinkCalls    = 2000 // and how many it may draw for that
	quickShrinks   = 15   // shrinkRuns where one finding is all that is asked for
	quickRuns      = 30   // and how many the reducer may then run of a call of a path, or of a lockout
)

// batchResult is what one batch found.
type batchResult struct {
	checks int
	leaks  []leak
	matrix *run.Matrix
	live   map[string]bool // kinds of calls that were asked about: whether hidden rows might show
	novel  []scene
	guided int // checks that went on where a scene ended
	reruns int // checks that ran twice
	stable int // of these, the ones with the same result
	err    error
}

// plays is how many plays a batch ends with.
func (l *lab) plays() int { return min(batchPlays, len(l.Plan.Jobs())) }

// batchChecks is how many checks a batch has.
func batchChecks(p *gen.Plan) int {
	return (batchDatasets-1)*batchSequences + 1 + min(batchPlays, len(p.Jobs()))
}

// mutes is the targets that are known and no longer reported.
type mutes map[judge.Target]bool

// batch runs one batch.
type batch struct {
	*lab
	n      int    // its number
	most   int    // checks, after which no dataset is begun
	seed   uint64 // of it alone
	ctx    context.Context
	share  int       // of a hundred sequences, how many call paths
	until  time.Time // no dataset is begun after it; zero: whenever
	muted  mutes
	causes []leak // known leaks, whose causes explain others
	result batchResult

	jobs     []*model.Path // the paths that plays are about
	first    int           // number of the batch's first play among those of all batches
	play     *model.Path   // what the play that failed was about; nil: no play failed
	pending  int           // sequences of the dataset that is being searched
	sets     int           // datasets so far, while searching
	aim      *judge.Target // what shrinking keeps; nil while searching
	index    int           // of the sequence that failed
	guided   bool          // the dataset is one of the corpus
	corpus   *corpus
	commit   bool // the committed check failed
	smallest leak
	origin   leak             // the failure as it was found
	left     bool             // the failure is about what earlier steps left: the reducer alone makes it smaller
	drawn    string           // where left is set: the key of the scenario that failed
	tried    map[string]*leak // what scenarios showed while shrinking, whatever the lab remembers of other batches
	calls    int              // of the property while shrinking
	at       int              // checks before the failure
	err      error
}

// firstBatches is how many batches of a search call paths often.
const firstBatches = 12

func callShare(n int) int {
	if n < firstBatches {
		return gen.CallsAtFirst
	}
	return gen.CallsLater
}

// seedOf is the seed of a batch (splitmix64 of the run's seed and the number).
func seedOf(seed uint64, n int) uint64 {
	z := seed + uint64(n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// runBatch runs the n-th batch. Divergences with a known cause are noted and passed;
// the first other one is shrunk and ends the batch.
func (l *lab) runBatch(ctx context.Context, seed uint64, n, most int, muted mutes, known []leak, until time.Time, c *corpus) batchResult {
	b := &batch{
		lab: l, n: n, most: most, seed: seedOf(seed, n), ctx: ctx, until: until, share: callShare(n), muted: mutes{}, causes: known, corpus: c, tried: map[string]*leak{},
	}
	l.fast.Known, l.telling, l.novel = map[[2]int]bool{}, nil, nil
	l.fast.Explore(c.reached)
	l.live, l.refuted = map[string]bool{}, map[string]int{}
	for t := range muted {
		b.muted[t] = true
		l.ignore(t)
	}
	l.fast.Matrix = run.NewMatrix(l.Contract)
	b.jobs, b.first = l.Plan.Jobs(), n*batchPlays
	failure, err := search.Check(b.seed, batchDatasets+l.plays(), b.property)
	if failure != "" && b.err == nil && b.aim != nil {
		b.fail(b.whole())
	}
	switch {
	case b.err != nil:
		b.result.err = b.err
		if b.aim != nil { // what was found stays found
			b.smallest.at, b.smallest.runs = b.at, len(b.tried)
			b.result.leaks = append(b.result.leaks, b.smallest)
		}
	case err != nil:
		b.result.err = err
	case failure != "" && b.aim == nil:
		b.result.err = fmt.Errorf("batch %d failed without a divergence: %s", n, failure)
	case failure != "":
		b.smallest.at, b.smallest.runs = b.at, len(b.tried)
		b.result.leaks = append(b.result.leaks, b.smallest)
	}
	b.result.matrix, b.result.live, b.result.novel = l.fast.Matrix, l.live, l.novel
	return b.result
}

// property is what rapid searches and shrinks. It fails in one place, so that rapid
// takes every failure for the same.
func (b *batch) property(t *rapid.T) {
	if b.diverges(t) {
		t.Fatalf("the contract and Postgres diverge")
	}
}

func (b *batch) diverges(t *rapid.T) bool {
	switch {
	case b.err != nil || b.ctx.Err() != nil:
		b.fail(b.ctx.Err())
		return false
	case b.aim != nil:
		return b.shrinks(t)
	case !b.until.IsZero() && time.Now().After(b.until):
		return false // a run that is bounded by time ends with the dataset
	case b.result.checks >= b.most:
		return false
	}
	b.sets++
	committed := b.sets >= batchDatasets
	if b.sets > batchDatasets { // each job in turn
		b.play = b.jobs[(b.first+b.sets-batchDatasets-1)%len(b.jobs)]
	}
	b.guided = b.corpus.guides(b.sets) && !committed
	twice := b.n%rerunEvery == 0 && b.sets == 1
	d, sequences := b.draw(t, committed, batchSequences)
	if len(sequences) == 0 {
		return false
	}
	b.result.checks += len(sequences)
	if b.guided {
		b.result.guided += len(sequences)
	}
	b.pending = len(sequences)
	if committed {
		return b.committed(d, sequences[0])
	}
	err := b.group(b.ctx, d, sequences, func(i int, s *model.Scenario, v *judge.Verdict) bool {
		return !b.hit(i, s, v)
	})
	if err == nil && twice && b.aim == nil {
		err = b.rerun(d, sequences)
	}
	if err != nil {
		b.fail(err)
		return false
	}
	return b.aim != nil
}

func (b *batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// draw draws a dataset and n sequences for it, fewer when it has no identity.
func (b *batch) draw(t *rapid.T, committed bool, n int) (*gen.Dataset, [][]model.Step) {
	bits := gen.Drawn{T: t, Salt: b.seed + uint64(b.sets)} // the number of sets stays while shrinking
	if b.guided {
		return b.corpus.draw(b.Plan, bits, n, b.share, t)
	}
	opt := gen.Options{About: b.play, Newcomers: b.play == nil}
	if committed && b.play == nil {
		opt.Cast = committedCast
	}
	d := b.Plan.Dataset(bits, opt)
	if len(d.Cast) == 0 {
		return d, nil
	}
	if b.play != nil {
		if steps := b.Plan.Play(bits, d, b.play); len(steps) > 0 {
			return d, [][]model.Step{steps}
		}
		return d, nil
	}
	if committed {
		fresh, steps := b.Plan.Fresh(d), b.Plan.Pooled(bits, d)
		if steps == nil {
			steps = b.Plan.Sequence(bits, committedLengths.Draw(t, "steps"), d, b.share)
		}
		return d, [][]model.Step{append(fresh, steps...)}
	}
	sequences := make([][]model.Step, 0, n)
	for range n {
		if steps := b.Plan.Sequence(bits, lengths.Draw(t, "steps"), d, b.share); len(steps) > 0 {
			sequences = append(sequences, steps)
		}
	}
	return d, sequences
}

// lengths is how many statements a sequence has, twelve on average: the more of two numbers, since
// rapid prefers small ones. committedLengths is how many a committed one has.
var (
	lengths = rapid.Custom(func(t *rapid.T) int {
		n := rapid.IntRange(1, 20)
		return max(n.Draw(t, "one"), n.Draw(t, "other"))
	})
	committedLengths = rapid.IntRange(1, 4)
)

// committedCast is how many identities share the connections of a committed check.
const committedCast = 8

func (b *batch) committed(d *gen.Dataset, steps []model.Step) bool {
	_, err := b.played(b.ctx, d, steps, drawn(d.Data, steps), b.play == nil, func(s *model.Scenario, v *judge.Verdict) bool {
		b.commit = b.commit || b.hit(0, s, v)
		return !b.commit
	})
	b.fail(err)
	return b.commit
}

// hit looks for the first divergence that is news. One with a known cause is noted
// and muted for the rest of the batch.
func (b *batch) hit(i int, s *model.Scenario, v *judge.Verdict) bool {
	first := forbidden(v)
	for k := range v.Divergences {
		d := &v.Divergences[k]
		target := d.Target()
		if b.muted[target] || d.Step > first {
			continue
		}
		cause, known, err := b.known(s, d)
		if err != nil {
			b.fail(err)
			return false
		}
		if known {
			b.muted[target] = true
			b.ignore(target)
			b.result.leaks = append(b.result.leaks, leak{scenario: s, found: *d, target: target, cause: cause, at: b.result.checks})
			continue
		}
		b.aim, b.index, b.left = &target, i, d.Left
		b.smallest, b.at = leak{scenario: s, found: *d, target: target}, b.result.checks-b.pending+i+1
		b.origin = b.smallest
		return true
	}
	return false
}

// forbidden is the first step that wrote what it must not. What later steps show may
// be its consequence; by themselves they are tried in other sequences.
func forbidden(v *judge.Verdict) int {
	first := math.MaxInt
	for i := range v.Divergences {
		if d := &v.Divergences[i]; len(d.Became) > 0 {
			first = min(first, d.Step)
		}
	}
	return first
}

// known tries the causes of known leaks.
func (b *batch) known(s *model.Scenario, d *judge.Divergence) (Cause, bool, error) {
	if len(b.causes) == 0 || d.Class == judge.Lockout {
		return Cause{}, false, nil
	}
	cause, err := b.cause(b.ctx, s, d, b.causes)
	if err != nil {
		return Cause{}, false, err
	}
	for _, k := range b.causes {
		if k.cause.Key == cause.Key {
			return cause, true, nil
		}
	}
	return Cause{}, false, nil
}
