package contract_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// everything has each key of the format once.
const everything = `schema: [schema.sql, "migrations/*.sql"]
preset: supabase
schemas: [public]
tenant: {table: accounts, key: id}
tables:
  users: {tenants: SELECT account_id FROM memberships m WHERE m.user_id = users.id}
  invoices: {tenant: account_id, columns: {total: price}}
  lines: {tenant: invoice_id -> invoices}
  templates: {tenant: account_id, null: shared}
  plans: {tenant: shared}
  locks: {tenant: internal}
secrets: [templates.text]
sessions:
  member:
    login: app
    role: member
    user: {table: users, where: "role = 'member'"}
    settings: {app.tenant_id: $tenant, app.user_id: $user.id}
    claims: {sub: $user.id, role: authenticated, nested: {list: [1, true, null, $tenant]}}
    bind: session
    release: DISCARD ALL
    via: 127.0.0.1:6432
    sees:
      "*": own
      users: {rows: own and email is not null, columns: [id, email]}
      lines: {may: own}
      plans: none
    writes:
      "*": none
      invoices: {insert: {rows: own, columns: [id, account_id]}, update: {from: own and total = 1, to: own, columns: [total]}, delete: {may: own}}
      lines: own
      templates: {may: own}
  clerk:
    login: app
    user: users
    settings: {app.user_id: $user}
    tenants: SELECT account_id FROM memberships WHERE user_id = $user.id
    sees: own
    writes: none
  stranger:
    login: app
    release: none
    sees: {"*": none, plans: all}
paths:
  search:
    kind: search
    as: [member, clerk]
    run: SELECT * FROM search_users($1)
    args: [users.email]
    wildcards: refused
    sees: {users: own and email = $1}
  nightly:
    kind: job
    as: [member]
    sees: own
    writes: {invoices: {insert: own}}
    enqueue:
      as: clerk
      run: INSERT INTO jobs (account_id, kind) VALUES ($tenant, 'invoices')
    command: [./nightly.sh, $1]
    args: [invoices.id]
    env: {DATABASE_URL: $dsn, TENANT: $tenant}
    output: out/$tenant.csv
    convert: {pdf: pdftotext - -}
    without_tenant: fails
    audit: {table: templates, where: text = 'run', tenant: account_id, at: id, when: $1, require: [text]}
  two steps:
    kind: webhook
    as: [member]
    run: [SELECT 1, SELECT $tenant]
    without_tenant: runs
services:
  - {name: api, login: app, command: [./server, 1], env: {DATABASE_URL: $dsn, PORT: $port}, ready: tcp $port}
accept:
  - {path: search, class: existence, reason: "sign-up must refuse a taken address"}
  - {untested: function decrypt_key, reason: "needs the vault's key"}
  - {table: plans, session: member, command: select, reason: x}
  - {key: 3fa9c1, reason: x, link: "https://example.com/1"}
`

func TestEveryKey(t *testing.T) {
	c := mustResolve(t, shop(t), everything)
	if len(c.Sessions) != 3 || len(c.Paths) != 4 || len(c.Accept) != 4 || len(c.Secrets) != 1 {
		t.Fatalf("%d sessions, %d paths, %d exceptions, %d secrets", len(c.Sessions), len(c.Paths), len(c.Accept), len(c.Secrets))
	}
	nightly := c.Paths[1]
	if !nightly.MustFail || nightly.Enqueue == nil || nightly.Audit == nil || len(nightly.Users) != 1 || nightly.Users[0].Session != c.Sessions[0] {
		t.Errorf("%+v", nightly)
	}
	if q := nightly.Enqueue; q != c.Paths[2] || q.Name != "enqueue nightly" || q.Users[0].Session != c.Sessions[1] || len(q.SQL) != 1 || len(q.Args) != 0 {
		t.Errorf("%+v", q)
	}
	if c.Paths[3].MustFail || len(c.Paths[3].Run) != 2 {
		t.Errorf("%+v", c.Paths[3])
	}
	if got := c.Accept[3]; got.Key != "3fa9c1" || got.Line == 0 {
		t.Errorf("%+v", got)
	}
	if got := c.Belongs[c.Schema.Table("", "invoices").ID].Generators; !cmp.Equal(got, map[int]string{2: "price"}) {
		t.Errorf("generators %v", got)
	}
	search := c.Paths[0].Users[0]
	users := c.Schema.Table("", "users").ID
	rule := search.Sees[users].Rule
	bound := false
	for _, slot := range rule.Args {
		bound = bound || search.Vars[slot].Source == model.FromArgument && search.Vars[slot].Column == 0
	}
	if !bound || rule == c.Sessions[0].Sees[users].Rule {
		t.Errorf("a path's rule %q with %v over %v", rule.SQL, rule.Args, search.Vars)
	}
	for _, s := range c.Sessions {
		if len(s.Sees) != len(c.Schema.Tables) || len(s.Writes) != len(c.Schema.Tables) {
			t.Errorf("session %s: %d and %d rules for %d tables", s.Name, len(s.Sees), len(s.Writes), len(c.Schema.Tables))
		}
	}
	invoices := c.Sessions[0].Writes[c.Schema.Table("", "invoices").ID]
	if !invoices.MayDelete || invoices.MayInsert || !cmp.Equal(invoices.InsertColumns, []bool{true, true, false, false}) {
		t.Errorf("writes %+v", invoices)
	}
}

func TestSchemaAcceptsExamples(t *testing.T) {
	schema, err := contract.JSONSchema().Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"everything": everything, "shop": shopContract}
	for _, pattern := range []string{"testdata/*.yaml", "../public/contracts/*.yaml", "../helpdesk/rlsfuzz.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			texts[path] = file(t, path)
		}
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(data(t, text)); err != nil {
				t.Error(err)
			}
			if _, err := contract.Parse(name, []byte(text)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLoadOfNothing(t *testing.T) {
	if _, err := contract.Load(filepath.Join(t.TempDir(), "no.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	_, err := contract.Parse("empty.yaml", nil)
	one(t, "", err, "", "empty", "sessions")
}

// TestHelpdesk resolves the example and evaluates its rules where the example has rows.
func TestHelpdesk(t *testing.T) {
	path := "../helpdesk/rlsfuzz.yaml"
	conn := load(t, require.Postgres(t), file(t, "../helpdesk/schema.sql")+file(t, "../helpdesk/jobs.sql"))
	got := compare(t, conn, path)
	if got.rules == 0 || len(got.notInGo) > 0 {
		t.Errorf("%d rules, not in Go: %q", got.rules, got.notInGo)
	}
}
