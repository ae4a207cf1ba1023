package props_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

const exprSchema = `
CREATE TYPE state AS ENUM ('open', 'closed', 'Odd one');
CREATE TABLE t (n integer, id integer, small smallint, big bigint, flag boolean, key uuid, state state,
	name text, word character varying(10), tags text[], nums integer[], ends timestamptz, doc jsonb, raw json);
CREATE TABLE m (id integer, flag boolean, key uuid, state state, name text, other integer);
CREATE SCHEMA copies;
CREATE VIEW copies.m2 AS SELECT * FROM m;
CREATE VIEW copies.t2 AS SELECT * FROM t;`

var exprRelations = []*sql.Relation{
	{ID: 0, Schema: "public", Name: "t", Columns: []sql.RelColumn{
		{Name: "n", Kind: sql.Int, Type: "integer"},
		{Name: "id", Kind: sql.Int, Type: "integer"},
		{Name: "small", Kind: sql.Int, Type: "smallint"},
		{Name: "big", Kind: sql.Int, Type: "bigint"},
		{Name: "flag", Kind: sql.Bool, Type: "boolean"},
		{Name: "key", Kind: sql.UUID, Type: "uuid"},
		{Name: "state", Kind: sql.Enum, Type: "public.state", Labels: exprPools[sql.Enum]},
		{Name: "name", Kind: sql.Text, Type: "text"},
		{Name: "word", Kind: sql.Text, Type: "character varying(10)"},
		{Name: "tags", Kind: sql.Text, Type: "text[]"},
		{Name: "nums", Kind: sql.Int, Type: "integer[]"},
		{Name: "ends", Type: "timestamp with time zone"},
		{Name: "doc", Type: "jsonb"},
		{Name: "raw", Type: "json"},
	}},
	{ID: 1, Schema: "public", Name: "m", Columns: []sql.RelColumn{
		{Name: "id", Kind: sql.Int, Type: "integer"},
		{Name: "flag", Kind: sql.Bool, Type: "boolean"},
		{Name: "key", Kind: sql.UUID, Type: "uuid"},
		{Name: "state", Kind: sql.Enum, Type: "public.state", Labels: exprPools[sql.Enum]},
		{Name: "name", Kind: sql.Text, Type: "text"},
		{Name: "other", Kind: sql.Int, Type: "integer"},
	}},
}

// exprVars is the variable of each kind.
var exprVars = map[sql.Kind]string{
	sql.Int: "$user.id", sql.Bool: "$user.flag", sql.UUID: "$tenant", sql.Enum: "$user.state", sql.Text: "$1",
}

func exprScope(t *testing.T) *sql.Scope {
	s := &sql.Scope{
		Base: exprRelations[0],
		Relations: func(schema, name string) *sql.Relation {
			for _, r := range exprRelations {
				if r.Name == name && (schema == "" || schema == r.Schema) {
					return r
				}
			}
			return nil
		},
		Vars: map[string]sql.VarType{
			"user.id":    {Slot: 0, Kind: sql.Int, Type: "bigint"},
			"user.flag":  {Slot: 1, Kind: sql.Bool, Type: "boolean"},
			"tenant":     {Slot: 2, Kind: sql.UUID, Type: "uuid"},
			"user.state": {Slot: 3, Kind: sql.Enum, Type: "public.state", Labels: exprPools[sql.Enum]},
			"1":          {Slot: 4, Kind: sql.Text, Type: "text"},
			"ids":        {Slot: 5, Kind: sql.Int, Type: "integer[]"},
			"words":      {Slot: 6, Kind: sql.Text, Type: "text[]"},
		},
	}
	e, err := sql.ParseExpr(exprOwn)
	if err != nil {
		t.Fatal(err)
	}
	own, err := sql.Compile(e, s)
	if err != nil {
		t.Fatal(err)
	}
	s.Atoms = map[string]func(*sql.Frame) sql.Tri{"own": own.Eval, "all": func(*sql.Frame) sql.Tri { return sql.True }}
	return s
}

