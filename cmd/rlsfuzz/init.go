package main

import (
	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
)

func initCommand() *cobra.Command {
	var s shared
	var cfg props.InitConfig
	var schema bool
	cmd := &cobra.Command{
		Use:   "init SOURCE…",
		Short: "Draft a contract from SQL files, migrations, a dump or a database",
		Long: `Draft a contract from SQL files, a folder of migrations in order, a dump by
pg_dump, or a database that a connection string names. The schema is loaded into
a scratch database; the database that is named is only read. What the draft
cannot know is a question in a comment next to a best guess.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if schema {
				return noArgs(cmd, args)
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				return indented(cmd.OutOrStdout(), contract.JSONSchema())
			}
			s.logTo(cmd.ErrOrStderr())
			cfg.Sources, cfg.Postgres, cfg.AllowAnyServer, cfg.Log = args, s.cfg.Postgres, s.cfg.AllowAnyServer, s.cfg.Log
			d, err := props.Init(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			tell(cmd.OutOrStdout(), d)
			return nil
		},
	}
	s.server(cmd)
	f := cmd.Flags()
	f.StringVar(&cfg.Contract, "contract", contractFile, "the `file` to write")
	f.BoolVar(&cfg.Overwrite, "force", false, "overwrite a contract that is there")
	f.BoolVar(&schema, "schema", false, "print the JSON Schema of contracts, for editors, and nothing else")
	f.StringVar(&cfg.Preset, "preset", "", "surroundings that the files expect: plain, supabase or postgrest (default: guessed)")
	return cmd
}
