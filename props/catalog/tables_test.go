package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
)

// labels compares a foreign key's target by its label.
var labels = cmp.FilterPath(
	func(p cmp.Path) bool { return p.Last().String() == ".Target" },
	cmp.Transformer("label", func(t *model.Table) string {
		if t == nil {
			return ""
		}
		return t.Label()
	}),
)

var (
	integer = model.Type{Name: "integer", Plain: "integer", Base: "int4", Kind: sql.Int}
	bigint  = model.Type{Name: "bigint", Plain: "bigint", Base: "int8", Kind: sql.Int}
	text    = model.Type{Name: "text", Plain: "text", Base: "text", Kind: sql.Text}
	boolean = model.Type{Name: "boolean", Plain: "boolean", Base: "bool", Kind: sql.Bool}
	stamp   = other("timestamp with time zone", "timestamptz")
	moods   = []string{"sad", `it's "ok"`, "so, so", "happy"}
	mood    = model.Type{Name: `"Sales Dept".mood`, Plain: `"Sales Dept".mood`, Base: "mood", Kind: sql.Enum, Enum: moods}
	code    = model.Type{Name: `"Sales Dept"."Short Code"`, Plain: "character varying(12)", Base: "varchar", Kind: sql.Text, Length: 12}
)

func other(name, base string) model.Type { return model.Type{Name: name, Plain: name, Base: base} }

func column(name string, t model.Type) model.Column { return model.Column{Name: name, Type: t} }

func needed(name string, t model.Type) model.Column {
	return model.Column{Name: name, Type: t, NotNull: true}
}

// seed makes rows: NULL for the string "∅".
func seed(rows ...[]string) []model.Row {
	var out []model.Row
	for _, row := range rows {
		values := make(model.Row, len(row))
		for i, v := range row {
			values[i] = model.Value{Text: v}
			if v == "∅" {
				values[i] = model.Value{Null: true}
			}
		}
		out = append(out, values)
	}
	return out
}

// shortCode is the two checks of a column of the domain "Short Code".
func shortCode(column string, index int) []model.Check {
	q := model.Quote(column)
	return []model.Check{
		{
			Name:    "Short Code_check",
			Expr:    "((" + q + ")::text = ANY ((ARRAY['ab'::character varying, 'cd'::character varying])::text[]))",
			Columns: []int{index}, Values: []string{"ab", "cd"},
		},
		{Name: "code_check", Expr: "(((" + q + ")::text <> 'VALUE'::text) AND (length((" + q + ")::text) > 1))", Columns: []int{index}},
	}
}

func types() *model.Table {
	array := func(name string) model.Type {
		return model.Type{Name: name, Plain: `"Sales Dept".mood[]`, Base: "mood", Array: true, Enum: moods}
	}
	return &model.Table{
		Schema: "Sales Dept", Name: "Types", Owner: "postgres", Key: []int{0},
		Unique: []model.Unique{{Name: "Types_pkey", Columns: []int{0}}},
		Checks: shortCode("code", 12),
		Columns: []model.Column{
			{Name: "id", Type: bigint, NotNull: true, Identity: "a"},
			{Name: "small", Type: model.Type{Name: "smallint", Plain: "smallint", Base: "int2", Kind: sql.Int}, NotNull: true, Identity: "d"},
			{Name: "flag", Type: boolean, Default: "false"},
			needed("Uid", model.Type{Name: "uuid", Plain: "uuid", Base: "uuid", Kind: sql.UUID}),
			column("note", text),
			column("short", model.Type{
				Name: "character varying(20)", Plain: "character varying(20)", Base: "varchar", Kind: sql.Text, Length: 20,
			}),
			column("fixed", model.Type{Name: "character(3)", Plain: "character(3)", Base: "bpchar", Length: 3}),
			column("label", other("name", "name")),
			{Name: "feeling", Type: mood, Default: `'happy'::"Sales Dept".mood`},
			column("feelings", array(`"Sales Dept".mood[]`)),
			column("domained", array(`"Sales Dept".moods`)),
			column("codes", model.Type{Name: `"Sales Dept".code[]`, Plain: `"Sales Dept".code[]`, Base: "varchar", Array: true}),
			{Name: "code", Type: code, NotNull: true, Default: "'ab'::character varying"},
			column("amount", model.Type{Name: `"Sales Dept".money_amount`, Plain: "numeric(12,2)", Base: "numeric"}),
			column("big", model.Type{Name: `"Sales Dept".big`, Plain: "bigint", Base: "int8", Kind: sql.Int}),
			{Name: "stamp", Type: stamp, Default: "now()"},
			column("span", other("interval", "interval")),
			column("bytes", other("bytea", "bytea")),
			column("ratio", other("double precision", "float8")),
			{Name: "doubled", Type: bigint, Generated: true, Formula: "((big)::bigint * 2)"},
		},
		Seed: seed(
			[]string{
				"1", "1", "t", "00000000-0000-0000-0000-00000000000b", "tab\tquote'", "∅", "x  ", "∅", "happy",
				`{sad,"so, so"}`, "∅", "{ab}", "ab", "1.50", "21", "2024-07-01 10:00:00+00", "1 year 2 days 03:04:05",
				`\xdeadbeef`, "0.1", "42",
			},
			[]string{
				"2", "2", "∅", "00000000-0000-0000-0000-00000000000a", "", "∅", "∅", "∅", "happy",
				"∅", "∅", "∅", "ab", "∅", "∅", "∅", "∅", "∅", "∅", "∅",
			},
		),
	}
}

