package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

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
	s.randomOnly(cmd)
	cmd.Flags().BoolVar(&s.cfg.SkipRandom, "matrix-only", false, "walk the matrix only")
	return cmd
}

// randomOnly adds the flag that leaves out the walk.
func (s *shared) randomOnly(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.cfg.SkipMatrix, "random-only", false, "search at random only, without walking the matrix first")
}

func fuzzCommand() *cobra.Command {
	var s shared
	var resume bool
	cmd := &cobra.Command{
		Use:   "fuzz [CONTRACT]",
		Short: "Search for hours or days; keep going after a finding, whatever the server does",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.cfg.Endless = s.cfg.Checks == 0 && s.cfg.Duration == 0
			s.cfg.Restart = true
			line := newStatus(cmd.ErrOrStderr())
			defer line.end()
			s.cfg.Progress = line.show
			s.cfg.Found = func(b *props.Block) { line.say("%s", title(b)) }
			s.before = line.end
			if err := s.prepare(cmd, args); err != nil {
				return err
			}
			s.cfg.Log = func(format string, args ...any) { line.say("rlsfuzz: "+format, args...) }
			r, err := props.Fuzz(cmd.Context(), s.cfg, resume)
			return s.conclude(cmd, r, err)
		},
	}
	s.server(cmd)
	s.budget(cmd)
	s.randomOnly(cmd)
	cmd.Flags().BoolVar(&resume, "resume", false, "go on with the session in --out: same seed, next batch, counters; --checks counts the whole session")
	cmd.Flags().DurationVar(&s.cfg.Patience, "patience", 2*time.Minute, "how long to wait for a server that does not answer")
	return cmd
}

// title announces a finding. One that is nowhere else is told whole.
func title(b *props.Block) string {
	f := b.Finding
	what, where := "found", b.Dir
	if b.Accepted != "" {
		what, where = "accepted", "("+b.Accepted+") "+b.Dir
	}
	if b.Unsaved != nil {
		where = "NOT SAVED: " + b.Unsaved.Error() + "\n" + strings.TrimRight(string(b.Case), "\n")
	}
	return fmt.Sprintf("%s: %s: %s %s (%s) %s", what, f.Session, f.Divergence.Cell.Action(), f.Divergence.Cell.Object(f.Contract.Schema), f.Class, where)
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
	return s.conclude(cmd, r, err)
}

// conclude reports what a search came to; r is nil if it could not begin.
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
