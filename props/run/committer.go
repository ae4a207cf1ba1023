package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// Committer runs scenarios with real logins, pooled connections and commits, in a
// scratch database of its own. It is the slow way, and the referee's.
type Committer struct {
	Contract *model.Contract

	// Programs is how programs are run; nil: not at all.
	Programs *Programs
	// Services is what runs beside the database; nil: nothing.
	Services *Services
	// Own is what counts as answers of statements, though it looks like trouble.
	Own Own
	// Again makes another scratch database, as the first one was; nil: that one is kept, whatever
	// becomes of its schema.
	Again func(ctx context.Context) (string, error)
	// Release is what the pool does when a connection comes back, in place of what sessions
	// say; empty: what they say.
	Release string

	server     *postgres.Server
	database   string
	super      *session
	makesRoles bool   // what it runs may make roles
	alters     bool   // what it runs may change the schema
	altered    bool   // what it ran since shaped was right may have; what a program does nobody knows
	shaped     string // the schema, as it must be when a run begins
	pool       map[string]*session
	order      []*model.Table
	held       map[string]*session // by steps whose calls others go on with
	reaches    *reaches
	reach      *reach        // of the scenario that runs
	now        [][]model.Row // as all rows were read last
	touched    []bool        // by Table.ID, since the last reset
	dirty      bool
	sequences  string   // puts them back; empty without any
	apart      []string // tables that are not judged and were empty, where a path may have filled them
	called     bool     // a path, since the last reset
	cut        bool     // a run ended before its end: what it sent may still be at work
	resets     int      // so far
}

// NewCommitter connects to a scratch database as superuser.
func NewCommitter(ctx context.Context, server *postgres.Server, database string, c *model.Contract) (*Committer, error) {
	m := &Committer{Contract: c, server: server, database: database, pool: map[string]*session{}, held: map[string]*session{}}
	m.order, _ = c.Schema.LoadOrder()
	m.reaches, m.touched = newReaches(c.Schema, nil), make([]bool, len(c.Schema.Tables))
	m.reach, m.sequences = m.reaches.of(nil), restart(c.Schema)
	m.makesRoles, m.alters = changesRoles(c), altersSchema(c)
	var err error
	if m.super, err = m.open(ctx, "", ""); err != nil {
		return m, err
	}
	err = m.learn(ctx)
	return m, err
}

// Close ends all connections.
func (m *Committer) Close() {
	m.Services.close()
	m.drain()
	if m.super != nil {
		_ = m.super.conn.Close(context.Background())
	}
}

func (m *Committer) drain() {
	m.letGo()
	for name, s := range m.pool {
		_ = s.conn.Close(context.Background())
		delete(m.pool, name)
	}
}

// Run runs a scenario. fresh gives every step a connection of its own, as the
// referee does.
func (m *Committer) Run(ctx context.Context, s *model.Scenario, fresh bool) (t *model.Trace, err error) {
	defer func() { m.cut = m.cut || err != nil && !errors.Is(err, ErrInvalid) }()
	if err := m.ready(ctx); err != nil {
		return nil, err
	}
	err = m.withoutRoles(ctx, func() (err error) {
		t, err = m.steps(ctx, s, fresh)
		return err
	})
	return t, err
}

func (m *Committer) steps(ctx context.Context, s *model.Scenario, fresh bool) (t *model.Trace, err error) {
	t, m.altered = &model.Trace{}, m.altered || m.alters || s.Runs()
	if t.Initial, err = m.reset(ctx, s.Data, s.Steps); err != nil {
		return nil, err
	}
	initial := model.NewState(m.Contract.Schema, t.Initial)
	m.now = t.Initial
	for i := range s.Steps {
		step := &s.Steps[i]
		if i > 0 && calls(s.Steps) {
			if _, _, err := m.super.exec(ctx, resetFor(m.Contract.Schema, i), nil); err != nil {
				return nil, fmt.Errorf("reset sequences: %w", err)
			}
		}
		id, ok := m.Contract.BindStep(step, initial)
		if !ok {
			return nil, fmt.Errorf("%w: step %d: %s has no tenant or user among the rows", ErrInvalid, i+1, step.Session.Name)
		}
		st, err := m.step(ctx, id, step, fresh || step.Fresh, model.Resumed(s.Steps, i) >= 0)
		if err == nil {
			err = ctx.Err() // what an interrupted statement answers is no outcome of it
		}
		if err != nil {
			return nil, err
		}
		t.Steps, m.now = append(t.Steps, st), st.After
	}
	return t, nil
}

