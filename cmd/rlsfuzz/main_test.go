//go:build linux || darwin || freebsd

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rlsfuzz": func() {
		_ = flag.CommandLine.Parse(nil) // of the test binary: rapid asks for its flags
		os.Args = withServer(os.Args)
		os.Exit(run())
	}})
}

// withServer names the server that RLSFUZZ_POSTGRES chooses, where a script names none.
func withServer(args []string) []string {
	want := os.Getenv("RLSFUZZ_POSTGRES")
	named := slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--postgres") })
	if want == "" || named || len(args) < 2 || !slices.Contains([]string{"check", "fuzz", "demo", "replay", "mutate", "init", "paths"}, args[1]) {
		return args
	}
	return append(slices.Clone(args), "--postgres", want)
}

func TestScripts(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", cache) // a template of a server takes seconds to make
			for _, name := range []string{"RLSFUZZ_POSTGRES", "RLSFUZZ_CI"} {
				env.Setenv(name, os.Getenv(name))
			}
			small := filepath.Join(env.WorkDir, "small")
			env.Defer(func() { _ = exec.Command("umount", small).Run() }) // of a script that failed
			text, err := os.ReadFile(filepath.Join("..", "..", ".ci", "workflow.yml"))
			if err == nil {
				err = os.WriteFile(filepath.Join(env.WorkDir, "workflow.yml"), text, 0o600)
			}
			if err != nil {
				return err
			}
			return os.CopyFS(env.WorkDir, os.DirFS(filepath.Join("testdata", "notes")))
		},
		Condition: func(name string) (bool, error) {
			if name != "tmpfs" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return mounts(t), nil
		},
		Cmds: commands,
	})
}

// mounts reports whether we may mount a file system.
func mounts(t *testing.T) bool {
	dir := t.TempDir()
	if exec.Command("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", dir).Run() != nil {
		return false
	}
	return exec.Command("umount", dir).Run() == nil
}

// The commands of the scripts, besides testscript's own.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"status": mustEnd,
	"meet":   meet,
	"lines":  lines,
	"recipe": recipe,
}

// mustEnd runs a program that must end with a status: status 2 rlsfuzz check.
func mustEnd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status STATUS PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	if got := exitStatus(ts, err); got != want {
		ts.Fatalf("status %d, not %d", got, want)
	}
}

func exitStatus(ts *testscript.TestScript, err error) int {
	if err == nil {
		return 0
	}
	var failed *exec.ExitError
	if !errors.As(err, &failed) {
		ts.Fatalf("run the program: %v", err)
	}
	return failed.ExitCode()
}

// lines bounds what a file, or stdout, may take of a screen: lines stdout 45 80.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: lines FILE MOST WIDTH")
	}
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	width, err := strconv.Atoi(args[2])
	ts.Check(err)
	list := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	if len(list) > most {
		ts.Fatalf("%s has %d lines, more than %d", args[0], len(list), most)
	}
	for _, line := range list {
		if n := len([]rune(line)); n > width {
			ts.Fatalf("%s has a line of %d columns, more than %d: %s", args[0], n, width, line)
		}
	}
}
