package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
)

func fuzzCommand() *cobra.Command {
	var s shared
	var resume bool
	cmd := &cobra.Command{
		Use:   "fuzz [CONTRACT]",
		Short: "Search for hours or days, whatever is found or breaks meanwhile",
		Long: `Search for hours or days. A finding is saved and does not end the search, and a
server that fails is started again, or waited for.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.cfg.Endless = s.cfg.Checks == 0 && s.cfg.Duration == 0
			s.cfg.Restart = true
			line := newProgress(cmd.ErrOrStderr())
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

// title announces a finding in a line, with its folder. One that could not be saved is told
// with its whole case, which is nowhere else.
func title(b *props.Block) string {
	f := b.Finding
	what, where := "found", b.Dir
	if b.Accepted != "" {
		what, where = "accepted", "("+b.Accepted+") "+b.Dir
	}
	if b.Unsaved != nil {
		where = "NOT SAVED: " + b.Unsaved.Error() + "\n" + strings.TrimRight(string(b.Case), "\n")
	}
	return fmt.Sprintf("%s: %s: %s %s (%s) %s", what, f.Session, f.Action(), f.Object(), f.Class, where)
}
