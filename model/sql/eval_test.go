package sql_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

type world map[int][]sql.Row

func (w world) Rows(id int) []sql.Row { return w[id] }

const (
	idA = "aaaaaaaa-0000-4000-8000-000000000001"
	idB = "bbbbbbbb-0000-4000-8000-000000000002"
)

var relations = []*sql.Relation{
	{ID: 0, Schema: "public", Name: "users", Columns: []sql.RelColumn{
		{Name: "id", Kind: sql.Int, Type: "integer"},
		{Name: "account", Kind: sql.UUID, Type: "uuid"},
		{Name: "role", Kind: sql.Enum, Type: "public.role", Labels: []string{"member", "admin"}},
		{Name: "name", Kind: sql.Text, Type: "text"},
		{Name: "active", Kind: sql.Bool, Type: "boolean"},
		{Name: "born", Type: "date"},
		{Name: "tags", Kind: sql.Text, Type: "text[]"},
		{Name: "small", Kind: sql.Int, Type: "smallint"},
		{Name: "seen", Type: "timestamp with time zone"},
		{Name: "ends", Type: "timestamp with time zone"},
		{Name: "left_on", Type: "date"},
		{Name: "handle", Type: "public.citext"},
	}},
	{ID: 1, Schema: "public", Name: "memberships", Columns: []sql.RelColumn{
		{Name: "user_id", Kind: sql.Int, Type: "integer"},
		{Name: "account_id", Kind: sql.UUID, Type: "uuid"},
		{Name: "name", Kind: sql.Text, Type: "character varying(20)"},
	}},
	{ID: -1, Schema: "public", Name: "a_view", Columns: []sql.RelColumn{{Name: "x", Kind: sql.Int, Type: "integer"}}},
}

func scope() *sql.Scope {
	return &sql.Scope{
		Base: relations[0],
		Relations: func(schema, name string) *sql.Relation {
			for _, r := range relations {
				if r.Name == name && (schema == "" || schema == r.Schema) {
					return r
				}
			}
			return nil
		},
		Vars: map[string]sql.VarType{
			"tenant":  {Slot: 0, Kind: sql.UUID, Type: "uuid"},
			"user.id": {Slot: 1, Kind: sql.Int, Type: "bigint"},
			"1":       {Slot: 2, Kind: sql.Text, Type: "text"},
			"ids":     {Slot: 3, Kind: sql.Int, Type: "integer[]"},
			"raw":     {Slot: 4, Kind: sql.Other, Type: "json"},
		},
		Atoms: map[string]func(*sql.Frame) sql.Tri{
			"own":  func(f *sql.Frame) sql.Tri { return truth(f.Row[1] == f.Vars[0]) },
			"all":  func(*sql.Frame) sql.Tri { return sql.True },
			"name": func(*sql.Frame) sql.Tri { panic("the column wins") },
		},
	}
}

func truth(b bool) sql.Tri {
	if b {
		return sql.True
	}
	return sql.False
}

func row(texts ...string) sql.Row {
	out := make(sql.Row, len(texts))
	for i, s := range texts {
		out[i] = sql.Value{Text: s}
		if s == "NULL" {
			out[i] = sql.Value{Null: true}
		}
	}
	return out
}

func frame() *sql.Frame {
	return &sql.Frame{
		World: world{1: {row("7", idA, "ann"), row("7", "NULL", "bob"), row("8", idB, "NULL")}},
		Row:   row("7", idA, "admin", "ann", "t", "NULL", `{ann,"b \"c",NULL,""}`, "3", "2020-01-02 03:04:05.678+00", "2999-01-01 00:00:00+05:30", "2020-01-02", "Ann"),
		Vars:  row(idA, "8", "ann", "{7,-9}"),
	}
}

