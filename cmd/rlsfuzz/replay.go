package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

func replayCommand() *cobra.Command {
	var s shared
	var fallback string
	cmd := &cobra.Command{
		Use:   "replay CASE…",
		Short: "Run findings or leak reports again: still leaks, fixed, or cannot run",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.validate(); err != nil {
				return err
			}
			return s.replay(cmd, args, fallback)
		},
	}
	s.server(cmd)
	cmd.Flags().StringSliceVar(&s.cfg.Apply, "apply", nil, "SQL to run after the schema")
	cmd.Flags().StringVar(&fallback, "contract", "rlsfuzz.yaml", "contract of cases that name none")
	return cmd
}

// replay runs each case. One that leaks makes the status 1, one that cannot run 2.
func (s *shared) replay(cmd *cobra.Command, cases []string, fallback string) error {
	leaks, stuck := false, false
	for _, name := range cases {
		r, err := s.replayOne(cmd.Context(), name, fallback)
		if err != nil {
			return err
		}
		print(cmd.OutOrStdout(), r)
		leaks = leaks || r.Verdict == props.StillLeaks || !r.held()
		stuck = stuck || r.Verdict == props.CannotRun
	}
	switch {
	case leaks:
		return &exit{status: statusFound}
	case stuck:
		return &exit{status: statusUsage}
	}
	return nil
}

// outcomes is a replay as it is printed: the names that divergences need are looked up
// while the target is open.
type outcomes struct {
	*props.Replay
	lines []string
}

func (o *outcomes) held() bool {
	for _, e := range o.Expect {
		if !e.Held {
			return false
		}
	}
	return true
}

func (s *shared) replayOne(ctx context.Context, name, fallback string) (*outcomes, error) {
	k, err := props.ReadCase(name)
	if err != nil {
		return nil, usage(err)
	}
	cfg := s.cfg
	cfg.Contract = props.ContractOf(k, fallback)
	t, err := props.Open(ctx, cfg)
	var wrong *contract.Errors
	if errors.As(err, &wrong) { // the schema changed since
		return &outcomes{Replay: &props.Replay{Case: name, Verdict: props.CannotRun, Why: err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	r, err := t.Replay(ctx, k)
	if err != nil {
		return nil, usage(err)
	}
	o := &outcomes{Replay: r}
	for i := range r.Found {
		o.lines = append(o.lines, describe(t, &r.Found[i]))
	}
	return o, nil
}

// describe tells one divergence in a line.
func describe(t *props.Target, d *judge.Divergence) string {
	scope := "within the tenant"
	if d.Cross {
		scope = "cross-tenant"
	}
	table := t.Contract.Schema.Tables[d.Cell.Table]
	return fmt.Sprintf("step %d: %s, %s: session %s, %s %s: the rule is %s; Postgres: %s",
		d.Step+1, d.Class, scope, t.Contract.Sessions[d.Cell.Session].Name, d.Cell.Command, table.Label(), d.Rule, d.Did)
}

func print(w io.Writer, o *outcomes) {
	fmt.Fprintf(w, "%s: %s\n", o.Case, o.Verdict)
	if o.Why != "" {
		fmt.Fprintf(w, "  %s\n", o.Why)
	}
	for _, line := range o.lines {
		fmt.Fprintf(w, "  %s\n", line)
	}
	for _, e := range o.Expect {
		if e.Held {
			fmt.Fprintf(w, "  step %d: as expected\n", e.Step)
		} else {
			fmt.Fprintf(w, "  step %d: not as expected: %s\n", e.Step, e.Why)
		}
	}
}
