package contract_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

// load runs SQL in a fresh database. The roles that it makes are dropped at the end.
func load(t *testing.T, s *postgres.Server, texts ...string) *pgx.Conn {
	t.Helper()
	admin := open(t, s, "")
	before := roleNames(t, admin)
	name, err := s.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.DropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
		for _, role := range roleNames(t, admin) {
			if !slices.Contains(before, role) {
				if _, err := admin.Exec(context.Background(), "DROP ROLE "+model.Quote(role)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	conn := open(t, s, name)
	for _, text := range texts {
		if _, err := conn.PgConn().Exec(t.Context(), text).ReadAll(); err != nil {
			t.Fatalf("%.300s…: %v", text, err)
		}
	}
	return conn
}

func open(t *testing.T, s *postgres.Server, database string) *pgx.Conn {
	t.Helper()
	conn, err := s.Connect(t.Context(), database, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func roleNames(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(context.Background(), "SELECT rolname FROM pg_roles")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func file(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRulesOnPostgres evaluates every rule of small schemas in Go and in Postgres.
func TestRulesOnPostgres(t *testing.T) {
	cases := []struct {
		name    string
		notInGo []string // rules that only Postgres evaluates
	}{
		{"roles", []string{"db_role = $tenant.db_role"}},
		{"shapes", []string{
			"lower(name) = $tenant.name and own", "own",
			"own and id in (select max(n.id) from notes n group by n.author)", "own or shared",
		}},
		{"values", []string{"lower(body) = 'x' and own", "own and body like 'x%'"}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			conn := load(t, require.Postgres(t), file(t, filepath.Join("testdata", k.name+".sql")))
			got := compare(t, conn, filepath.Join("testdata", k.name+".yaml"))
			if diff := cmp.Diff(k.notInGo, got.notInGo); diff != "" {
				t.Error("not in Go:", diff)
			}
			if got.answers[sql.True] == 0 || got.answers[sql.False] == 0 {
				t.Errorf("the rows are no test of the rules: %v", got.answers)
			}
		})
	}
}

// comparison is what became of the rules of one contract.
type comparison struct {
	notInGo []string // texts of rules, sorted
	answers map[sql.Tri]int
	rules   int
}

// compare resolves a contract against a database and evaluates each rule for each row
// of its table and for several identities, in Go and in Postgres.
func compare(t *testing.T, conn *pgx.Conn, path string) comparison {
	t.Helper()
	f, err := contract.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	o := catalog.Options{Schemas: f.Schemas}
	for _, name := range f.Tables {
		o.Tables = append(o.Tables, catalog.TableName{Schema: name[0], Name: name[1]})
	}
	schema, err := catalog.Read(t.Context(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Resolve(schema)
	if err != nil {
		t.Fatal(err)
	}
	e := &evaluation{t: t, conn: conn, c: c, world: rowsOf{}, out: comparison{answers: map[sql.Tri]int{}}}
	for _, table := range schema.Tables {
		e.world[table.ID] = e.rows(table)
	}
	for _, ref := range f.Rules(c) {
		e.out.rules++
		for _, vars := range e.identities(ref.Vars, ref.Session) {
			e.rule(ref, vars)
			e.frugal(ref, vars)
		}
	}
	slices.Sort(e.out.notInGo)
	e.out.notInGo = slices.Compact(e.out.notInGo)
	return e.out
}

type evaluation struct {
	t     *testing.T
	conn  *pgx.Conn
	c     *model.Contract
	world rowsOf
	out   comparison
}

// rows is a table's rows as text, in the order of their places.
func (e *evaluation) rows(table *model.Table) []model.Row {
	e.t.Helper()
	columns := make([]string, len(table.Columns))
	for i := range columns {
		columns[i] = model.Quote(table.Columns[i].Name) + "::text"
		if table.Columns[i].Type.Base == "bool" && !table.Columns[i].Type.Array {
			columns[i] = "left(" + columns[i] + ", 1)" // the cast writes true, the output function t
		}
	}
	rows, err := e.conn.Query(e.t.Context(), "SELECT "+strings.Join(columns, ", ")+" FROM "+table.SQL()+" ORDER BY tableoid, ctid")
	if err != nil {
		e.t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (model.Row, error) {
		texts := make([]*string, len(columns))
		targets := make([]any, len(columns))
		for i := range texts {
			targets[i] = &texts[i]
		}
		if err := r.Scan(targets...); err != nil {
			return nil, err
		}
		row := make(model.Row, len(columns))
		for i, text := range texts {
			row[i].Null = text == nil
			if text != nil {
				row[i].Text = *text
			}
		}
		return row, nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

// identities is the variables' values for each pair of a tenant and a user, and for a
// session without either.
func (e *evaluation) identities(vars []model.Var, s *model.Session) [][]model.Value {
	null := model.Value{Null: true}
	tenants := []model.Row{{null}}
	key := 0
	if table := e.c.Tenancy.Table; table != nil {
		key = e.c.Tenancy.Key
		tenants = append([]model.Row{make(model.Row, len(table.Columns))}, e.world[table.ID]...)
		for i := range tenants[0] {
			tenants[0][i] = null
		}
	} else {
		values := []string{"a", "A", `it's "b"`}
		if e.c.Tenancy.Type.Kind == sql.UUID {
			values = []string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"}
		}
		for _, v := range values {
			tenants = append(tenants, model.Row{{Text: v}})
		}
	}
	users := []model.Row{nil}
	if s.User != nil {
		users = append(users, e.world[s.User.Table.ID]...)
	}
	var out [][]model.Value
	for _, tenant := range tenants {
		for _, user := range users {
			values := make([]model.Value, len(vars))
			for i, v := range vars {
				values[i] = null
				switch {
				case v.Source == model.FromTenant:
					values[i] = tenant[key]
				case v.Source == model.FromTenantRow:
					values[i] = tenant[v.Column]
				case v.Source == model.FromUserRow && user != nil:
					values[i] = user[v.Column]
				case v.Source == model.FromArgument && v.Type.Kind == sql.Text:
					values[i] = model.Value{Text: "t1"}
				}
			}
			out = append(out, values)
		}
	}
	return out
}

// rule compares one rule for one identity.
func (e *evaluation) rule(ref contract.RuleRef, vars []model.Value) {
	e.t.Helper()
	args := make([]any, len(ref.Rule.Args))
	for i, slot := range ref.Rule.Args {
		if !vars[slot].Null {
			args[i] = vars[slot].Text
		}
	}
	query := fmt.Sprintf("SELECT (%s) FROM %s ORDER BY tableoid, ctid", ref.Rule.SQL, ref.Table.SQL())
	rows, err := e.conn.Query(e.t.Context(), query, args...)
	if err != nil {
		e.t.Fatalf("%s (%s): %v", ref.Place, query, err)
	}
	answers, err := pgx.CollectRows(rows, pgx.RowTo[*bool])
	if err != nil {
		e.t.Fatalf("%s (%s): %v", ref.Place, query, err)
	}
	if ref.Rule.Program == nil {
		e.out.notInGo = append(e.out.notInGo, ref.Rule.Text)
	}
	frame := sql.Frame{World: e.world, Vars: vars}
	for i, row := range e.world[ref.Table.ID] {
		want := sql.Unknown
		if answers[i] != nil {
			want = map[bool]sql.Tri{true: sql.True, false: sql.False}[*answers[i]]
		}
		e.out.answers[want]++
		if ref.Rule.Program == nil {
			continue
		}
		frame.Row = row
		if got := ref.Rule.Program.Eval(&frame); got != want {
			e.t.Errorf("%s, %q for %v with %v: Go says %v, Postgres %v\n%s", ref.Place, ref.Rule.Text, row, vars, got, want, query)
		}
	}
}
