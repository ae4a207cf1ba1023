package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// outputs says where a report goes besides the terminal.
type outputs struct {
	json, html, junit, sarif string // files; - is stdout; empty: not written
	github                   bool   // annotations, and the job's summary
}

// flags adds the flags of a report's forms.
func (o *outputs) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.json, "json", "", "write the report as JSON to this `file` (- is stdout)")
	f.StringVar(&o.html, "html", "", "write it as one HTML page to this `file`")
	f.StringVar(&o.junit, "junit", "", "write it as JUnit XML to this `file`: a test case for each cell")
	f.StringVar(&o.sarif, "sarif", "", "write it as SARIF 2.1.0 to this `file`, for code scanning")
	f.BoolVar(&o.github, "github", false, "print annotations for GitHub Actions, and add a summary to $GITHUB_STEP_SUMMARY")
}

// form is one form of a report, the flag that asks for it, and the file that it goes to: - is
// stdout, empty is nowhere.
type form struct {
	flag, path string
	write      func(io.Writer) error
}

// list is the forms of a document, those that nobody asked for too.
func (o *outputs) list(d *report.Document, b report.Beside) []form {
	return []form{
		{"--json", o.json, d.JSON},
		{"--html", o.html, func(w io.Writer) error { return d.HTML(w, b) }},
		{"--junit", o.junit, d.JUnit},
		{"--sarif", o.sarif, d.SARIF},
	}
}

// validate finds out before the search, which may take hours, whether the reports can be
// written after it.
func (o *outputs) validate() error {
	on := ""
	for _, f := range o.list(&report.Document{}, report.Beside{}) {
		if f.path == "-" && on != "" {
			return usage(fmt.Errorf("%s - and %s -: only one of them can go to stdout; name a file for the other", on, f.flag))
		}
		if f.path == "-" {
			on = f.flag
		}
		for _, other := range o.list(&report.Document{}, report.Beside{}) {
			if other.flag != f.flag && f.path != "" && f.path != "-" && filepath.Clean(other.path) == filepath.Clean(f.path) {
				return usage(fmt.Errorf("%s and %s name one file, %s: name another for one of them", f.flag, other.flag, f.path))
			}
		}
		if err := writable(f.flag, f.path); err != nil {
			return err
		}
	}
	return nil
}

// writable makes sure that a file can be written, and leaves it as it is.
func writable(flag, path string) error {
	if path == "" || path == "-" {
		return nil
	}
	_, before := os.Stat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return usage(fmt.Errorf("%s %s: %w: name a file that can be written, or - for stdout", flag, path, plain(err)))
	}
	err = f.Close()
	if before != nil { // an empty file is no report
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// toStdout reports whether some form takes stdout, which the text leaves to it then.
func (o *outputs) toStdout() bool {
	return o.json == "-" || o.html == "-" || o.junit == "-" || o.sarif == "-"
}

// text is where a person reads: stdout, unless a form for programs goes there.
func (o *outputs) text(cmd *cobra.Command) io.Writer {
	if o.toStdout() {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

// publish writes the report to the terminal, keeps it in the folder of findings, and
// writes the forms that were asked for.
func (s *shared) publish(cmd *cobra.Command, r *props.Report) error {
	d := report.New(s.cfg, r, time.Now())
	beside := report.Beside{}
	if s.cfg.Out != "" {
		if err := d.Save(s.cfg.Out); err != nil { // what was found is told all the same
			fmt.Fprintln(cmd.ErrOrStderr(), "rlsfuzz: "+err.Error())
		}
		var err error
		if beside, err = readBeside(s.cfg.Out); err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "rlsfuzz: "+err.Error())
		}
	}
	out := s.out.text(cmd)
	return s.out.write(cmd, func() error { return report.Text(out, r, report.Style{Color: colored(out)}) }, d, beside)
}

// write prints the text, then writes the forms that were asked for.
func (o *outputs) write(cmd *cobra.Command, text func() error, d *report.Document, b report.Beside) error {
	var err error
	if o.github {
		err = d.Annotated(o.text(cmd), text)
		err = errors.Join(err, summarize(d))
	} else {
		err = text()
	}
	for _, f := range o.list(d, b) {
		err = errors.Join(err, store(cmd, f))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// store writes one form to its file, or to stdout.
func store(cmd *cobra.Command, f form) error {
	switch f.path {
	case "":
		return nil
	case "-":
		return f.write(cmd.OutOrStdout())
	}
	file, err := os.Create(f.path)
	if err != nil {
		return err
	}
	return errors.Join(f.write(file), file.Close())
}

// both gives a person the text and, if asked, programs the JSON: in a file, or on stdout
// instead of the text.
func (o *outputs) both(cmd *cobra.Command, text, asJSON func(io.Writer) error) error {
	err := errors.Join(text(o.text(cmd)), store(cmd, form{"--json", o.json, asJSON}))
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// indented writes a value as JSON.
func indented(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// summarize adds the summary to the file that GitHub shows with the job.
func summarize(d *report.Document) error {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write the job's summary ($GITHUB_STEP_SUMMARY): %w", err)
	}
	return errors.Join(d.Markdown(f), f.Close())
}

// colored reports whether a writer is a terminal that shows colours, and NO_COLOR does not
// forbid them.
func colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && cmp.Or(os.Getenv("TERM"), "dumb") != "dumb" && term.IsTerminal(int(f.Fd()))
}