// exprOwn is what the atom own means.
const exprOwn = "key = $tenant OR EXISTS (SELECT 1 FROM m a0 WHERE a0.id = t.id AND a0.flag)"

func exprAtom(name string) (string, bool) {
	switch name {
	case "own":
		return exprOwn, true
	case "all":
		return "true", true
	}
	return "", false
}

// exprWorld is rows, as they are in the database.
type exprWorld [2][]sql.Row

func (w *exprWorld) Rows(id int) []sql.Row { return w[id] }

// exprCase is one expression, and what Go thinks of it.
type exprCase struct {
	source, query string
	args          []any
	want          string // a letter for each row: t, f, u; empty when it is a mistake
	mistake       error
}

// TestExpressionsAgainstPostgres asks Go and Postgres the same random
// conditions of the same random rows. RLSFUZZ_EXPRESSIONS is how many (20,000),
// RLSFUZZ_EXPRESSIONS_SEED which (1).
func TestExpressionsAgainstPostgres(t *testing.T) {
	server := require.Postgres(t)
	ctx := context.Background()
	database, err := server.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	config := server.Config(database, server.Superuser())
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.Close(ctx)
		_ = server.DropDatabase(ctx, database)
	}()
	if _, err := conn.Exec(ctx, exprSchema); err != nil {
		t.Fatal(err)
	}
	total, seed := require.Number(t, "RLSFUZZ_EXPRESSIONS", 20_000), require.Number(t, "RLSFUZZ_EXPRESSIONS_SEED", 1)
	d := &exprDiff{t: t, conn: conn, scope: exprScope(t), gen: &exprGen{
		Rand: rand.New(rand.NewPCG(uint64(seed), 1)), relations: exprRelations,
	}}
	for d.compared+d.mistakes < total && !t.Failed() {
		d.world(ctx)
		d.batch(ctx, min(1000, total-d.compared-d.mistakes))
	}
	t.Logf("seed %d: %d expressions agree, %d are mistakes to both, %d are for Postgres alone", seed, d.compared, d.mistakes, d.left)
	if d.compared < total*8/10 || d.trues*20 < d.compared || d.unknowns*20 < d.compared {
		t.Errorf("the expressions are too dull: %d true and %d unknown somewhere", d.trues, d.unknowns)
	}
}

type exprDiff struct {
	t     *testing.T
	conn  *pgx.Conn
	scope *sql.Scope
	gen   *exprGen
	rows  exprWorld
	frame sql.Frame

	compared, mistakes, left, trues, unknowns int
}

// world draws new rows and variables.
func (d *exprDiff) world(ctx context.Context) {
	var b strings.Builder
	b.WriteString("TRUNCATE t, m;")
	for i, r := range exprRelations {
		for n := range 10 - 4*i {
			values := make([]string, len(r.Columns))
			for j, c := range r.Columns {
				values[j] = d.value(c.Kind, c.Type)
			}
			if i == 0 {
				values[0] = strconv.Itoa(n)
			}
			fmt.Fprintf(&b, "INSERT INTO %s VALUES (%s);", r.Name, strings.Join(values, ", "))
		}
	}
	if _, err := d.conn.Exec(ctx, b.String()); err != nil {
		d.t.Fatal(err)
	}
	d.rows[0] = d.read(ctx, "SELECT * FROM t ORDER BY n")
	d.rows[1] = d.read(ctx, "SELECT * FROM m")
	var vars []string
	for _, name := range []string{"user.id", "user.flag", "tenant", "user.state", "1", "ids", "words"} {
		v := d.scope.Vars[name]
		vars = append(vars, d.value(v.Kind, v.Type)+"::"+v.Type)
	}
	d.frame.World, d.frame.Vars = &d.rows, d.read(ctx, "SELECT "+strings.Join(vars, ", "))[0]
}

