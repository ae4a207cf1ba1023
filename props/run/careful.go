package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// ErrInvalid says that a scenario cannot begin: its rows do not fit the schema, or
// an identity's tenant or user is not among them.
var ErrInvalid = errors.New("the scenario cannot begin")

// Variant is a change of the schema that lasts for one run: an experiment.
type Variant struct {
	Before  []string // statements of the superuser, rolled back with the run
	Without []string // settings whose defaults for logins are left out
	Roles   bool     // it changes roles, which all databases of the server share
	Stale   bool     // materialized views are not refreshed
}

// And is both changes, this one first.
func (v Variant) And(o Variant) Variant {
	return Variant{Before: slices.Concat(v.Before, o.Before), Without: slices.Concat(v.Without, o.Without), Roles: v.Roles || o.Roles}
}

// careful is what one careful run asked, in the order of the steps. Its numbers, and those of its
// parts, are indexes of the flush's items; table is a Table.ID.
type careful struct {
	initial int
	steps   []carefulStep
}

type carefulStep struct {
	id          *model.Identity
	first, last int
	output      []int // of a call of a path
	timed       bool  // its audit has a time
	clock       int   // the transaction's time and the clock after the call; -1 without
	check       int   // of deferred constraints; -1 without
	copied      int
	after       int
	looks       []carefulLook
	tenants     int // of a session of which Go does not know them; -1 for others
	before      []ruleAsk
	later       []ruleAsk
}

type carefulLook struct {
	item, table int
	mask        []bool
}

// Careful runs one scenario with every statement by itself and everything read again
// after it. It still takes one flush: savepoints isolate the statements, and a Sync
// after each lets the server go on after an error.
//
// A variant changes the schema or the logins for this run only.
func (w *Worker) Careful(ctx context.Context, s *model.Scenario, v Variant) (*model.Trace, error) {
	defer w.apart()()
	if err := w.ready(ctx); err != nil {
		return nil, err
	}
	defer w.contexts.without(w.Base.Without, v.Without)()
	w.stats.Careful++
	w.stats.Steps += len(s.Steps)
	w.reach = w.reaches.of(s.Data, s.Steps)
	f, err := w.begin(ctx, s.Data)
	if err != nil {
		return nil, err
	}
	w.spend(1 + len(s.Steps))
	for _, text := range v.Before {
		w.wire.add(item{raw: text})
	}
	if len(v.Before) > 0 { // a cached plan does not notice that a role's attributes changed
		w.wire.add(item{raw: "DISCARD PLANS"})
	}
	f.callable(s.Steps)
	initial, err := f.initial()
	if err != nil {
		return nil, err
	}
	c, err := f.scenario(s.Initial(w.Contract.Schema), initial, s.Steps)
	if err != nil {
		return nil, err
	}
	f.plain("ROLLBACK")
	w.wire.sync()
	if calls(s.Steps) {
		f.called()
		w.wire.sync()
	}
	if len(v.Before) > 0 {
		w.wire.add(item{raw: "DISCARD PLANS"})
		w.wire.sync()
	}
	if err := w.wire.flush(ctx); err != nil {
		return nil, err
	}
	return w.trace(&c)
}

// callable makes what calls need, where some step is one: materialized views with what was loaded. Sequences
// go on far from all keys, and from the same ones each time: triggers and rules may use them, too.
func (f *flow) callable(steps []model.Step) {
	if !calls(steps) {
		if len(f.Contract.Schema.Sequences) > 0 {
			f.wire.add(item{raw: f.fixed.reset})
		}
		return
	}
	texts := []string{}
	if stored(steps) {
		texts = f.refreshes()
	}
	for _, text := range append(texts, "SET LOCAL statement_timeout = '"+callTimeout+"'", f.fixed.reset) {
		f.wire.add(item{raw: text})
	}
}

// called puts back what a rollback leaves of calls.
func (f *flow) called() {
	f.wire.add(item{raw: f.fixed.reset})
	f.forget()
}

