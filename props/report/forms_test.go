package report_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// TestJUnit judges the XML by the schema that Jenkins reads it with.
func TestJUnit(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	require.Need(t, "xmllint", err == nil, "install the package libxml2-utils")
	for name, d := range map[string]*report.Document{"full": full(), "run": leaky(t).document} {
		var b bytes.Buffer
		if err := d.JUnit(&b); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(lint, "--noout", "--nonet", "--schema", filepath.Join("testdata", "junit-10.xsd"), "-")
		cmd.Stdin = bytes.NewReader(b.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, b.String())
		}
	}
}

// TestJUnitCases counts: a case for each cell, of which those with a finding fail.
func TestJUnitCases(t *testing.T) {
	d := leaky(t).document
	var b bytes.Buffer
	if err := d.JUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, c := range d.Matrix {
		failed += min(c.Findings, 1)
	}
	if suites.Tests != len(d.Matrix) || suites.Failures != failed || failed == 0 {
		t.Errorf("%d cases, %d failures, want %d and %d", suites.Tests, suites.Failures, len(d.Matrix), failed)
	}
	for _, s := range suites.Suites {
		for _, c := range s.Cases {
			if want := strings.HasPrefix(c.Name, "select notes"); want != (c.Failure != nil) {
				t.Errorf("%s fails: %t", c.Name, c.Failure != nil)
			}
		}
	}
}

// TestBrokeOff has a search that broke off fail in each form, and one that came to its end in none.
func TestBrokeOff(t *testing.T) {
	r := *leaky(t).report
	r.Blocks, r.Leads = nil, nil
	for _, c := range []struct{ name, why, verdict, junit, sarif, markdown, github string }{
		{
			name: "broke off", why: "the server went away", verdict: "broke off: nothing found; ",
			junit: ` failures="0" errors="1">`, sarif: `"executionSuccessful": false`, markdown: "The search broke off: the server went away",
			github: "::error title=rlsfuzz::the search broke off: the server went away",
		},
		{name: "whole", verdict: "nothing found; ", junit: ` failures="0" errors="0">`, sarif: `"executionSuccessful": true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.BrokeOff = c.why
			d := report.New(props.Config{}, &r, time.Time{})
			if !strings.HasPrefix(d.Verdict, c.verdict) || d.Interrupted != (c.why != "") || d.BrokeOff != c.why {
				t.Errorf("verdict %q, interrupted %t, broke off %q", d.Verdict, d.Interrupted, d.BrokeOff)
			}
			for _, f := range []struct {
				write func(io.Writer) error
				want  string
			}{
				{d.JUnit, c.junit},
				{d.SARIF, c.sarif},
				{d.Markdown, c.markdown},
				{d.Annotations, c.github},
				{func(w io.Writer) error { return report.Text(w, &r, report.Style{}) }, "\n" + c.verdict},
			} {
				var b bytes.Buffer
				if err := f.write(&b); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(b.String(), f.want) || !strings.Contains(b.String(), c.why) || c.why == "" && strings.Contains(b.String(), "broke off") {
					t.Errorf("it has no %q, does not say why, or says that a whole search broke off:\n%s", f.want, b.String())
				}
			}
		})
	}
}

var command = regexp.MustCompile(`^::(error|notice|warning) (file=[^,:\r\n]+,line=[0-9]+,)?title=[^,:\r\n]+::[^\r\n]*$`)

// TestAnnotations finds nothing but whole commands, whatever the values hold.
func TestAnnotations(t *testing.T) {
	for name, d := range map[string]*report.Document{"full": full(), "run": leaky(t).document} {
		var b bytes.Buffer
		if err := d.Annotations(&b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) < len(d.Findings) {
			t.Errorf("%s: %d lines", name, len(lines))
		}
		for _, line := range lines {
			if !command.MatchString(line) {
				t.Errorf("%s: no command: %q", name, line)
			}
		}
	}
	var b bytes.Buffer
	if err := full().Annotations(&b); err != nil {
		t.Fatal(err)
	}
	if want := "::error file=a b/schema%2C1%3A%25.sql,line=1,title="; !strings.HasPrefix(b.String(), want) {
		t.Errorf("%q does not begin with %q", b.String(), want)
	}
}

// TestAnnotated keeps commands in a text from being obeyed.
func TestAnnotated(t *testing.T) {
	var b bytes.Buffer
	if err := leaky(t).document.Annotated(&b, func() error { b.WriteString("::set-env name=X::y\n"); return nil }); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	stop, found := strings.CutPrefix(lines[0], "::stop-commands::")
	if !found || len(stop) < 20 || lines[1] != "::set-env name=X::y" || lines[2] != "::"+stop+"::" || !strings.HasPrefix(lines[3], "::error file=") {
		t.Errorf("%s", b.String())
	}
}

// TestMarkdown keeps values from being markup.
func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := full().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "<script") || strings.Contains(text, "<img") || strings.Contains(text, "\n::") {
		t.Errorf("%s", text)
	}
	b.Reset()
	d := leaky(t).document
	if err := d.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## rlsfuzz: 1 finding, 1 cause", d.Findings[0].Key, "schema.sql:9", "| seed | 1 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %s\n%s", want, b.String())
		}
	}
}

// TestText fits 80 columns, names being what they are, and colours only where asked to.
func TestText(t *testing.T) {
	r := leaky(t)
	var plain, colored bytes.Buffer
	if err := report.Text(&plain, r.report, report.Style{}); err != nil {
		t.Fatal(err)
	}
	if err := report.Text(&colored, r.report, report.Style{Color: true}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(plain.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Errorf("colours that nobody asked for:\n%q", plain.String())
	}
	if !strings.Contains(colored.String(), "\x1b[1;31mLEAK (read)\x1b[0m") {
		t.Errorf("no colours:\n%q", colored.String())
	}
	if got := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(colored.String(), ""); got != plain.String() {
		t.Errorf("colours change the text:\n%s\n%s", got, plain.String())
	}
}
