package props

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

const (
	pieceCells    = 80 // statements over tables in a piece
	pieceChannels = 20 // times that sessions listen in one
	walkRound     = 16 // pieces of them in a round; the first rounds are shorter
)

// piece is a part of the walk that one worker does: statements over tables, the calls of
// one session, plays about one path, or looks on fresh connections.
type piece struct {
	set   *gen.Dataset
	cells [][]model.Step
	calls [][]model.Step // of one member each
	plays [][]model.Step // about one path
	pairs [][]model.Step // of calls: what one leaves and the next finds
	tied  [][]model.Step // a row that is made to refer to another tenant's, and a call
	// untied is how many such pairs are left out.
	untied int
	fresh  [][]model.Step // on connections that nobody used, or that the steps use again
	// asked is that it is of paths of which [model.Path.Asked] holds.
	asked bool
	// channels is what comes to those that listen to one.
	channels [][]model.Step

	done   bool // there was time for it
	walked int
	events []event
	matrix *run.Matrix
	live   map[string]bool
	tried  map[judge.Cell]*tried
	err    error
}

// event is a scenario of the walk that was looked at carefully.
type event struct {
	scenario *model.Scenario
	verdict  *judge.Verdict
}

// stages divides the walk into pieces, and these into rounds; the pieces of a round may run at the
// same time. Statements over tables come dataset after dataset, then what paths do; before all of
// that, likewise, what is new since the last check. Of a schema that is divided into
// parts each round has some of each dataset, so that no table starves.
func (c *campaign) stages() [][]*piece {
	if c.cfg.Used {
		return c.usedPieces()
	}
	sets := c.Plan.MatrixSets()
	divided := len(c.Plan.Parts()) > 1
	bySet, others := make([][]*piece, sets), make([][]*piece, sets)
	ahead := make([][]*piece, sets)
	var fresh []*piece
	for n := range bySet {
		d := c.Plan.MatrixDataset(n)
		if !divided || n < sets/2 { // the second datasets of a large schema show calls and fresh connections little that is new
			var first []*piece
			first, others[n] = c.freshPieces(c.otherPieces(d, n < len(c.Plan.Parts())))
			fresh = append(fresh, first...)
		}
		first, rest := c.freshCells(c.statements(d))
		for chunk := range slices.Chunk(first, pieceCells) {
			ahead[n] = append(ahead[n], &piece{set: d, cells: chunk})
		}
		for i, chunk := range chunks(rest, pieceCells) {
			bySet[n] = append(bySet[n], &piece{set: d, cells: chunk})
			if divided && i == 0 {
				bySet[n], others[n] = append(bySet[n], others[n]...), nil
			}
		}
	}
	if !divided {
		return append(growing(slices.Concat(slices.Concat(ahead...), fresh, slices.Concat(bySet...))), others...)
	}
	return growing(slices.Concat(dealt(ahead), fresh, dealt(bySet)))
}

// dealt is the pieces of some datasets, one of each in turn.
func dealt(bySet [][]*piece) []*piece {
	var out []*piece
	for i, left := 0, true; left; i++ {
		left = false
		for n := range bySet {
			if i < len(bySet[n]) {
				out, left = append(out, bySet[n][i]), true
			}
		}
	}
	return out
}

// usedPieces is what is left on connections, dataset after dataset.
func (c *campaign) usedPieces() [][]*piece {
	var out [][]*piece
	for n := range c.Plan.MatrixSets() {
		out = append(out, slices.DeleteFunc(c.otherPieces(c.Plan.MatrixDataset(n), n < len(c.Plan.Parts())), func(p *piece) bool {
			return len(p.fresh) == 0 && len(p.pairs) == 0 && len(p.tied) == 0
		}))
	}
	return out
}

// statements is the cells of a dataset in the order of the matrix; where there may be no
// time for all of them, each has its first statement before any has its second.
func (c *campaign) statements(d *gen.Dataset) [][]model.Step {
	cells := c.Plan.Matrix(d)
	if c.limited() {
		return gen.FirstFirst(cells)
	}
	return cells
}

// growing cuts pieces into rounds, each twice as long as the one before: what the first
// ones show need not be shown again.
func growing(pieces []*piece) [][]*piece {
	var out [][]*piece
	for size := 1; len(pieces) > 0; size = min(2*size, walkRound) {
		n := min(size, len(pieces))
		out, pieces = append(out, pieces[:n]), pieces[n:]
	}
	return out
}

