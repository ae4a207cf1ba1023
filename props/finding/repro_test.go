package finding_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// base is a schema that isolates its tenants.
const base = `
SELECT pg_catalog.set_config('search_path', '', false);
CREATE ROLE finding_app LOGIN;
CREATE ROLE "finding_member" NOLOGIN;
GRANT finding_member TO finding_app;
ALTER ROLE finding_app SET work_mem = '5MB';
DO $$ DECLARE n text; BEGIN FOREACH n IN ARRAY ARRAY['finding_owner'] LOOP EXECUTE format('CREATE ROLE %I NOLOGIN', n); END LOOP; END $$;
CREATE DATABASE somewhere;
GRANT CONNECT, TEMPORARY ON DATABASE somewhere TO finding_app;
COMMENT ON DATABASE "somewhere" IS 'ours';
ALTER ROLE finding_app IN DATABASE somewhere SET app.place = 'here';
ALTER DATABASE somewhere SET app.mode = 'a:b ''c''';
CREATE SCHEMA help; -- the desk
CREATE TABLE public.accounts (id bigint PRIMARY KEY, name text);
CREATE TABLE public.users (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES public.accounts, email text NOT NULL,
  active boolean NOT NULL DEFAULT true, token text, shout text GENERATED ALWAYS AS (upper(email)) STORED);
CREATE TABLE help.tickets (id bigint PRIMARY KEY, account_id bigint, subject text DEFAULT 'none');
CREATE TABLE public.plans (id bigint PRIMARY KEY, name text);
COPY public.plans (id, name) FROM stdin;
1	free
2	back\\slash
\.
CREATE FUNCTION public.tenant() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::bigint $$;
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.subject := NEW.subject || '!'; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT ON help.tickets FOR EACH ROW EXECUTE FUNCTION public.touch();
GRANT USAGE ON SCHEMA help TO finding_app, finding_member;
GRANT SELECT ON public.plans TO finding_app, finding_member;
GRANT SELECT (id, account_id, email, active) ON public.users TO finding_app, finding_member;
GRANT SELECT, INSERT, UPDATE, DELETE ON help.tickets TO finding_app, finding_member;
GRANT SELECT ON public.accounts TO finding_app, finding_member;
ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE help.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE help.tickets OWNER TO finding_owner;
ALTER TABLE help.tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.accounts USING (id = public.tenant());
CREATE POLICY own ON public.users USING (account_id = public.tenant());
CREATE POLICY own ON help.tickets USING (account_id = public.tenant());
`

// second is a file of its own: the search path of the first is none of its business.
const second = "COMMENT ON TABLE accounts IS 'tenants';"

// parse splits a schema of two files, the second with a leak; they have no mistakes.
func parse(t *testing.T, leak string) []script.Statement {
	t.Helper()
	var out []script.Statement
	for _, f := range []struct{ name, src string }{{"schema.sql", base}, {"second.sql", second + leak}} {
		s, err := script.Parse(f.name, f.src, script.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s.Statements...)
	}
	return out
}

// files puts statements back into their scripts.
func files(statements []script.Statement) []*script.Script {
	var out []*script.Script
	for i, s := range statements {
		if i == 0 || s.File != statements[i-1].File {
			out = append(out, &script.Script{})
		}
		last := out[len(out)-1]
		last.Statements = append(last.Statements, s)
	}
	return out
}

