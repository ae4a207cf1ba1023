package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestMaterial reads what rows are made of beside columns: types, exclusions, texts,
// and what changes along with a table.
func TestMaterial(t *testing.T) {
	conn, _ := database(t, require.Postgres(t))
	run(t, conn, `CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]$');
CREATE TYPE pair AS (a int, b code);
CREATE TYPE span AS RANGE (subtype = float8, multirange_type_name = spans);
CREATE TABLE things (id int PRIMARY KEY, p pair, during int4range, name text, EXCLUDE USING gist (during WITH &&));
CREATE UNIQUE INDEX low ON things (id, lower(name));
CREATE TABLE log (id int PRIMARY KEY, text text);
CREATE TABLE quiet (id int PRIMARY KEY);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (new.id, 'x'); RETURN new; END $$;
CREATE FUNCTION any_table() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN new; END $$;
CREATE TRIGGER note AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER any_table AFTER UPDATE ON quiet FOR EACH ROW EXECUTE FUNCTION any_table();
CREATE VIEW named AS SELECT id FROM things WHERE name = 'a';
CREATE INDEX part ON things (id) WHERE name = 'b'`)
	s := read(t, conn, catalog.Options{})
	number := other("double precision", "float8")
	want := []model.TypeShape{
		{Name: "public.code", Checks: []string{"(VALUE ~ '^[A-Z]$'::text)"}},
		{Name: "public.pair", Fields: []model.Field{{Name: "a", Type: integer}, {Name: "b", Type: model.Type{Name: "public.code", Plain: "text", Base: "text", Kind: text.Kind}}}},
		{Name: "public.span", Element: &number},
		{Name: "public.spans", Element: &number, Multi: true},
	}
	if diff := cmp.Diff(want, s.Shapes); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	things, quiet := s.Table("public", "things"), s.Table("public", "quiet")
	exclusions := []model.Exclusion{{Name: "low", Same: []int{0}, Reads: []int{3}}, {Name: "things_during_excl", Overlap: []int{2}}}
	if diff := cmp.Diff(exclusions, things.Exclusions); diff != "" {
		t.Errorf("exclusions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"log"}, things.Fills); diff != "" {
		t.Errorf("what triggers fill (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"log"}, {"*"}}, [][]string{things.Stirs, quiet.Stirs}); diff != "" {
		t.Errorf("what changes along (-want +got):\n%s", diff)
	}
	kinds := map[string]int{}
	for _, x := range s.Texts {
		kinds[x.Kind]++
	}
	if diff := cmp.Diff(map[string]int{"function": 2, "view": 1, "index": 1}, kinds); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}