func TestEval(t *testing.T) {
	tests := map[sql.Tri][]string{
		sql.True: {
			"own", "all and own", "all", "account = $tenant", "$tenant = '" + strings.ToUpper(idA) + "'",
			"account = '{aaaaaaaa000040008000000000000001}'", "id = 007", "id = ' +7 '", "7 = id", "id <> $user.id",
			"id < $user.id", "id >= 7", "id > -9223372036854775808", "-10 < -9", "9 < 10", "-9 > -10",
			"role = 'admin'", "role = 'admin'::role", "role::text = $1 or role::text = 'admin'", "name = $1", "active", "active = 'yes'",
			"active is true", "born is null", "not (born is not null)", "(id = null) is unknown", "null is unknown",
			"id in (1, null, 7)", "id in (select user_id from memberships)", "name not in ('x', 'y')",
			"8 not in (select user_id from memberships m where m.name = users.name)",
			"id = any ($ids)", "-9 = any($ids)", "8 <> all ($ids)", "tags <> '{}'", `'b "c' = any (tags)`, "'' = any(tags)", "id = any ('{7, 8}')",
			"id = any (array[1, 7])", "account = any (array['" + idA + "']::uuid[])", "not (id = any (array[]::int[]))",
			"role = any ('{member,admin}'::role[])", "role = any ('{member,admin}')",
			"name is distinct from null", "born is null and null is not distinct from null", "id is not distinct from 7",
			"coalesce(null, name, 'x') = 'ann'", "coalesce(null, active)", "small = 7 or small::int = 3",
			"exists (select 1 from memberships m where m.user_id = users.id and m.account_id = $tenant)",
			"exists (select * from memberships where user_id = id and name = 'bob')",
			"exists (select 1 where true)", "not exists (select 1 where null)",
			"exists (select 1 from memberships a join memberships b on a.user_id = b.user_id where a.name = 'ann' and b.name = 'bob')",
			"exists (select 1 from memberships m where exists (select 1 from memberships n where n.user_id = m.user_id and n.name <> m.name and own))",
			"(id = 7) = (name = 'ann')", "id between 7 and 7",
			"seen < now()", "now() > seen", "seen is null or seen <= now()", "ends > current_timestamp", "now() <> ends",
			"left_on < current_date", "CURRENT_DATE >= left_on", "born is null or born > current_date",
		},
		sql.False: {
			"not own", "id in (1, 2)", "id <> 7", "(null and true) is not unknown", "account <> $tenant",
			"false and null", "not (true or null)", "null in (select user_id from memberships where false)",
			"null = any ('{}'::int[])", "exists (select 1 from memberships where name = 'zoe')",
			"id is distinct from $user.id and id = 8", "'{}' = tags", "8 = any (array[1, 7])",
			"7 not in (select user_id from memberships)", "seen >= now()", "now() >= ends", "ends = now()",
			"left_on is null or left_on > current_date", "current_date = left_on",
		},
		sql.Unknown: {
			"null", "id = null", "true and null", "false or null", "not null", "born is null and id = null",
			"id in (1, null)", "id not in (1, null)", "null in (1)", "'x' = any (tags)", "id = any (null)", "id <> all ('{1,NULL}')",
			"account not in (select account_id from memberships where account_id is null)",
			"'zoe' in (select name from memberships)", "null in (select user_id from memberships)",
		},
	}
	f := frame()
	for want, list := range tests {
		for _, src := range list {
			p, err := sql.Compile(parse(t, src), scope())
			if err != nil {
				t.Errorf("%s: %v", src, err)
				continue
			}
			if got := p.Eval(f); got != want {
				t.Errorf("%s is %v, want %v", src, got, want)
			}
		}
	}
}

