package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// demoLeak is the planted leak that the demo shows.
const demoLeak = "tickets-read-true"

// demoChecks bounds the random part of the demo.
const demoChecks = 1500

func demoCommand() *cobra.Command {
	var s shared
	var write string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The helpdesk example, fixed and leaky: what a leak looks like",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if write != "" {
				return writeDemo(cmd, write)
			}
			return s.demo(cmd)
		},
	}
	s.server(cmd)
	cmd.Flags().StringVar(&write, "write", "", "write the example to this folder instead: contract, schema, leaks")
	return cmd
}

func writeDemo(cmd *cobra.Command, dir string) error {
	if err := helpdesk.Write(dir); err != nil {
		return usage(err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "wrote the helpdesk example to %[1]s; now try\n  rlsfuzz check %[1]s/rlsfuzz.yaml\n  rlsfuzz check %[1]s/rlsfuzz.yaml --apply %[1]s/leaks/%[2]s.sql\n", dir, demoLeak)
	return nil
}

// demo checks the fixed schema, then a leaky one. It succeeds when the first passes
// and the second fails, as they must.
func (s *shared) demo(cmd *cobra.Command) error {
	dir, err := os.MkdirTemp("", "rlsfuzz-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the example: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := helpdesk.Write(dir); err != nil {
		return err
	}
	s.cfg.Contract, s.cfg.Checks = filepath.Join(dir, "rlsfuzz.yaml"), demoChecks
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "helpdesk, as it should be")
	fixed, err := s.once(cmd.Context())
	if err != nil {
		return err
	}
	if err := report.Text(out, fixed); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nhelpdesk with one planted leak: %s\n", demoLeak)
	s.cfg.Apply, s.cfg.SkipRandom = []string{filepath.Join(dir, "leaks", demoLeak+".sql")}, true
	leaky, err := s.once(cmd.Context())
	if err != nil {
		return err
	}
	if err := report.Text(out, leaky); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nWrite the example out and try it: rlsfuzz demo --write helpdesk")
	switch {
	case len(fixed.Blocks) > 0:
		return fmt.Errorf("the fixed example shows a leak, which is a fault of rlsfuzz")
	case len(leaky.Blocks) == 0 && cmd.Context().Err() == nil:
		return fmt.Errorf("the planted leak was not found, which is a fault of rlsfuzz")
	}
	return nil
}

func (s *shared) once(ctx context.Context) (*props.Report, error) {
	t, err := props.Open(ctx, s.cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	return props.Run(ctx, t, s.cfg)
}