// otherPieces is all but the statements over tables: the longest first, so that no worker waits
// long for the others, and last the paths of which [model.Path.Asked] holds. Programs, plays and
// listening take real commits and are slow: they are tried where first is set, since the second
// datasets would show little that is new.
func (c *campaign) otherPieces(d *gen.Dataset, first bool) []*piece {
	var out []*piece
	if first {
		for _, path := range c.Plan.Jobs() {
			if plays := c.Plan.Plays(d, path); len(plays) > 0 {
				out = append(out, &piece{set: d, plays: plays})
			}
		}
		for _, path := range c.Plan.Channels() {
			for cells := range slices.Chunk(c.Plan.Listens(d, path), pieceChannels) {
				out = append(out, &piece{set: d, channels: cells, asked: true})
			}
		}
	}
	out = append(out, c.callPieces(d, first)...)
	fresh := c.Plan.PooledCells(d)
	for _, step := range c.Plan.FreshCells(d) {
		fresh = append(fresh, []model.Step{step})
	}
	if len(fresh) > 0 {
		out = append(out, &piece{set: d, fresh: fresh})
	}
	slices.SortStableFunc(out, func(a, b *piece) int {
		switch {
		case a.asked == b.asked:
			return b.length() - a.length()
		case a.asked:
			return 1
		}
		return -1
	})
	return out
}

// length is about how long a piece takes, in calls of one statement.
func (p *piece) length() int {
	n := costly * (len(p.plays) + len(p.fresh) + len(p.channels))
	for _, steps := range p.calls {
		for i := range steps {
			if n++; steps[i].Runs() {
				n += costly
			}
		}
	}
	return n
}

// costly is about how many calls take as long as what is done with real logins and commits.
const costly = 10

// callPieces is the calls of paths, a piece for each session: every call of every member. Each
// program is a piece of its own, and so are a session's paths of which [model.Path.Asked] holds.
func (c *campaign) callPieces(d *gen.Dataset, programs bool) []*piece {
	type key struct {
		session int
		program *model.Path
		asked   bool
	}
	pieces := map[key]*piece{}
	var out []*piece
	of := func(step *model.Step) *piece {
		k := key{session: step.Session.ID}
		if step.Runs() {
			k.program = step.Op.Path
		}
		if k.asked = step.Op.Path != nil && step.Op.Path.Asked(); pieces[k] != nil {
			return pieces[k]
		}
		pieces[k] = &piece{set: d, asked: k.asked}
		out = append(out, pieces[k])
		return pieces[k]
	}
	for i := range d.Cast {
		m := &d.Cast[i]
		var steps, asked []model.Step
		for _, call := range c.Plan.Calls(d, m) {
			switch {
			case call.Step.Op.Path.Asked():
				asked = append(asked, call.Step)
			case !call.Step.Runs():
				steps = append(steps, call.Step)
			case programs:
				p := of(&call.Step)
				p.calls = append(p.calls, []model.Step{call.Step})
			}
		}
		if pairs := c.Plan.Used(d, m); len(steps)+len(pairs) > 0 {
			p := of(&model.Step{Session: m.Session})
			p.calls, p.pairs = append(p.calls, steps), append(p.pairs, pairs...)
			tied, left := c.Plan.Tied(d, m)
			p.tied, p.untied = append(p.tied, tied...), p.untied+left
		}
		if len(asked) > 0 {
			p := of(&asked[0])
			p.calls = append(p.calls, asked)
		}
	}
	for _, call := range c.Plan.WithoutTenant(d) {
		if programs || !call.Step.Runs() {
			p := of(&call.Step)
			p.calls = append(p.calls, []model.Step{call.Step})
		}
	}
	return out
}

// chunks cuts a list into pieces of at most n.
func chunks(list [][]model.Step, n int) [][][]model.Step {
	var out [][][]model.Step
	for len(list) > n {
		out, list = append(out, list[:n]), list[n:]
	}
	return append(out, list)
}

// upAtFirst reports whether there is no time for a piece in the first pass: statements over tables
// leave some time to paths, and go on after them, in the last pass.
func (c *campaign) upAtFirst(p *piece) bool {
	return c.late() || len(p.cells) > 0 && c.past(30)
}

// upAtLast reports whether there is no time for a piece in the last pass.
func (c *campaign) upAtLast(*piece) bool { return c.late() }

// open is the pieces that there was no time for.
func open(pieces []*piece) []*piece {
	return slices.DeleteFunc(slices.Clone(pieces), func(p *piece) bool { return p.done })
}

