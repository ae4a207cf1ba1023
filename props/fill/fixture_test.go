package fill_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/fill"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

func TestMain(m *testing.M) { require.Main(m) }

// source is one piece of a schema: a file, or SQL of the test's own.
type source struct {
	path string
	text string
	vars map[string]string
}

// load runs SQL in a fresh database and connects to it. What it made is dropped at the end.
func load(t *testing.T, s *postgres.Server, sources ...source) *pgx.Conn {
	t.Helper()
	ctx := context.Background()
	name, err := s.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var roles []string
	t.Cleanup(func() {
		if err := s.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
		admin, err := s.Connect(ctx, "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = admin.Close(ctx) }()
		for _, role := range roles {
			if _, err := admin.Exec(ctx, "DROP ROLE "+model.Quote(role)); err != nil {
				t.Error(err)
			}
		}
	})
	conn, err := s.Connect(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	for _, src := range sources {
		if src.path != "" && src.text == "" {
			text, err := os.ReadFile(src.path)
			if err != nil {
				t.Fatal(err)
			}
			src.text = string(text)
		}
		parsed, err := script.Parse(src.path, src.text, script.Options{Read: os.ReadFile, Vars: src.vars})
		if err != nil {
			t.Fatal(err)
		}
		result, err := script.Run(t.Context(), conn, parsed, script.RunOptions{
			Database: name, ExistingRole: func(role string) (bool, error) { return slices.Contains(roles, role), nil },
		})
		if result != nil {
			roles = append(roles, result.Roles...)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// plan reads the schema of a database, guesses its tenants, and fits a plan to it.
func plan(t *testing.T, conn *pgx.Conn, root string, schemas ...string) *gen.Plan {
	t.Helper()
	schema, err := catalog.Read(t.Context(), conn, catalog.Options{Schemas: schemas})
	if err != nil {
		t.Fatal(err)
	}
	p := gen.NewPlan(guess(schema, root), nil)
	began := time.Now()
	if err := fill.Fit(t.Context(), conn, p); err != nil {
		t.Fatal(err)
	}
	t.Logf("fitted in %v", time.Since(began).Round(time.Millisecond))
	return p
}

// guess is a contract without sessions: tables belong to the tenants' table by foreign
// keys, or to the values of the column that most policies name.
func guess(s *model.Schema, root string) *model.Contract {
	c := &model.Contract{Schema: s, Belongs: make([]model.Belonging, len(s.Tables))}
	var named string
	for _, t := range s.Tables {
		if t.Label() == root && len(t.Key) == 1 {
			c.Tenancy = model.Tenancy{Table: t, Key: t.Key[0], Type: t.Columns[t.Key[0]].Type}
			c.Belongs[t.ID] = model.Belonging{How: model.Owned, Paths: []model.TenantPath{{Column: t.Key[0]}}}
		}
	}
	if c.Tenancy.Table == nil {
		named, c.Tenancy.Type = compared(s)
	}
	for i := range c.Belongs {
		if s.Tables[i] != c.Tenancy.Table {
			c.Belongs[i] = model.Belonging{How: model.Shared}
		}
	}
	for range s.Tables {
		for _, t := range s.Tables {
			if b := &c.Belongs[t.ID]; b.How == model.Shared {
				if b.Paths = paths(c, t, named); len(b.Paths) > 0 {
					b.How = model.Owned
				}
			}
		}
	}
	return c
}

// paths is how rows of a table belong to tenants, as far as that is known already.
func paths(c *model.Contract, t *model.Table, named string) []model.TenantPath {
	var out []model.TenantPath
	if i := t.Column(named); i >= 0 && named != "" && t.Columns[i].Type.Kind == c.Tenancy.Type.Kind && !t.Columns[i].Type.Array {
		return []model.TenantPath{{Column: i}}
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		switch {
		case k.Target == nil || k.Target == t:
		case k.Target == c.Tenancy.Table && k.Targets[0] == c.Tenancy.Key && len(k.Columns) == 1:
			return []model.TenantPath{{Column: k.Columns[0]}}
		case c.Belongs[k.Target.ID].How == model.Owned && len(out) == 0:
			out = append(out, model.TenantPath{Column: -1, Key: k})
		}
	}
	return out
}

// compared is the column that most tables' policies mention.
func compared(s *model.Schema) (string, model.Type) {
	count, types := map[string]int{}, map[string]model.Type{}
	best := ""
	for _, t := range s.Tables {
		for i := range t.Columns {
			c := &t.Columns[i]
			if c.Type.Kind != sql.UUID && c.Type.Kind != sql.Text && c.Type.Kind != sql.Int || c.Type.Array {
				continue
			}
			for j := range t.Policies {
				if strings.Contains(t.Policies[j].Using+t.Policies[j].Check, c.Name) {
					count[c.Name]++
					types[c.Name] = c.Type
					break
				}
			}
			if n := count[c.Name]; n > count[best] || n == count[best] && n > 0 && c.Name < best {
				best = c.Name
			}
		}
	}
	if best == "" {
		return "", model.Type{Kind: sql.UUID, Base: "uuid", Name: "uuid"}
	}
	return best, types[best]
}

// measure is what became of one schema.
type measure struct {
	tables, filled    int
	columns, given    int // ordinary ones
	all, allGiven     int // every column that is not generated
	empty, void, thin []string
}

// datasets is how many datasets a schema is measured on, beside those of the matrix.
const datasets = 12

// measureDatasets draws datasets, loads them, and looks for foreign keys to nothing.
func measureDatasets(t *testing.T, conn *pgx.Conn, p *gen.Plan) measure {
	t.Helper()
	var m measure
	schema := p.Contract.Schema
	tenants := make([]map[string]bool, len(schema.Tables))
	values := map[model.ColumnRef]map[string]bool{}
	for n := range datasets + p.MatrixSets() {
		d := p.Dataset(&gen.Counted{N: uint64(1+n) * 1_000_003}, gen.Options{})
		if n >= datasets { // those of each part of a large schema
			d = p.MatrixDataset(n - datasets)
		}
		committed(t, conn, p, d)
		for _, table := range schema.Tables {
			if tenants[table.ID] == nil {
				tenants[table.ID] = map[string]bool{}
			}
			for i, row := range d.State.Rows(table.ID) {
				if p.Contract.Belongs[table.ID].How != model.Owned {
					tenants[table.ID][fmt.Sprint(i)] = true
				}
				p.Contract.Tenants(d.State, table, row, func(v model.Value) bool { tenants[table.ID][v.Text] = true; return true })
				for c, v := range row {
					ref := model.ColumnRef{Table: table.ID, Column: c}
					if values[ref] == nil {
						values[ref] = map[string]bool{}
					}
					if !v.Null {
						values[ref][v.Text] = true
					}
				}
			}
		}
	}
	for _, table := range schema.Tables {
		if partition(schema, table) {
			continue
		}
		m.tables++
		own := p.Contract.Belongs[table.ID].How == model.Shared && len(table.Seed) > 0 // of the schema's files, constant
		if len(tenants[table.ID]) > 1 || own {
			m.filled++
		} else {
			m.empty = append(m.empty, fmt.Sprintf("%s: %s (tenants %d)", table.Label(), p.Empty[table], len(tenants[table.ID])))
		}
		for c := range table.Columns {
			ref := model.ColumnRef{Table: table.ID, Column: c}
			if table.Columns[c].Generated {
				continue
			}
			m.all++
			given := len(values[ref]) > 0
			if given {
				m.allGiven++
			}
			if !ordinary(schema, table, c) {
				continue
			}
			m.columns++
			switch {
			case given:
				m.given++
			default:
				m.void = append(m.void, table.Label()+"."+table.Columns[c].Name+": "+p.Void[ref])
			}
			if len(values[ref]) == 1 {
				m.thin = append(m.thin, table.Label()+"."+table.Columns[c].Name)
			}
		}
	}
	return m
}

// committed loads a dataset in a transaction that is rolled back, and looks for
// references to nothing.
func committed(t *testing.T, conn *pgx.Conn, p *gen.Plan, d *gen.Dataset) {
	t.Helper()
	exec := func(text string, args []model.Value) error {
		params := make([][]byte, len(args))
		for i, a := range args {
			params[i] = []byte(a.Text)
		}
		return conn.PgConn().ExecParams(t.Context(), text, params, nil, nil, nil).Read().Err
	}
	if err := exec("BEGIN", nil); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := exec("ROLLBACK", nil); err != nil {
			t.Fatal(err)
		}
	}()
	if err := exec("SET LOCAL session_replication_role = replica", nil); err != nil {
		t.Fatal(err)
	}
	for _, table := range p.Order {
		if len(d.Data[table.ID]) == 0 {
			continue
		}
		if err := exec(run.LoadText(table), run.LoadArgs(table, d.Data[table.ID])); err != nil {
			var pg *pgconn.PgError
			errors.As(err, &pg)
			t.Fatalf("load %s: %v (%s)\n%v", table.Label(), err, pg.Detail, d.Data[table.ID])
		}
	}
	for _, table := range p.Contract.Schema.Tables {
		for i := range table.ForeignKeys {
			if k := &table.ForeignKeys[i]; k.Target != nil {
				dangling(t, conn, table, k)
			}
		}
	}
}

func dangling(t *testing.T, conn *pgx.Conn, table *model.Table, k *model.ForeignKey) {
	t.Helper()
	var same, given []string
	for i, c := range k.Columns {
		name := "a." + model.Quote(table.Columns[c].Name)
		same = append(same, name+" = b."+model.Quote(k.Target.Columns[k.Targets[i]].Name))
		given = append(given, name+" IS NOT NULL")
	}
	var n int
	text := "SELECT count(*) FROM " + table.SQL() + " a WHERE " + strings.Join(given, " AND ") +
		" AND NOT EXISTS (SELECT FROM " + k.Target.SQL() + " b WHERE " + strings.Join(same, " AND ") + ")"
	if err := conn.QueryRow(t.Context(), text).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		t.Errorf("%s: %d rows refer to nothing by %s", table.Label(), n, k.Name)
	}
}

// partition reports whether a table is a part of a partitioned one.
func partition(s *model.Schema, t *model.Table) bool {
	return slices.ContainsFunc(s.Tables, func(p *model.Table) bool { return p.Partitioned && p.Label() == t.Parent })
}

// ordinary reports whether a column's base type is Postgres' own or citext, its table
// has no trigger, and no CHECK of it calls a function of the user's own.
func ordinary(s *model.Schema, t *model.Table, c int) bool {
	if len(t.Triggers) > 0 {
		return false
	}
	ty := &t.Columns[c].Type
	if len(ty.Enum) > 0 || strings.Contains(ty.Plain, ".") && ty.Base != "citext" {
		return false
	}
	for i := range t.Checks {
		if !slices.Contains(t.Checks[i].Columns, c) {
			continue
		}
		for _, token := range sql.Tokens(t.Checks[i].Expr) {
			if slices.ContainsFunc(s.Texts, func(x model.Text) bool {
				return x.Kind == "function" && x.Name[strings.LastIndexByte(x.Name, '.')+1:] == token.Text
			}) {
				return false
			}
		}
	}
	return true
}
