package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
)

func checkCommand() *cobra.Command {
	var s shared
	cmd := &cobra.Command{
		Use:   "check [CONTRACT]",
		Short: "Check a schema against its contract, for CI",
		Long: `Check a schema against its contract, for CI: first the cases that earlier runs
saved, then the matrix, in which each session tries each command on each table
and each path, then random sequences.`,
		Args: cobra.MaximumNArgs(1),
		RunE: s.check,
	}
	s.server(cmd)
	s.budget(cmd)
	s.randomOnly(cmd)
	cmd.Flags().BoolVar(&s.cfg.SkipRandom, "matrix-only", false, "walk the matrix only, without searching at random after it")
	return cmd
}

// check opens the contract, searches once and reports.
func (s *shared) check(cmd *cobra.Command, args []string) error {
	if err := s.prepare(cmd, args); err != nil {
		return err
	}
	ctx := cmd.Context()
	t, err := props.Open(ctx, s.cfg)
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	r, err := props.Run(ctx, t, s.cfg)
	return s.conclude(cmd, r, err)
}

// conclude reports what a search came to, and gives the error that has the exit status. r is
// nil if the search could not begin; then err says why.
func (s *shared) conclude(cmd *cobra.Command, r *props.Report, err error) error {
	if r == nil {
		return err
	}
	if s.before != nil {
		s.before()
	}
	if err != nil && r.Checks == 0 && len(r.Blocks) == 0 {
		return err // a report of nothing would hide it
	}
	if early := s.publish(cmd, r); early != nil {
		err = errors.Join(early, err)
	}
	if err != nil && len(r.Blocks) == 0 {
		return err
	}
	if err != nil { // a finding counts, whatever came after it
		fmt.Fprintln(cmd.ErrOrStderr(), "rlsfuzz: "+err.Error())
	}
	return outcome(r, cmd.Context().Err() != nil)
}