func families() []*model.Table {
	children := &model.Table{
		Schema: "public", Name: "children", Owner: "postgres", Key: []int{0},
		Columns: []model.Column{
			needed("id", integer), column("parent", integer), needed("tenant", integer), column("email", text),
			column("slug", text), column("deleted_at", stamp), column("secret", text), column("vault", integer),
		},
		Unique: []model.Unique{
			{Name: "children_pkey", Columns: []int{0}},
			{Name: "email", Columns: []int{3}, Partial: true, Where: "(deleted_at IS NULL)"},
			{Name: "slug", Columns: []int{2, 4}, NullsEqual: true, Deferrable: true},
		},
		Exclusions: []model.Exclusion{{Name: "lowered", Reads: []int{3}}},
	}
	parents := &model.Table{
		Schema: "public", Name: "parents", Owner: "postgres", Key: []int{0, 1},
		Columns: []model.Column{
			needed("tenant", integer), needed("id", integer), column("boss", integer), column("favourite", integer),
		},
		Unique: []model.Unique{{Name: "parents_pkey", Columns: []int{0, 1}}},
	}
	children.ForeignKeys = []model.ForeignKey{
		{Name: "children_vault_fkey", Columns: []int{7}, TargetName: "hidden.vault", OnDelete: "a", OnUpdate: "a"},
		{
			Name: "parent", Columns: []int{1, 2}, Target: parents, TargetName: "public.parents", Targets: []int{1, 0},
			OnDelete: "c", OnUpdate: "r", Deferred: true, Full: true,
		},
	}
	parents.ForeignKeys = []model.ForeignKey{
		{
			Name: "boss", Columns: []int{0, 2}, Target: parents, TargetName: "public.parents", Targets: []int{0, 1},
			OnDelete: "n", OnUpdate: "a",
		},
		{
			Name: "favourite", Columns: []int{3}, Target: children, TargetName: "public.children", Targets: []int{0},
			OnDelete: "a", OnUpdate: "a",
		},
	}
	return []*model.Table{children, parents}
}

func checks() *model.Table {
	t := &model.Table{Schema: "public", Name: "checks", Owner: "postgres"}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "K", "l", "m"} {
		t.Columns = append(t.Columns, column(name, text))
	}
	t.Columns[1].Type = model.Type{
		Name: "character varying(5)", Plain: "character varying(5)", Base: "varchar", Kind: sql.Text, Length: 5,
	}
	t.Columns[2].Type, t.Columns[5].Type, t.Columns[10].Type = integer, mood, boolean
	t.Columns = append(t.Columns, model.Column{Name: "n", Type: code, NotNull: true, Default: "'ab'::character varying"})
	t.Checks = append([]model.Check{
		{Name: "whole", Expr: "(checks.* IS NOT NULL)"},
		{Name: "checks_a_check", Expr: "(a = ANY (ARRAY['x'::text, 'y'::text]))", Columns: []int{0}, Values: []string{"x", "y"}},
		{
			Name: "checks_b_check", Expr: "((b)::text = ANY ((ARRAY['x'::character varying, 'it''s'::character varying])::text[]))",
			Columns: []int{1}, Values: []string{"x", "it's"},
		},
		{Name: "checks_c_check", Expr: "(c = ANY (ARRAY[1, '-2'::integer]))", Columns: []int{2}, Values: []string{"1", "-2"}},
		{Name: "checks_d_check", Expr: "(d = 'only'::text)", Columns: []int{3}, Values: []string{"only"}},
		{
			Name: "checks_e_check", Expr: "((e = 'p'::text) OR (e = 'q'::text) OR (e IS NULL))",
			Columns: []int{4}, Values: []string{"p", "q"},
		},
		{
			Name: "checks_f_check", Expr: `(f = ANY (ARRAY['sad'::"Sales Dept".mood, 'happy'::"Sales Dept".mood]))`,
			Columns: []int{5}, Values: []string{"sad", "happy"},
		},
		{Name: "checks_g_check", Expr: "(lower(g) = 'x'::text)", Columns: []int{6}},
		{Name: "checks_h_check", Expr: "(h <> 'x'::text)", Columns: []int{7}},
		{Name: "two", Expr: "(i = j)", Columns: []int{8, 9}},
		{Name: "checks_K_check", Expr: `("K" = true)`, Columns: []int{10}, Values: []string{"t"}},
		{
			Name: "checks_l_check", Expr: `(l = ANY (ARRAY['back\slash'::text, 'b'::text]))`,
			Columns: []int{11}, Values: []string{`back\slash`, "b"},
		},
		{Name: "checks_m_check", Expr: "((m = 'x'::text) AND (length(m) > 2))", Columns: []int{12}},
	}, shortCode("n", 13)...)
	return t
}