// roles lists which of the schema's roles are on the server.
func roles(t *testing.T, s *postgres.Server) string {
	t.Helper()
	conn, err := s.Connect(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var names string
	if err := conn.QueryRow(context.Background(), "SELECT coalesce(string_agg(rolname, ' ' ORDER BY rolname), '') FROM pg_roles WHERE rolname LIKE 'finding%'").Scan(&names); err != nil {
		t.Fatal(err)
	}
	return names
}

// read loads a schema into a scratch database, reads its catalog, and removes both
// the database and the roles.
func read(t *testing.T, s *postgres.Server, statements []script.Statement) *model.Schema {
	t.Helper()
	c, drop := loaded(t, s, statements)
	defer drop()
	schema, err := catalog.Read(context.Background(), c.conn, catalog.Options{Schemas: []string{"public", "help"}, Roles: c.roles})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestRepro(t *testing.T) {
	server := require.Postgres(t)
	for _, p := range leaks() {
		t.Run(p.name, func(t *testing.T) {
			fixed, leaky := parse(t, ""), parse(t, p.sql)
			c := contract(read(t, server, leaky))
			s := &model.Scenario{Data: data(c.Schema)}
			d := p.show(c, s)
			d.Cross = true
			f := finding.New(c, s, d)
			dir, err := finding.Save(t.TempDir(), f, finding.Material{Contract: c, Statements: leaky})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // on two empty databases of one server
				check(t, server, filepath.Join(dir, finding.ReproFile), p.want)
			}
			var mended bytes.Buffer
			if err := finding.Repro(&mended, f, finding.Material{Contract: c, Statements: fixed}); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "mended.sql")
			if err := os.WriteFile(file, mended.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			check(t, server, file, "no leak")
		})
	}
}

// check runs a script and looks at its last line, its only verdict, and the roles.
func check(t *testing.T, server *postgres.Server, file, want string) {
	t.Helper()
	out, err := require.Script(t, server, file)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	verdicts := 0
	for _, l := range lines {
		if strings.HasPrefix(l, "LEAK:") || l == "no leak" {
			verdicts++
		}
	}
	if last := lines[len(lines)-1]; err != nil || last != want || verdicts != 1 {
		t.Errorf("ended with %v, verdicts: %d\ngot  %s\nwant %s\n%s", err, verdicts, last, want, out)
	}
	if left := roles(t, server); left != "" {
		t.Errorf("roles that were left: %s", left)
	}
}

// TestReproConnections looks at what a connection's past means: a leak of fresh
// connections is none on a used one.
func TestReproConnections(t *testing.T) {
	server, p := require.Postgres(t), named(t, "fresh connection")
	leaky := parse(t, p.sql)
	c := contract(read(t, server, leaky))
	s := &model.Scenario{Data: data(c.Schema)}
	d := p.show(c, s)
	s.Steps[1].Fresh = false
	dir, err := finding.Save(t.TempDir(), finding.New(c, s, d), finding.Material{Contract: c, Statements: leaky})
	if err != nil {
		t.Fatal(err)
	}
	check(t, server, filepath.Join(dir, finding.ReproFile), "no leak")
}

// TestReproByHand runs steps that are plain SQL, one of which ends its transaction.
func TestReproByHand(t *testing.T) {
	server := require.Postgres(t)
	leaky := parse(t, "CREATE POLICY leak ON help.tickets FOR SELECT USING (true);")
	c := contract(read(t, server, leaky))
	for _, test := range []struct {
		statements []script.Statement
		want       string
	}{
		{leaky, "LEAK: read, within-tenant: agent of tenant 1 (user 7) received ticket 20 of tenant 2"},
		{parse(t, ""), "no leak"},
	} {
		s := &model.Scenario{Data: data(c.Schema)}
		ticket(c, s, model.Shape{})
		s.Steps[0].Op = model.Op{Raw: "SELECT subject FROM help.tickets WHERE id > $1 -- all of them\n;", Args: []model.Value{text("0")}}
		s.Steps = append(s.Steps, s.Steps[0])
		s.Steps[1].Op = model.Op{Raw: "COMMIT"}
		d := &judge.Divergence{Class: judge.Read, Cell: cell(c, 1, "tickets", model.Select), Step: 1, Rows: []model.Row{theirs}, Column: -1}
		dir, err := finding.Save(t.TempDir(), finding.New(c, s, d), finding.Material{Contract: c, Statements: test.statements})
		if err != nil {
			t.Fatal(err)
		}
		check(t, server, filepath.Join(dir, finding.ReproFile), test.want)
	}
}

// TestReproRoles runs a script where its roles exist already.
func TestReproRoles(t *testing.T) {
	server := require.Postgres(t)
	p := leaks()[0]
	leaky := parse(t, p.sql)
	c := contract(read(t, server, leaky))
	s := &model.Scenario{Data: data(c.Schema)}
	d := p.show(c, s)
	d.Cross = true
	dir, err := finding.Save(t.TempDir(), finding.New(c, s, d), finding.Material{Contract: c, Statements: leaky})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, finding.ReproFile)
	conn, err := server.Connect(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	do := func(text string) {
		t.Helper()
		if _, err := conn.Exec(context.Background(), text); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, make, drop string
		want             string // in the output
		ok               bool
		left             string
	}{
		{
			"the same", "CREATE ROLE finding_member; CREATE ROLE finding_app LOGIN; GRANT finding_member TO finding_app; ALTER ROLE finding_app SET work_mem = '5MB'",
			"DROP ROLE finding_app, finding_member", p.want, true, "finding_app finding_member",
		},
		{"one of them", "CREATE ROLE finding_member", "DROP ROLE finding_member", p.want, true, "finding_member"},
		{"other attributes", "CREATE ROLE finding_member CREATEDB LOGIN", "DROP ROLE finding_member", "with other attributes, memberships or settings than the schema gives them: finding_member", false, "finding_member"},
		{"other memberships", "CREATE ROLE finding_app LOGIN", "DROP ROLE finding_app", "than the schema gives them: finding_app", false, "finding_app"},
	} {
		t.Run(test.name, func(t *testing.T) {
			do(test.make)
			defer do(test.drop)
			out, err := require.Script(t, server, file)
			if (err == nil) != test.ok || !strings.Contains(out, test.want) {
				t.Errorf("ended with %v, want well: %t, and %s\n%s", err, test.ok, test.want, out)
			}
			if left := roles(t, server); left != test.left {
				t.Errorf("roles %s, want %s", left, test.left)
			}
		})
	}
}

// TestReproDatabase runs a script on a database that is not empty.
func TestReproDatabase(t *testing.T) {
	server := require.Postgres(t)
	c, f := leak()
	ctx := context.Background()
	db, err := server.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := server.Connect(ctx, db, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "CREATE TABLE mine (id int)"); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(ctx)
	dir, err := finding.Save(t.TempDir(), f, finding.Material{Contract: c})
	if err != nil {
		t.Fatal(err)
	}
	cfg := server.Config(db, "")
	cmd := exec.Command(require.PSQL(t), "-X", "-h", cfg.Host, "-p", fmt.Sprint(cfg.Port), "-U", cfg.User, "-d", db, "-f", filepath.Join(dir, finding.ReproFile))
	cmd.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "repro.sql needs an empty database") {
		t.Errorf("error %v\n%s", err, out)
	}
}

