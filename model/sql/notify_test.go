package sql_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func TestChannels(t *testing.T) {
	for _, k := range []struct {
		name, text string
		want       []sql.Channel
	}{
		{"a call", "BEGIN PERFORM pg_notify('tickets', row_to_json(NEW)::text); RETURN NEW; END", []sql.Channel{{Name: "tickets", Text: "'tickets'"}}},
		{"with its schema, and a cast", "SELECT pg_catalog.pg_notify('Tickets'::text, 'x')", []sql.Channel{{Name: "Tickets", Text: "'Tickets'::text"}}},
		{"a statement", "NOTIFY Tickets", []sql.Channel{{Name: "tickets", Text: "Tickets"}}},
		{"with a payload", `NOTIFY "Tickets", 'x'`, []sql.Channel{{Name: "Tickets", Text: "Tickets"}}},
		{"in a block", "BEGIN IF x THEN NOTIFY a; ELSE NOTIFY b; END IF; END", []sql.Channel{{Name: "a", Text: "a"}, {Name: "b", Text: "b"}}},
		{"in a rule", "CREATE RULE r AS ON INSERT TO t DO ALSO NOTIFY tickets;", []sql.Channel{{Name: "tickets", Text: "tickets"}}},
		{"in a text that is run", "BEGIN EXECUTE 'NOTIFY tickets, ' || quote_literal(NEW::text); END", []sql.Channel{{Name: "tickets", Text: "tickets"}}},
		{"in a text that is filled", "BEGIN EXECUTE format('NOTIFY tickets, %L', NEW); END", []sql.Channel{{Name: "tickets", Text: "tickets"}}},
		{"twice", "BEGIN NOTIFY a; NOTIFY a; END", []sql.Channel{{Name: "a", Text: "a"}}},
		{"a name that is put together", "SELECT pg_notify('tenant_' || id, 'x')", []sql.Channel{{Text: "'tenant_' || id"}}},
		{"a name that is filled in", "BEGIN EXECUTE format('NOTIFY %I, %L', x, y); END", []sql.Channel{{Text: "%I, %L"}}},
		{"a name from elsewhere", "SELECT pg_notify(TG_TABLE_NAME, 'x')", []sql.Channel{{Text: "TG_TABLE_NAME"}}},
		{"a column", "SELECT notify FROM users WHERE notify", nil},
		{"in a text", "SELECT 'please notify them'", nil},
		{"in a comment", "SELECT 1 -- NOTIFY a", nil},
	} {
		t.Run(k.name, func(t *testing.T) {
			if d := cmp.Diff(k.want, sql.Channels(k.text)); d != "" {
				t.Error(d)
			}
		})
	}
}