// value is a constant, as SQL, of a type.
func (d *exprDiff) value(k sql.Kind, typ string) string {
	if d.gen.oneIn(5) {
		return "NULL"
	}
	if strings.HasPrefix(typ, "json") {
		return "'" + strings.ReplaceAll(d.gen.document(3), "'", "''") + "'"
	}
	one := func() string { return "'" + strings.ReplaceAll(pick(d.gen, exprPools[k]), "'", "''") + "'" }
	if !strings.HasSuffix(typ, "[]") {
		return one()
	}
	items := make([]string, d.gen.IntN(4))
	for i := range items {
		items[i] = one()
		if d.gen.oneIn(4) {
			items[i] = "NULL"
		}
	}
	list := "ARRAY[" + strings.Join(items, ", ") + "]"
	if len(items) > 0 && d.gen.oneIn(5) {
		list = "ARRAY[" + list + ", " + list + "]"
	}
	return list + "::" + typ
}

func (d *exprDiff) read(ctx context.Context, query string) []sql.Row {
	results, err := d.conn.PgConn().Exec(ctx, query).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	var out []sql.Row
	for _, r := range results[0].Rows {
		row := make(sql.Row, len(r))
		for i, v := range r {
			row[i] = sql.Value{Text: string(v), Null: v == nil}
		}
		out = append(out, row)
	}
	return out
}

// draw makes one case; ok is false when only Postgres can evaluate it.
func (d *exprDiff) draw() (out exprCase, ok bool) {
	out.source = d.gen.cond(1 + d.gen.IntN(4))
	e, err := sql.ParseExpr(out.source)
	if err != nil {
		d.t.Fatalf("parse %s: %v", out.source, err)
	}
	o := sql.PrintOptions{Scope: d.scope, Vars: d.scope.Vars, Atom: exprAtom}
	from := "t"
	if d.gen.oneIn(2) {
		o.Table = func(_, name string) (string, string) { return "copies", name + "2" }
		o.Qualifier, from = "b", "t b"
	}
	text, vars := sql.Print(e, o)
	out.query = "SELECT string_agg(CASE WHEN x THEN 't' WHEN NOT x THEN 'f' ELSE 'u' END, '' ORDER BY n) FROM (SELECT n, (" + text + ") AS x FROM " + from + ") AS q"
	for _, name := range vars {
		v := d.frame.Vars[d.scope.Vars[name].Slot]
		if v.Null {
			out.args = append(out.args, nil)
		} else {
			out.args = append(out.args, v.Text)
		}
	}
	p, err := sql.Compile(e, d.scope)
	if sql.IsNotInGo(err) {
		return out, false
	}
	if err != nil {
		out.mistake = err
		return out, true
	}
	for _, row := range d.rows[0] {
		d.frame.Row = row
		out.want += p.Eval(&d.frame).String()[:1]
	}
	return out, true
}

func (d *exprDiff) batch(ctx context.Context, n int) {
	var cases []exprCase
	batch := &pgx.Batch{}
	for len(cases) < n {
		c, ok := d.draw()
		switch {
		case !ok:
			d.left++
		case c.mistake != nil:
			n--
			d.mistake(ctx, c)
		default:
			cases = append(cases, c)
			batch.Queue(c.query, c.args...)
		}
	}
	results := d.conn.SendBatch(ctx, batch)
	for _, c := range cases {
		var got string
		if err := results.QueryRow().Scan(&got); err != nil {
			d.t.Errorf("%s\n%s\nPostgres: %v", c.source, c.query, err)
			break
		}
		if got != c.want {
			d.t.Errorf("%s\n%s %v\nPostgres says %s\n      Go says %s", c.source, c.query, c.args, got, c.want)
		}
		d.compared++
		if strings.Contains(c.want, "t") {
			d.trues++
		}
		if strings.Contains(c.want, "u") {
			d.unknowns++
		}
	}
	_ = results.Close()
}

// mistake expects Postgres to refuse what Go refused, but for an atom that SQL
// cannot express where it stands.
func (d *exprDiff) mistake(ctx context.Context, c exprCase) {
	if strings.Contains(c.mistake.Error(), "give it an alias") {
		d.left++
		return
	}
	var got *string
	err := d.conn.QueryRow(ctx, c.query, c.args...).Scan(&got)
	if err == nil {
		d.t.Errorf("%s\n%s\nGo: %v\nPostgres has no objection", c.source, c.query, c.mistake)
	}
	d.mistakes++
}
