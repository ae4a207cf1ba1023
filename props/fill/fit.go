package fill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// Fit fits a plan to the database of a connection, which must be a superuser's and
// outside a transaction. Nothing stays in the database.
func Fit(ctx context.Context, conn *pgx.Conn, p *gen.Plan) error {
	s := &server{ctx: ctx, conn: conn.PgConn(), order: p.Order, computed: p.Computed, texts: map[*model.Table]string{}, names: map[string]string{}}
	defer s.forget()
	begin := "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off; SET LOCAL session_replication_role = replica; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY';" +
		"SET LOCAL intervalstyle = postgres; SET LOCAL bytea_output = hex; SET LOCAL statement_timeout = '20s'; SAVEPOINT fit"
	if err := s.conn.Exec(ctx, begin).Close(); err != nil {
		return fmt.Errorf("try values: %w", err)
	}
	err := p.Fit(s)
	if rerr := s.conn.Exec(ctx, "ROLLBACK").Close(); err == nil && rerr != nil {
		err = fmt.Errorf("try values: %w", rerr)
	}
	return err
}

// server answers a plan's questions in one transaction.
type server struct {
	ctx      context.Context
	conn     *pgconn.PgConn
	order    []*model.Table
	computed func(*model.Table) map[int]string
	texts    map[*model.Table]string // that insert a row whose computed columns the server computes
	names    map[string]string       // of prepared statements, by their text
}

// prepare prepares a statement once. A refusal says why none of its kind can run.
func (s *server) prepare(text string, t *model.Table) (string, gen.Answer, error) {
	if name, ok := s.names[text]; ok {
		return name, gen.Answer{}, nil
	}
	name := fmt.Sprintf("rlsfuzz_fit_%d", len(s.names))
	var refused gen.Answer
	if _, err := s.conn.Prepare(s.ctx, name, text, nil); err != nil {
		if err := refusal(err, &refused, t); err != nil {
			return "", refused, err
		}
		if err := s.conn.Exec(s.ctx, "ROLLBACK TO fit").Close(); err != nil {
			return "", refused, fmt.Errorf("try values: %w", err)
		}
		return "", refused, nil
	}
	s.names[text] = name
	return name, refused, nil
}

// forget drops the prepared statements, unless the connection is lost with them.
func (s *server) forget() {
	for _, name := range s.names {
		_ = s.conn.Deallocate(s.ctx, name)
	}
}

// load is the statement that tries rows of a table.
func (s *server) load(t *model.Table) string {
	if s.texts[t] == "" {
		s.texts[t] = run.ComputedText(t, s.computed(t))
	}
	return s.texts[t]
}

// Cast implements [gen.Server].
func (s *server) Cast(typ string, list []string) ([]gen.Answer, error) {
	args := make([][][]byte, len(list))
	for i, v := range list {
		args[i] = [][]byte{[]byte(v)}
	}
	return s.try("SELECT CAST($1::text AS "+typ+")", args, nil)
}

// Insert implements [gen.Server].
func (s *server) Insert(t *model.Table, rows []model.Row) ([]gen.Answer, error) {
	args := make([][][]byte, len(rows))
	for i, row := range rows {
		args[i] = params(run.LoadArgs(t, []model.Row{row}))
	}
	return s.try(s.load(t)+" RETURNING "+run.RowOf(t)+"::text", args, t)
}

// Ask implements [gen.Server].
func (s *server) Ask(t *model.Table, rows []model.Row, conditions []string) ([]gen.Answer, error) {
	args := make([][][]byte, len(rows))
	for i, row := range rows {
		args[i] = params(run.LoadArgs(t, []model.Row{row}))
	}
	holds := make([]string, len(conditions))
	for i, text := range conditions {
		holds[i] = "(" + text + ") IS TRUE"
	}
	return s.try(s.load(t)+" RETURNING "+run.RowOf(t)+"::text, "+strings.Join(holds, ", "), args, t)
}

func params(values []model.Value) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		if !v.Null {
			out[i] = append([]byte{}, v.Text...)
		}
	}
	return out
}

// window bounds the statements that are under way at a time.
const window = 64

