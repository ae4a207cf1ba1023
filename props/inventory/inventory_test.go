package inventory_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/inventory"
)

// short is what a test says of a way.
type short struct {
	Touches   []string
	Bypass    []string
	Users     map[string]string // by session: the roles whose rights count, and the reach
	Uncertain string
	Start     inventory.Start
}

const (
	dynamic = "function dynamic: it runs SQL that it builds from texts"
	program = "a program: what it touches is not known before it runs"
)

func TestWays(t *testing.T) {
	v, ways := list(t, open(t, "testdata/shop.yaml"), t.TempDir())
	owner := "inv_owner: owner without FORCE (orders)"
	batch := "inv_batch: owner without FORCE (orders)"
	both := map[string]string{"member": "inv_member: one tenant", "batch": "inv_batch: many tenants"}
	tests := []struct {
		id   string
		want short
	}{
		{"table plans", short{Users: map[string]string{"member": "inv_member: shared rows"}, Start: inventory.BySession}},
		{"table bare", short{Bypass: []string{"no row security (bare)"}, Users: map[string]string{"member": "inv_member: all tenants"}, Start: inventory.BySession}},
		{"table events", short{Touches: []string{"function tenant"}, Users: map[string]string{"member": "inv_member: one tenant"}, Start: inventory.BySession}},
		{"table events_2026", short{Bypass: []string{"no row security (events_2026)"}, Users: map[string]string{"batch": "inv_batch: many tenants"}, Start: inventory.BySession}},
		{"table forced", short{Touches: []string{"table orders"}, Bypass: []string{batch}, Users: both, Start: inventory.BySession}},

		{"view definer_view", short{Touches: []string{"table orders"}, Bypass: []string{owner}, Users: map[string]string{
			"member": "inv_member, inv_owner: one tenant", "batch": "inv_batch, inv_owner: many tenants",
		}, Start: inventory.ByCatalog}},
		{"view invoker_view", short{Touches: []string{"table orders"}, Users: map[string]string{"member": "inv_member: one tenant"}, Start: inventory.ByCatalog}},
		{"view nested_view", short{
			Touches: []string{"view definer_view", "table orders"}, Bypass: []string{owner},
			Users: map[string]string{"member": "inv_member, inv_owner: one tenant"}, Start: inventory.ByCatalog,
		}},

		{"function order_of", short{Touches: []string{"table orders"}, Bypass: []string{"inv_report: BYPASSRLS (orders)"}, Users: map[string]string{
			"member": "inv_report: one tenant", "batch": "inv_report: many tenants",
		}, Start: inventory.ByCatalog}},
		{"function order_count", short{Touches: []string{"table orders"}, Bypass: []string{batch}, Users: both, Start: inventory.ByCatalog}},
		{"function outer_call", short{Touches: []string{"function order_count", "table orders"}, Bypass: []string{batch}, Users: both, Start: inventory.ByCatalog}},
		{"function atomic_count", short{Touches: []string{"table forced"}, Users: both, Start: inventory.ByCatalog}},
		{"function dynamic", short{Touches: []string{"table forced"}, Uncertain: dynamic, Users: map[string]string{
			"member": "inv_member: all tenants", "batch": "inv_batch: many tenants",
		}, Start: inventory.ByCatalog}},
		{"aggregate added_of", short{Touches: []string{"function added", "table forced"}, Users: both, Start: inventory.ByCatalog}},
		{"function pure(text)", short{Users: map[string]string{"member": "inv_member: nothing", "batch": "inv_batch: nothing"}, Start: inventory.ByCatalog}},
		{"procedure purge", short{Touches: []string{"table bare"}, Bypass: []string{"no row security (bare)"}, Users: map[string]string{
			"member": "inv_member: all tenants", "batch": "inv_batch: many tenants",
		}, Start: inventory.ByCatalog}},

		{"path order export", short{
			Touches: []string{"table orders", "table forced"}, Bypass: []string{batch},
			Users: map[string]string{"batch": "inv_batch: many tenants"}, Start: inventory.BySession,
		}},
		{"path nightly", short{Uncertain: program, Users: map[string]string{"batch": ": many tenants"}, Start: inventory.ByJob}},
		{"path counted", short{Touches: []string{"function order_count", "table orders"}, Users: map[string]string{"member": "inv_member: one tenant"}, Start: inventory.BySession}},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			if diff := cmp.Diff(test.want, brief(t, ways[test.id])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	want := []string{"table log", "view hidden_view", "function hidden_function"}
	if diff := cmp.Diff(want, v.Unreached); diff != "" {
		t.Errorf("unreached (-want +got):\n%s", diff)
	}
	for _, id := range []string{"function logged", "view hidden_view"} {
		if ways[id] != nil {
			t.Errorf("%s is listed: no session may use it", id)
		}
	}
}

func brief(t *testing.T, w *inventory.Way) short {
	t.Helper()
	if w == nil {
		t.Fatal("it is not listed")
	}
	got := short{Users: map[string]string{}, Uncertain: w.Uncertain, Start: w.Start}
	got.Touches = append(got.Touches, w.Touches...)
	got.Bypass = append(got.Bypass, w.Bypass...)
	for _, u := range w.Users {
		got.Users[u.Session] = strings.Join(u.RunsAs, ", ") + ": " + u.Reach.String()
	}
	return got
}

// TestSuperuser keeps to what does not depend on the name of the first superuser.
func TestSuperuser(t *testing.T) {
	_, ways := list(t, open(t, "testdata/shop.yaml"), t.TempDir())
	tests := []struct {
		name, id, why string
	}{
		{"a definer trigger of a superuser", "table orders", "no row security (log)"},
		{"a materialized view has none", "materialized view totals", "a materialized view has no row security (totals)"},
		{"it was filled by a superuser", "materialized view totals", ": superuser (orders)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if w := ways[test.id]; !slices.ContainsFunc(w.Bypass, func(s string) bool { return strings.HasSuffix(s, test.why) }) {
				t.Errorf("%q, without %q", w.Bypass, test.why)
			}
		})
	}
	// Under a definer view, an invoker view reads as the caller.
	if w := ways["view over_invoker"]; len(w.Bypass) > 0 || !slices.Contains(w.Policies, "orders: orders_read") {
		t.Errorf("an invoker view below a definer view: %q, policies %q", w.Bypass, w.Policies)
	}
	if w := ways["table orders"]; !slices.Equal(w.Policies, []string{"orders_read"}) && !slices.Equal(w.Policies, []string{"orders: orders_read"}) {
		t.Errorf("policies of orders: %q; those of a role past row security do not apply", w.Policies)
	}
}

