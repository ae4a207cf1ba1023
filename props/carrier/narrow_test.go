package carrier_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// TestNarrow gives functions and views their texts again, in which a table is read only as
// far as the rules say, or written to only in the place of new rows of the same tenant.
func TestNarrow(t *testing.T) {
	const own = "notes.org = nullif(current_setting('app.org', true), '')::integer"
	const some = "(SELECT * FROM notes WHERE " + own + ") "
	const whole = "(SELECT * FROM public.notes WHERE " + own + ") "
	for _, test := range []struct{ name, path, text, want, kept string }{
		{"bare", "", "SELECT id FROM notes", "SELECT id FROM " + some + "notes", ""},
		{"alias", "", "SELECT n.id FROM public.notes AS n WHERE n.id > 0", "SELECT n.id FROM " + some + "n WHERE n.id > 0", ""},
		{"join", "", "SELECT 1 FROM orgs o LEFT JOIN notes n ON n.org = o.id", "SELECT 1 FROM orgs o LEFT JOIN " + some + "n ON n.org = o.id", ""},
		{"delete", "", "DELETE FROM notes WHERE id = 1 OR id = 2;", "DELETE FROM notes WHERE (id = 1 OR id = 2) AND " + own + ";", ""},
		{
			"update", "", "BEGIN UPDATE notes n SET body = '' WHERE n.id = 1 RETURNING n.id INTO x; END",
			"BEGIN UPDATE notes n SET body = '' WHERE (n.id = 1) AND n.org = nullif(current_setting('app.org', true), '')::integer RETURNING n.id INTO x; END",
			"",
		},
		{"all of them", "", "DELETE FROM notes", "DELETE FROM notes WHERE " + own, ""},
		{
			"reading and updating the same", "", "UPDATE notes SET id = (SELECT max(m.id) FROM notes m) WHERE id = 1 -- one\nRETURNING id",
			"UPDATE notes SET id = (SELECT max(m.id) FROM " + some + "m) WHERE (id = 1) AND " + own + " -- one\nRETURNING id",
			"",
		},
		{"insert", "", "INSERT INTO notes (id, org) VALUES (1, 2) ON CONFLICT DO NOTHING", "", ""},
		{
			"insert or update", "", "INSERT INTO notes (id, org) SELECT id, org FROM x WHERE id > 0 ON CONFLICT (id) WHERE id > 1 DO UPDATE SET body = excluded.body;",
			"INSERT INTO notes (id, org) SELECT id, org FROM x WHERE id > 0 ON CONFLICT (id) WHERE id > 1 DO UPDATE SET body = excluded.body WHERE " + own + ";",
			"INSERT INTO notes (id, org) SELECT id, org FROM x WHERE id > 0 ON CONFLICT (id) WHERE id > 1 DO UPDATE SET body = excluded.body WHERE notes.org = excluded.org;",
		},
		{
			"insert or update some", "", "INSERT INTO notes AS n VALUES (1) ON CONFLICT (id) DO UPDATE SET body = '' WHERE n.id > 0 OR n.id < 5 RETURNING n.id",
			"INSERT INTO notes AS n VALUES (1) ON CONFLICT (id) DO UPDATE SET body = '' WHERE (n.id > 0 OR n.id < 5) AND n.org = nullif(current_setting('app.org', true), '')::integer RETURNING n.id",
			"INSERT INTO notes AS n VALUES (1) ON CONFLICT (id) DO UPDATE SET body = '' WHERE (n.id > 0 OR n.id < 5) AND n.org = excluded.org RETURNING n.id",
		},
		{
			"merge", "", "MERGE INTO notes n USING (SELECT 1 AS id) x ON n.id = x.id OR x.id IS NULL -- which\nWHEN MATCHED THEN UPDATE SET body = '';",
			"MERGE INTO notes n USING (SELECT 1 AS id) x ON (n.id = x.id OR x.id IS NULL) AND n.org = nullif(current_setting('app.org', true), '')::integer -- which\nWHEN MATCHED THEN UPDATE SET body = '';",
			"",
		},
		{
			"merge by a case", "", "MERGE INTO notes USING x JOIN y ON x.id = y.id ON CASE WHEN x.id > 0 THEN notes.id = x.id END WHEN MATCHED THEN DELETE",
			"MERGE INTO notes USING x JOIN y ON x.id = y.id ON (CASE WHEN x.id > 0 THEN notes.id = x.id END) AND " + own + " WHEN MATCHED THEN DELETE",
			"",
		},
		{
			"merge that adds", "", "MERGE INTO notes n USING x ON n.id = x.id WHEN NOT MATCHED THEN INSERT (id, org) VALUES (f(x.id, 2), coalesce(x.org, 1))",
			"MERGE INTO notes n USING x ON (n.id = x.id) AND n.org = nullif(current_setting('app.org', true), '')::integer WHEN NOT MATCHED THEN INSERT (id, org) VALUES (f(x.id, 2), coalesce(x.org, 1))",
			"MERGE INTO notes n USING x ON (n.id = x.id) AND n.org = coalesce(x.org, 1) WHEN NOT MATCHED THEN INSERT (id, org) VALUES (f(x.id, 2), coalesce(x.org, 1))",
		},
		{"a search path without public", "\n SET search_path TO ''", "SELECT id FROM public.notes", "SELECT id FROM " + whole + "notes", ""},
		{"a search path with public", "\n SET search_path TO 'public'", "SELECT id FROM notes", "SELECT id FROM " + some + "notes", ""},
		{"no table", "", "SELECT notes FROM other", "", ""},
	} {
		c, _ := notes()
		o := carrier.Object{Kind: carrier.Routine, Routine: &model.Routine{
			Schema: "public", Name: "f", Language: "sql", Source: test.text, Head: "CREATE OR REPLACE FUNCTION public.f()\n LANGUAGE sql" + test.path,
		}}
		want := []string{"ALTER FUNCTION f() SECURITY INVOKER"}
		if test.want != "" {
			want = append(want, o.Routine.Head+"\nAS $$"+test.want+"$$")
		}
		if test.kept != "" {
			want = append(want, o.Routine.Head+"\nAS $$"+test.kept+"$$")
		}
		var got []string
		for _, r := range o.Remedies(c, []carrier.Cell{{Session: c.Sessions[0]}}) {
			got = append(got, r.SQL...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
