package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

func cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean DSN",
		Short: "Remove the databases and roles that a killed run left on a server",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			removed, err := postgres.Clean(cmd.Context(), args[0], func(format string, a ...any) { fmt.Fprintf(out, format+"\n", a...) })
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "removed %d databases and %d roles, kept %d in use\n", len(removed.Databases), len(removed.Roles), len(removed.Kept))
			return nil
		},
	}
}
