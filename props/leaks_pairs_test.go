package props_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// leakPairs is how many pairs are planted; RLSFUZZ_PAIRS says otherwise.
const leakPairs = 1

// TestLeakPairs plants two leaks together: the walk reports both causes. The pairs are
// drawn from a fixed seed, half of them from leaks of one table, where one is most
// likely to hide the other. These are walked whole. Of the others a walk of what either
// leak touches comes first, and the whole one where that does not report both.
func TestLeakPairs(t *testing.T) {
	leaks, err := helpdesk.Leaks()
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range leaks {
		if leakCauses[leak.Name] == "" {
			t.Errorf("leak %s: leakCauses does not say what carries it", leak.Name)
		}
	}
	d := newDesk(t)
	near, far := pairs(leaks, require.Number(t, "RLSFUZZ_PAIRS", leakPairs))
	for i, pair := range slices.Concat(near, far) {
		t.Run(pair[0]+"+"+pair[1], func(t *testing.T) {
			t.Parallel()
			if reason, ok := d.together(t, pair[0], pair[1]); ok {
				t.Log("not both: " + reason)
				return
			}
			target := d.open(t, pair[0], pair[1])
			if i >= len(near) {
				if missing, _ := d.both(t, target, pair, slices.Concat(d.shown(t, pair[0]), d.shown(t, pair[1]))); len(missing) == 0 {
					return
				}
			}
			missing, causes := d.both(t, target, pair, nil)
			for _, name := range missing {
				t.Errorf("%s: no block says %q; the blocks:\n%s", name, leakCauses[name], strings.Join(causes, "\n"))
			}
		})
	}
}