// ready has a connection to work with, and nothing of an earlier run still at work.
func (m *Committer) ready(ctx context.Context) error {
	if m.cut { // what a run sent last may be committed after the rows are deleted
		m.drain()
	}
	if err := m.renew(ctx); err != nil {
		return err
	}
	if m.super.conn.IsClosed() {
		again, err := m.open(ctx, "", "")
		if err != nil {
			return err
		}
		m.super = again
	}
	if m.cut {
		if err := m.hangUp(ctx, []string{strconv.FormatUint(uint64(m.super.conn.PgConn().PID()), 10)}); err != nil {
			return err
		}
		m.cut = false
	}
	return m.anew(ctx)
}

// reset puts the database back to the schema's own rows, and loads the scenario's. It
// gives all rows that are there then.
func (m *Committer) reset(ctx context.Context, data [][]model.Row, steps []model.Step) ([][]model.Row, error) {
	if err := m.tidy(ctx); err != nil {
		return nil, err
	}
	orders := m.orders(data, steps)
	list := make([]statement, len(orders))
	for i := range orders {
		list[i] = orders[i].statement
	}
	m.called = m.called || calls(steps)
	m.dirty = true
	done, err := m.super.all(ctx, list)
	if err == nil {
		m.called = calls(steps)
		for _, t := range m.order { // else all is as it was
			m.touched[t.ID] = m.reach.has(t)
		}
		return recordsIn(m.Contract.Schema, m.reach, done[len(done)-1])
	}
	failed := order{what: "load the rows", rows: true} // which are refused at the end, all together
	if len(done) < len(orders) {
		failed = orders[len(done)]
	}
	if refused, _ := m.Own.refusal(err); refused != nil && failed.rows {
		return nil, fmt.Errorf("%w: %s: %w", ErrInvalid, failed.what, err)
	}
	return nil, fmt.Errorf("%s: %w", failed.what, err)
}

// order is a statement of a reset.
type order struct {
	statement
	what string // it does
	rows bool   // it loads a scenario's: Postgres may refuse them
}

// orders is the statements of a reset, which are one transaction.
func (m *Committer) orders(data [][]model.Row, steps []model.Step) []order {
	var list []order
	add := func(what, text string, args []model.Value) {
		list = append(list, order{statement: statement{text: text, args: args}, what: what})
	}
	const reset = "reset the scratch database"
	if m.called {
		for _, name := range m.apart {
			add(reset, "DELETE FROM "+name, nil)
		}
	}
	m.reach = m.reaches.of(data, steps)
	for i := len(m.order) - 1; m.dirty && i >= 0; i-- {
		if m.touched[m.order[i].ID] {
			add(reset, "DELETE FROM "+m.order[i].SQL(), nil)
		}
	}
	for _, t := range m.order {
		if m.dirty && m.touched[t.ID] && len(t.Seed) > 0 {
			add(reset, load(t, nil), loadArgs(t, t.Seed))
		}
		if t.ID < len(data) && len(data[t.ID]) > 0 {
			add("load "+t.Label(), load(t, nil), loadArgs(t, data[t.ID]))
			list[len(list)-1].rows = true
		}
		m.touched[t.ID] = m.touched[t.ID] || m.reach.has(t) // also if this ends half-way
	}
	if m.sequences != "" {
		add(reset, m.sequences, nil)
	}
	for _, v := range m.Contract.Schema.Views {
		if v.Materialized && reads(steps) {
			add("fill "+v.Label(), "REFRESH MATERIALIZED VIEW "+v.SQL(), nil)
		}
	}
	if calls(steps) {
		add(reset, resetText(m.Contract.Schema), nil)
	}
	add("read the scratch database", m.reach.everything, nil)
	return list
}

// calls reports whether a step calls a path.
func calls(steps []model.Step) bool {
	return slices.ContainsFunc(steps, func(s model.Step) bool { return s.Op.Path != nil })
}

