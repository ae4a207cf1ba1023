package props_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStrayed has a trigger log each change of a task for the tenant of that task. Where a function
// changes tasks of another tenant, or a policy lets a task move to one, the entry follows from that:
// it is one finding, and not about the trigger. Where the trigger itself logs for a wrong tenant, it
// is.
func TestStrayed(t *testing.T) {
	t.Parallel()
	const schema = `
CREATE ROLE strayed_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE tasks (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, done boolean NOT NULL DEFAULT false);
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, kind text NOT NULL);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tasks USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint)CHECK;
CREATE POLICY own ON events USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, UPDATE ON tasks TO strayed_app;
GRANT SELECT ON events TO strayed_app;
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO events (account_id, kind) VALUES (WHOSE, 'done');
	RETURN NULL;
END $$;
CREATE TRIGGER logged AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION logged();
CREATE FUNCTION finish(task bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
	$$ UPDATE tasks SET done = true WHERE id = task AND MAY $$;
`
	const contract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {tasks: {tenant: account_id}, events: {tenant: account_id}}
sessions:
  app:
    login: strayed_app
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none, tasks: {update: own}}
paths:
  finish: {kind: function, as: app, run: "SELECT finish($1::bigint)", args: [tasks.id]}
`
	const strays = "finish: function finish runs with the rights of its owner (SECURITY DEFINER) and lets it through"
	const logs = ": trigger logged on tasks does it (function logged)"
	const own = "account_id = nullif(current_setting('app.tenant_id', true), '')::bigint"
	for _, test := range []struct {
		name, check, whose, may string
		want                    []string
	}{
		{name: "sound", whose: "NEW.account_id", may: own},
		{
			name: "a function strays", whose: "NEW.account_id", may: "true",
			want: []string{strays},
		},
		{
			name: "a row moves", check: " WITH CHECK (true)", whose: "NEW.account_id", may: own,
			want: []string{": policy own on tasks lets it through"},
		},
		{
			name: "a trigger strays", whose: "(SELECT max(id) FROM accounts)", may: own,
			want: []string{logs},
		},
		{name: "both stray", whose: "(SELECT max(id) FROM accounts)", may: "true", want: []string{logs, strays}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := ran(t, written(t, strings.NewReplacer("CHECK", test.check, "WHOSE", test.whose, "MAY", test.may).Replace(schema), contract))
			var got []string
			for _, b := range r.Blocks {
				got = append(got, b.Finding.Path+": "+b.Cause)
			}
			slices.Sort(got)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
