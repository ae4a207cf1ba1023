package run

import (
	"context"
	"errors"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Status is how a sequence ended in a fast run.
type Status uint8

// The statuses of a sequence.
const (
	Passed   Status = iota // every answer was as predicted
	Surprise               // some answer was not, or could not be predicted: run it carefully
	Unrun                  // an earlier surprise kept it from running
)

// sequence is what was predicted for one sequence of steps, and where its answers are. Its
// numbers, and those of its parts, are indexes of the flush's items.
type sequence struct {
	status  Status
	steps   []stepCheck
	all     int // the superuser's observation
	final   *model.State
	looks   []look
	members []*model.Identity
}

// stepCheck is one predicted statement.
type stepCheck struct {
	first, last int // items of the statement: the last one's answer counts
	copied      int // the same query over the copies; -1 without
	step        *model.Step
	predicted   model.Prediction
}

// look is one identity's observation at the end.
type look struct {
	item int
	id   *model.Identity
	plan *maskPlan
	kept []int // by Table.ID: rows that the rule allows and that did not show; nil for none
}

// Fast runs sequences that share a dataset, in one flush. The statuses are in the
// order of the sequences. What was at stake in passed ones is counted in the matrix.
func (w *Worker) Fast(ctx context.Context, data [][]model.Row, initial *model.State, sequences [][]model.Step) ([]Status, error) {
	defer w.apart()()
	if err := w.ready(ctx); err != nil {
		return nil, err
	}
	if err := w.housekeeping(ctx); err != nil {
		return nil, err
	}
	defer w.contexts.without(w.Base.Without)()
	w.reach = w.reaches.of(data, sequences...)
	b, err := w.begin(ctx, data)
	if err != nil {
		return nil, err
	}
	b.several = len(sequences) > 1
	if b.several {
		b.plain("SAVEPOINT b")
	}
	if err := w.wire.push(ctx); err != nil {
		return nil, err
	}
	w.spend(len(sequences))
	w.sequences = w.sequences[:0]
	for _, steps := range sequences {
		s, err := b.sequence(initial, steps)
		if errors.Is(err, errAborted) { // by what went out before: no use to go on
			return w.aborted(len(sequences)), nil
		}
		if err != nil {
			return nil, err
		}
		w.sequences = append(w.sequences, s)
		if s.status != Surprise {
			w.stats.Looks += 1 + len(s.looks)
		}
		if err := w.wire.push(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.touch(data); errors.Is(err, errAborted) {
		return w.aborted(len(sequences)), nil
	} else if err != nil {
		return nil, err
	}
	b.plain("ROLLBACK") // skipped after an error: ready sees to it then
	w.wire.sync()
	if err := w.wire.flush(ctx); err != nil {
		return nil, err
	}
	return w.verify(), nil
}

// aborted is the statuses of n sequences after the transaction failed while they were still being
// made. Those not yet made did not run; if that is all of them, because the rows do not fit, the
// first is a surprise.
func (w *Worker) aborted(n int) []Status {
	if len(w.sequences) == 0 {
		w.sequences = append(w.sequences, sequence{status: Surprise})
	}
	out := w.verify()
	for len(out) < n {
		out = append(out, Unrun)
	}
	return out
}

// flow builds one flush.
type flow struct {
	*Worker
	ctx     context.Context
	who     *model.Identity // whom the connection acts as; nil: the superuser
	several bool            // sequences, each of which goes back to savepoint b
	worlds  bool            // it runs calls in worlds, where what one call leaves for the next must stay
	marked  int             // items when savepoint s was last gone back to
}

// begin starts a flush that loads a dataset in a transaction.
func (w *Worker) begin(ctx context.Context, data [][]model.Row) (*flow, error) {
	f := &flow{Worker: w, ctx: ctx}
	w.wire.reset()
	for _, text := range []string{"BEGIN", "ROLLBACK", "SAVEPOINT b", "ROLLBACK TO b", "SAVEPOINT s", "ROLLBACK TO s", "SAVEPOINT w", "ROLLBACK TO w"} {
		if _, err := w.wire.prepare(ctx, "", text); err != nil {
			return nil, err
		}
	}
	f.plain("BEGIN")
	for _, text := range w.Base.Before {
		w.wire.add(item{raw: text})
	}
	if err := f.load(data); err != nil {
		return nil, err
	}
	return f, nil
}

// plain adds a statement that was prepared before.
func (f *flow) plain(text string) { f.wire.call(f.wire.prepared["\x00"+text], nil, drop) }

// super adds a statement of the superuser.
func (f *flow) super(text string, args []model.Value, k keep) (int, error) {
	name, err := f.name(f.ctx, nil, text)
	if err != nil {
		return 0, err
	}
	return f.wire.call(name, args, k), nil
}

func (f *flow) load(data [][]model.Row) error {
	if f.replica {
		if _, err := f.super("SET LOCAL session_replication_role = replica", nil, drop); err != nil {
			return err
		}
	}
	for _, t := range f.order {
		if t.ID >= len(data) || len(data[t.ID]) == 0 {
			continue
		}
		f.untouched[t.ID] += volume(data[t.ID])
		if f.fixed.touches[t.ID] == "" {
			f.dead += deadCost * len(data[t.ID])
		} else {
			f.dead += prunedCost * len(data[t.ID])
		}
		if _, err := f.super(f.fixed.loads[t.ID], loadArgs(t, data[t.ID]), drop); err != nil {
			return err
		}
	}
	if f.replica {
		if _, err := f.super("SET LOCAL session_replication_role = origin", nil, drop); err != nil {
			return err
		}
	}
	return nil
}

// touchBytes is about how much is loaded into a table before it is touched: half of a
// page, so that no page stays untouched.
const touchBytes = 4096

// volume is about how many bytes rows take on a page: a tuple's header with its item
// pointer, and the values.
func volume(rows []model.Row) int {
	n := 0
	for _, row := range rows {
		n += 28
		for i := range row {
			n += max(8, len(row[i].Text))
		}
	}
	return n
}

// touch changes one row in each table that got some, after everything was observed
// and just before it is rolled back. It makes Postgres clear a page of dead rows as
// soon as it is full, which it does only where something was changed or deleted.
func (f *flow) touch(data [][]model.Row) error {
	for _, t := range f.order {
		if f.untouched[t.ID] < touchBytes || f.fixed.touches[t.ID] == "" || len(data[t.ID]) == 0 {
			continue
		}
		if err := f.be(nil); err != nil {
			return err
		}
		f.untouched[t.ID] = 0
		if _, err := f.super(f.fixed.touches[t.ID], nil, drop); err != nil {
			return err
		}
	}
	return nil
}

// be makes the connection act as an identity, nil for the superuser.
func (f *flow) be(id *model.Identity) error {
	if f.who == id {
		return nil
	}
	f.who = id
	if id == nil {
		_, err := f.super(f.fixed.super, nil, drop)
		return err
	}
	if !f.worlds {
		f.replan()
	}
	item, err := f.super(f.fixed.context, f.contexts.args(id), drop)
	if err == nil {
		f.wire.items[item].binds = id
	}
	return err
}

// replan discards plans, where some plan may hold a value of the session that it was made for.
// That another session may run with it is tested on connections that are used again, where it is
// known which session came before.
func (f *flow) replan() {
	if f.fixed.replan != "" {
		f.wire.add(item{raw: f.fixed.replan})
	}
}

// sequence adds one sequence with its observations, then goes back to the dataset.
func (f *flow) sequence(initial *model.State, steps []model.Step) (sequence, error) {
	s := sequence{final: initial}
	mark, sums := len(f.wire.items), len(f.wire.sums)
	for i := range steps {
		known, err := f.step(&s, initial, &steps[i])
		if err != nil {
			return s, err
		}
		if !known {
			f.wire.items, f.wire.sums = f.wire.items[:mark], f.wire.sums[:sums]
			f.who, f.marked = nil, -1
			s.status = Surprise
			return s, nil
		}
	}
	if err := f.observe(&s); err != nil {
		return s, err
	}
	if f.several { // which puts the session back, too
		f.plain("ROLLBACK TO b")
		f.who = nil
	}
	return s, nil
}

// identity finds or binds the identity of a step.
func (s *sequence) identity(c *model.Contract, st *model.State, step *model.Step) *model.Identity {
	if step.Op.Path != nil { // whose rules may follow from its arguments
		id, _ := c.BindStep(step, st)
		return id
	}
	for _, id := range s.members {
		if id.Session == step.Session && id.Tenant == step.Tenant && id.User == step.User {
			return id
		}
	}
	id, ok := c.Bind(step.Session, step.Tenant, step.User, st)
	if !ok {
		return nil
	}
	s.members = append(s.members, id)
	return id
}

// step adds one statement. It reports whether the model can predict it.
func (f *flow) step(s *sequence, initial *model.State, step *model.Step) (known bool, err error) {
	id := s.identity(f.Contract, initial, step)
	if id == nil || step.Fresh || step.Op.Shape == nil {
		return false, nil
	}
	p := f.predict.Predict(id, s.final, &step.Op)
	if p.Outcome == model.Unknown {
		return false, nil
	}
	check := stepCheck{step: step, predicted: p, copied: -1}
	if err := f.be(id); err != nil {
		return false, err
	}
	k := fields
	if step.Op.Shape.Command != model.Select && len(step.Op.Shape.Returning) == 0 {
		k = drop
	}
	if p.Outcome == model.Done {
		if check.first, check.last, err = f.op(id, &step.Op, k); err != nil {
			return false, err
		}
	} else {
		if f.marked != len(f.wire.items) { // else the last step went back to it
			f.plain("SAVEPOINT s")
		}
		if check.first, check.last, err = f.op(id, &step.Op, k); err != nil {
			return false, err
		}
		f.wire.sync()
		f.plain("ROLLBACK TO s")
		f.marked = len(f.wire.items)
	}
	switch {
	case p.Outcome != model.Done:
	case step.Op.Shape.Form.Evaluated():
		last := &f.wire.items[check.last]
		last.leave, last.each = f.leaves(step.Op.Shape), len(p.Shown) > 0
	default:
		ok, err := f.copies(&check, id, &step.Op, fields)
		if err != nil || !ok {
			return ok, err
		}
	}
	s.final = p.Next
	s.steps = append(s.steps, check)
	return true, nil
}

// leaves is the fields of a query that are generated, which the model does not predict; nil for none.
func (f *flow) leaves(s *model.Shape) []bool {
	given := f.fixed.given[s.Table.ID]
	if given == nil || s.Command != model.Select || s.Form == model.Count {
		return nil
	}
	out := make([]bool, len(s.Columns))
	for i, c := range s.Columns {
		out[i] = !given[c]
	}
	return out
}

// op adds the statement or statements of an operation.
func (f *flow) op(id *model.Identity, op *model.Op, k keep) (first, last int, err error) {
	name, err := f.name(f.ctx, id, op.Shape.Text)
	if err != nil {
		return 0, 0, err
	}
	if op.Shape.Form != model.Cursor {
		first = f.wire.call(name, op.Args, k)
		return first, first, nil
	}
	first = f.wire.call(name, op.Args, drop)
	fetch, err := f.name(f.ctx, nil, "FETCH ALL FROM rlsfuzz_c")
	if err != nil {
		return 0, 0, err
	}
	last = f.wire.call(fetch, nil, k)
	end, err := f.name(f.ctx, nil, "CLOSE rlsfuzz_c")
	if err != nil {
		return 0, 0, err
	}
	f.wire.call(end, nil, drop)
	return first, last, nil
}

// copies runs the query of an operation over copies of the rows that the rules allow.
func (f *flow) copies(check *stepCheck, id *model.Identity, op *model.Op, k keep) (bool, error) {
	if err := f.be(nil); err != nil {
		return false, err
	}
	f.plain("SAVEPOINT s")
	for _, t := range op.Shape.Tables() {
		sees := &id.Session.Sees[t.ID]
		text, ok := fillCopy(t, sees)
		if !ok {
			return false, nil
		}
		if _, err := f.super(text, ruleArgs(sees.Rule, id), drop); err != nil {
			return false, err
		}
	}
	var err error
	if check.copied, err = f.super(op.Shape.CopyText, op.Args, k); err != nil {
		return false, err
	}
	f.plain("ROLLBACK TO s")
	return true, nil
}

// observe adds what the superuser and every acting identity see at the end, whoever
// is acting already first.
func (f *flow) observe(s *sequence) error {
	if f.who == nil {
		if err := f.overlook(s); err != nil {
			return err
		}
		return f.lookAround(s, nil)
	}
	first := f.who
	if err := f.look(s, first); err != nil {
		return err
	}
	if err := f.lookAround(s, first); err != nil {
		return err
	}
	return f.overlook(s)
}

// overlook adds what the superuser sees.
func (f *flow) overlook(s *sequence) error {
	if err := f.be(nil); err != nil {
		return err
	}
	name, err := f.name(f.ctx, nil, f.reach.given)
	if err != nil {
		return err
	}
	s.all = f.wire.observe(name, nil, len(f.Contract.Schema.Tables))
	return nil
}

// lookAround adds what the acting identities see, except one.
func (f *flow) lookAround(s *sequence, except *model.Identity) error {
	for _, id := range s.members {
		if id == except {
			continue
		}
		if err := f.look(s, id); err != nil {
			return err
		}
	}
	return nil
}

// look adds what an identity sees.
func (f *flow) look(s *sequence, id *model.Identity) error {
	plan := f.masks(id)
	if plan.text == "" {
		return nil
	}
	if err := f.be(id); err != nil {
		return err
	}
	name, err := f.name(f.ctx, id, plan.text)
	if err != nil {
		return err
	}
	item := f.wire.observe(name, nil, len(f.Contract.Schema.Tables))
	f.wire.items[item].apart = plan.bound
	s.looks = append(s.looks, look{item: item, id: id, plan: plan})
	return nil
}