func (m *Committer) everything(ctx context.Context) ([][]model.Row, error) {
	kept, _, err := m.super.exec(ctx, m.reach.everything, nil)
	if err != nil {
		return nil, fmt.Errorf("read the scratch database: %w", err)
	}
	return recordsIn(m.Contract.Schema, m.reach, kept)
}

// step runs one statement as its session would, and reads everything after it.
func (m *Committer) step(ctx context.Context, id *model.Identity, step *model.Step, fresh, resumed bool) (model.StepTrace, error) {
	if step.Runs() {
		return m.stepAlone(ctx, id, step)
	}
	var t model.StepTrace
	s, err := m.connection(ctx, id, step, fresh)
	if err != nil {
		return t, err
	}
	switch {
	case resumed:
	case fresh:
		defer func() { _ = s.conn.Close(context.Background()) }()
	case step.From > 0:
		defer m.giveBack(id, s)
	}
	if t.Tenants, err = m.tenants(ctx, id); err != nil {
		return t, err
	}
	if t.Answers, err = m.answers(ctx, id); err != nil {
		return t, err
	}
	if t.Expected, t.Asked, err = m.expected(ctx, id, &step.Op); err != nil {
		return t, err
	}
	s.notices = nil
	if err := m.operate(ctx, s, id, step, &t); err != nil {
		return t, err
	}
	if step.Op.Path != nil && step.Op.Path.Channel != nil { // to listen changes no row
		t.After, t.Later = m.now, t.Answers
	} else {
		if t.After, err = m.everything(ctx); err != nil {
			return t, err
		}
		if t.Later, err = m.answers(ctx, id); err != nil {
			return t, err
		}
	}
	switch {
	case resumed:
		m.hold(who(id)+" "+step.Op.Path.Name, s)
		return t, nil
	case step.Cut > 0 && !step.Undone:
		return t, s.conn.Close(ctx)
	}
	if step.Op.Path != nil { // what its session sees of tables is judged by other steps
		return t, s.release(ctx, id, m.Release)
	}
	if t.Seen, err = m.looks(ctx, s, id); err != nil {
		return t, err
	}
	return t, s.release(ctx, id, m.Release)
}

// stepAlone runs a step that connects by itself, and reads all rows after it.
func (m *Committer) stepAlone(ctx context.Context, id *model.Identity, step *model.Step) (t model.StepTrace, err error) {
	if t.Tenants, err = m.tenants(ctx, id); err != nil {
		return t, err
	}
	if t.Answers, err = m.answers(ctx, id); err != nil {
		return t, err
	}
	if err := m.operate(ctx, nil, id, step, &t); err != nil {
		return t, err
	}
	if t.After, err = m.everything(ctx); err != nil {
		return t, err
	}
	t.Later, err = m.answers(ctx, id)
	return t, err
}

// operate does what the step says, as its session would.
func (m *Committer) operate(ctx context.Context, s *session, id *model.Identity, step *model.Step, t *model.StepTrace) error {
	if p := step.Op.Path; p != nil {
		var err error
		if t.Began, err = m.clock(ctx, p); err != nil {
			return err
		}
		out, err := m.runner(p).run(ctx, s, id, step)
		if err != nil {
			return err
		}
		if t.Ended, err = m.clock(ctx, p); err != nil {
			return err
		}
		t.Output, t.Err, t.Notices = out, out.Err, out.Notices
		t.Rows, t.Count = outputs(out)
		return nil
	}
	err := s.within(ctx, id, step.Undone, func() error {
		var err error
		t.Rows, t.Count, err = s.op(ctx, &step.Op, step.Prepared)
		return err
	})
	if t.Err, err = m.Own.refusal(err); err != nil {
		return err
	}
	if t.Err != nil {
		t.Rows, t.Count = nil, 0
	}
	t.Notices = s.notices
	return nil
}

// clock is the server's time, where a path must leave an entry with one.
func (m *Committer) clock(ctx context.Context, p *model.Path) (string, error) {
	if p.Audit == nil || p.Audit.At < 0 {
		return "", nil
	}
	kept, _, err := m.super.exec(ctx, "SELECT clock_timestamp()", nil)
	if err != nil {
		return "", fmt.Errorf("ask for the time: %w", err)
	}
	return kept[0][0].Text, nil
}

