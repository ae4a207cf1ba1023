package sql_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func TestMentions(t *testing.T) {
	for _, test := range []struct {
		text            string
		mentions, takes bool
	}{
		{"SELECT * FROM tickets", true, true},
		{"SELECT * FROM Tickets t", true, true},
		{`SELECT * FROM ONLY "tickets"`, true, true},
		{"INSERT INTO tickets VALUES (1)", true, true},
		{"SELECT 1 FROM a JOIN tickets USING (id)", true, true},
		{"SELECT * FROM app.tickets", true, false},
		{"SELECT * FROM tickets . other", true, false},
		{"SELECT tickets FROM app.totals", true, false},
		{"SELECT 'FROM tickets' -- FROM tickets", false, false},
		{`SELECT * FROM "Tickets"`, false, false},
		{"SELECT * FROM tickets_old", false, false},
		{"", false, false},
	} {
		if got := sql.Mentions(test.text, "tickets"); got != test.mentions {
			t.Errorf("%q mentions tickets: %v", test.text, got)
		}
		if got := sql.Takes(test.text, "tickets"); got != test.takes {
			t.Errorf("%q takes tickets: %v", test.text, got)
		}
	}
}