// TestClock compares times and dates, as Postgres prints them, with the clock.
func TestClock(t *testing.T) {
	day := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
	tests := []struct {
		rule string // over the column of the value, which is the nth
		n    int
		text string
		want sql.Tri
	}{
		{"seen < now()", 8, "-infinity", sql.True},
		{"seen < now()", 8, "0044-03-15 12:00:00+00 BC", sql.True},
		{"seen < now()", 8, "1900-01-01 00:00:00-00:01:15", sql.True},
		{"seen < now()", 8, time.Now().Add(-time.Hour).UTC().Format("2006-01-02 15:04:05+00"), sql.True},
		{"seen < now()", 8, time.Now().Add(time.Hour).UTC().Format("2006-01-02 15:04:05.999+00"), sql.False},
		{"seen < now()", 8, "12026-01-01 00:00:00+00", sql.False},
		{"seen < now()", 8, "infinity", sql.False},
		{"seen < now()", 8, "NULL", sql.Unknown},
		{"left_on < current_date", 10, "-infinity", sql.True},
		{"left_on < current_date", 10, "0044-03-15 BC", sql.True},
		{"left_on < current_date", 10, day(-1), sql.True},
		{"left_on <= current_date", 10, day(0), sql.True},
		{"left_on < current_date", 10, day(0), sql.False},
		{"left_on > current_date", 10, day(1), sql.True},
		{"left_on < current_date", 10, "12026-01-01", sql.False},
		{"left_on < current_date", 10, "infinity", sql.False},
		{"left_on < current_date", 10, "NULL", sql.Unknown},
		{"handle::text = 'Ann'", 11, "Ann", sql.True},
		{"handle::text = 'Ann'", 11, "ann", sql.False},
		{"handle::text = 'Ann'", 11, "NULL", sql.Unknown},
	}
	for _, k := range tests {
		p, err := sql.Compile(parse(t, k.rule), scope())
		if err != nil {
			t.Fatal(err)
		}
		f := frame()
		f.Row[k.n] = row(k.text)[0]
		if got := p.Eval(f); got != k.want {
			t.Errorf("%s of %s is %v, want %v", k.rule, k.text, got, k.want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	const notInGo = -1
	tests := []struct {
		src    string
		offset int // or notInGo
		msg    string
	}{
		{"id = 1 and nmae = 'x'", 11, `no column "nmae"`},
		{"users.nmae = 'x'", 0, `no column "nmae"`},
		{"u.name = 'x'", 0, "no table u here"},
		{"name = $tennant", 7, "unknown variable $tennant"},
		{"lower(nmae) = 'x'", 6, `no column "nmae"`},
		{"lower(name) = 'x' and id = 'seven'", 27, "'seven' is not a value of type integer"},
		{"id = '3000000000'", 5, "out of range"},
		{"small = '40000'", 8, "out of range"},
		{"role = 'amdin'", 7, "'amdin' is not a value of type public.role"},
		{"account = 'x'", 10, "not a value of type uuid"},
		{"active = 'o'", 9, "not a value of type boolean"},
		{"name = 7", 5, "cannot compare text and integer"},
		{"id = $tenant", 3, "cannot compare integer and uuid"},
		{"name and true", 0, "must be boolean, not text"},
		{"exists (select 1 from membership)", 22, "no table membership"},
		{"exists (select 1 from memberships m where m.usr = 1)", 42, `table "m" has no column "usr"`},
		{"exists (select 1 from memberships m, memberships m)", 37, `"m" stands for two tables`},
		{"exists (select 1 from memberships a, memberships b where user_id = 1)", 57, "ambiguous"},
		{"id = (select max(usr) from memberships)", 17, `no column "usr"`},
		{"id = (select max(x.user_id) from memberships x group by y.user_id)", 56, "no table y here"},
		{"id = (select count(*) from membership)", 27, "no table membership"},
		{"id in (select null from memberships)", 3, "cannot compare integer and text"},
		{"account = any (array['" + idA + "'])", 8, "cannot compare uuid and text"},
		{"id = any (array[])", 10, "an empty array needs a type"},
		{"id = any (name)", 10, "needs an array"},
		{"id = any ('7')", 10, "is not an array"},
		{"shared", 0, `table "users" has no column "shared"`},
		{"lower(name) = 'x'", notInGo, "function lower"},
		{"handle = 'x'", notInGo, "a constant of type public.citext"},
		{"name like 'x%'", notInGo, "operator ~~"},
		{"born > '2020-01-01'", notInGo, "date"},
		{"name < 'x'", notInGo, "order of text"},
		{"id + 1 = 8", notInGo, "operator +"},
		{"id = 7.0", notInGo, "numeric"},
		{"name::uuid = account", notInGo, "a cast from text to uuid"},
		{"id::smallint = 7", notInGo, "a cast"},
		{"ctid is not null", notInGo, "ctid"},
		{"users is not null", notInGo, "a whole row"},
		{"exists (select 1 from a_view)", notInGo, "a_view"},
		{"exists (select count(*) from memberships)", notInGo, "function count"},
		{"id = (select max(user_id) from memberships where name = users.name)", notInGo, "this sub-select"},
		{"id in (with m as (select user_id as u from memberships) select u from m)", notInGo, "this query"},
		{"exists (select 1 from pg_class c where c.relname = name)", notInGo, "pg_class"},
		{"seen < localtimestamp", notInGo, "clock"},
		{"seen < current_date", notInGo, "current_date and timestamp with time zone"},
		{"born < now()", notInGo, "now() and date"},
		{"id = any (array_of(id))", notInGo, "function array_of"},
		{"id = '0x07'", notInGo, "versions"},
		{"$raw #>> '{a,b}' = 'x'", notInGo, "operator #>> on json"},
	}
	for _, tt := range tests {
		_, err := sql.Compile(parse(t, tt.src), scope())
		var e *sql.Error
		switch {
		case err == nil || !strings.Contains(err.Error(), tt.msg):
			t.Errorf("%s: %v, want %s", tt.src, err, tt.msg)
		case tt.offset == notInGo:
			if !sql.IsNotInGo(err) {
				t.Errorf("%s: %v should be for Postgres", tt.src, err)
			}
			if err := sql.Names(parse(t, tt.src), scope()); err != nil {
				t.Errorf("%s: names: %v", tt.src, err)
			}
		case !errors.As(err, &e) || e.Offset != tt.offset:
			t.Errorf("%s: %v at %+v, want offset %d", tt.src, err, e, tt.offset)
		}
	}
}

func TestInspect(t *testing.T) {
	got, err := sql.Inspect(parse(t, "own and lower(name) = $1 and exists (select 1 from memberships m where m.user_id = id and $user.id = 1)"), scope())
	if err != nil {
		t.Fatal(err)
	}
	want := sql.Uses{Columns: []int{0, 3}, Relations: []int{1}, Vars: []string{"1", "user.id"}, Atoms: []string{"own"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEach(t *testing.T) {
	q, err := sql.ParseQuery("SELECT account_id FROM memberships m WHERE m.user_id = users.id")
	if err != nil {
		t.Fatal(err)
	}
	p, err := sql.CompileQuery(q, scope())
	if err != nil {
		t.Fatal(err)
	}
	inside, err := sql.Compile(parse(t, "exists (select 1 from memberships where name = 'bob')"), scope())
	if err != nil {
		t.Fatal(err)
	}
	f := frame()
	var got []sql.Value
	p.Each(f, func(v sql.Value) bool {
		got = append(got, v)
		return inside.Eval(f) == sql.True
	})
	if want := []sql.Value{{Text: idA}, {Null: true}}; !slices.Equal(got, want) || p.Kind() != sql.UUID || p.Type() != "uuid" {
		t.Errorf("got %v of %s, want %v", got, p.Type(), want)
	}
	count := 0
	p.Each(f, func(sql.Value) bool { count++; return false })
	if count != 1 {
		t.Errorf("%d values after the first said stop", count)
	}
}

// TestEachItem gives lists item by item.
func TestEachItem(t *testing.T) {
	q, err := sql.ParseQuery("SELECT unnest(users.tags) FROM memberships m WHERE m.user_id = users.id")
	if err != nil {
		t.Fatal(err)
	}
	p, err := sql.CompileQuery(q, scope())
	if err != nil {
		t.Fatal(err)
	}
	f := frame()
	for _, tt := range []struct {
		list sql.Value
		want []sql.Value
	}{
		{sql.Value{Null: true}, nil},
		{sql.Value{Text: "{}"}, nil},
		{sql.Value{Text: `{a,"b, \"c\"",NULL,"null"}`}, []sql.Value{{Text: "a"}, {Text: `b, "c"`}, {Null: true}, {Text: "null"}}},
		{sql.Value{Text: "[2:3]={x,y}"}, []sql.Value{{Text: "x"}, {Text: "y"}}},
	} {
		f.Row = slices.Clone(f.Row)
		f.Row[slices.IndexFunc(relations[0].Columns, func(c sql.RelColumn) bool { return c.Name == "tags" })] = tt.list
		var got []sql.Value
		p.Each(f, func(v sql.Value) bool { got = append(got, v); return true })
		if want := slices.Repeat(tt.want, 2); !slices.Equal(got, want) || p.Kind() != sql.Text || p.Type() != "text" { // of two memberships
			t.Errorf("%s: got %v of %s, want %v", tt.list.Text, got, p.Type(), want)
		}
	}
	count := 0
	p.Each(f, func(sql.Value) bool { count++; return false })
	if count != 1 {
		t.Errorf("%d values after the first said stop", count)
	}
}

// An atom may evaluate another program on the same frame, inside a sub-select.
func TestAtomInSubSelect(t *testing.T) {
	s := scope()
	inner, err := sql.Compile(parse(t, "exists (select 1 from memberships m where m.name = 'bob')"), s)
	if err != nil {
		t.Fatal(err)
	}
	s.Atoms["own"] = inner.Eval
	p, err := sql.Compile(parse(t, "exists (select 1 from memberships m where own and m.name = 'ann' and own and m.account_id = $tenant)"), s)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Eval(frame()); got != sql.True {
		t.Errorf("got %v", got)
	}
}

func TestCompileValue(t *testing.T) {
	f := frame()
	for src, want := range map[string]struct{ text, typ string }{
		"name": {"ann", "text"}, "$user.id": {"8", "bigint"}, "'x'": {"x", "text"}, "007": {"7", "integer"},
		"account::text": {idA, "text"}, "id = 7": {"t", "boolean"}, "'7'::bigint": {"7", "bigint"}, "coalesce(null, small, id)": {"3", "integer"},
	} {
		p, err := sql.CompileValue(parse(t, src), scope())
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := p.Eval(f); got.Text != want.text || got.Null || p.Type() != want.typ {
			t.Errorf("%s: %v of %s, want %v", src, got, p.Type(), want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	f := frame()
	for _, src := range []string{
		"own and active and id < $user.id and account = $tenant",
		"id in (1, 2, 7) and id = any ($ids) and 'b \"c' = any (tags)",
		"exists (select 1 from memberships m where m.user_id = users.id and m.name = $1)",
		"id in (select user_id from memberships where name is distinct from 'ann') and coalesce(name, 'x') = 'ann'",
	} {
		p, err := sql.Compile(parse(t, src), scope())
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { p.Eval(f) }); n != 0 {
			t.Errorf("%s: %v allocations", src, n)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	f := frame()
	for name, src := range map[string]string{
		"plain":  "account = $tenant and active and id < $user.id",
		"exists": "exists (select 1 from memberships m where m.user_id = users.id and m.account_id = $tenant)",
	} {
		e, err := sql.ParseExpr(src)
		if err != nil {
			b.Fatal(err)
		}
		p, err := sql.Compile(e, scope())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Eval(f)
			}
		})
	}
}