// try runs a statement with each of some arguments, each undone before the next.
func (s *server) try(text string, args [][][]byte, t *model.Table) ([]gen.Answer, error) {
	answers := make([]gen.Answer, 0, len(args))
	name, refused, err := s.prepare(text, t)
	for err == nil && len(answers) < len(args) {
		if refused.Refused() {
			answers = append(answers, refused)
			continue
		}
		n := min(window, len(args)-len(answers))
		var some []gen.Answer
		some, err = s.pipeline(name, args[len(answers):len(answers)+n], t)
		answers = append(answers, some...)
	}
	return answers, err
}

func (s *server) pipeline(name string, args [][][]byte, t *model.Table) ([]gen.Answer, error) {
	p := s.conn.StartPipeline(s.ctx)
	for _, a := range args {
		p.SendQueryPrepared(name, a, nil, nil)
		if err := p.Sync(); err != nil {
			return nil, fmt.Errorf("try values: %w", err)
		}
		p.SendQueryParams("ROLLBACK TO fit", nil, nil, nil, nil)
		if err := p.Sync(); err != nil {
			return nil, fmt.Errorf("try values: %w", err)
		}
	}
	columns := 1
	if t != nil {
		columns = len(t.Columns)
	}
	answers := make([]gen.Answer, len(args))
	for i := range answers {
		if err := s.result(p, &answers[i], columns, t); err != nil {
			return nil, err
		}
		var undone gen.Answer
		if err := s.result(p, &undone, 0, nil); err != nil {
			return nil, err
		}
		if undone.Refused() {
			return nil, fmt.Errorf("try values: %s", undone.Message)
		}
	}
	if err := p.Close(); err != nil {
		return nil, fmt.Errorf("try values: %w", err)
	}
	return answers, nil
}

// result reads the answer to one statement and the Sync after it.
func (s *server) result(p *pgconn.Pipeline, a *gen.Answer, columns int, t *model.Table) error {
	for {
		next, err := p.GetResults()
		if err != nil {
			if err := refusal(err, a, t); err != nil {
				return err
			}
			continue
		}
		switch r := next.(type) {
		case nil:
			return errors.New("try values: the server's answers ended early")
		case *pgconn.PipelineSync:
			if a.Row == nil && columns > 0 && !a.Refused() {
				*a = gen.Answer{Table: t, Code: "00000", Message: "a trigger or a rule left the row out"}
			}
			return nil
		case *pgconn.ResultReader:
			for r.NextRow() && columns > 0 {
				values := r.Values()
				if a.Row, err = answered(values[0], columns, t); err != nil {
					return err
				}
				for _, v := range values[1:] {
					a.Holds = append(a.Holds, string(v) == "t")
				}
			}
			if _, err := r.Close(); err != nil {
				if err := refusal(err, a, t); err != nil {
					return err
				}
			}
		}
	}
}

// answered reads the row of a table, or one value.
func answered(value []byte, columns int, t *model.Table) (model.Row, error) {
	if t == nil {
		return model.Row{{Text: string(value), Null: value == nil}}, nil
	}
	return model.ParseRecord(string(value), columns)
}

// refusal turns an error of Postgres into an answer; it returns any other.
func refusal(err error, a *gen.Answer, t *model.Table) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("try values: %w", err)
	}
	*a = gen.Answer{Table: t, Constraint: pg.ConstraintName, Column: pg.ColumnName, Code: pg.Code, Message: pg.Message}
	return nil
}

// Load implements [gen.Server].
func (s *server) Load(data [][]model.Row) (gen.Answer, error) {
	var first gen.Answer
	for _, t := range s.order {
		if t.ID >= len(data) || len(data[t.ID]) == 0 {
			continue
		}
		err := s.conn.ExecParams(s.ctx, run.LoadText(t), params(run.LoadArgs(t, data[t.ID])), nil, nil, nil).Read().Err
		if err != nil {
			if err := refusal(err, &first, t); err != nil {
				return first, err
			}
			break
		}
	}
	if err := s.conn.Exec(s.ctx, "ROLLBACK TO fit").Close(); err != nil {
		return first, fmt.Errorf("try values: %w", err)
	}
	return first, nil
}
