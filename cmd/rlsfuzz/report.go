package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rlsfuzz/rlsfuzz/props/mutate"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

func reportCommand() *cobra.Command {
	var o outputs
	var schema, markdown bool
	cmd := &cobra.Command{
		Use:   "report [DIR]",
		Short: "Write what the last check found as HTML, JUnit XML, SARIF or JSON",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				_, err := cmd.OutOrStdout().Write(report.Schema())
				return err
			}
			dir := outFolder
			if len(args) == 1 {
				dir = args[0]
			}
			return o.report(cmd, dir, markdown)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print a summary in Markdown")
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of --json, and nothing else")
	return cmd
}

// report writes the report that a run left in a folder, or of a file, in other forms. Where
// none is asked for it writes report.html beside it.
func (o *outputs) report(cmd *cobra.Command, dir string, markdown bool) error {
	d, err := report.Load(dir)
	if err != nil {
		return usage(err)
	}
	folder := dir
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		folder = "" // a report of its own
	}
	if o.none() && !markdown {
		o.html = "report.html"
		if folder != "" {
			o.html = folder + "/report.html"
		}
	}
	if err := o.validate(); err != nil {
		return err
	}
	beside, err := readBeside(folder)
	if err != nil {
		return usage(err)
	}
	if err := o.write(cmd, func() error { return nil }, d, beside); err != nil {
		return err
	}
	if markdown {
		return d.Markdown(o.text(cmd))
	}
	for _, f := range o.list(d, beside) {
		if f.path != "" && f.path != "-" {
			fmt.Fprintf(o.text(cmd), "wrote %s\n", f.path)
		}
	}
	return nil
}

// none reports whether no form of the report was asked for.
func (o *outputs) none() bool {
	return o.json == "" && o.html == "" && o.junit == "" && o.sarif == "" && !o.github
}

// readBeside reads what a folder holds besides the report; all of it may be missing.
func readBeside(dir string) (b report.Beside, err error) {
	if dir == "" {
		return b, nil
	}
	b.Samples, err = report.Samples(dir)
	results, merr := mutate.ReadResults(dir)
	if len(results) > 0 {
		s := mutate.ScoreOf(results)
		b.Mutants = &report.Mutants{Killed: s.Killed, Survived: s.Survived, Equivalent: s.Equivalent, Refused: s.Refused, Rate: s.Rate()}
		for i := range results {
			if results[i].Status == mutate.Survived {
				b.Mutants.Survivors = append(b.Mutants.Survivors, results[i].Key+": "+results[i].Reason)
			}
		}
	}
	return b, errors.Join(err, merr)
}
