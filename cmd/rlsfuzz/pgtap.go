package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// testable refuses a path for tests to which none could be written, before any case is run.
func testable(path string, all bool) error {
	switch {
	case path == "" || path == "-" && !all:
		return nil
	case all:
		return usage(errors.New("--pgtap writes the tests of cases that are named: leave out --all"))
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return unwritten(path, err)
	}
	return nil
}

// unwritten says that no test can be written to a path, and what can be done.
func unwritten(path string, err error) error {
	return usage(fmt.Errorf("--pgtap %s: %w: name a file or a folder that is there, or - for stdout", path, plain(err)))
}

// writeTest writes the regression test of a case to a file, into a folder, or to stdout
// where path is -. ok is false where the case cannot be a test; it says so on stderr.
func writeTest(cmd *cobra.Command, r *props.Replay, path string) (ok bool, err error) {
	t, err := r.Test(cmd.Context())
	var stale *finding.Stale
	if errors.As(err, &stale) {
		fmt.Fprintf(cmd.ErrOrStderr(), "rlsfuzz: --pgtap: %v\n", stale)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if path == "-" {
		_, err := cmd.OutOrStdout().Write(t.Text)
		return true, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "rlsfuzz-"+t.Key+".sql")
	}
	if err := os.WriteFile(path, t.Text, 0o644); err != nil {
		return false, unwritten(path, err)
	}
	tried := "tried: it sees the leak"
	if !t.Tried {
		tried = "not tried: there is no psql on this machine"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "wrote %s (%s)\n", path, tried)
	return true, nil
}
