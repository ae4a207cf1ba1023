package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

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
		Short: "Draft a contract from SQL files, a folder of migrations, a dump or a database",
		Long: `Draft a contract from SQL files, a folder of migrations in order, a dump by pg_dump,
or a database that a connection string names. The schema is loaded into a scratch
database; the database that is named is only read. What the draft cannot know is a
question in a comment next to a best guess.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if schema {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(contract.JSONSchema())
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
	f.StringVar(&cfg.Contract, "contract", "rlsfuzz.yaml", "the contract to write")
	f.BoolVar(&cfg.Overwrite, "force", false, "overwrite a contract that is there")
	f.BoolVar(&schema, "schema", false, "print the JSON Schema of contracts, for editors, and nothing else")
	f.StringVar(&cfg.Preset, "preset", "", "surroundings that the files expect: plain, supabase or postgrest (guessed)")
	return cmd
}

// The width of what is printed, and how many points to review it holds.
const (
	screenWidth = 80
	screenAsks  = 12
)

// tell prints on one screen what was understood and what to review.
func tell(w io.Writer, d *props.Drafted) {
	from := fmt.Sprintf("%d SQL files, preset %s", d.Files, d.Preset)
	if d.Files == 1 {
		from = "1 SQL file, preset " + d.Preset
	}
	if d.Database != "" {
		from = d.Database
	}
	if d.Why != "" {
		from += " (guessed: " + d.Why + ")"
	}
	hang(w, "read", from)
	for _, f := range d.Draft.Summary() {
		hang(w, f.Name, f.Text)
	}
	review := d.Draft.Review()
	if len(review) > 0 {
		fmt.Fprintln(w, "\nreview first:")
	}
	for i, r := range review {
		if i == screenAsks {
			fmt.Fprintf(w, "  and %d more in the contract (# ?)\n", len(review)-i)
			break
		}
		hang(w, "-", r)
	}
	fmt.Fprintf(w, "\nwrote %s", d.Contract)
	if d.Roles != "" {
		fmt.Fprintf(w, " and %s", d.Roles)
	}
	fmt.Fprintf(w, "; now: rlsfuzz check %s\n", quoted(d.Contract))
}

// hang prints a name and a text that is broken beside it.
func hang(w io.Writer, name, text string) {
	column := 11
	if name == "-" {
		column = 4
	}
	line := fmt.Sprintf("  %-*s", column-2, name)
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > screenWidth && strings.TrimSpace(line) != "" {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", column)
		}
		if !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}
