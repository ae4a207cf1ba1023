package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

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

	server    *postgres.Server
	database  string
	super     *session
	pool      map[string]*session
	order     []*model.Table
	reaches   *reaches
	reach     *reach // of the scenario that runs
	touched   []bool // by Table.ID, since the last reset
	dirty     bool
	sequences string // puts them back; empty without any
	apart     string // empties the tables that are not judged and were empty, where a path may have filled them
	called    bool   // a path, since the last reset
}

// session is one real connection with the notices it received.
type session struct {
	conn    *pgx.Conn
	notices []string
	bound   *model.Identity // of a session that is bound for a whole checkout
	used    bool            // by a step, since it was last as new
	via     bool            // it leads through a pooler
}

// NewCommitter connects to a scratch database as superuser.
func NewCommitter(ctx context.Context, server *postgres.Server, database string, c *model.Contract) (*Committer, error) {
	m := &Committer{Contract: c, server: server, database: database, pool: map[string]*session{}}
	m.order, _ = c.Schema.LoadOrder()
	m.reaches, m.touched = newReaches(c.Schema, nil), make([]bool, len(c.Schema.Tables))
	m.reach, m.sequences = m.reaches.of(nil), restart(c.Schema)
	var err error
	if m.super, err = m.open(ctx, "", ""); err != nil {
		return m, err
	}
	m.apart, err = m.empties(ctx)
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
	for name, s := range m.pool {
		_ = s.conn.Close(context.Background())
		delete(m.pool, name)
	}
}

// exec runs one statement as a server receives it from a driver: parsed on the spot.
func (s *session) exec(ctx context.Context, text string, args []model.Value) ([]model.Row, int, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		if !a.Null {
			params[i] = append([]byte{}, a.Text...)
		}
	}
	r := s.conn.PgConn().ExecParams(ctx, text, params, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, 0, r.Err
	}
	var kept []model.Row
	for _, v := range r.Rows {
		kept = append(kept, copyRow(v))
	}
	return kept, int(r.CommandTag.RowsAffected()), nil
}

// Run runs a scenario. fresh gives every step a connection of its own, as the
// referee does.
func (m *Committer) Run(ctx context.Context, s *model.Scenario, fresh bool) (*model.Trace, error) {
	if err := m.reset(ctx, s.Data, s.Steps); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(s.Steps, func(st model.Step) bool { return st.Op.Path != nil }) {
		if _, _, err := m.super.exec(ctx, resetText(m.Contract.Schema), nil); err != nil {
			return nil, fmt.Errorf("reset sequences: %w", err)
		}
	}
	t := &model.Trace{}
	var err error
	if t.Initial, err = m.everything(ctx); err != nil {
		return nil, err
	}
	initial := model.NewState(m.Contract.Schema, t.Initial)
	for i := range s.Steps {
		step := &s.Steps[i]
		if i > 0 && slices.ContainsFunc(s.Steps, func(st model.Step) bool { return st.Op.Path != nil }) {
			if _, _, err := m.super.exec(ctx, resetFor(m.Contract.Schema, i), nil); err != nil {
				return nil, fmt.Errorf("reset sequences: %w", err)
			}
		}
		id, ok := m.Contract.BindStep(step, initial)
		if !ok {
			return nil, fmt.Errorf("%w: step %d: %s has no tenant or user among the rows", ErrInvalid, i+1, step.Session.Name)
		}
		st, err := m.step(ctx, id, step, fresh || step.Fresh)
		if err == nil {
			err = ctx.Err() // what an interrupted statement answers is no outcome of it
		}
		if err != nil {
			return nil, err
		}
		t.Steps = append(t.Steps, st)
	}
	return t, nil
}

// reset puts the database back to the schema's own rows, and loads the scenario's.
func (m *Committer) reset(ctx context.Context, data [][]model.Row, steps []model.Step) error {
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
	run := func(text string, args []model.Value) error {
		_, _, err := m.super.exec(ctx, text, args)
		return err
	}
	if err := run("SET session_replication_role = replica", nil); err != nil {
		return err
	}
	if m.called && m.apart != "" {
		if _, err := m.super.conn.Exec(ctx, m.apart); err != nil {
			return fmt.Errorf("reset the scratch database: %w", err)
		}
	}
	m.called = slices.ContainsFunc(steps, func(s model.Step) bool { return s.Op.Path != nil })
	clear := m.dirty
	m.dirty = true
	m.reach = m.reaches.of(data, steps)
	if clear {
		for i := len(m.order) - 1; i >= 0; i-- {
			if !m.touched[m.order[i].ID] {
				continue
			}
			if err := run("DELETE FROM "+m.order[i].SQL(), nil); err != nil {
				return fmt.Errorf("reset the scratch database: %w", err)
			}
		}
	}
	for _, t := range m.order {
		again := clear && m.touched[t.ID]
		m.touched[t.ID] = m.touched[t.ID] || m.reach.has(t) // also if this ends half-way
		if again && len(t.Seed) > 0 {
			if err := run(load(t), loadArgs(t, t.Seed)); err != nil {
				return fmt.Errorf("reset the scratch database: %w", err)
			}
		}
		if t.ID < len(data) && len(data[t.ID]) > 0 {
			err := run(load(t), loadArgs(t, data[t.ID]))
			if refused, gone := m.Own.refusal(err); gone != nil {
				return fmt.Errorf("load %s: %w", t.Label(), gone)
			} else if refused != nil {
				return fmt.Errorf("%w: %s: %w", ErrInvalid, t.Label(), err)
			}
		}
	}
	for _, t := range m.order {
		m.touched[t.ID] = m.reach.has(t)
	}
	if m.sequences != "" {
		if err := run(m.sequences, nil); err != nil {
			return fmt.Errorf("reset the scratch database: %w", err)
		}
	}
	if err := run("SET session_replication_role = origin", nil); err != nil {
		return err
	}
	for _, v := range m.Contract.Schema.Views {
		if v.Materialized && reads(steps) {
			if err := run("REFRESH MATERIALIZED VIEW "+v.SQL(), nil); err != nil {
				return fmt.Errorf("fill %s: %w", v.Label(), err)
			}
		}
	}
	return nil
}