// Carefuls runs sequences that share a dataset carefully, each from these rows, in one
// flush: rows are loaded once, and plans that loading made void are made once. The traces
// are in the order of the sequences.
func (w *Worker) Carefuls(ctx context.Context, data [][]model.Row, state *model.State, sequences [][]model.Step) ([]*model.Trace, error) {
	defer w.apart()()
	if err := w.ready(ctx); err != nil {
		return nil, err
	}
	defer w.contexts.without(w.Base.Without)()
	w.reach = w.reaches.of(data, sequences...)
	f, err := w.begin(ctx, data)
	if err != nil {
		return nil, err
	}
	f.callable(slices.Concat(sequences...))
	all, err := f.scenarios(state, sequences)
	if errors.Is(err, errAborted) { // by rows that do not fit
		err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err != nil {
		return nil, err
	}
	f.plain("ROLLBACK")
	w.wire.sync()
	if err := w.wire.flush(ctx); err != nil {
		return nil, err
	}
	out := make([]*model.Trace, len(all))
	for i := range all {
		if out[i], err = w.trace(&all[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scenarios adds sequences, each of which goes back to the rows that were loaded.
func (f *flow) scenarios(state *model.State, sequences [][]model.Step) ([]careful, error) {
	initial, err := f.initial()
	if err != nil {
		return nil, err
	}
	all := make([]careful, len(sequences))
	for i, steps := range sequences {
		f.stats.Careful++
		f.stats.Steps += len(steps)
		f.spend(1 + len(steps))
		f.plain("SAVEPOINT b")
		if all[i], err = f.scenario(state, initial, steps); err != nil {
			return nil, err
		}
		f.plain("ROLLBACK TO b")
		if calls(steps) {
			f.called()
		}
		f.who = nil
	}
	return all, nil
}

// initial adds the superuser's observation of the rows that were loaded.
func (f *flow) initial() (int, error) {
	name, err := f.name(f.ctx, nil, f.reach.everything)
	if err != nil {
		return 0, err
	}
	item := f.wire.call(name, nil, rows)
	f.wire.sync()
	return item, nil
}

// scenario adds steps that begin in a state; initial is the observation of its rows.
func (f *flow) scenario(state *model.State, initial int, steps []model.Step) (careful, error) {
	c := careful{initial: initial}
	var seq sequence
	for i := range steps {
		id := seq.identity(f.Contract, state, &steps[i])
		if id == nil {
			return c, fmt.Errorf("%w: step %d: %s has no tenant or user among the rows", ErrInvalid, i+1, steps[i].Session.Name)
		}
		step, err := f.carefully(id, &steps[i])
		if err != nil {
			return c, err
		}
		c.steps = append(c.steps, step)
	}
	if _, err := f.super("SET CONSTRAINTS ALL IMMEDIATE", nil, drop); err != nil {
		return c, err
	}
	f.wire.sync()
	return c, nil
}

// carefully adds one step. The savepoint after the statement is skipped when it
// fails; going back to the newest one then undoes just it.
func (f *flow) carefully(id *model.Identity, step *model.Step) (carefulStep, error) {
	st := carefulStep{id: id, copied: -1, check: -1, clock: -1}
	op := &step.Op
	var err error
	f.plain("SAVEPOINT s")
	if st.tenants, err = f.tenants(id); err != nil {
		return st, err
	}
	if st.before, err = f.ask(id, nil); err != nil {
		return st, err
	}
	if op.Shape != nil && !op.Shape.Form.Evaluated() {
		check := stepCheck{copied: -1}
		if _, err := f.copies(&check, id, op, rows); err != nil {
			return st, err
		}
		st.copied = check.copied
		f.wire.sync()
		f.plain("ROLLBACK TO s")
	}
	f.who = nil
	if err := f.be(id); err != nil {
		return st, err
	}
	if op.Path != nil {
		st.timed = op.Path.Audit != nil && op.Path.Audit.At >= 0
		if st.output, err = f.calls(id, step, rows); err != nil {
			return st, err
		}
		err = f.aftermath(&st, id)
		return st, err
	}
	if op.Shape == nil {
		st.first = f.wire.add(item{raw: op.Raw, args: op.Args, keep: rows})
		st.last = st.first
	} else if st.first, st.last, err = f.op(id, op, rows); err != nil {
		return st, err
	}
	checked, err := f.commits()
	if err != nil {
		return st, err
	}
	if len(checked) > 0 {
		st.check = checked[0]
	}
	f.plain("SAVEPOINT s")
	f.wire.sync()
	f.plain("ROLLBACK TO s")
	err = f.aftermath(&st, id)
	return st, err
}

// aftermath reads everything after a statement: as the superuser, then as the session.
func (f *flow) aftermath(st *carefulStep, id *model.Identity) error {
	f.who = id
	if err := f.be(nil); err != nil {
		return err
	}
	var err error
	if st.after, err = f.super(f.reach.everything, nil, rows); err != nil {
		return err
	}
	if st.later, err = f.ask(id, nil); err != nil {
		return err
	}
	if st.timed {
		if st.clock, err = f.super("SELECT now(), clock_timestamp()", nil, rows); err != nil {
			return err
		}
	}
	if st.output != nil { // what its session sees of tables is judged by other steps
		return nil
	}
	if err := f.be(id); err != nil {
		return err
	}
	for _, t := range f.Contract.Schema.Tables {
		mask, some := visibleMask(id, t)
		if !some || !f.reach.watches(t) {
			continue
		}
		name, err := f.name(f.ctx, id, fmt.Sprintf("SELECT %s::text FROM %s", rowOf(t, mask), t.SQL()))
		if err != nil {
			return err
		}
		f.plain("SAVEPOINT s")
		st.looks = append(st.looks, carefulLook{item: f.wire.call(name, nil, rows), table: t.ID, mask: mask})
		f.wire.sync()
		f.plain("ROLLBACK TO s")
	}
	f.who = id
	return f.be(nil)
}

// trace turns the answers into a trace.
func (w *Worker) trace(c *careful) (*model.Trace, error) {
	t := &model.Trace{}
	initial := &w.wire.items[c.initial].answer
	if !initial.reached || initial.err != nil {
		for i := range w.wire.items {
			if e := w.wire.items[i].answer.err; e != nil {
				return nil, fmt.Errorf("%w: %s", ErrInvalid, e.Message)
			}
		}
		return nil, fmt.Errorf("%w: its rows could not be read", ErrInvalid)
	}
	var err error
	if t.Initial, err = w.records(initial.kept); err != nil {
		return nil, err
	}
	for i := range c.steps {
		step, err := w.stepTrace(&c.steps[i])
		if err != nil {
			return nil, err
		}
		if step.Err == nil {
			w.stats.Allowed++
		}
		t.Steps = append(t.Steps, step)
	}
	return t, nil
}

func (w *Worker) stepTrace(c *carefulStep) (model.StepTrace, error) {
	var t model.StepTrace
	if c.copied >= 0 {
		a := &w.wire.items[c.copied].answer
		t.Expected, t.Asked = a.kept, a.reached && a.err == nil
	}
	var err error
	if t.Tenants, err = w.tenants(c.id, c.tenants); err != nil {
		return t, err
	}
	if t.Answers, err = w.answers(c.before); err != nil {
		return t, err
	}
	if t.Later, err = w.answers(c.later); err != nil {
		return t, err
	}
	if err := w.answered(&t, c); err != nil {
		return t, err
	}
	after := &w.wire.items[c.after].answer
	if !after.reached || after.err != nil {
		return t, w.stuck()
	}
	if t.After, err = w.records(after.kept); err != nil {
		return t, err
	}
	for _, l := range c.looks {
		a := &w.wire.items[l.item].answer
		seen := model.Seen{Table: l.table, Columns: l.mask}
		if a.err != nil {
			seen.Err = failure(a.err)
		}
		for _, row := range a.kept {
			seen.Rows = append(seen.Rows, row[0].Text)
		}
		t.Seen = append(t.Seen, seen)
	}
	if c.timed {
		if a := &w.wire.items[c.clock].answer; a.reached && len(a.kept) == 1 {
			t.Began, t.Ended = a.kept[0][0].Text, a.kept[0][1].Text
		}
	}
	return t, nil
}

// answered is what the operation itself gave.
func (w *Worker) answered(t *model.StepTrace, c *carefulStep) error {
	if c.output != nil {
		t.Output = w.output(c.output)
		t.Err, t.Notices = t.Output.Err, t.Output.Notices
		t.Rows, t.Count = outputs(t.Output)
		return nil
	}
	first, last := &w.wire.items[c.first].answer, &w.wire.items[c.last].answer
	t.Notices = append(append(t.Notices, first.notices...), last.notices...)
	switch {
	case first.err != nil:
		t.Err = failure(first.err)
	case last.err != nil:
		t.Err = failure(last.err)
	case !last.reached:
		return w.stuck()
	case c.check >= 0 && w.wire.items[c.check].answer.err != nil:
		t.Err = failure(w.wire.items[c.check].answer.err)
	}
	t.Count, t.Rows = last.count, last.kept
	return nil
}

// stuck explains why a careful run did not get its answers: its first trouble, else its
// first error.
func (w *Worker) stuck() error {
	var first *pgconn.PgError
	var binds *model.Identity
	for i := range w.wire.items {
		e := w.wire.items[i].answer.err
		if e != nil && postgres.TroubleOf(e) != "" {
			return fmt.Errorf("run carefully: %w", e)
		}
		if first == nil {
			first, binds = e, w.wire.items[i].binds
		}
	}
	switch {
	case first == nil:
		return errors.New("run carefully: the server skipped a statement")
	case binds != nil:
		return &BindError{binds, first}
	}
	return fmt.Errorf("run carefully: %s (SQLSTATE %s)", first.Message, first.Code)
}

func failure(e *pgconn.PgError) *model.Failure {
	f := &model.Failure{Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint, Constraint: e.ConstraintName, Column: e.ColumnName}
	if e.TableName != "" {
		f.Table = model.Label(e.SchemaName, e.TableName)
	}
	return f
}
