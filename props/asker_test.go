package props_test

import (
	"fmt"
	"testing"
)

const askedNotes = `
CREATE ROLE asker_app LOGIN;
CREATE TABLE firms (id bigint PRIMARY KEY);
CREATE TABLE people (id bigint PRIMARY KEY, firm_id bigint NOT NULL REFERENCES firms, name text NOT NULL);
CREATE TABLE notes (id bigint PRIMARY KEY, firm_id bigint NOT NULL REFERENCES firms, author_id bigint NOT NULL REFERENCES people, body text NOT NULL);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION note_for(note bigint, asker bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.body FROM notes n, people p
  WHERE n.id = note AND p.id = asker AND p.id = nullif(current_setting('app.user_id', true), '')::bigint AND %s $$;
`

const askedBy = `
schema: schema.sql
tenant: {table: firms, key: id}
tables: {people: {tenant: firm_id}, notes: {tenant: firm_id}}
sessions:
  app:
    login: asker_app
    user: {table: people}
    settings: {app.user_id: $user.id}
    sees: {"*": none, notes: own}
    writes: {"*": none}
paths:
  note: {kind: request, as: [app], run: "SELECT note_for($1, $2)", args: [notes.id, people.id]}
`

// TestAsker calls a path that asks who calls with the row of another tenant and the caller's own key:
// a function that looks at both, but not whether they belong together, is found.
func TestAsker(t *testing.T) {
	t.Parallel()
	for ties, leaks := range map[string]bool{"p.firm_id = n.firm_id": false, "true": true} {
		t.Run(ties, func(t *testing.T) {
			cfg := written(t, fmt.Sprintf(askedNotes, ties), askedBy)
			cfg.SkipRandom = true
			r := ran(t, cfg)
			if len(r.Blocks) > 0 != leaks {
				t.Errorf("%d findings, leaks: %v", len(r.Blocks), leaks)
			}
		})
	}
}