func descendants() []*model.Table {
	part := func(schema, name, parent string, rows ...[]string) *model.Table {
		return &model.Table{
			Schema: schema, Name: name, Owner: "postgres", Parent: parent, Key: []int{0, 1}, Seed: seed(rows...),
			Columns: []model.Column{needed("id", integer), needed("region", text)},
			Unique:  []model.Unique{{Name: name + "_pkey", Columns: []int{0, 1}}},
		}
	}
	parted := part("public", "parted", "")
	parted.Partitioned = true
	parted.Bounds = []string{"((region IS NOT NULL) AND (region = 'us'::text))", "((region IS NOT NULL) AND (region = 'eu'::text))"}
	positive := []model.Check{{Name: "base_id_check", Expr: "(id > 0)", Columns: []int{0}}}
	return []*model.Table{
		parted,
		part("public", "parted_eu", "parted", []string{"9", "eu"}, []string{"10", "eu"}),
		part("Sales Dept", "parted_us", "parted", []string{"1", "us"}),
		{
			Schema: "public", Name: "refers", Owner: "postgres",
			Columns: []model.Column{column("id", integer), column("region", text)},
			ForeignKeys: []model.ForeignKey{{
				Name: "refers_parted", Columns: []int{0, 1}, Target: parted, TargetName: "public.parted", Targets: []int{0, 1},
				OnDelete: "a", OnUpdate: "a",
			}},
		},
		{
			Schema: "public", Name: "base", Owner: "postgres", Columns: []model.Column{column("id", integer)},
			Checks: positive, Seed: seed([]string{"1"}),
		},
		{
			Schema: "public", Name: "derived", Owner: "postgres", Parent: "base",
			Columns: []model.Column{column("id", integer), column("extra", text)},
			Checks:  positive, Seed: seed([]string{"2", "∅"}),
		},
	}
}

func guarded() *model.Table {
	return &model.Table{
		Schema: "public", Name: "guarded", Owner: "catalog_owner", RowSecurity: true, Force: true,
		Columns: []model.Column{column("id", integer), column("owner", text), column("hidden", text)},
		Policies: []model.Policy{
			{Name: "everything", Command: "ALL", Roles: []string{"public"}, Using: "(id > 0)", Check: "(id > 1)"},
			{
				Name: "own rows", Command: "SELECT", Permissive: true, Roles: []string{"catalog_group", "catalog_reader"},
				Using: "(owner = CURRENT_USER)",
			},
		},
		Triggers: []model.Trigger{
			{Name: "always", Always: true, Function: "nothing", On: model.ViewWrite{Insert: true}, Body: "BEGIN RETURN NULL; END"},
			{Name: "plain", Function: "nothing", On: model.ViewWrite{Insert: true}, Body: "BEGIN RETURN NULL; END"},
			{Name: "replica", Replica: true, Function: "nothing", On: model.ViewWrite{Insert: true}, Body: "BEGIN RETURN NULL; END"},
			{Name: "kept", Rule: true, Definer: true, On: model.ViewWrite{Delete: true}, Body: "CREATE RULE kept AS\n    ON DELETE TO public.guarded DO INSTEAD NOTHING;"},
		},
		Seed: seed([]string{"1", "a", "∅"}, []string{"2", "b", "x"}),
	}
}

func TestTables(t *testing.T) {
	conn := rich(t)
	// A session with a path and formats of its own reads the same.
	run(t, conn, `SET search_path = "Sales Dept", public; SET timezone = 'Asia/Tokyo'; SET datestyle = 'German';
SET intervalstyle = 'iso_8601'; SET bytea_output = 'escape'; SET extra_float_digits = -10;
SET quote_all_identifiers = on; SET standard_conforming_strings = off`)
	got := read(t, conn, catalog.Options{Skip: []string{"preset"}, Roles: richRoles})
	want := map[string]*model.Table{}
	for _, w := range append(append(families(), descendants()...), types(), checks(), guarded()) {
		if w.Owner == "postgres" {
			w.Owner = conn.Config().User
		}
		want[w.Label()] = w
	}
	for i, table := range got.Tables {
		w := want[table.Label()]
		if w == nil {
			t.Errorf("%s was read, though no session may use its schema", table.Label())
			continue
		}
		w.ID = i
		delete(want, table.Label())
		if diff := cmp.Diff(w, table, labels); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table.Label(), diff)
		}
		for _, k := range table.ForeignKeys {
			if k.Target != nil && k.Target != got.Tables[k.Target.ID] {
				t.Errorf("%s: the target of %s is not the schema's own table", table.Label(), k.Name)
			}
		}
	}
	for label := range want {
		t.Errorf("%s was not read", label)
	}
	var path string
	if err := conn.QueryRow(t.Context(), "SHOW search_path").Scan(&path); err != nil || path != `"Sales Dept", public` {
		t.Errorf("search_path is %s afterwards (%v)", path, err)
	}
}
