package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

func mutateCommand() *cobra.Command {
	var s shared
	var pairs int
	cmd := &cobra.Command{
		Use:   "mutate [CONTRACT]",
		Short: "Weaken the schema in every known way: what goes unnoticed?",
		Long: `Weaken the schema in every known way, one at a time, and check each mutant: what
survives is a mistake that the contract would not catch.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.mutate(cmd, args, pairs) },
	}
	s.server(cmd)
	f := cmd.Flags()
	f.Uint64Var(&s.cfg.Seed, "seed", 1, "where random search begins")
	f.IntVar(&s.cfg.Checks, "checks", 1000, "random checks for each mutant, after a walk over all that may show it; calls, where only paths may")
	f.IntVar(&s.cfg.Workers, "workers", 0, "mutants at the same time (0: one for each processor)")
	f.IntVar(&pairs, "pairs", 0, "pairs of killed mutants to plant together: does one hide the other?")
	f.StringSliceVar(&s.cfg.Only, "only", nil, "only mutants of these tables (`names` with commas between)")
	s.apply(cmd)
	f.StringVar(&s.cfg.Out, "out", outFolder, "`folder` in which results are kept: an interrupted run goes on")
	f.StringVar(&s.out.json, "json", "", "write the results as JSON to this `file` (- is stdout)")
	return cmd
}

// mutate judges every mutant and reports the score.
func (s *shared) mutate(cmd *cobra.Command, args []string, pairs int) error {
	if err := s.prepare(cmd, args); err != nil {
		return err
	}
	if pairs < 0 {
		return usage(fmt.Errorf("--pairs %d: expected a number of pairs, 0 or more", pairs))
	}
	ctx := cmd.Context()
	t, err := props.Open(ctx, s.cfg)
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	state := mutate.State{Hash: t.Hash, Seed: s.cfg.Seed, Checks: s.cfg.Checks}
	done, err := mutate.ReadState(s.cfg.Out, state)
	if err != nil {
		return usage(err)
	}
	line := newProgress(cmd.ErrOrStderr())
	cfg := mutate.Config{Seed: s.cfg.Seed, Checks: s.cfg.Checks, Workers: s.cfg.Workers, Only: s.cfg.Only, Pairs: pairs, Done: done}
	var kept error
	cfg.Each = func(n, all int, r mutate.Result) {
		state.Results = append(state.Results, r)
		kept = state.Write(s.cfg.Out)
		line.note("%d of %d mutants; %s: %s, %s", n, all, r.Status, r.Object, r.Kind)
	}
	results, err := mutate.Run(ctx, t, cfg)
	line.end()
	var leaks *mutate.LeaksError
	if errors.As(err, &leaks) {
		return errors.Join(report.Text(cmd.OutOrStdout(), leaks.Report, report.Style{Color: colored(cmd.OutOrStdout())}), &exit{statusFound, err})
	}
	if err := errors.Join(err, kept); err != nil {
		return err
	}
	text := func(w io.Writer) error { return mutate.Text(w, results) }
	asJSON := func(w io.Writer) error {
		state.Results, state.Summary = results, mutate.SummaryOf(results)
		return indented(w, state)
	}
	if err := s.out.both(cmd, text, asJSON); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return &exit{status: statusInterrupted}
	case mutate.ScoreOf(results).Survived > 0:
		return &exit{status: statusFound}
	}
	return nil
}
