package contract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
)

// tables builds a schema of a few words: "accounts: id! bigint, name text". An
// exclamation mark makes a column NOT NULL, and the first column is the key; arrows
// are foreign keys to the target's first column.
func tables(t *testing.T, lines ...string) *model.Schema {
	t.Helper()
	s := &model.Schema{Roles: map[string]model.Role{
		"app":    {Name: "app", Login: true, MemberOf: []string{"member"}},
		"member": {Name: "member"}, "other": {Name: "other"},
	}}
	kinds := map[string]model.Type{
		"bigint": {Name: "bigint", Plain: "bigint", Base: "int8", Kind: sql.Int},
		"text":   {Name: "text", Plain: "text", Base: "text", Kind: sql.Text},
		"uuid":   {Name: "uuid", Plain: "uuid", Base: "uuid", Kind: sql.UUID},
		"bool":   {Name: "boolean", Plain: "boolean", Base: "bool", Kind: sql.Bool},
		"time":   {Name: "timestamp with time zone", Plain: "timestamp with time zone", Base: "timestamptz"},
	}
	var arrows []func()
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, ": ")
		table := &model.Table{ID: len(s.Tables), Schema: "public", Name: name, Key: []int{0}}
		if schema, bare, ok := strings.Cut(name, "."); ok {
			table.Schema, table.Name = schema, bare
		}
		for i, c := range strings.Split(rest, ", ") {
			c, target, arrow := strings.Cut(c, " -> ")
			column, typ, _ := strings.Cut(c, " ")
			kind, ok := kinds[typ]
			if !ok {
				t.Fatalf("type %q", typ)
			}
			table.Columns = append(table.Columns, model.Column{Name: strings.TrimSuffix(column, "!"), Type: kind, NotNull: strings.HasSuffix(column, "!")})
			if arrow {
				arrows = append(arrows, func() {
					to := s.Table("", target)
					table.ForeignKeys = append(table.ForeignKeys, model.ForeignKey{
						Name: table.Name + "_" + column, Columns: []int{i}, Target: to, TargetName: "public." + target, Targets: []int{0},
					})
				})
			}
		}
		s.Tables = append(s.Tables, table)
	}
	for _, arrow := range arrows {
		arrow()
	}
	return s
}

// shop is the schema of these tests.
func shop(t *testing.T) *model.Schema {
	t.Helper()
	return tables(t,
		"accounts: id! bigint, name text",
		"users: id! bigint, email text, role text, admin bool",
		"memberships: id! bigint, account_id! bigint -> accounts, user_id! bigint -> users",
		"invoices: id! bigint, account_id! bigint -> accounts, total bigint, deleted_at time",
		"lines: id! bigint, invoice_id! bigint -> invoices, text text",
		"templates: id! bigint, account_id bigint -> accounts, text text",
		"plans: id! bigint, name text",
		"locks: id! bigint, name text",
	)
}

const shopContract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
tables:
  users: {tenants: SELECT account_id FROM memberships m WHERE m.user_id = users.id}
  templates: {tenant: account_id, "null": shared}
  plans: {tenant: shared}
  locks: {tenant: internal}
sessions:
  member:
    login: app
    role: member
    user: {table: users, where: role = 'member'}
    settings: {app.tenant_id: $tenant, app.user_id: $user}
    sees:
      "*": own
      users: {rows: own and admin is not true, columns: [id, email]}
      lines: {may: own}
    writes:
      "*": none
      invoices: {insert: own, update: {from: own and total = 1, columns: [total]}}
  stranger:
    login: app
    sees: {"*": none, plans: all}
