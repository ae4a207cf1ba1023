package props_test

import (
	"context"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestMend tries what mends a leak of a table, and of a function, and what only seems to.
func TestMend(t *testing.T) {
	d := newDesk(t)
	const own = "account_id = nullif(current_setting('app.tenant_id', true), '')::bigint"
	tests := []struct {
		leak    string
		only    []string
		mends   [][]string
		refused [][]string
	}{
		{
			leak: "tickets-update-using-true", only: []string{"tickets", "admin"},
			mends: [][]string{
				{"ALTER POLICY tickets_update_admin ON tickets USING (" + own + ")"},
				{"CREATE POLICY narrow ON tickets AS RESTRICTIVE FOR UPDATE TO helpdesk_admin USING (" + own + ")"},
			},
			refused: [][]string{
				{"CREATE POLICY narrow ON tickets AS RESTRICTIVE USING (false)"},                             // denies everything
				{"DROP POLICY tickets_update_admin ON tickets"},                                              // nobody updates
				{"ALTER POLICY tickets_update_admin ON tickets USING (" + own + " AND deleted_at IS NULL)"},  // not what is deleted
				{"ALTER POLICY tickets_update_admin ON tickets USING (" + own + ")", "GRANT helpdesk_admin"}, // no SQL
				{"ALTER POLICY tickets_update_admin ON tickets USING (status = 'open')"},                     // still leaks
				{
					"ALTER POLICY tickets_update_admin ON tickets USING (" + own + ")",
					"ALTER POLICY tickets_read ON tickets USING (true)", // leaks elsewhere
				},
			},
		},
		{
			leak: "close-ticket-any-account", only: []string{"close ticket"},
			mends: [][]string{{"ALTER FUNCTION close_ticket(uuid) SECURITY INVOKER"}},
			refused: [][]string{
				{"REVOKE EXECUTE ON FUNCTION close_ticket FROM helpdesk_admin"}, // nobody closes
			},
		},
	}
	for _, test := range tests {
		t.Run(test.leak, func(t *testing.T) {
			cfg := d.config(test.leak)
			cfg.Only = test.only
			got, err := props.Mends(context.Background(), d.open(t, test.leak), cfg, append(test.mends, test.refused...)...)
			if err != nil {
				t.Fatal(err)
			}
			for i, list := range append(test.mends, test.refused...) {
				if want := i < len(test.mends); got[i] != want {
					t.Errorf("%q: mends is %v, want %v", list, got[i], want)
				}
			}
		})
	}
}
