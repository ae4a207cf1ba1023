package helpdesk_test

import (
	"context"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// probe is one statement of one session that a leak answers otherwise than the schema.
type probe struct {
	as           session
	statement    string
	fixed, leaky string
	opened       string // what the superuser lets the session see for this
	undo         string // for a leak that changes roles, which all databases share
}

var (
	stranger = session{name: "stranger"}
	used     = session{name: "stranger", used: true}
	member   = session{name: "member", tenant: 1, user: 10}
	admin    = session{name: "admin", tenant: 1, user: 11}
	billing  = session{name: "billing", tenant: 1, user: 12}
	support  = session{name: "support", tenant: 1, user: 13}
	exporter = session{name: "exporter", tenant: 1}

	otherAdmin   = session{name: "admin", tenant: 2, user: 20}
	otherSupport = session{name: "support", tenant: 2, user: 20}
)

var probes = map[string]probe{
	"account-totals-granted": {
		as: admin, statement: "SELECT tickets FROM account_totals ORDER BY account_id", fixed: "42501", leaky: "3 2",
	},
	"close-ticket-sets-account": {
		as:        stranger.next(otherAdmin, "SELECT close_ticket('00000000-0000-0000-0000-000000000021')"),
		statement: "SELECT id FROM accounts ORDER BY id", fixed: "SELECT 0", leaky: "2",
	},
	"dashboard-prepared": {
		as: admin.next(otherAdmin, "SELECT dashboard()"), statement: "SELECT account_id, tickets FROM dashboard()", fixed: "1,3", leaky: "2,2",
	},
	"export-temp-table": {
		as:        support.next(otherSupport, "SELECT export_tickets()"),
		statement: "SELECT right(id::text, 2) FROM export_tickets()", fixed: "11 12", leaky: "21",
	},
	"lookup-kept-in-setting": {
		as:        support.next(otherSupport, "SELECT lookup_invoice('ann@example.com', '2024-2')"),
		statement: "SELECT status FROM lookup_invoice('ann@example.com', '2024-2')", fixed: "draft", leaky: "refunded",
	},
	"report-cache-no-account": {
		as: admin.next(otherAdmin, "SELECT ticket_report()"), statement: "SELECT ticket_report()", fixed: "help, help, help", leaky: "help, help",
	},
	"search-open-cursor": {
		as:        support.next(otherSupport, "SELECT search_customers('ann')"),
		statement: "SELECT id FROM search_customers('sue')", fixed: "13", leaky: "20",
	},
	"search-wildcards": {
		as: support, statement: "SELECT id FROM search_customers('%')", fixed: "P0001", leaky: "10 11 12 13",
	},
	"search-wrong-column": {
		as: session{name: "support", tenant: 20, user: 13}, statement: "SELECT id FROM search_customers('ann')", fixed: "SELECT 0", leaky: "20",
	},
	"ticket-by-id-definer": {
		as:        admin,
		statement: "SELECT subject FROM ticket_by_id('00000000-0000-0000-0000-000000000021')", fixed: "42883", leaky: "help",
	},
	"close-ticket-any-account": {
		as:        admin,
		statement: "SELECT close_ticket('00000000-0000-0000-0000-000000000021')",
		fixed:     "0", leaky: "1",
	},
	"bulk-close-first-account": {
		as: admin,
		statement: after("close_tickets(ARRAY['00000000-0000-0000-0000-000000000012', '00000000-0000-0000-0000-000000000021']::uuid[])",
			"SELECT FROM tickets WHERE account_id = 2 AND status = 'closed'"),
		opened: "CREATE POLICY probe ON tickets FOR SELECT TO helpdesk_admin USING (true)",
		fixed:  "DO", leaky: "23505",
	},
	"export-first-account": {
		as: exporter, statement: "SELECT status FROM export_invoices()", fixed: "draft", leaky: "refunded",
	},
	"export-not-logged": {
		as: exporter, fixed: "23505", leaky: "DO",
		statement: after("export_invoices()", "SELECT FROM audit_log WHERE action = 'invoice export'"),
	},
	"export-old-payload": {
		as: exporter, statement: "SELECT status FROM export_invoices()", fixed: "draft", leaky: "paid draft",
	},
	"export-without-account": {
		as: session{name: "exporter"}, statement: "SELECT status FROM export_invoices()", fixed: "P0001", leaky: "SELECT 0",
	},
	"override-any-account": {
		as: support, statement: "SELECT status FROM override_invoice('2024-2', 'why')", fixed: "draft", leaky: "draft refunded",
	},
	"override-logged-elsewhere": {
		as: session{name: "support", tenant: 2}, fixed: "DO", leaky: "23505", opened: openLog,
		statement: after("override_invoice('2024-2', 'why')", "SELECT FROM audit_log WHERE action = 'override' AND account_id <> 2"),
	},
	"override-without-reason": {
		as: support, fixed: "DO", leaky: "23505", opened: openLog,
		statement: after("override_invoice('2024-2', 'why')", "SELECT FROM audit_log WHERE action = 'override' AND detail IS NULL"),
	},
	"purge-note-any-account": {
		as: admin, fixed: "DO", leaky: "23505",
		opened:    "CREATE POLICY probe ON support_notes FOR SELECT TO helpdesk_admin USING (true)",
		statement: after("purge_note(200)", "SELECT WHERE NOT EXISTS (SELECT FROM support_notes WHERE id = 200)"),
	},
	"report-shows-deleted": {
		as: support, statement: "SELECT tickets FROM status_report() WHERE status = 'open'", fixed: "1", leaky: "2",
	},
	"report-wrong-column": {
		as: support, statement: "SELECT tickets FROM status_report() WHERE status = 'open'", fixed: "1", leaky: "2",
	},
	"summary-sees-all": {
		as: exporter, fixed: "DO", leaky: "23505",
		statement: after("rebuild_summary()", "SELECT FROM account_summaries WHERE tickets <> 3"),
	},
	"ticket-board-moves": {
		as: admin, statement: "UPDATE ticket_board SET account_id = 2", fixed: "44000", leaky: "UPDATE 2",
	},
	"webhook-replayed": {
		as: exporter, statement: "SELECT receive_webhook('event', NULL)", fixed: "", leaky: "theirs",
		opened: "INSERT INTO audit_log (id, account_id, entity, entity_id, action, detail) VALUES (400, 2, 'webhook', 'event', 'received', 'theirs')",
	},
	"dashboard-no-filter": {
		as: admin, statement: "SELECT tickets FROM dashboard()", fixed: "3", leaky: "5",
	},
	"export-join-on-name": {
		as: support, statement: "SELECT count(*) FROM export_tickets()", fixed: "2", leaky: "3",
	},
	"lookup-customer-account": {
		as: support, statement: "SELECT total_cents FROM lookup_invoice('ann@example.org', '2024-2')", fixed: "SELECT 0", leaky: "1000",
	},
	"open-tickets-no-invoker": {
		as: member, statement: "SELECT right(id::text, 2) FROM open_tickets ORDER BY id", fixed: "11", leaky: "11 13 21 23",
	},
	"search-forgets-account": {
		as: support, statement: "SELECT id FROM search_customers('ann')", fixed: "10", leaky: "10 20",
	},
	"accounts-default-tenant": {
		as: stranger, statement: "SELECT id FROM accounts ORDER BY id", fixed: "SELECT 0", leaky: "1",
	},
	"accounts-no-row-security": {
		as: stranger, statement: "SELECT id FROM accounts ORDER BY id", fixed: "SELECT 0", leaky: "1 2",
	},
	"accounts-read-setting-empty": {
		as: used, statement: "SELECT id FROM accounts ORDER BY id", fixed: "SELECT 0", leaky: "1 2",
	},
	"app-default-tenant": {
		as: stranger, statement: "SELECT id FROM accounts ORDER BY id", fixed: "SELECT 0", leaky: "1",
		undo: "ALTER ROLE helpdesk_app RESET app.tenant_id",
	},
	"audit-log-column-null": {
		as: admin, statement: "SELECT id FROM audit_log ORDER BY id", fixed: "100", leaky: "100 300",
	},
	"audit-log-read-public": {
		as: billing, statement: "SELECT id FROM audit_log ORDER BY id", fixed: "SELECT 0", leaky: "100",
	},
	"invoice-lines-no-row-security": {
		as:        billing,
		statement: "UPDATE invoice_lines SET invoice_id = 1 WHERE id = 102",
		fixed:     "42501", leaky: "UPDATE 1",
	},
	"invoice-lines-read-not-joined": {
		as:        billing,
		statement: "SELECT id FROM invoice_lines ORDER BY id",
		fixed:     "102 104", leaky: "101 102 103 104",
	},
	"invoice-lines-update-check-true": {
		as: billing, statement: "UPDATE invoice_lines SET invoice_id = 1", fixed: "42501", leaky: "UPDATE 2",
	},
	"invoices-no-force": {
		as:        exporter,
		statement: "UPDATE invoices SET account_id = 2, number = 'moved' WHERE id = 2",
		fixed:     "UPDATE 0", leaky: "UPDATE 1",
	},
	"invoices-read-also-paid": {
		as: billing, statement: "SELECT id FROM invoices ORDER BY id", fixed: "2 4", leaky: "1 2 4",
	},
	"invoices-read-at-most": {
		as:        session{name: "billing", tenant: 2},
		statement: "SELECT id FROM invoices ORDER BY id",
		fixed:     "1 3", leaky: "1 2 3 4",
	},
	"invoices-read-true": {
		as: billing, statement: "SELECT id FROM invoices ORDER BY id", fixed: "2 4", leaky: "1 2 3 4",
	},
	"invoices-read-wrong-column": {
		as: billing, statement: "SELECT id FROM invoices ORDER BY id", fixed: "2 4", leaky: "1",
	},
	"member-is-admin": {
		as: member, statement: "DELETE FROM memberships WHERE id = 111", fixed: "42501", leaky: "DELETE 1",
		undo: "REVOKE helpdesk_admin FROM helpdesk_member",
	},
	"memberships-insert-true": {
		as:        admin,
		statement: "INSERT INTO memberships (account_id, user_id, role) VALUES (2, 11, 'admin')",
		fixed:     "42501", leaky: "INSERT 0 1",
	},
	"memberships-read-setting-null": {
		as:        stranger,
		statement: "SELECT id FROM memberships ORDER BY id",
		fixed:     "SELECT 0", leaky: "110 111 112 113 114 210 220 224",
	},
	"memberships-read-user": {
		as:        member,
		statement: "SELECT id FROM memberships ORDER BY id",
		fixed:     "110 111 112 113 114", leaky: "110 111 112 113 114 210",
	},
	"owner-bypassrls": {
		as:        exporter,
		statement: "UPDATE tickets SET account_id = 1 WHERE requester_id = 20",
		fixed:     "UPDATE 0", leaky: "UPDATE 1",
		undo: "ALTER ROLE helpdesk_owner NOBYPASSRLS",
	},
	"support-bypassrls": {
		as: support, statement: "UPDATE tickets SET status = 'closed'", fixed: "UPDATE 2", leaky: "UPDATE 5",
		undo: "ALTER ROLE helpdesk_support NOBYPASSRLS",
	},
	"support-notes-delete-true": {
		as: admin, statement: "DELETE FROM support_notes", fixed: "DELETE 1", leaky: "DELETE 2",
	},
	"support-notes-insert-true": {
		as: support,
		statement: `INSERT INTO support_notes (account_id, ticket_id, body)
			VALUES (2, '00000000-0000-0000-0000-000000000021', 'planted')`,
		fixed: "42501", leaky: "INSERT 0 1",
	},
	"tickets-body-granted": {
		as: support, statement: "UPDATE tickets SET body = ''", fixed: "42501", leaky: "UPDATE 2",
	},
	"tickets-hide-deleted-dropped": {
		as: member, statement: "SELECT right(id::text, 2) FROM tickets ORDER BY id", fixed: "11 12", leaky: "11 12 13",
	},
	"tickets-hide-deleted-permissive": {
		as: stranger, statement: "SELECT right(id::text, 2) FROM tickets ORDER BY id", fixed: "SELECT 0", leaky: "11 12 21",
	},
	"tickets-insert-true": {
		as:        stranger,
		statement: "INSERT INTO tickets (account_id, subject) VALUES (1, 'planted')",
		fixed:     "42501", leaky: "INSERT 0 1",
	},
	"tickets-read-true": {
		as: stranger, statement: "SELECT right(id::text, 2) FROM tickets ORDER BY id", fixed: "SELECT 0", leaky: "11 12 21",
	},
	"tickets-update-check-true": {
		as: admin, statement: "UPDATE tickets SET account_id = 2", fixed: "42501", leaky: "UPDATE 3",
	},
	"tickets-update-using-true": {
		as: admin, statement: "UPDATE tickets SET account_id = 1", fixed: "UPDATE 3", leaky: "UPDATE 5",
	},
	"tickets-update-support-true": {
		as: support, statement: "UPDATE tickets SET status = 'closed'", fixed: "UPDATE 2", leaky: "UPDATE 5",
	},
	"tickets-update-user": {
		as: member, statement: "UPDATE tickets SET subject = ''", fixed: "UPDATE 1", leaky: "UPDATE 2",
	},
	"users-password-hash-granted": {
		as: support, statement: "SELECT password_hash FROM users WHERE id = 13", fixed: "42501", leaky: "secret-13",
	},
	"users-read-deleted": {
		as: member, statement: "SELECT id FROM users ORDER BY id", fixed: "10 11 12 13", leaky: "10 11 12 13 14",
	},
	"users-read-or": {
		as: stranger, statement: "SELECT id FROM users ORDER BY id", fixed: "SELECT 0", leaky: "10 11 12 13 20 30",
	},
}

// openLog lets support read the log.
const openLog = "GRANT SELECT ON audit_log TO helpdesk_support; " +
	"DROP POLICY IF EXISTS probe ON audit_log; CREATE POLICY probe ON audit_log FOR SELECT TO helpdesk_support USING (true)"

// after calls a function and fails with 23505 when a query then gives a row.
func after(call, query string) string {
	return "DO $$ BEGIN PERFORM " + call + "; IF EXISTS (" + query + ") THEN RAISE unique_violation; END IF; END $$"
}

func TestLeaks(t *testing.T) {
	leaks, err := helpdesk.Leaks()
	if err != nil {
		t.Fatal(err)
	}
	if len(leaks) != len(probes) {
		t.Errorf("%d leaks and %d probes", len(leaks), len(probes))
	}
	fixed := database(t, "")
	for _, leak := range leaks {
		t.Run(leak.Name, func(t *testing.T) {
			p, ok := probes[leak.Name]
			if !ok {
				t.Fatal("no probe")
			}
			if p.opened != "" {
				run(t, require.Postgres(t), fixed, p.opened)
			}
			if got := answer(t, p.as.connect(t, fixed), p.statement); got != p.fixed {
				t.Errorf("fixed: %s: %q, want %q", p.statement, got, p.fixed)
			}
			if p.undo != "" {
				defer run(t, require.Postgres(t), "", p.undo)
			}
			leaky := database(t, leak.SQL+"\n"+p.opened)
			conn := p.as.connect(t, leaky)
			if got := answer(t, conn, p.statement); got != p.leaky {
				t.Errorf("leaky: %s: %q, want %q", p.statement, got, p.leaky)
			}
			if err := conn.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