// TestReproCheckout binds for a whole checkout of a connection: what the pool does not
// put away reaches the next session.
func TestReproCheckout(t *testing.T) {
	server := require.Postgres(t)
	statements := parse(t, "")
	schema := read(t, server, statements)
	for _, test := range []struct{ release, want string }{
		{"none", "LEAK: open, cross-tenant: stranger received ticket 10 of tenant 1"},
		{"RESET ALL", "no leak"},
		{"DISCARD ALL;", "no leak"},
	} {
		c := contract(schema)
		c.Sessions[0].Bind, c.Sessions[0].Release = "session", test.release
		s := &model.Scenario{Data: data(schema), Committed: true}
		ticket(c, s, model.Shape{Columns: []int{0}})
		s.Steps = append(s.Steps, s.Steps[0])
		s.Steps[0].Session, s.Steps[0].User = c.Sessions[0], null
		s.Steps[1].Session, s.Steps[1].Tenant, s.Steps[1].User = c.Sessions[2], null, null
		d := &judge.Divergence{Class: judge.Open, Cell: cell(c, 2, "tickets", model.Select), Step: 1, Rows: []model.Row{ours}, Cross: true, Column: -1}
		dir, err := finding.Save(t.TempDir(), finding.New(c, s, d), finding.Material{Contract: c, Statements: statements})
		if err != nil {
			t.Fatal(err)
		}
		check(t, server, filepath.Join(dir, finding.ReproFile), test.want)
	}
}
