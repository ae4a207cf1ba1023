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
		Short: "Check a schema against its contract: saved cases, the matrix, random sequences",
		Args:  cobra.MaximumNArgs(1),
		RunE:  s.check,
	}
	s.server(cmd)
	s.budget(cmd)
	cmd.Flags().BoolVar(&s.cfg.SkipMatrix, "random-only", false, "search at random only, without walking the matrix first")
	cmd.Flags().BoolVar(&s.cfg.SkipRandom, "matrix-only", false, "walk the matrix only")
	return cmd
}

func fuzzCommand() *cobra.Command {
	var s shared
	cmd := &cobra.Command{
		Use:   "fuzz [CONTRACT]",
		Short: "Search for a long time; keep going after a finding",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.cfg.Seed == 0 {
				s.cfg.Seed = draw()
			}
			s.cfg.Endless = s.cfg.Checks == 0 && s.cfg.Duration == 0
			line := newStatus(cmd.ErrOrStderr())
			defer line.end()
			s.cfg.Progress = line.show
			s.cfg.Found = func(b *props.Block) { line.say("found: %s", title(b)) }
			s.before = line.end
			return s.check(cmd, args)
		},
	}
	s.server(cmd)
	s.budget(cmd)
	return cmd
}

func title(b *props.Block) string {
	f := b.Finding
	where := b.Dir
	if b.Unsaved != nil {
		where = "NOT SAVED: " + b.Unsaved.Error()
	}
	return fmt.Sprintf("%s: %s %s (%s) %s", f.Session, f.Divergence.Cell.Action(), f.Divergence.Cell.Object(f.Contract.Schema), f.Class, where)
}

// check opens the contract, searches and reports.
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
	if r == nil {
		return err
	}
	if s.before != nil {
		s.before()
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
	return outcome(r, ctx.Err() != nil)
}
