package helpdesk_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const denied = "42501"

var tables = []string{
	"plans", "accounts", "users", "memberships", "invoices", "invoice_lines", "tickets", "support_notes", "audit_log",
	"export_jobs",
}

// TestVisible compares what each session reads with what the contract says of testdata/rows.sql, row by row.
func TestVisible(t *testing.T) {
	database := database(t, "")
	for _, test := range []struct {
		as   session
		want []string // by tables
	}{
		{stranger, []string{"1 2 3", "SELECT 0", "SELECT 0", "SELECT 0", denied, denied, "SELECT 0", denied, denied, denied}},
		{used, []string{"1 2 3", "SELECT 0", "SELECT 0", "SELECT 0", denied, denied, "SELECT 0", denied, denied, denied}},
		{member, []string{"1 2 3", "1", "10 11 12 13", "110 111 112 113 114", denied, denied, "11 12", denied, denied, denied}},
		{
			session{name: "member", tenant: 2, user: 10},
			[]string{"1 2 3", "2", "10 20", "210 220 224", denied, denied, "21", denied, denied, denied},
		},
		{admin, []string{"1 2 3", "1", "10 11 12 13 14", "110 111 112 113 114", "2 4", "102 104", "11 12 13", "100", "100", denied}},
		{billing, []string{"1 2 3", "1", "10 11 12 13", "110 111 112 113 114", "2 4", "102 104", denied, denied, "SELECT 0", "2 4"}},
		{support, []string{"1 2 3", "1", "10 11 12 13", "110 111 112 113 114", denied, denied, "11 12", "100", denied, denied}},
		{exporter, []string{"1 2 3", "1", "10 11 12 13 14", "110 111 112 113 114", "2 4", "102 104", "11 12 13", "100", "100", "2 4"}},
	} {
		t.Run(test.as.name, func(t *testing.T) {
			conn := test.as.connect(t, database)
			got := make([]string, len(tables))
			for i, table := range tables {
				got[i] = answer(t, conn, "SELECT ltrim(id::text, '0-') FROM "+table+" ORDER BY id")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("visible (-want +got):\n%s", diff)
			}
		})
	}
}

// TestColumns asks for every column of users alone.
func TestColumns(t *testing.T) {
	database := database(t, "")
	columns := []string{"id", "name", "email", "phone", "deleted_at", "password_hash"}
	for _, test := range []struct {
		as   session
		want string
	}{
		{member, "id name email"},
		{admin, "id name email phone deleted_at"},
		{billing, "id name email"},
		{support, "id name email phone"},
		{exporter, "id name email phone deleted_at password_hash"},
		{stranger, "id name email"}, // of no row
	} {
		conn := test.as.connect(t, database)
		var got []string
		for _, column := range columns {
			if answer(t, conn, "SELECT "+column+" FROM users") != denied {
				got = append(got, column)
			}
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%s reads %q, want %q", test.as.name, got, test.want)
		}
	}
}

// TestNothingElseIsWritten tries every command of every table: those that the contract does not list
// change nothing.
func TestNothingElseIsWritten(t *testing.T) {
	database := database(t, "")
	allowed := map[string]string{ // sessions and tables, with the commands that the contract lists
		"member tickets":        "insert update",
		"admin memberships":     "insert delete",
		"admin tickets":         "insert update delete",
		"admin support_notes":   "delete",
		"billing invoices":      "insert update delete",
		"billing invoice_lines": "insert update delete",
		"support tickets":       "update",
		"support support_notes": "insert",
		"exporter audit_log":    "insert",
		"admin accounts":        "update",
		"billing export_jobs":   "insert",
		"exporter export_jobs":  "update",
	}
	update := map[string]string{ // a column that may be written where anything of the table may
		"tickets": "subject = ''", "invoices": "total_cents = 1", "invoice_lines": "amount_cents = 1",
		"accounts": "webhook_reply = ''", "export_jobs": "status = 'done'",
	}
	insert := map[string]string{ // a new row of account 1
		"plans":         "(id, name, price_cents) VALUES (9, 'New', 0)",
		"accounts":      "(name, slug) VALUES ('New', 'new')",
		"users":         "(email, name) VALUES ('new@example.com', 'New')",
		"memberships":   "(account_id, user_id, role) VALUES (1, 20, 'member')",
		"invoices":      "(account_id, number) VALUES (1, 'new')",
		"invoice_lines": "(invoice_id, description, amount_cents) VALUES (2, 'new', 1)",
		"tickets":       "(account_id, subject) VALUES (1, 'new')",
		"support_notes": "(account_id, ticket_id, body) VALUES (1, '00000000-0000-0000-0000-000000000011', 'new')",
		"audit_log":     "(account_id, entity, action) VALUES (1, 'new', 'new')",
		"export_jobs":   "(account_id, invoice_id) VALUES (1, 2)",
	}
	for _, as := range []session{stranger, member, admin, billing, support, exporter} {
		conn := as.connect(t, database)
		for _, table := range tables {
			set := update[table]
			if set == "" {
				set = "id = id"
			}
			for command, statement := range map[string]string{
				"insert": "INSERT INTO " + table + " " + insert[table],
				"update": "UPDATE " + table + " SET " + set,
				"delete": "DELETE FROM " + table,
			} {
				got := answer(t, conn, statement)
				changes := got != denied && !strings.HasSuffix(got, " 0")
				if want := strings.Contains(allowed[as.name+" "+table], command); changes != want {
					t.Errorf("%s: %s: %s, want allowed %v", as.name, statement, got, want)
				}
			}
		}
	}
}

