package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// demoLeak is the planted leak that the demo shows.
const demoLeak = "tickets-read-true"

// demoChecks bounds the random part of the demo: a batch goes over the whole example.
const demoChecks = 50

func demoCommand() *cobra.Command {
	var s shared
	var write string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The helpdesk example, fixed and leaky: what a leak looks like",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("write") {
				return writeDemo(cmd, write)
			}
			return s.demo(cmd)
		},
	}
	s.server(cmd)
	cmd.Flags().StringVar(&write, "write", "", "write the example to this `folder` instead: contract, schema, leaks")
	return cmd
}

// writeDemo writes the example to a folder and says what to try with it.
func writeDemo(cmd *cobra.Command, dir string) error {
	if err := helpdesk.Write(dir); err != nil {
		return usage(err)
	}
	out := cmd.OutOrStdout()
	at := filepath.ToSlash(filepath.Clean(dir))
	fmt.Fprintf(out, "wrote the helpdesk example to %s; now try\n", at)
	fmt.Fprintf(out, "  rlsfuzz check %s\n", finding.ShellWord(at+"/rlsfuzz.yaml"))
	fmt.Fprintf(out, "  rlsfuzz check %s --apply %s\n", finding.ShellWord(at+"/rlsfuzz.yaml"), finding.ShellWord(at+"/leaks/"+demoLeak+".sql"))
	return nil
}

// demo checks the fixed schema, and beside it a leaky one, and shows one after the other.
// It succeeds when the first passes and the second fails, as they must.
func (s *shared) demo(cmd *cobra.Command) error {
	dir, err := os.MkdirTemp("", "rlsfuzz-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the example: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := helpdesk.Write(dir); err != nil {
		return err
	}
	fixed, leaky := s.cfg, s.cfg
	fixed.Contract = filepath.Join(dir, "rlsfuzz.yaml")
	fixed.Checks = demoChecks
	leak := filepath.Join(dir, "leaks", demoLeak+".sql")
	leaky.Contract, leaky.Apply, leaky.SkipRandom, leaky.Only = fixed.Contract, []string{leak}, true, []string{"tickets"}
	leaky.Workers = 1 // the fixed schema has more to walk
	second := inBackground(cmd.Context(), leaky)
	err = showFixed(cmd, fixed)
	r, failed := second() // it is waited for in any case: its server ends with it
	if err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return showLeaky(cmd.OutOrStdout(), leak, r)
}

// showFixed checks the fixed schema and shows that nothing is found.
func showFixed(cmd *cobra.Command, cfg props.Config) error {
	out := cmd.OutOrStdout()
	fmt.Fprint(out, "The helpdesk example: a support desk whose tenants share every table, kept\napart by row-level security. First as it should be:\n\n  $ rlsfuzz check\n")
	r, err := once(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if len(r.Blocks) > 0 {
		return errors.Join(report.Text(out, r, report.Style{}), errors.New("the fixed example shows a leak, which is a fault of rlsfuzz; please report it"))
	}
	verdict(out, r)
	return nil
}

// showLeaky shows the policy that was weakened and what was found of it.
func showLeaky(out io.Writer, leak string, r *props.Report) error {
	weak, err := os.ReadFile(leak)
	if err != nil {
		return fmt.Errorf("read the planted leak: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(weak)), "\n")
	fmt.Fprintf(out, "\nThen with one policy weakened:\n\n  %s\n\n  $ rlsfuzz check --apply leaks/%s.sql\n\n", lines[len(lines)-1], demoLeak)
	report.Blocks(out, r, report.Style{Color: colored(out)})
	verdict(out, r)
	if len(r.Blocks) == 0 {
		return errors.New("the planted leak was not found, which is a fault of rlsfuzz; please report it")
	}
	fmt.Fprintln(out, "\nTry it: rlsfuzz demo --write helpdesk")
	return nil
}

// verdict prints what a run came to, in two lines.
func verdict(out io.Writer, r *props.Report) {
	server, _, _ := strings.Cut(r.Server, ",")
	fmt.Fprintf(out, "  %s: %d checks in %s\n  %s\n", server, r.Checks, r.Elapsed.Round(100*time.Millisecond), report.Verdict(r))
}

// once opens a contract, searches and closes it. An interrupted search is an error.
func once(ctx context.Context, cfg props.Config) (*props.Report, error) {
	t, err := props.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	r, err := props.Run(ctx, t, cfg)
	if err == nil {
		err = ctx.Err()
	}
	return r, err
}

// inBackground starts a search. The function that it gives waits for its end and gives what
// it came to.
func inBackground(ctx context.Context, cfg props.Config) func() (*props.Report, error) {
	var r *props.Report
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("internal error: %v", p)
			}
		}()
		r, err = once(ctx, cfg)
	}()
	return func() (*props.Report, error) {
		<-done
		return r, err
	}
}
