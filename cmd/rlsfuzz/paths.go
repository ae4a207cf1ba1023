package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/inventory"
)

func pathsCommand() *cobra.Command {
	var s shared
	var statements string
	cmd := &cobra.Command{
		Use:   "paths [CONTRACT]",
		Short: "List every way into tenant data, and what of it is covered",
		Long: `List every way into tenant data: tables, views, functions, the contract's paths,
roles, and statements of the application; and what of it the last check covered.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.paths(cmd, args, statements)
		},
	}
	s.server(cmd)
	s.apply(cmd)
	f := cmd.Flags()
	f.StringVar(&s.cfg.Out, "out", outFolder, "`folder` in which the last check left what it covered")
	f.StringVar(&s.out.json, "json", "", "write the inventory as JSON to this `file` (- is stdout)")
	f.StringVar(&statements, "statements", "", "`file` of what the application runs: pg_stat_statements as CSV, or a server log (stderr or csvlog)")
	return cmd
}

// paths opens the contract and prints the inventory.
func (s *shared) paths(cmd *cobra.Command, args []string, statements string) error {
	if err := s.prepare(cmd, args); err != nil {
		return err
	}
	var seen []inventory.Statement
	if statements != "" {
		data, err := os.ReadFile(statements)
		if err != nil {
			return usage(fmt.Errorf("--statements %s: %w: name a file that can be read", statements, plain(err)))
		}
		if seen, err = inventory.ReadStatements(statements, data); err != nil {
			return usage(fmt.Errorf("--statements %w", err))
		}
	}
	t, err := props.Open(cmd.Context(), s.cfg)
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	v, err := t.Inventory(s.cfg.Out, seen)
	if err != nil {
		return err
	}
	return s.out.both(cmd, v.Text, v.JSON)
}
