package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// World is the rows on which calls run, and how Postgres is set meanwhile.
type World struct {
	Data     [][]model.Row
	Settings []string // statements of the superuser, after the rows are loaded

	// First and Until limit the calls that run in it to calls[First:Until]; both zero: all.
	First, Until int
}

// of is the calls that run in a world.
func (w *World) of(calls []Calls) []Calls {
	if w.Until == 0 {
		return calls
	}
	return calls[w.First:w.Until]
}

// Calls is steps that run one after the other and call paths, with who runs each. It begins with
// the rows of its world: what an earlier Calls did there is undone.
type Calls struct {
	ID    []*model.Identity // by step
	Steps []model.Step
}

// CallSum is the output of one step of Calls in one world, in brief. Outputs that differ only in
// the order of their rows have equal sums.
type CallSum struct {
	Sum    uint64
	Rows   int
	Code   string        // SQLSTATE of its error; empty when there was none
	Error  string        // its error for people
	Token  bool          // it bears a canary, of whatever row
	Output *model.Output // whole; nil unless it was asked for
}

// Denied reports whether row security or a privilege refused the step.
func (s *CallSum) Denied() bool { return s.Code == model.InsufficientPrivilege }

// WorldRun is what Calls gave in one world.
type WorldRun struct {
	Invalid string // why the world could not be made; the rest is empty then
	Steps   []CallSum
	Before  [][]model.Row // by Table.ID; nil unless outputs were asked for
	After   [][]model.Row
	change  []tableSum // by Table.ID: the sum of the rows after, less that of the rows before
}

// Wrote reports whether some table holds other rows than before.
func (r *WorldRun) Wrote() bool {
	return slices.ContainsFunc(r.change, func(s tableSum) bool { return s != tableSum{} })
}

// Same reports whether two runs had the same outputs and changed rows in the same way.
func (r *WorldRun) Same(o *WorldRun) bool {
	if len(r.Steps) != len(o.Steps) || !slices.Equal(r.change, o.change) {
		return false
	}
	for i := range r.Steps {
		if r.Steps[i].Sum != o.Steps[i].Sum {
			return false
		}
	}
	return true
}

// worldAsk is where the answers of one world are. Its numbers, and those of callsAsk, are indexes
// of the flush's items.
type worldAsk struct {
	first  int // the world's first item
	before int
	calls  []callsAsk
}

type callsAsk struct {
	steps [][]int
	after int
}

// Worlds runs calls in several worlds, all in one transaction and one flush, so that the
// time is the same in all of them. The result is by world, then by its Calls. whole keeps
// the outputs. A variant changes the schema or the logins for this run only.
func (w *Worker) Worlds(ctx context.Context, worlds []World, calls []Calls, whole bool, v Variant) ([][]WorldRun, error) {
	defer w.apart()()
	before := v.Before
	defer w.contexts.without(w.Base.Without, v.Without)()
	w.reach = w.reaches.keep(nil) // a path may read any table
	if err := w.ready(ctx); err != nil {
		return nil, err
	}
	if err := w.housekeeping(ctx); err != nil {
		return nil, err
	}
	f, err := w.begin(ctx, nil)
	if err != nil {
		return nil, err
	}
	f.worlds = true
	for _, text := range append(w.refreshes(), "SET LOCAL statement_timeout = '"+callTimeout+"'", w.fixed.reset) {
		if text == "" {
			continue
		}
		if _, err := w.wire.prepare(ctx, "", text); err != nil {
			return nil, err
		}
	}
	for _, text := range before {
		w.wire.add(item{raw: text})
	}
	if len(before) > 0 {
		w.wire.add(item{raw: "DISCARD PLANS"})
		w.wire.sync()
	}
	f.plain(w.fixed.reset)
	f.forget()
	w.wire.sync()
	asks, sequences := make([]worldAsk, len(worlds)), 0
	for i := range worlds {
		some := worlds[i].of(calls)
		stale := v.Stale || !slices.ContainsFunc(some, func(c Calls) bool { return stored(c.Steps) })
		if asks[i], err = f.world(&worlds[i], some, whole, stale); err != nil {
			return nil, err
		}
		sequences += len(asks[i].calls)
	}
	w.spend(sequences)
	f.plain("ROLLBACK")
	w.wire.sync()
	if len(before) > 0 {
		w.wire.add(item{raw: "DISCARD PLANS"})
		w.wire.sync()
	}
	if err := w.wire.flush(ctx); err != nil {
		return nil, err
	}
	out := make([][]WorldRun, len(worlds))
	for i := range asks {
		out[i] = w.worldRuns(&asks[i], whole)
	}
	return out, nil
}