`

func resolve(t *testing.T, s *model.Schema, src string) (*contract.File, *model.Contract, error) {
	t.Helper()
	f, err := contract.Parse("rlsfuzz.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Resolve(s)
	return f, c, err
}

func mustResolve(t *testing.T, s *model.Schema, src string) *model.Contract {
	t.Helper()
	_, c, err := resolve(t, s, src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBelongings(t *testing.T) {
	c := mustResolve(t, shop(t), shopContract)
	type belonging struct {
		How      model.How
		Text     string
		Inferred bool
		Shared   bool
	}
	got := map[string]belonging{}
	for i, b := range c.Belongs {
		got[c.Schema.Tables[i].Label()] = belonging{b.How, b.Text, b.Inferred, b.NullShared}
	}
	want := map[string]belonging{
		"accounts":    {model.Owned, "id", true, false},
		"users":       {model.Owned, "SELECT account_id FROM memberships m WHERE m.user_id = users.id", false, false},
		"memberships": {model.Owned, "account_id", true, false},
		"invoices":    {model.Owned, "account_id", true, false},
		"lines":       {model.Owned, "invoice_id -> invoices", true, false},
		"templates":   {model.Owned, "account_id", false, true},
		"plans":       {model.Shared, "shared", false, false},
		"locks":       {model.Internal, "internal", false, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	line := c.Belongs[c.Schema.Table("", "lines").ID].Paths
	if len(line) != 1 || line[0].Column != -1 || line[0].Key == nil || line[0].Key.Target.Name != "invoices" || line[0].Query != nil {
		t.Errorf("the tenants of lines: %+v", line)
	}
	user := c.Belongs[c.Schema.Table("", "users").ID].Paths
	if len(user) != 1 || user[0].Column != -1 || user[0].Key != nil || user[0].Query == nil || user[0].SQL == "" {
		t.Errorf("the tenants of users: %+v", user)
	}
}

func TestSession(t *testing.T) {
	c := mustResolve(t, shop(t), shopContract)
	member, stranger := c.Sessions[0], c.Sessions[1]
	vars := map[string]bool{}
	for _, v := range member.Vars {
		vars[v.Name] = true
	}
	if member.Vars[0].Name != "tenant" || !vars["user.id"] {
		t.Errorf("variables %+v", member.Vars)
	}
	if member.Tenantless || !stranger.Tenantless {
		t.Errorf("tenantless: member %v, stranger %v", member.Tenantless, stranger.Tenantless)
	}
	if want := (model.Name{Text: "app", Column: -1}); member.Login != want {
		t.Errorf("login %+v", member.Login)
	}
	if want := (model.Name{Column: -1}); stranger.Role != want {
		t.Errorf("role %+v", stranger.Role)
	}
	if len(member.Settings) != 2 || member.Settings[0].Name != "app.tenant_id" || member.Settings[0].Value[0].Var != 0 {
		t.Errorf("settings %+v", member.Settings)
	}
	sees := func(name string) model.Sees { return member.Sees[c.Schema.Table("", name).ID] }
	if !sees("invoices").Exact || sees("lines").Exact || !sees("lines").Written {
		t.Errorf("exact: invoices %v, lines %v", sees("invoices").Exact, sees("lines").Exact)
	}
	if diff := cmp.Diff([]bool{true, true, false, false}, sees("users").Columns); diff != "" {
		t.Error(diff)
	}
	if sees("locks").Rule.Kind != model.RuleNone {
		t.Error("an internal table is seen")
	}
	w := member.Writes[c.Schema.Table("", "invoices").ID]
	if w.Insert == nil || w.From == nil || w.To == nil || w.Delete != nil || w.To.Kind != model.RuleOwn {
		t.Errorf("writes %+v", w)
	}
	if diff := cmp.Diff([]bool{false, false, true, false}, w.UpdateColumns); diff != "" {
		t.Error(diff)
	}
	for _, s := range c.Sessions {
		for i := range s.Sees {
			if s.Sees[i].Rule == nil {
				t.Errorf("session %s: no rule for %s", s.Name, c.Schema.Tables[i].Label())
			}
		}
	}
	unlisted := strings.Replace(shopContract, "      \"*\": none\n      invoices: {insert", "      invoices: {insert", 1)
	listed := mustResolve(t, shop(t), unlisted).Sessions[0].Writes
	if w := listed[c.Schema.Table("", "lines").ID]; w.Insert != nil || w.From != nil || w.Delete != nil {
		t.Errorf("beside what is listed nothing may be changed: %+v", w)
	}
	if listed[c.Schema.Table("", "invoices").ID].Insert == nil {
		t.Error("what is listed may not be changed")
	}
	if w := stranger.Writes[c.Schema.Table("", "invoices").ID]; w.Written || w.Insert == nil || w.Insert.Kind != model.RuleOwn {
		t.Errorf("what is not written is inferred: %+v", w)
	}
}

func TestClaims(t *testing.T) {
	src := strings.Replace(shopContract, "    settings: {app.tenant_id: $tenant, app.user_id: $user}\n",
		"    claims: {sub: $user.id, email: $user.email, role: authenticated, aal: 2, orgs: {$tenant: member, $$x: $user.admin}, app: {admin: $user.admin, \"no\\\"te\": a\"b}}\n", 1)
	c := mustResolve(t, shop(t), src)
	s := c.Sessions[0]
	id := &model.Identity{Session: s, Vars: make([]model.Value, len(s.Vars))}
	for i, v := range s.Vars {
		id.Vars[i] = map[string]model.Value{
			"tenant": {Text: "1"}, "user.id": {Text: "7"}, "user.email": {Text: `x"y`}, "user.admin": {Text: "t"},
		}[v.Name]
	}
	got := map[string]string{}
	for i := range s.Settings {
		got[s.Settings[i].Name] = strings.ReplaceAll(id.Setting(&s.Settings[i]), " ", "")
	}
	want := map[string]string{
		"request.jwt.claims":      `{"sub":7,"email":"x\"y","role":"authenticated","aal":2,"orgs":{"1":"member","$x":true},"app":{"admin":true,"no\"te":"a\"b"}}`,
		"request.jwt.claim.sub":   "7",
		"request.jwt.claim.email": `x"y`,
		"request.jwt.claim.role":  "authenticated",
		"request.jwt.claim.aal":   "2",
		"request.jwt.claim.orgs":  `{"1":"member","$x":true}`,
		"request.jwt.claim.app":   `{"admin":true,"no\"te":"a\"b"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// rowsOf is a world of a few rows, by Table.ID.
type rowsOf map[int][]model.Row

func (w rowsOf) Rows(id int) []model.Row { return w[id] }

// row reads "1 2 NULL text".
func row(text string) model.Row {
	var out model.Row
	for _, f := range strings.Fields(text) {
		out = append(out, model.Value{Text: f, Null: f == "NULL"})
	}
	for i := range out {
		if out[i].Null {
			out[i].Text = ""
		}
	}
	return out
}

func world(s *model.Schema, rows map[string][]string) rowsOf {
	out := rowsOf{}
	for name, list := range rows {
		for _, r := range list {
			out[s.Table("", name).ID] = append(out[s.Table("", name).ID], row(r))
		}
	}
	return out
}

func shopWorld(s *model.Schema) rowsOf {
	return world(s, map[string][]string{
		"accounts":    {"1 A", "2 B"},
		"users":       {"7 a@x member f", "8 a@x member f", "9 c@x member NULL"},
		"memberships": {"1 1 7", "2 1 8", "3 2 8"},
		"invoices":    {"1 1 1 NULL", "2 2 1 NULL"},
		"lines":       {"1 1 x", "2 2 x"},
		"templates":   {"1 1 x", "2 2 x", "3 NULL x"},
		"plans":       {"1 free"},
	})
}

func TestRules(t *testing.T) {
	s := shop(t)
	c := mustResolve(t, s, strings.Replace(shopContract, "users: {rows: own and admin is not true", "plans: own\n      users: {rows: own and admin is not true", 1))
	w := shopWorld(s)
	member := c.Sessions[0]
	holds := func(r *model.Rule, line, tenant string) sql.Tri {
		t.Helper()
		if r == nil || r.Program == nil {
			t.Fatalf("no program for %+v", r)
		}
		f := sql.Frame{World: w, Row: row(line), Vars: make([]model.Value, len(member.Vars))}
		f.Vars[0] = model.Value{Text: tenant, Null: tenant == ""}
		return r.Program.Eval(&f)
	}
	sees := func(name string) *model.Rule { return member.Sees[s.Table("", name).ID].Rule }
	invoices := member.Writes[s.Table("", "invoices").ID]
	cases := []struct {
		name   string
		rule   *model.Rule
		row    string
		tenant string
		want   sql.Tri
	}{
		{"a column", sees("invoices"), "1 1 1 NULL", "1", sql.True},
		{"another tenant's", sees("invoices"), "2 2 1 NULL", "1", sql.False},
		{"no tenant", sees("invoices"), "1 1 1 NULL", "", sql.False},
		{"through a key", sees("lines"), "1 1 x", "1", sql.True},
		{"through a key, another's", sees("lines"), "2 2 x", "1", sql.False},
		{"through a key to nothing", sees("lines"), "2 9 x", "1", sql.False},
		{"shared", sees("plans"), "1 free", "1", sql.True},
		{"shared, without a tenant", sees("plans"), "1 free", "", sql.True},
		{"null shared", sees("templates"), "3 NULL x", "1", sql.True},
		{"null shared, another's", sees("templates"), "2 2 x", "1", sql.False},
		{"a user of two", sees("users"), "8 a@x member f", "1", sql.True},
		{"a user of two, the other", sees("users"), "8 a@x member f", "2", sql.True},
		{"a user of none", sees("users"), "9 c@x member NULL", "1", sql.False},
		{"not true", sees("users"), "7 a@x member t", "1", sql.False},
		{"unknown is not true", sees("users"), "7 a@x member NULL", "1", sql.True},
		{"an unknown total", invoices.From, "1 1 NULL NULL", "1", sql.Unknown},
		{"false wins over unknown", invoices.From, "1 2 NULL NULL", "1", sql.False},
		{"new, own", invoices.Insert, "3 1 1 NULL", "1", sql.True},
		{"new, another's", invoices.Insert, "3 2 1 NULL", "1", sql.False},
		{"new, nobody's", invoices.Insert, "3 NULL 1 NULL", "1", sql.False},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			if got := holds(k.rule, k.row, k.tenant); got != k.want {
				t.Errorf("%s of (%s) for tenant %q is %v, want %v", k.rule.Text, k.row, k.tenant, got, k.want)
			}
		})
	}
}

func TestOwnOfWrites(t *testing.T) {
	s := shop(t)
	src := strings.Replace(shopContract, "      invoices: {insert: own,", "      plans: own\n      templates: own\n      users: own\n      invoices: {insert: own,", 1)
	c := mustResolve(t, s, src)
	w := shopWorld(s)
	member := c.Sessions[0]
	holds := func(r *model.Rule, line string) sql.Tri {
		f := sql.Frame{World: w, Row: row(line), Vars: make([]model.Value, len(member.Vars))}
		f.Vars[0] = model.Value{Text: "1"}
		return r.Program.Eval(&f)
	}
	writes := func(name string) model.Writes { return member.Writes[s.Table("", name).ID] }
	cases := []struct {
		name string
		rule *model.Rule
		row  string
		want sql.Tri
	}{
		{"shared, deleted", writes("plans").Delete, "1 free", sql.False},
		{"shared, new", writes("plans").Insert, "2 gold", sql.False},
		{"null shared, changed", writes("templates").From, "3 NULL x", sql.False},
		{"null shared, new", writes("templates").To, "3 NULL x", sql.False},
		{"null shared, own", writes("templates").Insert, "4 1 x", sql.True},
		{"one of two tenants, deleted", writes("users").Delete, "8 a@x member f", sql.True},
		{"one of two tenants, new", writes("users").Insert, "8 a@x member f", sql.False},
		{"the only tenant, new", writes("users").Insert, "7 a@x member f", sql.True},
		{"no tenant, new", writes("users").Insert, "9 a@x member f", sql.False},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			if got := holds(k.rule, k.row); got != k.want {
				t.Errorf("%s of (%s) is %v, want %v", k.rule.Text, k.row, got, k.want)
			}
		})
	}
}

func TestSessionOfSeveralTenants(t *testing.T) {
	s := shop(t)
	src := strings.Replace(shopContract, "    role: member\n", "    role: member\n    tenants: SELECT account_id FROM memberships WHERE user_id = $user.id\n", 1)
	src = strings.Replace(src, "      invoices: {insert: own,", "      users: own\n      invoices: {insert: own,", 1)
	c := mustResolve(t, s, src)
	member := c.Sessions[0]
	if member.Tenants == nil || member.TenantsSQL == "" {
		t.Fatalf("tenants %v, %q", member.Tenants, member.TenantsSQL)
	}
	holds := func(r *model.Rule, line, user string) sql.Tri {
		f := sql.Frame{World: shopWorld(s), Row: row(line), Vars: make([]model.Value, len(member.Vars))}
		for i, v := range member.Vars {
			f.Vars[i] = model.Value{Null: true}
			if v.Name == "user.id" {
				f.Vars[i] = model.Value{Text: user}
			}
		}
		return r.Program.Eval(&f)
	}
	rule := member.Sees[s.Table("", "invoices").ID].Rule
	for user, want := range map[string]sql.Tri{"7": sql.False, "8": sql.True, "9": sql.False} {
		if got := holds(rule, "2 2 1 NULL", user); got != want {
			t.Errorf("user %s and tenant 2: %v, want %v", user, got, want)
		}
	}
	if got := holds(member.Writes[s.Table("", "users").ID].Insert, "8 a@x member f", "8"); got != sql.True {
		t.Errorf("a new row of both tenants: %v", got)
	}
	if len(rule.Args) == 0 || !strings.Contains(rule.SQL, "memberships") {
		t.Errorf("SQL %s with %v", rule.SQL, rule.Args)
	}
}

func TestOwnDoesNotAllocate(t *testing.T) {
	s := shop(t)
	c := mustResolve(t, s, shopContract)
	f := sql.Frame{World: shopWorld(s), Row: row("1 1 1 NULL"), Vars: []model.Value{{Text: "1"}, {Text: "7"}}}
	p := c.Sessions[0].Sees[s.Table("", "invoices").ID].Rule.Program
	p.Eval(&f)
	if n := testing.AllocsPerRun(100, func() { p.Eval(&f) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
