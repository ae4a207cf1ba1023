package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

func replayCommand() *cobra.Command {
	var s shared
	var fallback, test string
	var all bool
	cmd := &cobra.Command{
		Use:   "replay CASE… | --all DIR",
		Short: "Run findings or leak reports again: do they still leak?",
		Long: `Run findings or leak reports again. A CASE is the folder of a finding, or a case
written by hand; each still leaks, is fixed, or cannot run.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.validate(cmd); err != nil {
				return err
			}
			s.logTo(cmd.ErrOrStderr())
			if err := testable(test, all); err != nil {
				return err
			}
			if all {
				return s.replayAll(cmd, args, fallback)
			}
			return s.replay(cmd, args, fallback, test)
		},
	}
	s.server(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "run every case that was saved in these folders (.rlsfuzz), a line each; accepted ones do not fail")
	s.apply(cmd)
	cmd.Flags().StringVar(&fallback, "contract", contractFile, "contract (a `file`) of cases that name none")
	cmd.Flags().StringVar(&test, "pgtap", "", "write a regression test for pg_prove to this `file` or folder (- is stdout)")
	return cmd
}

// replay runs each case, and writes its test where one is asked for. The exit status is 1
// when some case leaks, else 2 when some cannot run or cannot be a test.
func (s *shared) replay(cmd *cobra.Command, cases []string, fallback, test string) error {
	out := cmd.OutOrStdout()
	if test == "-" {
		out = cmd.ErrOrStderr()
	}
	leaks, stuck := false, false
	open := opened{cfg: s.cfg}
	defer open.close()
	for _, name := range cases {
		r, err := open.replay(cmd.Context(), name, fallback)
		if err != nil {
			return err
		}
		printReplay(out, r)
		if test != "" && r.Verdict != props.CannotRun {
			ok, err := writeTest(cmd, r, test)
			if err != nil {
				return err
			}
			stuck = stuck || !ok
		}
		leaks = leaks || r.Verdict == props.StillLeaks || !held(r)
		stuck = stuck || r.Verdict == props.CannotRun
	}
	return replayed(leaks, stuck)
}

// replayAll judges every case that earlier runs saved in some folders, and counts the
// verdicts. A finding that the contract accepts by its key does not fail.
func (s *shared) replayAll(cmd *cobra.Command, dirs []string, fallback string) error {
	open := opened{cfg: s.cfg}
	defer open.close()
	out, leaks, accepted, fixed, stuck := cmd.OutOrStdout(), 0, 0, 0, 0
	for _, dir := range dirs {
		cases, err := props.SavedCases(dir)
		if err != nil {
			return err
		}
		if len(cases) == 0 {
			return usage(fmt.Errorf("%s holds no saved case: name the folder that check or fuzz had as --out", dir))
		}
		for _, name := range cases {
			r, err := open.replay(cmd.Context(), filepath.Dir(name), fallback)
			if err != nil {
				return err
			}
			line := string(r.Verdict)
			switch {
			case r.Verdict == props.ShowsNone: // nobody said that it does
			case r.Verdict == props.Fixed:
				fixed++
			case r.Verdict == props.CannotRun:
				stuck++
				line += ": " + strings.ReplaceAll(r.Why, "\n", "\n  ")
			case r.Accepted() != nil:
				accepted++
				line += ", accepted: " + r.Accepted().Told()
			default:
				leaks++
			}
			fmt.Fprintf(out, "%s: %s%s\n", filepath.Dir(name), line, r.About())
		}
	}
	fmt.Fprintf(out, "%d still leak, %d accepted, %d fixed, %d cannot run\n", leaks, accepted, fixed, stuck)
	return replayed(leaks > 0, stuck > 0)
}

// replayed is the exit status of replays.
func replayed(leaks, stuck bool) error {
	switch {
	case leaks:
		return &exit{status: statusFound}
	case stuck:
		return &exit{status: statusUsage}
	}
	return nil
}

// held reports whether all that the case expects held.
func held(r *props.Replay) bool {
	for _, e := range r.Expect {
		if !e.Held {
			return false
		}
	}
	return true
}

// shown is how many divergences of a case are told in full, each about something else.
const shown = 3

// printReplay tells a verdict, what the case shows, and whether its expectations held.
func printReplay(w io.Writer, r *props.Replay) {
	fmt.Fprintf(w, "%s: %s\n", r.Case, r.Verdict)
	if r.Why != "" {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(r.Why, "\n", "\n  "))
	}
	told := map[judge.Target]bool{}
	for i := range r.Found {
		d := &r.Found[i]
		if told[d.Target()] || len(told) == shown {
			continue
		}
		told[d.Target()] = true
		fmt.Fprint(w, finding.Block(finding.New(r.Target.Contract, r.Scenario, d)))
	}
	if n := len(r.Found) - len(told); n > 0 {
		fmt.Fprintf(w, "and %d more such places in its steps\n", n)
	}
	for _, e := range r.Expect {
		if e.Held {
			fmt.Fprintf(w, "step %d: as expected\n", e.Step)
		} else {
			fmt.Fprintf(w, "step %d: not as expected: %s\n", e.Step, e.Why)
		}
	}
}