// looks reads each table as the session sees it.
func (m *Committer) looks(ctx context.Context, s *session, id *model.Identity) ([]model.Seen, error) {
	var out []model.Seen
	for _, t := range m.Contract.Schema.Tables {
		mask, some := visibleMask(id, t)
		if !some || !m.reach.watches(t) {
			continue
		}
		seen := model.Seen{Table: t.ID, Columns: mask}
		kept, err := s.ask(ctx, id, "SELECT "+rowOf(t, mask)+"::text FROM "+t.SQL())
		if seen.Err, err = m.Own.refusal(err); err != nil {
			return nil, err
		}
		for _, row := range kept {
			seen.Rows = append(seen.Rows, row[0].Text)
		}
		out = append(out, seen)
	}
	return out, nil
}

// Load puts the database back to the schema's own rows and the given ones.
func (m *Committer) Load(ctx context.Context, data [][]model.Row) error {
	if err := m.ready(ctx); err != nil {
		return err
	}
	_, err := m.reset(ctx, data, nil)
	return err
}

// Holds lets Postgres evaluate a rule for every row of a table, by the rows' record texts.
func (m *Committer) Holds(ctx context.Context, r *model.Rule, id *model.Identity, t *model.Table) (map[string]bool, error) {
	kept, _, err := m.super.exec(ctx, "SELECT "+rowOf(t, nil)+"::text, ("+r.SQL+") IS TRUE FROM "+t.SQL(), ruleArgs(r, id))
	var refused *pgconn.PgError
	if errors.As(err, &refused) && m.Own.trouble(err) == "" {
		return nil, &RuleError{r, refused}
	}
	if err != nil {
		return nil, fmt.Errorf("evaluate rule %q of %s: %w", r.Text, t.Label(), err)
	}
	rows := map[string]bool{}
	for _, row := range kept {
		rows[row[0].Text] = row[1].Text == "t"
	}
	return rows, nil
}

// answers lets Postgres answer the rules that Go cannot evaluate.
func (m *Committer) answers(ctx context.Context, id *model.Identity) (model.Answers, error) {
	var out model.Answers
	for _, t := range m.Contract.Schema.Tables {
		if !m.reach.has(t) {
			continue
		}
		for _, r := range Opaque(id.Session, t) {
			rows, err := m.Holds(ctx, r, id, t)
			if err != nil {
				return nil, err
			}
			if out == nil {
				out = model.Answers{}
			}
			out[r] = rows
		}
	}
	return out, nil
}

// expected runs a query that the model does not evaluate over copies of the allowed rows.
func (m *Committer) expected(ctx context.Context, id *model.Identity, op *model.Op) ([]model.Row, bool, error) {
	if op.Shape == nil || op.Shape.Form.Evaluated() {
		return nil, false, nil
	}
	if _, _, err := m.super.exec(ctx, "BEGIN", nil); err != nil {
		return nil, false, err
	}
	kept, asked, err := m.overCopies(ctx, id, op)
	if _, _, rerr := m.super.exec(ctx, "ROLLBACK", nil); rerr != nil {
		return nil, false, rerr
	}
	return kept, asked, err
}

func (m *Committer) overCopies(ctx context.Context, id *model.Identity, op *model.Op) ([]model.Row, bool, error) {
	for _, t := range op.Shape.Tables() {
		sees := &id.Session.Sees[t.ID]
		text, ok := fillCopy(t, sees)
		if !ok {
			return nil, false, nil
		}
		if _, _, err := m.super.exec(ctx, text, ruleArgs(sees.Rule, id)); err != nil {
			return nil, false, fmt.Errorf("copy the allowed rows of %s: %w", t.Label(), err)
		}
	}
	kept, _, err := m.super.exec(ctx, op.Shape.CopyText, op.Args)
	return kept, err == nil, err
}

// TryLogin connects as a login, via a pooler if one is named, and ends the connection again.
func (m *Committer) TryLogin(ctx context.Context, login, via string) error {
	s, err := m.open(ctx, login, via)
	if err != nil {
		return err
	}
	return s.conn.Close(ctx)
}