// undone says how much was not walked.
func undone(pieces []*piece, sets int) string {
	left, all, calls := 0, 0, ""
	for _, p := range pieces {
		all += len(p.cells)
		if !p.done {
			left += len(p.cells)
			if len(p.calls) > 0 {
				calls = ", and not all paths"
			}
		}
	}
	return fmt.Sprintf("of the matrix's datasets (%d), %d of %d cells were walked%s", sets, all-left, all, calls)
}

// walkRound deals the pieces of a round to the workers, but for those whose time is up.
func (c *campaign) walkRound(ctx context.Context, round []*piece, n *noted, up func(*piece) bool) {
	var wg sync.WaitGroup
	next := make(chan *piece)
	for _, l := range c.labs {
		wg.Go(func() {
			for p := range next {
				if !up(p) {
					l.walk(ctx, p, n)
				}
			}
		})
	}
	for _, p := range round {
		next <- p
	}
	close(next)
	wg.Wait()
}

// walk walks a piece, with what earlier rounds noted.
func (l *lab) walk(ctx context.Context, p *piece, n *noted) {
	p.err = l.endure(ctx, func() error {
		p.events, p.walked = nil, 0
		return l.walkPiece(ctx, p, n)
	})
	p.done = p.err == nil
	p.matrix, p.live, p.tried = l.fast.Matrix, l.live, l.tried
}

func (l *lab) walkPiece(ctx context.Context, p *piece, n *noted) error {
	l.fast.Matrix, l.fast.Known = run.NewMatrix(l.Contract), map[[2]int]bool{}
	l.refuted = map[string]int{}
	l.live, l.tried, l.telling = maps.Clone(n.live), map[judge.Cell]*tried{}, nil // a session's calls of a dataset are one piece
	for target := range n.seen {
		l.ignore(target)
	}
	see := func(s *model.Scenario, v *judge.Verdict) bool {
		p.events = append(p.events, event{s, v})
		news := false
		for i := range v.Divergences {
			if d := &v.Divergences[i]; !follows(v, d) {
				news = news || !n.seen[d.Target()]
				l.ignore(d.Target())
			}
		}
		return !l.quick || !news
	}
	switch {
	case p.calls != nil:
		return l.walkCalls(ctx, p, see)
	case p.plays != nil:
		return l.walkPlays(ctx, p, see)
	case p.channels != nil:
		return l.walkChannels(ctx, p, n, see)
	case p.fresh != nil:
		return l.walkFresh(ctx, p, see)
	}
	err := l.cells(ctx, p.set, p.cells, see)
	p.walked = len(p.cells)
	return err
}

// firstLook is the variants in which the walk tries each call: where one makes a
// difference, all are looked at.
var firstLook = []gen.Variant{gen.Remove, gen.Mixed}

// walkCalls calls paths.
func (l *lab) walkCalls(ctx context.Context, p *piece, see func(*model.Scenario, *judge.Verdict) bool) error {
	for _, steps := range p.calls {
		c, err := l.newCalls(ctx, p.set, steps, firstLook)
		if err != nil {
			return err
		}
		if more, err := l.call(ctx, p.set, c, see); err != nil || !more {
			return err
		}
		p.walked += len(steps)
	}
	c, err := l.newPairs(ctx, p.set, p.pairs, pairVariants)
	if err != nil {
		return err
	}
	if _, err := l.call(ctx, p.set, c, see); err != nil {
		return err
	}
	p.walked += len(p.pairs)
	if c, err = l.newTied(ctx, p.set, p.tied); err != nil {
		return err
	}
	if _, err := l.call(ctx, p.set, c, see); err != nil {
		return err
	}
	p.walked += len(p.tied)
	if p.untied > 0 {
		l.unjudged["calls after a reference to another tenant's row, of which there are too many"] += p.untied
	}
	return nil
}

// walkPlays plays what several sessions do around a path.
func (l *lab) walkPlays(ctx context.Context, p *piece, see func(*model.Scenario, *judge.Verdict) bool) error {
	for _, steps := range p.plays {
		p.walked++
		if more, err := l.played(ctx, p.set, steps, []gen.Variant{gen.Mixed}, false, see); err != nil || !more {
			return err
		}
	}
	return nil
}

// walkFresh looks on fresh connections, and on those that calls used before.
func (l *lab) walkFresh(ctx context.Context, p *piece, see func(*model.Scenario, *judge.Verdict) bool) error {
	for _, steps := range p.fresh {
		s := &model.Scenario{Data: p.set.Data, Steps: steps, Committed: true}
		v, err := l.verdict(ctx, s)
		if err != nil {
			return err
		}
		p.walked++
		l.count(v)
		if !see(s, v) {
			return nil
		}
	}
	return nil
}