// TestWrites tries what the rules of the contract say of single rows.
func TestWrites(t *testing.T) {
	database := database(t, "")
	const ticket = "'00000000-0000-0000-0000-0000000000"
	for _, test := range []struct {
		as              session
		statement, want string
	}{
		{member, "UPDATE tickets SET subject = '', body = ''", "UPDATE 1"},
		{member, "UPDATE tickets SET status = 'closed'", denied},
		{member, "SELECT right(id::text, 2) FROM tickets FOR UPDATE", "11"},
		{member, "INSERT INTO tickets (account_id, subject) VALUES (2, '')", denied},
		{member, "INSERT INTO tickets (account_id, subject, deleted_at) VALUES (1, '', now())", "INSERT 0 1"},
		{member, "INSERT INTO tickets (account_id, subject, deleted_at) VALUES (1, '', now()) RETURNING id", denied},
		{support, "UPDATE tickets SET status = 'closed'", "UPDATE 2"},
		{support, "UPDATE tickets SET account_id = 1", denied},
		{support, "INSERT INTO support_notes (account_id, ticket_id, body) VALUES (1, " + ticket + "12', '')", "INSERT 0 1"},
		{support, "INSERT INTO support_notes (account_id, ticket_id, body) VALUES (1, " + ticket + "13', '')", denied},
		{support, "INSERT INTO support_notes (account_id, ticket_id, body) VALUES (1, " + ticket + "21', '')", denied},
		{support, "INSERT INTO support_notes (account_id, ticket_id, body) VALUES (2, " + ticket + "21', '')", denied},
		{admin, "UPDATE tickets SET deleted_at = NULL", "UPDATE 3"},
		{admin, "UPDATE tickets SET deleted_at = now() WHERE status = 'open' RETURNING right(id::text, 2)", "11 13"},
		{admin, "UPDATE tickets SET account_id = 1", "UPDATE 3"},
		{admin, "UPDATE tickets SET account_id = 2", denied},
		{admin, "DELETE FROM tickets", "DELETE 3"},
		{admin, "DELETE FROM memberships", "DELETE 5"},
		{billing, "DELETE FROM invoices", "DELETE 2"},
		{billing, "UPDATE invoices SET account_id = 2", denied},
		{billing, "UPDATE invoice_lines SET invoice_id = 4", "UPDATE 2"},
		{billing, "UPDATE invoice_lines SET invoice_id = 3", denied},
		{billing, "INSERT INTO invoice_lines (invoice_id, description, amount_cents) VALUES (3, '', 0)", denied},
		{billing, `INSERT INTO invoices (id, account_id, number) VALUES (3, 1, 'x')
			ON CONFLICT (id) DO UPDATE SET number = 'x'`, denied},
		{billing, `INSERT INTO invoices (account_id, number) VALUES (1, '2024-1')
			ON CONFLICT (account_id, number) DO UPDATE SET total_cents = 1`, "INSERT 0 1"},
		{billing, `MERGE INTO invoices i USING (VALUES (2), (3)) v (id) ON i.id = v.id
			WHEN MATCHED THEN UPDATE SET total_cents = 1`, "MERGE 1"},
		{exporter, "INSERT INTO audit_log (account_id, entity, action) VALUES (1, '', '') RETURNING account_id", "1"},
		{exporter, "INSERT INTO audit_log (account_id, entity, action) VALUES (2, '', '')", denied},
		{admin, "UPDATE accounts SET webhook_reply = ''", "UPDATE 1"},
		{billing, "INSERT INTO export_jobs (account_id, invoice_id) VALUES (2, 2)", denied},
		{exporter, "UPDATE export_jobs SET account_id = 2", denied},
		{exporter, "INSERT INTO account_summaries VALUES (1, 0, 0)", "INSERT 0 1"},
		{exporter, "INSERT INTO account_summaries VALUES (2, 0, 0)", denied},
		{exporter, "INSERT INTO audit_log (entity, action) VALUES ('', '')", denied},
	} {
		if got := answer(t, test.as.connect(t, database), test.statement); got != test.want {
			t.Errorf("%s: %s: %s, want %s", test.as.name, test.statement, got, test.want)
		}
	}
}
