package run

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// session is one real connection with the notices and notifications that it received.
type session struct {
	conn    *pgx.Conn
	notices []string
	bound   string            // who it is bound for, of a session that is bound for a whole checkout
	used    bool              // by a step, since it was last as new
	via     bool              // it leads through a pooler
	kept    map[string]string // prepared statements, by their text; nil: each is parsed on the spot
	named   int               // statements that steps had prepared, so that no name comes twice
	own     map[string]string // those of them that are still there, by their text
}

// exec runs one statement.
func (s *session) exec(ctx context.Context, text string, args []model.Value) ([]model.Row, int, error) {
	if err := s.forget(ctx); err != nil {
		return nil, 0, err
	}
	name, err := s.prepared(ctx, text)
	if err != nil {
		return nil, 0, err
	}
	var r *pgconn.Result
	if name != "" {
		r = s.conn.PgConn().ExecPrepared(ctx, name, params(args), nil, nil).Read()
	} else {
		r = s.conn.PgConn().ExecParams(ctx, text, params(args), nil, nil, nil).Read()
	}
	if r.Err != nil {
		return nil, 0, r.Err
	}
	return rowsOf(r), int(r.CommandTag.RowsAffected()), nil
}

// all runs statements one after the other in one round trip, and gives the rows of each.
// Where one fails, those after it do not run, and the answer is as long as the list of those
// before it. Outside of a transaction they are one together.
func (s *session) all(ctx context.Context, list []statement) ([][]model.Row, error) {
	if err := s.forget(ctx); err != nil {
		return nil, err
	}
	b := &pgconn.Batch{}
	for i := range list {
		name, err := s.prepared(ctx, list[i].text)
		switch {
		case err != nil:
			return make([][]model.Row, i), err
		case name != "":
			b.ExecPrepared(name, params(list[i].args), nil, nil)
		default:
			b.ExecParams(list[i].text, params(list[i].args), nil, nil, nil)
		}
	}
	answers := s.conn.PgConn().ExecBatch(ctx, b)
	var out [][]model.Row
	for answers.NextResult() {
		if r := answers.ResultReader().Read(); r.Err == nil {
			out = append(out, rowsOf(r))
		}
	}
	return out, answers.Close()
}

// mostKept bounds the statements that a connection keeps.
const mostKept = 500

// forget drops the kept statements, when there are too many.
func (s *session) forget(ctx context.Context) error {
	if len(s.kept) < mostKept {
		return nil
	}
	if _, err := s.conn.PgConn().Exec(ctx, "DEALLOCATE ALL").ReadAll(); err != nil {
		return fmt.Errorf("forget statements: %w", err)
	}
	clear(s.kept)
	return nil
}

// prepared is the name of a kept statement; empty on a connection of a session, whose
// statements are parsed on the spot, as a server receives them from many drivers.
func (s *session) prepared(ctx context.Context, text string) (string, error) {
	if s.kept == nil {
		return "", nil
	}
	if name, ok := s.kept[text]; ok {
		return name, nil
	}
	name := "rlsfuzz_" + strconv.Itoa(len(s.kept))
	if _, err := s.conn.PgConn().Prepare(ctx, name, text, nil); err != nil {
		return "", err
	}
	s.kept[text] = name
	return name, nil
}

func params(args []model.Value) [][]byte {
	out := make([][]byte, len(args))
	for i, a := range args {
		if !a.Null {
			out[i] = append([]byte{}, a.Text...)
		}
	}
	return out
}

func rowsOf(r *pgconn.Result) []model.Row {
	var kept []model.Row
	for _, v := range r.Rows {
		kept = append(kept, copyRow(v))
	}
	return kept
}

// setting is the statement that gives a setting a value.
func setting(name, value string, local bool) statement {
	return statement{text: "SELECT set_config($1, $2, $3::boolean)", args: []model.Value{{Text: name}, {Text: value}, {Text: strconv.FormatBool(local)}}}
}

