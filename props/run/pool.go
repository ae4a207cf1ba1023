package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// renew makes every pooled connection as a new one that was used once, so that nothing of
// an earlier scenario reaches the next.
func (m *Committer) renew(ctx context.Context) error {
	for login, s := range m.pool {
		if s.conn.IsClosed() {
			delete(m.pool, login)
			continue
		}
		if !s.used {
			continue
		}
		if _, _, err := s.exec(ctx, "DISCARD ALL", nil); err != nil {
			return fmt.Errorf("renew the connection of %s: %w", login, err)
		}
		s.bound, s.used = nil, false
		if err := m.use(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// use leaves a connection as an earlier session leaves it: every setting of the
// contract was set once, in a transaction that is over, so that it is empty now and
// no longer NULL.
func (m *Committer) use(ctx context.Context, s *session) error {
	if _, _, err := s.exec(ctx, "BEGIN", nil); err != nil {
		return err
	}
	for _, kind := range m.Contract.Sessions {
		for i := range kind.Settings {
			_, _, err := s.exec(ctx, "SELECT set_config($1, '', true)", []model.Value{{Text: kind.Settings[i].Name}})
			if _, err = refusal(err); err != nil {
				return err
			}
		}
	}
	_, _, err := s.exec(ctx, "ROLLBACK", nil)
	return err
}

// empties is the statements that empty the tables which are not judged, such as a cache in
// a schema of its own: what a function of an earlier scenario put there must not reach the
// next. Those that hold rows of the schema's own files are left as they are.
func (m *Committer) empties(ctx context.Context) (string, error) {
	known := map[string]bool{}
	for _, t := range m.Contract.Schema.Tables {
		known[t.SQL()] = true
	}
	kept, _, err := m.super.exec(ctx, `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname <> $1
ORDER BY 1, 2`, []model.Value{{Text: CopySchema}})
	if err != nil {
		return "", fmt.Errorf("read the scratch database: %w", err)
	}
	var out strings.Builder
	for _, row := range kept {
		name := model.Quote(row[0].Text) + "." + model.Quote(row[1].Text)
		if known[name] {
			continue
		}
		some, _, err := m.super.exec(ctx, "SELECT EXISTS (SELECT FROM "+name+")", nil)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
		if some[0][0].Text == "f" {
			out.WriteString("DELETE FROM " + name + ";\n")
		}
	}
	return out.String(), nil
}

// restart is the statement that puts every sequence back to where the schema's own files
// left it; empty without any.
func restart(s *model.Schema) string {
	calls := make([]string, len(s.Sequences))
	for i, q := range s.Sequences {
		calls[i] = fmt.Sprintf("setval(%s::regclass, %d, %t)", literal(q.SQL()), q.Last, q.Called)
	}
	if len(calls) == 0 {
		return ""
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// reads reports whether a step may read a materialized view: by a path, by a program, or by
// hand; without steps nobody knows what will.
func reads(steps []model.Step) bool {
	return len(steps) == 0 || stored(steps) || slices.ContainsFunc(steps, func(s model.Step) bool { return s.Op.Raw != "" || s.Runs() })
}
