package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

const small = `
CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO PUBLIC;
CREATE TABLE app.notes (id int PRIMARY KEY, parent int REFERENCES app.notes, body text);
ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.notes USING (id > 0);`

func TestFingerprint(t *testing.T) {
	s := require.Postgres(t)
	hash := func(t *testing.T, sql string) string {
		conn, _ := database(t, s)
		run(t, conn, small+sql)
		got := read(t, conn, catalog.Options{Roles: []string{conn.Config().User}})
		if got.Table("app", "notes") == nil {
			t.Fatal("nothing was read")
		}
		return catalog.Fingerprint(got)
	}
	want := hash(t, "INSERT INTO app.notes VALUES (1, 1, 'a'), (2, 1, 'b')")
	tests := []struct {
		name, sql string
		same      bool
	}{
		{"rows elsewhere on disk", `INSERT INTO app.notes VALUES (2, NULL, 'b'), (1, 1, 'x');
UPDATE app.notes SET parent = 1, body = 'b' WHERE id = 2; UPDATE app.notes SET body = 'a' WHERE id = 1`, true},
		{"made by another way", `INSERT INTO app.notes VALUES (1, 1, 'a'), (2, 1, 'b');
ALTER TABLE app.notes ADD late int; ALTER TABLE app.notes DROP late`, true},
		{"another row", "INSERT INTO app.notes VALUES (1, 1, 'a'), (2, 1, 'c')", false},
		{"NULL for empty", "INSERT INTO app.notes VALUES (1, 1, 'a'), (2, 1, NULL)", false},
		{"another policy", "INSERT INTO app.notes VALUES (1, 1, 'a'), (2, 1, 'b'); ALTER POLICY own ON app.notes USING (id > 1)", false},
		{"another type", "INSERT INTO app.notes VALUES (1, 1, 'a'), (2, 1, 'b'); ALTER TABLE app.notes ALTER body TYPE varchar", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := hash(t, test.sql); (got == want) != test.same {
				t.Errorf("same is %v, not %v", got == want, test.same)
			}
		})
	}
}

// The same schema on a server whose first superuser has another name, and of another version.
func TestFingerprintElsewhere(t *testing.T) {
	here := func(super string, version int) *model.Schema {
		table := &model.Table{Schema: "public", Name: "t", Owner: super}
		table.ForeignKeys = []model.ForeignKey{{Name: "self", Target: table, TargetName: "public.t"}}
		return &model.Schema{
			Version: version, Owner: super, Tables: []*model.Table{table},
			Roles: map[string]model.Role{
				super: {Name: super, Super: true, Bootstrap: true},
				"app": {Name: "app", Login: true},
			},
			Privileges: map[string][]model.Privilege{super: {{Delete: true}}, "app": {{}}},
		}
	}
	want := here("postgres", 150000)
	if catalog.Fingerprint(want) != catalog.Fingerprint(here("runner", 180000)) {
		t.Error("the superuser's name or the version counts")
	}
	other := here("postgres", 150000)
	other.Tables[0].Owner = "app"
	if catalog.Fingerprint(want) == catalog.Fingerprint(other) {
		t.Error("the owner does not count")
	}
	if want.Tables[0].ForeignKeys[0].Target == nil || want.Owner != "postgres" || len(want.Roles) != 2 {
		t.Error("the schema was changed")
	}
}

// Text under a collation that takes different texts for equal is not for Go to compare.
func TestCollation(t *testing.T) {
	s := require.Postgres(t)
	conn, _ := database(t, s)
	var icu bool
	if err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i')").Scan(&icu); err != nil {
		t.Fatal(err)
	}
	require.Need(t, "a Postgres with ICU", icu, "install one that was built with it")
	run(t, conn, `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN loosely AS text COLLATE loose;
CREATE TABLE texts (a text, b text COLLATE "C", c text COLLATE loose, d loosely, e varchar(3) COLLATE loose)`)
	var got []string
	for _, c := range read(t, conn, catalog.Options{}).Tables[0].Columns {
		got = append(got, c.Name+" "+c.Type.Kind.String())
	}
	if want := "a text, b text, c other, d other, e other"; strings.Join(got, ", ") != want {
		t.Errorf("%s, not %s", strings.Join(got, ", "), want)
	}
}

// A schema of 400 tables and 1,300 policies is read in well under a second.
func BenchmarkRead(b *testing.B) {
	s := require.Postgres(b)
	name, err := s.CreateDatabase(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	conn, err := s.Connect(b.Context(), name, "")
	if err != nil {
		b.Fatal(err)
	}
	var sql strings.Builder
	for i := range 400 {
		fmt.Fprintf(&sql, `CREATE TABLE t%d (id bigint PRIMARY KEY, tenant uuid NOT NULL, a text UNIQUE, b text CHECK (b IN ('x', 'y')),
c int REFERENCES t0 (c), d date, e numeric, f jsonb, g bool, h timestamptz DEFAULT now(), CONSTRAINT c%[1]d UNIQUE (c));
INSERT INTO t%[1]d (id, tenant) VALUES (1, gen_random_uuid());`, i)
		for p := range 1300/400 + 1 {
			fmt.Fprintf(&sql, "CREATE POLICY p%d ON t%d USING (tenant = current_setting('app.tenant')::uuid);\n", p, i)
		}
		sql.WriteString("COMMIT;\n")
	}
	if _, err := conn.PgConn().Exec(b.Context(), sql.String()).ReadAll(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := catalog.Read(b.Context(), conn, catalog.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
