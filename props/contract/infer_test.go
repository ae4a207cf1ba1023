package contract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
)

func TestInference(t *testing.T) {
	accounts := "accounts: id! bigint, name text"
	cases := []struct {
		name   string
		tables []string
		tenant string            // the contract's tenant
		wrote  string            // the contract's tables
		want   map[string]string // texts by table
	}{
		{
			name: "the tenants' table", tables: []string{accounts}, tenant: "{table: accounts}",
			want: map[string]string{"accounts": "id"},
		},
		{
			name:   "a chain of keys",
			tables: []string{accounts, "a: id! bigint, account! bigint -> accounts", "b: id! bigint, a_id! bigint -> a", "c: id! bigint, b_id bigint -> b"},
			tenant: "{table: accounts}",
			want:   map[string]string{"accounts": "id", "a": "account", "b": "a_id -> a", "c": "b_id -> b"},
		},
		{
			name: "a key that is never NULL comes before others",
			tables: []string{
				accounts, "a: id! bigint, account_id! bigint -> accounts", "b: id! bigint, account_id! bigint -> accounts",
				"c: id! bigint, a_id bigint -> a, b_id! bigint -> b",
			},
			tenant: "{table: accounts}",
			want:   map[string]string{"accounts": "id", "a": "account_id", "b": "account_id", "c": "b_id -> b"},
		},
		{
			name: "tables of several tenants a row come last",
			tables: []string{
				accounts, "users: id! bigint, name text", "members: id! bigint, user_id! bigint -> users, account_id! bigint -> accounts",
				"tickets: id! bigint, account_id! bigint -> accounts", "notes: id! bigint, author! bigint -> users, ticket_id! bigint -> tickets",
			},
			tenant: "{table: accounts}",
			wrote:  "  users: {tenants: SELECT account_id FROM members WHERE user_id = users.id}\n",
			want: map[string]string{
				"accounts": "id", "users": "SELECT account_id FROM members WHERE user_id = users.id", "members": "account_id",
				"tickets": "account_id", "notes": "ticket_id -> tickets",
			},
		},
		{
			name:   "the name and type of a tenant column",
			tables: []string{"notes: id! bigint, tenant! text", "tags: id! bigint, tenant! text", "logs: id! bigint, note! bigint -> notes"},
			tenant: "{values: text}",
			wrote:  "  notes: {tenant: tenant}\n",
			want:   map[string]string{"notes": "tenant", "tags": "tenant", "logs": "note -> notes"},
		},
		{
			name:   "generators alone leave a table to inference",
			tables: []string{accounts, "a: id! bigint, account_id! bigint -> accounts, phone text"},
			tenant: "{table: accounts}", wrote: "  a: {columns: {phone: phone}}\n",
			want: map[string]string{"accounts": "id", "a": "account_id"},
		},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			src := "tenant: " + k.tenant + "\n"
			if k.wrote != "" {
				src += "tables:\n" + k.wrote
			}
			c := mustResolve(t, tables(t, k.tables...), src+"sessions:\n  a: {login: app}\n")
			got := map[string]string{}
			for i, b := range c.Belongs {
				got[c.Schema.Tables[i].Label()] = b.Text
				for _, p := range b.Paths {
					if ways := btoi(p.Column >= 0) + btoi(p.Key != nil) + btoi(p.Query != nil); ways != 1 {
						t.Errorf("%s: a path of %d ways: %+v", c.Schema.Tables[i].Label(), ways, p)
					}
				}
			}
			if diff := cmp.Diff(k.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestPartitionsBelongAsTheirParents(t *testing.T) {
	s := tables(t, "accounts: id! bigint", "events: id! bigint, by! bigint", "events_1: by! bigint, id! bigint")
	s.Table("", "events_1").Parent = "events"
	c := mustResolve(t, s, "tenant: {table: accounts}\ntables:\n  events: {tenant: by}\nsessions:\n  a: {login: app, sees: {events: own and id = 1}}\n")
	b := c.Belongs[s.Table("", "events_1").ID]
	if len(b.Paths) != 1 || b.Paths[0].Column != 0 {
		t.Errorf("paths %+v", b.Paths)
	}
	sees := c.Sessions[0].Sees[s.Table("", "events_1").ID]
	if sees.Rule.Text != "own and id = 1" || !strings.Contains(sees.Rule.SQL, `"events_1"`) {
		t.Errorf("rule %q, SQL %s", sees.Rule.Text, sees.Rule.SQL)
	}
}

func TestTwoSchemas(t *testing.T) {
	s := tables(t, "accounts: id! bigint", "auth.users: id! bigint, account_id! bigint -> accounts", "app.users: id! bigint, account_id! bigint -> accounts")
	_, _, err := resolve(t, s, "tenant: {table: accounts}\nsessions:\n  a: {login: app, sees: {users: own}}\n")
	one(t, "tenant: {table: accounts}\nsessions:\n  a: {login: app, sees: {users: own}}\n", err, "users", `table "users"`, "auth.users")
	c := mustResolve(t, s, "tenant: {table: accounts}\nsessions:\n  a: {login: app, sees: {auth.users: none}}\n")
	if c.Sessions[0].Sees[1].Rule.Kind != model.RuleNone || c.Sessions[0].Sees[2].Rule.Kind != model.RuleOwn {
		t.Error("the rule is another table's")
	}
}
