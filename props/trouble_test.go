package props_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// shop is a schema that is searched quickly.
const shop = `CREATE ROLE shop_app LOGIN;
CREATE TABLE shops (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, shop_id int NOT NULL REFERENCES shops, note text NOT NULL, paid boolean NOT NULL DEFAULT false);
ALTER TABLE shops ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shops USING (id = nullif(current_setting('app.shop', true), '')::int);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON orders USING (shop_id = nullif(current_setting('app.shop', true), '')::int);
GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO shop_app; GRANT SELECT ON shops TO shop_app;
`

const shopContract = `schema: [schema.sql]
tenant: {table: shops, key: id}
tables: {orders: {tenant: shop_id}}
sessions:
  clerk:
    login: shop_app
    settings: {app.shop: $tenant}
    sees: {"*": own}
    writes: {"*": none, orders: {insert: own, update: own, delete: own}}
`

// shopLeak shows everybody what is paid.
const shopLeak = `ALTER POLICY p ON orders USING (shop_id = nullif(current_setting('app.shop', true), '')::int OR paid);`

// shopConfig writes the shop with more SQL, and gives a search of it on a server of its own.
func shopConfig(t *testing.T, more string) props.Config {
	t.Helper()
	require.Postgres(t)
	dir := require.Folder(t, map[string]string{"schema.sql": shop + more, "rlsfuzz.yaml": shopContract})
	return props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Workers: 2, Seed: 7, Checks: 1200,
		SkipMatrix: true, Out: filepath.Join(dir, "out"), Patience: 30 * time.Second,
	}
}

func shopTarget(t *testing.T, cfg props.Config) *props.Target {
	t.Helper()
	target, err := props.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// outcome is what a search of some seed must give, whatever happens meanwhile.
func outcome(r *props.Report) map[string]int {
	out := map[string]int{"checks": r.Checks, "leads": len(r.Leads)}
	for _, b := range r.Blocks {
		out["finding "+b.Finding.Key]++
	}
	return out
}

// TestTrouble lets the surroundings fail while a leaky schema is searched: the search goes
// on, and gives what it gives without trouble.
func TestTrouble(t *testing.T) {
	cfg := shopConfig(t, shopLeak)
	target := shopTarget(t, cfg)
	plain := cfg
	plain.Out = ""
	calm, err := props.Run(context.Background(), target, plain)
	if err != nil {
		t.Fatal(err)
	}
	if len(calm.Blocks) != 1 || calm.Effort.Troubles() != 0 || calm.Effort.Reruns == 0 || calm.Effort.Stable != calm.Effort.Reruns {
		t.Fatalf("without trouble: %d blocks, effort %+v", len(calm.Blocks), calm.Effort)
	}
	for _, c := range []struct {
		name   string
		strike func(t *testing.T, s *postgres.Server)
		kind   postgres.Trouble
	}{
		{name: "backends are terminated", strike: terminate, kind: postgres.Lost},
		{name: "statements are cancelled", strike: cancel, kind: postgres.Slow},
		{name: "a backend is killed", strike: killBackend, kind: postgres.Lost},
		{name: "no connection is left", strike: exhaust, kind: postgres.Refused},
		{name: "the server is killed", strike: killServer, kind: postgres.Lost},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := plain
			cfg.Restart = true
			if target.Server.PID() == 0 {
				t.Skip("the server is not ours to harm")
			}
			times := 0
			cfg.Progress = func(props.Progress) {
				if times++; times <= 2 {
					c.strike(t, target.Server)
				}
			}
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(outcome(calm), outcome(r)); diff != "" {
				t.Errorf("not what a search without trouble gives (-want +got):\n%s", diff)
			}
			if r.Effort.Trouble[string(c.kind)] == 0 {
				t.Errorf("trouble %v, want some %s", r.Effort.Trouble, c.kind)
			}
		})
	}
}

