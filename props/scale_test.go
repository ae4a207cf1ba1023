package props_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// bigSchema is a schema of that many tables: tenants, users, memberships and log
// entries, and modules of a parent with children along foreign keys. Each table but the
// first has two policies or four; a row and what it refers to are of one tenant.
func bigSchema(tables int) string {
	var b strings.Builder
	b.WriteString(`CREATE ROLE big_app LOGIN; CREATE ROLE big_member; GRANT big_member TO big_app; GRANT USAGE ON SCHEMA public TO big_member;
CREATE FUNCTION tenant() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant', true), '')::bigint $$;
CREATE TABLE tenants (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants, email text NOT NULL UNIQUE, role text NOT NULL CHECK (role IN ('member', 'admin')), UNIQUE (tenant_id, id));
CREATE TABLE log_entries (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants, user_id bigint, text text, FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id));
GRANT SELECT ON tenants TO big_member; ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON tenants FOR SELECT USING (id = tenant());
`)
	secure := func(name string, policies int) {
		fmt.Fprintf(&b, `GRANT SELECT, INSERT, UPDATE, DELETE ON %[1]s TO big_member; ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;
CREATE POLICY %[1]s_read ON %[1]s FOR SELECT USING (tenant_id = tenant());
`, name)
		if policies == 2 {
			fmt.Fprintf(&b, "CREATE POLICY %[1]s_write ON %[1]s USING (tenant_id = tenant());\n", name)
			return
		}
		fmt.Fprintf(&b, `CREATE POLICY %[1]s_insert ON %[1]s FOR INSERT WITH CHECK (tenant_id = tenant());
CREATE POLICY %[1]s_update ON %[1]s FOR UPDATE USING (tenant_id = tenant());
CREATE POLICY %[1]s_delete ON %[1]s FOR DELETE USING (tenant_id = tenant());
`, name)
	}
	secure("users", 4)
	secure("log_entries", 4)
	for i := 3; i < tables; i++ {
		name, module := fmt.Sprintf("t%03d", i), (i-3)%8
		fmt.Fprintf(&b, "CREATE TABLE %s (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants, name text NOT NULL, state text CHECK (state IN ('open', 'closed')), amount numeric(10, 2), at timestamptz NOT NULL, UNIQUE (tenant_id, id)", name)
		parent := func(column, table string) {
			fmt.Fprintf(&b, ", %[1]s bigint, FOREIGN KEY (tenant_id, %[1]s) REFERENCES %[2]s (tenant_id, id)", column, table)
		}
		switch {
		case module == 0:
			parent("owner_id", "users")
		case module < 4:
			parent("parent_id", fmt.Sprintf("t%03d", i-module))
			b.WriteString(", CHECK (parent_id IS NOT NULL)")
		default:
			parent("parent_id", fmt.Sprintf("t%03d", i-module+1))
			parent("other_id", fmt.Sprintf("t%03d", i-module+2))
		}
		b.WriteString(");\n")
		secure(name, 4-2*(i%3%2))
	}
	return b.String()
}

const bigContract = `schema: [schema.sql]
tenant: {table: tenants, key: id}
sessions:
  member:
    login: big_app
    role: big_member
    user: users
    settings: {app.tenant: $tenant}
    sees: own
    writes:
      "*": {insert: own, update: own, delete: own}
      tenants: none
  stranger: {login: big_app, role: big_member, sees: none, writes: none}
`

// big writes the schema of that many tables and its contract, and opens it.
func big(t *testing.T, tables int, apply string) (*props.Target, time.Duration) {
	t.Helper()
	dir := require.Folder(t, map[string]string{"schema.sql": bigSchema(tables) + apply, "rlsfuzz.yaml": bigContract})
	began := time.Now()
	target, err := props.Open(t.Context(), props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target, time.Since(began)
}

// TestScale opens schemas of 10, 50 and 400 tables and says how long that took and how
// many checks a second there were: they must not depend on the number of tables. It
// takes minutes: RLSFUZZ_LONG=1.
func TestScale(t *testing.T) {
	require.Long(t)
	var first float64
	for _, tables := range []int{10, 50, 400} {
		t.Run(fmt.Sprint(tables), func(t *testing.T) {
			target, opened := big(t, tables, "")
			began := time.Now()
			r, err := props.Run(t.Context(), target, props.Config{Seed: 1, Checks: 2000, SkipMatrix: true, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			if n := r.Findings(); n != 0 {
				t.Errorf("%d findings on a sound schema: %s", n, r.Blocks[0].Cause)
			}
			rate := float64(r.Checks) / time.Since(began).Seconds()
			t.Logf("%d tables: opened in %v, %d checks in %v, %.0f a second", tables, opened.Round(time.Millisecond), r.Checks, time.Since(began).Round(time.Millisecond), rate)
			if first == 0 {
				first = rate
			}
			if rate < first/3 {
				t.Errorf("%.0f checks a second, of %.0f with 10 tables", rate, first)
			}
		})
	}
}

// TestScaleTurns walks a schema that is divided into parts: a leak in any table is
// found, and every table has something at stake. All of it takes minutes: RLSFUZZ_LONG=1;
// else three tables are walked.
func TestScaleTurns(t *testing.T) {
	tables, only := 40, []string{"member", "t038", "t020", "log_entries"}
	if require.IsLong() {
		tables, only = 400, nil
	}
	leak := fmt.Sprintf("CREATE POLICY leak ON t%03d FOR SELECT USING (true);", tables-2)
	target, _ := big(t, tables, leak)
	r, err := props.Run(t.Context(), target, props.Config{Seed: 1, SkipRandom: true, Only: only})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Blocks) != 1 || !strings.Contains(r.Blocks[0].Cause, "leak") {
		t.Errorf("found %d causes, want the planted policy", len(r.Blocks))
	}
	for _, u := range r.Untested {
		if u.Session == "member" && u.Object != "tenants" {
			t.Errorf("%s: %s", u.String(), u.Reason)
		}
	}
	t.Logf("%d checks in %v", r.Checks, r.Elapsed)
}