// stored reports whether a step calls a path that may read a materialized view.
func stored(steps []model.Step) bool {
	return slices.ContainsFunc(steps, func(s model.Step) bool { return s.Op.Path != nil && s.Op.Path.Stored })
}

// callTimeout bounds one statement of a call.
const callTimeout = "5s"

// refreshes is the statements that fill the materialized views, those that others read first.
func (w *Worker) refreshes() []string {
	var out []string
	for _, v := range w.Contract.Schema.Views {
		if v.Materialized {
			out = append(out, "REFRESH MATERIALIZED VIEW "+v.SQL())
		}
	}
	return out
}

func (f *flow) world(world *World, calls []Calls, whole, stale bool) (worldAsk, error) {
	var ask worldAsk
	f.who, ask.first = nil, len(f.wire.items)
	f.plain("SAVEPOINT w")
	if err := f.load(world.Data); err != nil {
		return ask, err
	}
	if !stale {
		for _, text := range f.refreshes() {
			f.plain(text)
		}
	}
	f.plain("SET LOCAL statement_timeout = '" + callTimeout + "'")
	for _, text := range world.Settings {
		f.wire.add(item{raw: text})
	}
	var err error
	if ask.before, err = f.everything(whole); err != nil {
		return ask, err
	}
	f.plain("SAVEPOINT b")
	f.wire.sync()
	for i := range calls {
		c, err := f.run(&calls[i], whole)
		if err != nil {
			return ask, err
		}
		ask.calls = append(ask.calls, c)
	}
	if err := f.touch(world.Data); err != nil {
		return ask, err
	}
	f.plain("ROLLBACK TO w")
	return ask, nil
}

func (f *flow) run(c *Calls, whole bool) (callsAsk, error) {
	var ask callsAsk
	k := fields
	if whole {
		k = rows
	}
	f.replan()
	for i := range c.Steps {
		if i > 0 {
			f.who = &model.Identity{} // nobody in particular
			if err := f.be(nil); err != nil {
				return ask, err
			}
			if _, err := f.super(resetFor(f.Contract.Schema, i), nil, drop); err != nil {
				return ask, err
			}
		}
		f.who = nil // the call before may have changed who acts
		if err := f.be(c.ID[i]); err != nil {
			return ask, err
		}
		items, err := f.worldStep(c.ID[i], &c.Steps[i], k)
		if err != nil {
			return ask, err
		}
		ask.steps = append(ask.steps, items)
	}
	f.who = &model.Identity{} // nobody in particular: the path may have changed it
	if err := f.be(nil); err != nil {
		return ask, err
	}
	var err error
	if ask.after, err = f.everything(whole); err != nil {
		return ask, err
	}
	f.plain("ROLLBACK TO b")
	f.plain(f.fixed.reset)
	f.forget()
	f.wire.sync()
	return ask, nil
}