// both walks a part of the example, or all of it, with two leaks planted. It returns those
// whose cause no block says, and what the blocks say.
func (d *desk) both(t *testing.T, target *props.Target, pair [2]string, only []string) (missing, causes []string) {
	t.Helper()
	cfg := d.config(pair[0], pair[1])
	cfg.SkipRandom, cfg.Only = true, only
	r, err := props.Run(context.Background(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Blocks {
		causes = append(causes, b.Cause)
	}
	for _, name := range pair {
		if !slices.Contains(causes, leakCauses[name]) {
			missing = append(missing, name)
		}
	}
	return missing, causes
}

// shown is the part of the example in which a leak shows.
func (d *desk) shown(t *testing.T, leak string) []string {
	t.Helper()
	_, only := touched(d.leakText(t, leak))
	return only
}

// pairs draws n pairs, the same ones for the same n: of leaks of one table, and of others.
func pairs(leaks []helpdesk.Leak, n int) (near, far [][2]string) {
	for i, a := range leaks {
		for _, b := range leaks[i+1:] {
			if pair := [2]string{a.Name, b.Name}; tableOf(a.Name) == tableOf(b.Name) {
				near = append(near, pair)
			} else {
				far = append(far, pair)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, list := range [][][2]string{near, far} {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	near = near[:min(len(near), (n+1)/2)]
	return near, far[:min(len(far), n-len(near))]
}

// tableOf is the table that a leak's name begins with.
func tableOf(name string) string {
	for _, table := range []string{"audit-log", "invoice-lines", "support-notes"} {
		if strings.HasPrefix(name, table) {
			return table
		}
	}
	table, _, _ := strings.Cut(name, "-")
	return table
}

// together says why two leaks need not both be reported.
func (d *desk) together(t *testing.T, a, b string) (reason string, ok bool) {
	t.Helper()
	if leakCauses[a] == leakCauses[b] {
		return "one object carries both: " + leakCauses[a], true
	}
	first, _ := touched(d.leakText(t, a))
	if second, _ := touched(d.leakText(t, b)); first == second && strings.HasPrefix(first, "function ") {
		return "both files replace " + first + "…), and the second one's stands", true
	}
	for _, e := range leakExceptions {
		if e.match(a, b) || e.match(b, a) {
			return e.reason, true
		}
	}
	return "", false
}

// exception is pairs of which one leak adds nothing to what the other shows.
type exception struct{ leak, hides, reason string }

func (e exception) match(a, b string) bool { return a == e.leak && b == e.hides }

var leakExceptions = []exception{
	{"accounts-no-row-security", "accounts-default-tenant", "without row security a table's policies say nothing"},
	{"accounts-no-row-security", "accounts-read-setting-empty", "without row security a table's policies say nothing"},
	{"invoice-lines-no-row-security", "invoice-lines-read-not-joined", "without row security a table's policies say nothing"},
	{"invoice-lines-no-row-security", "invoice-lines-update-check-true", "without row security a table's policies say nothing"},
	{"invoices-read-true", "invoices-read-also-paid", "a policy that is always true lets through what the other does"},
	{"tickets-read-true", "tickets-hide-deleted-permissive", "either policy by itself lets the same rows through: the block says several policies"},
	{"owner-bypassrls", "invoices-no-force", "a login that bypasses row security is not held back by FORCE either"},
	{"tickets-hide-deleted-dropped", "tickets-hide-deleted-permissive", "both drop one policy: the second file fails"},
}

// leakCauses is what carries each leak, as its block says it.
var leakCauses = map[string]string{
	"account-totals-granted":          "materialized view account_totals holds the rows of every tenant, and row security does not reach it",
	"accounts-default-tenant":         "policy accounts_read on accounts lets it through",
	"accounts-no-row-security":        "row security of accounts is off",
	"accounts-read-setting-empty":     "policy accounts_read on accounts lets it through",
	"app-default-tenant":              "role helpdesk_app has a default for app.tenant_id",
	"audit-log-column-null":           "policy audit_log_read on audit_log lets it through",
	"audit-log-read-public":           "policy audit_log_read on audit_log lets it through",
	"close-ticket-any-account":        "function close_ticket runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"close-ticket-sets-account":       "close ticket leaves on the connection what the next session finds",
	"dashboard-no-filter":             "function dashboard runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"dashboard-prepared":              "dashboard leaves on the connection what the next session finds",
	"export-join-on-name":             "function export_tickets runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"export-temp-table":               "ticket export leaves on the connection what the next session finds",
	"invoice-lines-no-row-security":   "row security of invoice_lines is off",
	"invoice-lines-read-not-joined":   "policy invoice_lines_read on invoice_lines lets it through",
	"invoice-lines-update-check-true": "policy invoice_lines_update on invoice_lines lets it through",
	"invoices-no-force":               "invoices does not FORCE row security, and helpdesk_owner has the rights of its owner",
	"invoices-read-also-paid":         "policy invoices_read_paid on invoices lets it through",
	"invoices-read-at-most":           "policy invoices_read on invoices lets it through",
	"invoices-read-true":              "policy invoices_read on invoices lets it through",
	"invoices-read-wrong-column":      "policy invoices_read on invoices lets it through",
	"lookup-customer-account":         "function lookup_invoice runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"lookup-kept-in-setting":          "support lookup leaves on the connection what the next session finds",
	"member-is-admin":                 "role helpdesk_member is a member of helpdesk_admin",
	"memberships-insert-true":         "policy memberships_insert on memberships lets it through",
	"memberships-read-setting-null":   "policy memberships_read on memberships lets it through",
	"memberships-read-user":           "policy memberships_read on memberships lets it through",
	"open-tickets-no-invoker":         "view open_tickets reads with the rights of its owner (no security_invoker)",
	"owner-bypassrls":                 "role helpdesk_owner bypasses row security (BYPASSRLS)",
	"report-cache-no-account":         "ticket report leaves in the database what the next session finds",
	"search-forgets-account":          "function search_customers runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"search-open-cursor":              "customer search leaves on the connection what the next session finds",
	"search-wildcards":                "function search_customers runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"search-wrong-column":             "function search_customers runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"support-bypassrls":               "role helpdesk_support bypasses row security (BYPASSRLS)",
	"support-notes-delete-true":       "policy support_notes_delete on support_notes lets it through",
	"support-notes-insert-true":       "policy support_notes_insert on support_notes lets it through",
	"ticket-by-id-definer":            "function ticket_by_id runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"tickets-body-granted":            "helpdesk_support may write column body of tickets",
	"tickets-hide-deleted-dropped":    "policy tickets_read on tickets lets it through",
	"tickets-hide-deleted-permissive": "policy tickets_hide_deleted on tickets lets it through",
	"tickets-insert-true":             "policy tickets_insert on tickets lets it through",
	"tickets-read-true":               "policy tickets_read on tickets lets it through",
	"tickets-update-check-true":       "policy tickets_update_admin on tickets lets it through",
	"tickets-update-support-true":     "policy tickets_update_support on tickets lets it through",
	"tickets-update-user":             "policy tickets_update_member on tickets lets it through",
	"tickets-update-using-true":       "policy tickets_update_admin on tickets lets it through",
	"users-password-hash-granted":     "helpdesk_support may read column password_hash of users",
	"users-read-deleted":              "policy users_read on users lets it through",
	"users-read-or":                   "policy users_read on users lets it through",
	"bulk-close-first-account":        "function close_tickets runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"export-first-account":            "function export_invoices runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"export-not-logged":               "invoice export does not log its use as it must",
	"export-old-payload":              "function export_invoices runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"export-without-account":          "invoice export does not refuse it",
	"override-any-account":            "function override_invoice runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"override-logged-elsewhere":       "support override does not log its use as it must",
	"override-without-reason":         "support override does not log its use as it must",
	"purge-note-any-account":          "function purge_note runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"report-shows-deleted":            "function status_report runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"report-wrong-column":             "function status_report runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"summary-sees-all":                "function rebuild_summary runs with the rights of its owner (SECURITY DEFINER) and lets it through",
	"ticket-board-moves":              "view ticket_board reads with the rights of its owner (no security_invoker)",
	"webhook-replayed":                "function receive_webhook runs with the rights of its owner (SECURITY DEFINER) and lets it through",
}
