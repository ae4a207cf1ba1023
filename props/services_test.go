package props_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/service"
)

// deskPaths is a path that asks a server of the application; DESK is its program, ENV its
// environment, START how it is started.
const deskPaths = `paths:
  nightly:
    kind: export
    as: [worker]
    command: [DESK, get, "http://127.0.0.1:$port/invoices?firm=$tenant"]
services:
  - {name: desk, login: works_job, command: [DESK, START], env: {DATABASE_URL: $dsn, ENV}, ready: READY}
`

// deskProgram builds the server.
func deskProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "desk")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/desk").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func deskContract(desk, env, start, ready string) string {
	return strings.NewReplacer("DESK", desk, "ENV", env, "START", start, "READY", ready).Replace(deskPaths)
}

// TestServices asks a real server, right and wrong.
func TestServices(t *testing.T) {
	t.Parallel()
	desk := deskProgram(t)
	for _, k := range []struct{ name, env, class string }{
		{name: "right", env: "MODE: right"},
		{name: "of all firms", env: "ALL: 1", class: "interference"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			target, cfg := worksTarget(t, deskContract(desk, k.env, "serve, $port", `"http://127.0.0.1:$port/ready"`), "")
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
			}
			switch {
			case k.class == "" && len(r.Blocks)+len(r.Untested) > 0:
				t.Errorf("%v, untested %v", r.Blocks, r.Untested)
			case k.class != "" && (len(r.Blocks) != 1 || r.Blocks[0].Finding.Class.String() != k.class):
				t.Errorf("want one finding of class %s: %v, untested %v", k.class, r.Blocks, r.Untested)
			}
		})
	}
}

// TestServiceFails says in one error what is wrong with a service.
func TestServiceFails(t *testing.T) {
	t.Parallel()
	desk := deskProgram(t)
	for _, k := range []struct{ name, start, ready, says string }{
		{name: "never ready", start: "never", ready: "tcp $port", says: "service desk was not ready within 1s (tcp "},
		{name: "ends", start: "serve, nowhere", ready: `"run false"`, says: "service desk ended: exit status 1"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			paths := deskContract(desk, "PORT: $port", k.start, k.ready)
			target, cfg := worksTarget(t, paths, "")
			target.Program = time.Second
			_, err := props.Run(context.Background(), target, cfg)
			var gone *service.Error
			var input *props.InputError
			if !errors.As(err, &gone) || !errors.As(err, &input) || !strings.HasPrefix(err.Error(), k.says) || len(gone.Last) != 1 {
				t.Errorf("error %v, want %q and what it wrote", err, k.says)
			}
		})
	}
}