func (m *Committer) everything(ctx context.Context) ([][]model.Row, error) {
	kept, _, err := m.super.exec(ctx, m.reach.everything, nil)
	if err != nil {
		return nil, fmt.Errorf("read the scratch database: %w", err)
	}
	return recordsIn(m.Contract.Schema, m.reach, kept)
}

// step runs one statement as its session would, and reads everything after it.
func (m *Committer) step(ctx context.Context, id *model.Identity, step *model.Step, fresh bool) (model.StepTrace, error) {
	var t model.StepTrace
	if step.Runs() { // it connects by itself
		var err error
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
	s, err := m.connection(ctx, id, fresh)
	if err != nil {
		return t, err
	}
	if fresh {
		defer func() { _ = s.conn.Close(context.Background()) }()
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
	if t.After, err = m.everything(ctx); err != nil {
		return t, err
	}
	if t.Later, err = m.answers(ctx, id); err != nil {
		return t, err
	}
	if step.Cut > 0 {
		return t, s.conn.Close(ctx)
	}
	if step.Op.Path != nil { // what it sees of tables is another cell's
		return t, s.release(ctx, id)
	}
	if t.Seen, err = m.looks(ctx, s, id); err != nil {
		return t, err
	}
	return t, s.release(ctx, id)
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
	err := s.within(ctx, id, false, func() error {
		var err error
		t.Rows, t.Count, err = s.op(ctx, &step.Op)
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

// op runs the statement or statements of an operation.
func (s *session) op(ctx context.Context, op *model.Op) ([]model.Row, int, error) {
	if op.Shape == nil {
		return s.exec(ctx, op.Raw, op.Args)
	}
	switch op.Shape.Form {
	case model.Copy:
		return s.copyOut(ctx, op.Shape.Text)
	case model.Cursor:
	default:
		return s.exec(ctx, op.Shape.Text, op.Args)
	}
	if _, _, err := s.exec(ctx, op.Shape.Text, op.Args); err != nil {
		return nil, 0, err
	}
	kept, n, err := s.exec(ctx, "FETCH ALL FROM rlsfuzz_c", nil)
	if err != nil {
		return nil, 0, err
	}
	_, _, err = s.exec(ctx, "CLOSE rlsfuzz_c", nil)
	return kept, n, err
}

// within runs f as the contract binds the session: in a transaction of its own with
// local settings, or with settings that last for the checkout. undo ends it in ROLLBACK.
func (s *session) within(ctx context.Context, id *model.Identity, undo bool, f func() error) error {
	local := id.Session.Bind != "session"
	if _, _, err := s.exec(ctx, "BEGIN", nil); err != nil {
		return err
	}
	err := func() error {
		if err := s.prints(ctx); err != nil {
			return err
		}
		if local || s.bound != id {
			if err := s.bind(ctx, id, local); err != nil {
				return err
			}
		}
		return f()
	}()
	if err != nil {
		if _, _, rerr := s.exec(ctx, "ROLLBACK", nil); rerr != nil {
			return rerr
		}
		return err
	}
	if !local {
		s.bound = id
	}
	end := "COMMIT"
	if undo {
		end = "ROLLBACK"
	}
	_, _, err = s.exec(ctx, end, nil)
	return err
}

func (s *session) bind(ctx context.Context, id *model.Identity, local bool) error {
	set := func(name, value string) error {
		_, _, err := s.exec(ctx, "SELECT set_config($1, $2, $3::boolean)", []model.Value{{Text: name}, {Text: value}, {Text: fmt.Sprint(local)}})
		if err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		return nil
	}
	if id.Role != "" {
		if err := set("role", id.Role); err != nil {
			return err
		}
	}
	for i := range id.Session.Settings {
		if err := set(id.Session.Settings[i].Name, id.Setting(&id.Session.Settings[i])); err != nil {
			return err
		}
	}
	return nil
}

// release does what the pool does when a connection comes back.
func (s *session) release(ctx context.Context, id *model.Identity) error {
	s.bound = nil
	r := id.Session.Release
	if r == "" || strings.EqualFold(r, "none") {
		return nil
	}
	if _, _, err := s.exec(ctx, r, nil); err != nil {
		return fmt.Errorf("release the connection of %s: %w", id.Session.Name, err)
	}
	return nil
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
		var kept []model.Row
		err := s.within(ctx, id, false, func() error {
			var err error
			kept, _, err = s.exec(ctx, "SELECT "+rowOf(t, mask)+"::text FROM "+t.SQL(), nil)
			return err
		})
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
	return m.reset(ctx, data, nil)
}

// Holds lets Postgres evaluate a rule for every row of a table, by the rows' record texts.
func (m *Committer) Holds(ctx context.Context, r *model.Rule, id *model.Identity, t *model.Table) (map[string]bool, error) {
	kept, _, err := m.super.exec(ctx, "SELECT "+rowOf(t, nil)+"::text, ("+r.SQL+") IS TRUE FROM "+t.SQL(), ruleArgs(r, id))
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
