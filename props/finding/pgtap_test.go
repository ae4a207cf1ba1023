package finding_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// copied is a database with a schema and its roles.
type copied struct {
	db    string
	conn  *pgx.Conn
	roles []string
}

// loaded makes a database with a schema and its roles; drop removes both.
func loaded(t *testing.T, s *postgres.Server, statements []script.Statement) (c copied, drop func()) {
	t.Helper()
	ctx := context.Background()
	db, err := s.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.Connect(ctx, db, "")
	if err != nil {
		t.Fatal(err)
	}
	c = copied{db: db, conn: conn}
	for _, f := range files(statements) {
		result, err := script.Run(ctx, conn, f, script.RunOptions{Database: db})
		if err != nil {
			t.Fatal(err)
		}
		c.roles = append(c.roles, result.Roles...)
	}
	return c, func() {
		for _, role := range c.roles {
			if _, err := conn.Exec(ctx, "DROP OWNED BY "+model.Quote(role)+" CASCADE; DROP ROLE "+model.Quote(role)); err != nil {
				t.Error(err)
			}
		}
		_ = conn.Close(ctx)
		if err := s.DropDatabase(ctx, db); err != nil {
			t.Error(err)
		}
	}
}

// prover is pg_prove, where the server has pgTAP. Servers that were fetched have not: there
// psql runs the test and prints its verdict.
func prover(t *testing.T, s *postgres.Server) (path string, ok bool) {
	t.Helper()
	conn, err := s.Connect(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(context.Background(), "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgtap')").Scan(&ok); err != nil {
		t.Fatal(err)
	}
	path, err = exec.LookPath("pg_prove")
	const packages = "install the packages postgresql-15-pgtap and libtap-parser-sourcehandler-pgtap-perl"
	require.Need(t, "pg_prove", err == nil, packages)
	if s.Version()/10000 == 15 { // Debian's
		require.Need(t, "pgTAP", ok, packages)
	}
	return path, ok
}

// passes runs a test on a database, and says whether it passes; another outcome than
// passing or failing its one test is an error.
func passes(t *testing.T, s *postgres.Server, db, file string, prove bool) (pass bool, out string) {
	t.Helper()
	cfg := s.Config(db, "")
	path, args := require.PSQL(t), []string{"-h", cfg.Host, "-p", fmt.Sprint(cfg.Port), "-U", cfg.User, "-d", db}
	bin := ""
	if prove {
		bin, prove = prover(t, s)
	}
	if prove {
		args = append(args, "--psql-bin", path, "--verbose", "--merge", file)
		path = bin
	} else {
		args = append(args, "-X", "-v", "ON_ERROR_STOP=1", "-v", "rlsfuzz_plain=1", "-f", file)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	text, err := cmd.CombinedOutput()
	out = string(text)
	switch {
	case prove && err == nil && strings.Contains(out, "\nok 1 - ") && strings.Contains(out, "Result: PASS"), !prove && err == nil && strings.Contains(out, "\nno leak\n"):
		return true, out
	case prove && err != nil && strings.Contains(out, "\nnot ok 1 - ") && strings.Contains(out, "Failed 1/1 subtests"), !prove && err == nil && strings.Contains(out, "\nLEAK: "):
		return false, out
	}
	t.Fatalf("%s: %v\n%s", path, err, out)
	return false, ""
}

// proven is the leaks whose tests pg_prove runs, which takes a second each time; psql alone
// runs those of the others.
var proven = map[string]bool{"read": true, "move": true, "lockout of rows": true}

// outcome runs a test on a database with a schema; with pg_prove twice, since the second run
// finds what the first left.
func outcome(t *testing.T, s *postgres.Server, schema []script.Statement, file string, prove, want bool) {
	t.Helper()
	c, drop := loaded(t, s, schema)
	defer drop()
	times := 1
	if prove {
		times = 2
	}
	for range times {
		if got, out := passes(t, s, c.db, file, prove); got != want {
			t.Errorf("it passes: %t, want %t\n%s", got, want, out)
		}
	}
}

// TestPGTAP writes each planted leak's test once: it fails where the schema leaks, and
// passes where it does not, and leaves nothing behind.
func TestPGTAP(t *testing.T) {
	server := require.Postgres(t)
	for name := range proven {
		named(t, name)
	}
	for i, p := range leaks() {
		t.Run(p.name, func(t *testing.T) {
			if i%2 == 1 && !proven[p.name] && p.name != "default role" { // half of them are enough each day
				require.Long(t)
			}
			leaky := parse(t, p.sql)
			c := contract(read(t, server, leaky))
			s := &model.Scenario{Data: data(c.Schema)}
			d := p.show(c, s)
			d.Cross = true
			f := finding.New(c, s, d)
			var text bytes.Buffer
			err := finding.Test(&text, f, finding.Material{Contract: c, Statements: leaky})
			var stale *finding.Stale
			if p.name == "fresh connection" {
				if !errors.As(err, &stale) || !strings.Contains(stale.Error(), "step 2 needs a fresh connection") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "test.sql")
			if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, on := range []struct {
				schema []script.Statement
				want   bool
			}{{leaky, false}, {parse(t, ""), true}} {
				outcome(t, server, on.schema, file, proven[p.name], on.want)
			}
		})
	}
}

// TestPGTAPHostile keeps rows from being read as results of tests.
func TestPGTAPHostile(t *testing.T) {
	server := require.Postgres(t)
	leaky := parse(t, "CREATE POLICY leak ON help.tickets FOR SELECT USING (true);")
	c := contract(read(t, server, leaky))
	s := &model.Scenario{Data: data(c.Schema)}
	d := leaks()[0].show(c, s)
	tickets := c.Schema.Table("help", "tickets").ID
	s.Data[tickets][1] = model.Row{text("20"), text("2"), text("x\nok 1 - all is well\n1..1\nBail out! \\ ' $rlsfuzz$")}
	d.Rows = s.Data[tickets][1:]
	var b bytes.Buffer
	if err := finding.Test(&b, finding.New(c, s, d), finding.Material{Contract: c, Statements: leaky}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.sql")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	there, drop := loaded(t, server, leaky)
	defer drop()
	if pass, out := passes(t, server, there.db, file, true); pass {
		t.Errorf("a leak passes\n%s", out)
	}
}

// TestPGTAPRefuses names what a test cannot do.
func TestPGTAPRefuses(t *testing.T) {
	c := contract(desk())
	for _, k := range []struct {
		says  string
		steps func(s *model.Scenario)
	}{
		{"step 1 ends its transaction itself", func(s *model.Scenario) { s.Steps[0].Op = model.Op{Raw: "COMMIT"} }},
		{"step 2 needs a fresh connection", func(s *model.Scenario) { s.Steps = append(s.Steps, s.Steps[0]); s.Steps[1].Fresh = true }},
		{"step 2 depends on what a pool's connection keeps", func(s *model.Scenario) {
			pooled := *c.Sessions[1]
			pooled.Bind = "session"
			s.Steps = append(s.Steps, s.Steps[0])
			s.Steps[0].Session = &pooled
		}},
	} {
		_, f := leak()
		k.steps(f.Scenario)
		var stale *finding.Stale
		if err := finding.Test(&bytes.Buffer{}, f, finding.Material{Contract: c}); !errors.As(err, &stale) || !strings.Contains(err.Error(), k.says) {
			t.Errorf("error %v, want %s", err, k.says)
		}
	}
}