func TestRoles(t *testing.T) {
	_, ways := list(t, open(t, "testdata/shop.yaml"), t.TempDir())
	const none = "no session of the contract is this role, and row security does not stop it"
	tests := []struct {
		id, gap, reach, says string
	}{
		{"role inv_report", none, "all tenants", "BYPASSRLS"},
		{"role inv_owner", none, "all tenants", "for others run as it: view definer_view"},
		{"role inv_member", "", "all tenants", "no login"},
		{"role inv_batch", "", "many tenants", "may become inv_owner"},
		{"role inv_app", "", "nothing", "may become inv_member"},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			w := ways[test.id]
			if w == nil {
				t.Fatal("it is not listed")
			}
			if w.Gap != test.gap || w.Reach.String() != test.reach || !strings.Contains(w.Text, test.says) {
				t.Errorf("gap %q, reach %s, %q", w.Gap, w.Reach, w.Text)
			}
		})
	}
}

// TestHelpdesk lists the example: every table and role, nothing past row security.
func TestHelpdesk(t *testing.T) {
	target := open(t, "../helpdesk/rlsfuzz.yaml")
	v, ways := list(t, target, t.TempDir())
	if n := len(target.Contract.Schema.Tables); len(v.Ways) < n+6 {
		t.Errorf("%d ways, with %d tables and 6 roles", len(v.Ways), n)
	}
	if w := ways["table tickets"]; w == nil || len(w.Bypass) > 0 || w.Reach != inventory.One || w.Cells != 20 || w.Tested != 0 {
		t.Errorf("tickets: %+v", w)
	}
	var text, doc bytes.Buffer
	if err := v.Text(&text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if n := len([]rune(line)); n > 81 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
	if err := v.JSON(&doc); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Ways []struct {
			ID, Reach string
			Users     []struct{ Session, Role string }
		}
		LastCheck *struct{} `json:"last_check"`
	}
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || len(back.Ways) != len(v.Ways) || back.LastCheck != nil || back.Ways[0].Reach != "one" {
		t.Errorf("%v: %.400s", err, doc.String())
	}
}
