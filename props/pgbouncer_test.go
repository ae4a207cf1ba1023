//go:build unix

package props_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

const pooledSchema = `
CREATE ROLE pooled_app LOGIN;
CREATE TABLE accounts (id integer PRIMARY KEY);
CREATE TABLE notes (id integer PRIMARY KEY, account_id integer NOT NULL REFERENCES accounts (id), body text NOT NULL);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON accounts, notes TO pooled_app;
CREATE POLICY accounts_read ON accounts USING (id = nullif(current_setting('app.tenant_id', true), '')::integer);
CREATE POLICY notes_read ON notes USING (account_id = nullif(current_setting('app.tenant_id', true), '')::integer);
`

const pooledContract = `
schema: [schema.sql]
tenant: {table: accounts, key: id}
tables: {notes: {tenant: account_id}}
sessions:
  member:
    login: pooled_app
    settings: {app.tenant_id: $tenant}
    bind: %[1]s
    via: %[2]s
    sees: {"*": own}
    writes: {"*": none}
  stranger:
    login: pooled_app
    via: %[2]s
    sees: {"*": none}
    writes: {"*": none}
`

// TestPgBouncer runs sessions through a real PgBouncer in transaction mode: what SET leaves
// on the server's connection reaches the next client, what SET LOCAL sets does not.
func TestPgBouncer(t *testing.T) {
	require.Postgres(t)
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	require.Need(t, "pgbouncer", err == nil, "install the package pgbouncer")
	for _, test := range []struct{ name, bind, class, cause string }{
		{name: "SET", bind: "session", class: "open", cause: "the settings of session member stay on its connection when it is released"},
		{name: "SET LOCAL", bind: "local"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, address := t.TempDir(), freeAddress(t)
			for name, text := range map[string]string{"schema.sql": pooledSchema, "rlsfuzz.yaml": fmt.Sprintf(pooledContract, test.bind, address)} {
				write(t, filepath.Join(dir, name), text)
			}
			cfg := props.Config{
				Contract: filepath.Join(dir, "rlsfuzz.yaml"), Workers: 1, Checks: 100, Seed: 1, // of which a few run committed
				Postgres: os.Getenv("RLSFUZZ_POSTGRES"), AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
			}
			target, err := props.Open(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = target.Close() })
			bouncer(t, program, address, target)
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s: %s", l.Class, l.Cell, l.Reason)
			}
			if test.class == "" {
				for _, b := range r.Blocks {
					t.Errorf("found:\n%s", b)
				}
				return
			}
			if len(r.Blocks) != 1 {
				t.Fatalf("%d blocks, want 1: %v", len(r.Blocks), r.Blocks)
			}
			b := r.Blocks[0]
			if got := b.Finding.Class.String(); got != test.class || b.Cause != test.cause {
				t.Errorf("class %s, cause %q, want %s and %q:\n%s", got, b.Cause, test.class, test.cause, b)
			}
			if n := len(b.Finding.Scenario.Steps); n != 2 {
				t.Errorf("%d steps, want what sets and what finds:\n%s", n, b)
			}
		})
	}
}

// freeAddress is an address of this machine's loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// bouncer starts a PgBouncer for the server of a target, and ends it with the test.
func bouncer(t *testing.T, program, address string, target *props.Target) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rlsfuzz-bouncer") // the test's own folder is closed to the account that it runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server := target.Server.Config("", "pooled_app")
	host, port, _ := strings.Cut(address, ":")
	users, config := filepath.Join(dir, "users"), filepath.Join(dir, "pgbouncer.ini")
	write(t, users, fmt.Sprintf("%q %q\n", server.User, server.Password))
	write(t, config, fmt.Sprintf(`[databases]
* = host=%s port=%d
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 1
`, server.Host, server.Port, host, port, users))
	cmd := exec.Command(program, "-q", config)
	if os.Getuid() == 0 { // which it refuses to be: the account of the server's socket runs it
		uid, gid := owner(server.Host)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, NoSetGroups: true}}
		for _, name := range []string{dir, users, config} {
			if err := os.Chown(name, int(uid), int(gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if err := <-ended; err == nil {
			t.Log("PgBouncer ended by itself")
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("pgbouncer does not answer: %s", said.String())
		}
	}
}

// owner is the account that a server's socket belongs to; nobody's number where it has none.
func owner(host string) (uid, gid uint32) {
	if info, err := os.Stat(host); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 {
			return s.Uid, s.Gid
		}
	}
	return 65534, 65534
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