// TestStruckWhileReporting ends all connections at many moments while a forbidden write is
// reduced, confirmed, explained and reported: nothing of it is lost.
func TestStruckWhileReporting(t *testing.T) {
	cfg := shopConfig(t, `ALTER POLICY p ON orders USING (true)`)
	cfg.Out, cfg.Checks, cfg.Workers = "", 100, 1
	target := shopTarget(t, cfg)
	calm, err := props.Run(context.Background(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(calm.Blocks) != 1 {
		t.Fatalf("without trouble: %+v", calm.Blocks)
	}
	for moment := range 10 {
		struck := make(chan struct{})
		var once sync.Once
		cfg.Log = func(format string, _ ...any) {
			if strings.HasPrefix(format, "reducing") {
				once.Do(func() {
					time.AfterFunc(time.Duration(moment)*20*time.Millisecond, func() { terminate(t, target.Server); close(struck) })
				})
			}
		}
		r, err := props.Run(context.Background(), target, cfg)
		<-struck
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(outcome(calm), outcome(r)); diff != "" {
			t.Errorf("after %d ms: not what a search without trouble gives (-want +got):\n%s", moment*20, diff)
		}
	}
}

// TestGone kills a server that nobody starts again: the search ends at once and says so.
func TestGone(t *testing.T) {
	cfg := shopConfig(t, "")
	target := shopTarget(t, cfg)
	if target.Server.PID() == 0 {
		t.Skip("the server is not ours to harm")
	}
	var once sync.Once
	cfg.Progress = func(props.Progress) { once.Do(func() { killServer(t, target.Server) }) }
	began := time.Now()
	r, err := props.Run(context.Background(), target, cfg)
	var gone *props.GoneError
	if !errors.As(err, &gone) || r == nil || len(r.Blocks) > 0 {
		t.Errorf("error %v", err)
	}
	if r != nil && (!strings.Contains(r.BrokeOff, "went away") || !r.Early() || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "and the search broke off: connection lost ") })) {
		t.Errorf("broke off: %q, notes %q", r.BrokeOff, r.Notes)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestOwnTrouble has a trigger that raises what looks like trouble, each time: that is the
// statements' own answer, and the search goes on as with any other error.
func TestOwnTrouble(t *testing.T) {
	cfg := shopConfig(t, `CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
		IF NEW.paid THEN RAISE 'somebody else was quicker' USING ERRCODE = 'serialization_failure'; END IF; RETURN NEW; END$$;
		CREATE TRIGGER busy BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION busy();`)
	target := shopTarget(t, cfg)
	r, err := props.Run(context.Background(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Blocks)+len(r.Leads) > 0 || r.Checks < cfg.Checks {
		t.Errorf("%d findings, %d leads in %d checks", len(r.Blocks), len(r.Leads), r.Checks)
	}
	if n := r.Effort.Trouble[string(postgres.Conflict)]; n == 0 || n > 20 {
		t.Errorf("trouble %v, want a few until it is known", r.Effort.Trouble)
	}
}

// onServer runs a statement as superuser.
func onServer(t *testing.T, s *postgres.Server, text string) *pgx.Conn {
	t.Helper()
	conn, err := s.Connect(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		if _, err := conn.Exec(context.Background(), text); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

const others = ` FROM pg_stat_activity WHERE datname LIKE 'rlsfuzz\_%' AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

func terminate(t *testing.T, s *postgres.Server) {
	_ = onServer(t, s, "SELECT pg_terminate_backend(pid)"+others).Close(context.Background())
}

// cancel cancels what runs, again and again for a while: most of the time nothing does.
func cancel(t *testing.T, s *postgres.Server) {
	conn := onServer(t, s, "")
	go func() {
		for range 30 {
			_, _ = conn.Exec(context.Background(), "SELECT pg_cancel_backend(pid)"+others)
			time.Sleep(2 * time.Millisecond)
		}
		_ = conn.Close(context.Background())
	}()
}

// killBackend makes the server end all connections and recover.
func killBackend(t *testing.T, s *postgres.Server) {
	conn := onServer(t, s, "")
	var pid int
	if err := conn.QueryRow(context.Background(), "SELECT min(pid)"+others).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// exhaust takes all connections that the server has left, and ends those of the search.
func exhaust(t *testing.T, s *postgres.Server) {
	boss := onServer(t, s, "")
	var held []*pgx.Conn
	for {
		conn, err := s.Connect(context.Background(), "", "")
		if err != nil {
			break
		}
		held = append(held, conn)
	}
	if _, err := boss.Exec(context.Background(), "SELECT pg_terminate_backend(pid)"+others); err != nil {
		t.Error(err)
	}
	for { // those who come back find no room
		conn, err := s.Connect(context.Background(), "", "")
		if err != nil {
			break
		}
		held = append(held, conn)
	}
	time.AfterFunc(300*time.Millisecond, func() {
		for _, conn := range append(held, boss) {
			_ = conn.Close(context.Background())
		}
	})
}

func killServer(t *testing.T, s *postgres.Server) {
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}
