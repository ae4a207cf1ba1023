package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/disk"
	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// Where things are unless a flag or an argument says otherwise.
const (
	contractFile = "rlsfuzz.yaml"
	outFolder    = ".rlsfuzz"
)

// shared is the flags that several commands have.
type shared struct {
	cfg    props.Config
	out    outputs
	before func() // is called before the report is printed; may be nil
}

// server adds the flags that choose a server.
func (s *shared) server(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.cfg.Postgres, "postgres", "auto", "`server`: auto, a connection string, a folder of binaries, npm:17, or an image such as postgres:17")
	f.BoolVar(&s.cfg.AllowAnyServer, "allow-any-server", false, "use a server given by a connection string even if it does not look meant for tests")
}

// apply adds the flag that names SQL to run after the schema.
func (s *shared) apply(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&s.cfg.Apply, "apply", nil, "`file` of SQL to run after the schema: a migration under review, a planted leak; may be given several times")
}

// budget adds the flags that a search has: how long, over what, where its findings go.
func (s *shared) budget(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Uint64Var(&s.cfg.Seed, "seed", 0, "where random search begins (0: derived or drawn, and printed)")
	f.IntVar(&s.cfg.Checks, "checks", 0, "end after so many random checks")
	f.DurationVar(&s.cfg.Duration, "duration", 0, "end after so long, such as 90s or 2h")
	f.IntVar(&s.cfg.Workers, "workers", 0, "checks at the same time (0: one for each processor)")
	f.StringSliceVar(&s.cfg.Only, "only", nil, "only these sessions, tables and paths (`names` with commas between)")
	s.apply(cmd)
	f.StringVar(&s.cfg.Out, "out", outFolder, "`folder` of findings")
	s.out.flags(cmd)
	f.BoolVar(&s.cfg.Strict, "strict", false, "fail also for what Postgres documents: what keys tell, views without security_barrier, search paths")
}

// randomOnly adds the flag that leaves out the walk.
func (s *shared) randomOnly(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.cfg.SkipMatrix, "random-only", false, "search at random only, without walking the matrix first")
}

// validate refuses values that make no sense, before any work: the error is a mistake of
// the user.
func (s *shared) validate(cmd *cobra.Command) error {
	switch {
	case s.cfg.SkipMatrix && s.cfg.SkipRandom:
		return usage(errors.New("--matrix-only and --random-only: together they leave nothing to do"))
	case s.cfg.SkipRandom && s.cfg.Checks > 0:
		return usage(errors.New("--matrix-only and --checks: these count random checks, of which there are none then; leave one of them out"))
	case s.cfg.Patience < 0:
		return usage(fmt.Errorf("--patience %s: expected a length of time, such as 90s", s.cfg.Patience))
	case s.cfg.Checks < 0:
		return usage(fmt.Errorf("--checks %d: expected a number of checks, 1 or more", s.cfg.Checks))
	case s.cfg.Duration < 0:
		return usage(fmt.Errorf("--duration %s: expected a length of time, such as 90s", s.cfg.Duration))
	case s.cfg.Workers < 0:
		return usage(fmt.Errorf("--workers %d: expected a number of workers, 1 or more", s.cfg.Workers))
	}
	for _, name := range s.cfg.Apply {
		if _, err := os.Stat(name); err != nil {
			return usage(fmt.Errorf("--apply %s: %w: name a file of SQL", name, plain(err)))
		}
	}
	if err := s.out.validate(); err != nil {
		return err
	}
	if f := cmd.Flags().Lookup("out"); f != nil && cmd.Name() != "paths" { // which only reads there
		return room(s.cfg.Out)
	}
	return nil
}

// room makes sure that a folder can be had and written, and leaves in it all but what killed runs
// did not put in its place. A disk that is full may have room again: that is told when something is kept.
func room(dir string) (err error) {
	missing := []string{}
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		missing = append(missing, at)
	}
	defer func() {
		for _, made := range missing {
			_ = os.Remove(made)
		}
		if errors.Is(err, syscall.ENOSPC) {
			err = nil
		}
		if err != nil {
			err = usage(fmt.Errorf("--out %s: %w: name a folder that can be written", dir, plain(err)))
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_ = session.Sweep(dir) // what cannot be removed does no harm
	f, err := os.CreateTemp(dir, disk.Temporary+"tried-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// plain is the cause of an error of the file system, without the call and the path, which
// the message around it names already.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// logTo prints progress to a person's terminal, apart from the report.
func (s *shared) logTo(w io.Writer) {
	s.cfg.Log = func(format string, args ...any) { fmt.Fprintf(w, "rlsfuzz: "+format+"\n", args...) }
}

// prepare settles which contract is meant, and validates the flags.
func (s *shared) prepare(cmd *cobra.Command, args []string) error {
	s.logTo(cmd.ErrOrStderr())
	s.cfg.Contract = contractFile
	if len(args) == 1 {
		s.cfg.Contract = args[0]
	}
	return s.validate(cmd)
}
