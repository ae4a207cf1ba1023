package script_test

import (
	"cmp"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/script"
)

func TestDefined(t *testing.T) {
	const src = `CREATE TABLE tickets (id int);
ALTER TABLE ONLY public.tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own
  ON tickets USING (true);
CREATE POLICY own ON "Tickets" USING (true);
ALTER POLICY "own" ON public.tickets USING (false);
CREATE OR REPLACE VIEW app.board AS SELECT 1;
CREATE MATERIALIZED VIEW IF NOT EXISTS totals AS SELECT 1;
CREATE /* it */ FUNCTION public.find(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE ROLE "Desk" LOGIN;
CREATE USER agent;
DO $$ BEGIN EXECUTE 'CREATE POLICY built ON tickets'; END $$;
COMMENT ON TABLE tickets IS 'CREATE TABLE tickets';
INSERT INTO tickets VALUES (1);`
	s, err := script.Parse("s.sql", src, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		kind, name, table string
		schema            string // empty: public
		line              int    // 0: none
	}{
		{kind: "view", name: "board", line: 7, schema: "app"},
		{kind: "table", name: "tickets", schema: "app", line: 1}, // may be anywhere
		{kind: "table", name: "tickets", line: 2},
		{kind: "policy", name: "own", table: "tickets", line: 6},
		{kind: "policy", name: "own", table: "Tickets", line: 5},
		{kind: "policy", name: "built", table: "tickets"},
		{kind: "policy", name: "Own", table: "tickets"},
		{kind: "view", name: "board"},
		{kind: "view", name: "totals", line: 8},
		{kind: "function", name: "find", line: 9},
		{kind: "role", name: "Desk", line: 10},
		{kind: "role", name: "agent", line: 11},
		{kind: "role", name: "desk"},
	} {
		line := 0
		o := script.Object{Kind: test.kind, Schema: cmp.Or(test.schema, "public"), Name: test.name, Table: test.table}
		if d := script.Defined(s.Statements, o); d != nil {
			line = d.Line
		}
		if line != test.line {
			t.Errorf("%s %s %s: line %d, want %d", test.kind, test.name, test.table, line, test.line)
		}
	}
	if d := script.Secured(s.Statements, "public", "tickets"); d == nil || d.Line != 2 {
		t.Errorf("row security of tickets is switched by %v", d)
	}
	if d := script.Secured(s.Statements, "public", "Tickets"); d != nil {
		t.Errorf("row security of Tickets is switched by %v", d)
	}
}