// worldStep adds one step: a call, or a statement before it.
func (f *flow) worldStep(id *model.Identity, step *model.Step, k keep) ([]int, error) {
	if step.Op.Path != nil {
		return f.calls(id, step, k)
	}
	f.plain("SAVEPOINT s")
	var start, last int
	var err error
	if step.Op.Shape == nil {
		last = f.wire.add(item{raw: step.Op.Raw, args: step.Op.Args, keep: k})
	} else if start, last, err = f.op(id, &step.Op, k); err != nil {
		return nil, err
	}
	items := []int{last}
	if start != 0 && start != last {
		items = []int{start, last}
	}
	checked, err := f.commits()
	if err != nil {
		return nil, err
	}
	f.plain("SAVEPOINT s")
	f.wire.sync()
	f.plain("ROLLBACK TO s")
	return append(items, checked...), nil
}

// everything adds the superuser's observation: sums, or the rows themselves.
func (f *flow) everything(whole bool) (int, error) {
	name, err := f.name(f.ctx, nil, f.reach.everything)
	if err != nil {
		return 0, err
	}
	if whole {
		return f.wire.call(name, nil, rows), nil
	}
	return f.wire.observe(name, nil, len(f.Contract.Schema.Tables)), nil
}

// worldRuns turns the answers of one world into its runs.
func (w *Worker) worldRuns(ask *worldAsk, whole bool) []WorldRun {
	out := make([]WorldRun, len(ask.calls))
	first := &w.wire.items[ask.before]
	invalid := ""
	if !first.answer.reached || first.answer.err != nil {
		invalid = "its rows could not be loaded"
		for i := ask.first; i <= ask.before; i++ {
			if e := w.wire.items[i].answer.err; e != nil {
				invalid = e.Message
				break
			}
		}
	}
	for i := range ask.calls {
		c := &ask.calls[i]
		r := &out[i]
		if r.Invalid = invalid; invalid != "" {
			continue
		}
		after := &w.wire.items[c.after]
		if !after.answer.reached || after.answer.err != nil {
			r.Invalid = "the rows could not be read after the call"
			continue
		}
		if whole {
			r.Before, _ = w.records(first.answer.kept)
			r.After, _ = w.records(after.answer.kept)
		}
		for _, t := range w.Contract.Schema.Tables {
			if whole {
				break
			}
			a, b := w.wire.sums[after.at+t.ID], w.wire.sums[first.at+t.ID]
			r.change = append(r.change, tableSum{rows: a.rows - b.rows, sum: a.sum - b.sum})
		}
		for _, items := range c.steps {
			r.Steps = append(r.Steps, w.callSum(items, whole))
		}
	}
	return out
}

// callSum adds up the answers of one call.
func (w *Worker) callSum(items []int, whole bool) CallSum {
	var out CallSum
	h := model.FieldsStart()
	fold := func(text string) { h = model.FoldField(h, []byte(text), false) }
	for n, i := range items {
		a := &w.wire.items[i].answer
		for _, notice := range a.notices {
			fold(notice)
			out.Token = out.Token || suspicious(notice)
		}
		if e := a.err; e != nil {
			out.Code, out.Error = e.Code, "ERROR "+e.Code+": "+e.Message
			fold(e.Code)
			fold(e.Message + "\n" + e.Detail + "\n" + e.Hint + "\n" + e.ConstraintName)
			out.Token = out.Token || suspicious(e.Message, e.Detail, e.Hint)
			break
		}
		if !a.reached {
			break
		}
		out.Rows += a.rows
		out.Token = out.Token || a.token
		fold(fmt.Sprint(n, a.rows, a.count))
		h += a.sum * 0x9e3779b97f4a7c15
	}
	out.Sum = h
	if whole {
		out.Output = w.output(items)
		out.Sum = linesSum(out.Output)
	}
	return out
}

// linesSum hashes an output, its order aside.
func linesSum(o *model.Output) uint64 {
	h := model.FieldsStart()
	for _, l := range o.Lines() {
		h = model.FoldField(h, []byte(l), false)
	}
	return h
}

// Superuser is an identity's settings in the hands of the superuser.
func (w *Worker) Superuser(id *model.Identity) *model.Identity {
	out := *id
	out.Login, out.Role, out.Rights = w.super, "", nil
	return &out
}