// op runs the statement or statements of an operation.
func (s *session) op(ctx context.Context, op *model.Op, prepared bool) ([]model.Row, int, error) {
	if op.Shape == nil {
		return s.exec(ctx, op.Raw, op.Args)
	}
	if prepared && !s.via && op.Shape.Form != model.Copy && op.Shape.Form != model.Cursor {
		return s.again(ctx, op.Shape.Text, op.Args)
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

// again runs a statement that stays prepared on the connection: where it is already, with
// the plan that was made for it then.
func (s *session) again(ctx context.Context, text string, args []model.Value) ([]model.Row, int, error) {
	name, ok := s.own[text]
	if !ok {
		s.named++
		name = "step_" + strconv.Itoa(s.named)
		if _, err := s.conn.PgConn().Prepare(ctx, name, text, nil); err != nil {
			return nil, 0, err
		}
		if s.own == nil {
			s.own = map[string]string{}
		}
		s.own[text] = name
	}
	r := s.conn.PgConn().ExecPrepared(ctx, name, params(args), nil, nil).Read()
	if r.Err != nil {
		return nil, 0, r.Err
	}
	return rowsOf(r), int(r.CommandTag.RowsAffected()), nil
}

// within runs f as the contract binds the session: in a transaction of its own with
// local settings, or with settings that last for the checkout. undo ends it in ROLLBACK.
func (s *session) within(ctx context.Context, id *model.Identity, undo bool, f func() error) error {
	if err := s.check(ctx, id); err != nil {
		return err
	}
	err := s.open(ctx, id)
	if err == nil {
		err = f()
	}
	if !id.Session.Local() {
		s.bound = who(id) // for all that the application knows, also where a ROLLBACK takes it back
	}
	if err != nil {
		if _, _, rerr := s.exec(ctx, "ROLLBACK", nil); rerr != nil {
			return rerr
		}
		return err
	}
	end := "COMMIT"
	if undo {
		end = "ROLLBACK"
	}
	_, _, err = s.exec(ctx, end, nil)
	return err
}

// ask runs a query within a transaction of its own, in one round trip.
func (s *session) ask(ctx context.Context, id *model.Identity, text string) ([]model.Row, error) {
	if err := s.check(ctx, id); err != nil {
		return nil, err
	}
	list := append(s.opening(id), statement{text: text}, statement{text: "COMMIT"})
	answers, err := s.all(ctx, list)
	if err != nil {
		if _, _, rerr := s.exec(ctx, "ROLLBACK", nil); rerr != nil {
			return nil, rerr
		}
		return nil, err
	}
	if !id.Session.Local() {
		s.bound = who(id)
	}
	return answers[len(answers)-2], nil
}

// who is the same for two identities that an application would not bind anew.
func who(id *model.Identity) string { return id.Login + " " + id.Label() }

// check binds a session that is bound before its transactions, when it checks the connection out.
func (s *session) check(ctx context.Context, id *model.Identity) error {
	if !id.Session.Before() || s.bound == who(id) {
		return nil
	}
	list := s.binding(id)
	if len(list) > 0 {
		done, err := s.all(ctx, list)
		if err != nil && len(done) < len(list) {
			return fmt.Errorf("set %s: %w", list[len(done)].args[0].Text, err)
		}
		if err != nil {
			return err
		}
	}
	s.bound = who(id)
	return nil
}

// open begins a transaction and binds the session in it.
func (s *session) open(ctx context.Context, id *model.Identity) error {
	list := s.opening(id)
	done, err := s.all(ctx, list)
	if err != nil && len(done) < len(list) && len(list[len(done)].args) > 0 {
		return fmt.Errorf("set %s: %w", list[len(done)].args[0].Text, err)
	}
	return err
}

// opening is the statements that begin a transaction and bind the session in it; with what
// a pooler does not pass on.
func (s *session) opening(id *model.Identity) []statement {
	list := []statement{{text: "BEGIN"}}
	if s.via {
		for _, name := range slices.Sorted(maps.Keys(printing)) {
			list = append(list, setting(name, printing[name], true))
		}
	}
	if id.Session.Before() || id.Session.Within() && s.bound == who(id) {
		return list
	}
	return append(list, s.binding(id)...)
}

// binding is the statements that bind the session.
func (s *session) binding(id *model.Identity) []statement {
	local := id.Session.Local()
	var list []statement
	if id.Role != "" {
		list = append(list, setting("role", id.Role, local))
	}
	for own := range id.Settings() {
		list = append(list, setting(own.Name, id.Setting(own), local))
	}
	return list
}

// release does what the pool does when a connection comes back; instead is in place of what
// the session says, if it is not empty.
func (s *session) release(ctx context.Context, id *model.Identity, instead string) error {
	s.bound = ""
	r := cmp.Or(instead, id.Session.Release)
	if r == "" || strings.EqualFold(r, "none") {
		return nil
	}
	if _, _, err := s.exec(ctx, r, nil); err != nil {
		return fmt.Errorf("release the connection of %s: %w", id.Session.Name, err)
	}
	if len(s.own) == 0 {
		return nil
	}
	kept, _, err := s.exec(ctx, "SELECT name FROM pg_catalog.pg_prepared_statements", nil)
	if err != nil {
		return fmt.Errorf("release the connection of %s: %w", id.Session.Name, err)
	}
	maps.DeleteFunc(s.own, func(_, name string) bool {
		return !slices.ContainsFunc(kept, func(row model.Row) bool { return row[0].Text == name })
	})
	return nil
}
