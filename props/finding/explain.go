package finding

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Explanation is what experiments with a finding showed. The zero value says nothing.
type Explanation struct {
	Carrier Carrier
	Fix     Fix
	// Reproduced of Times runs with real logins and commits showed the finding again; both
	// are 0 where nobody asked.
	Reproduced, Times int
	// Free is the values of the case that may be anything: replaced by others, NULL among
	// them where the column takes it, all at once, the case shows the same.
	Free []Free
}

// Carrier is the object of the schema that carries a leak.
type Carrier struct {
	Object string // in full: policy tickets_read on tickets; empty where it is not known
	SQL    string // the statement that makes it what it is: CREATE POLICY …; may be empty
	File   string // the schema's file that says so last; empty where it is not known
	Line   int
}

// Fix is statements that mend a finding.
type Fix struct {
	SQL  []string // without semicolons; empty: there is none
	Note string   // why there is none, or what else there is to say
	// Unsought is why none was looked for; empty where one was.
	Unsought string
	// Pool is what the pool must run when a connection comes back, so that the case no longer
	// leaks; empty where nothing of that kind was found.
	Pool string
	// Checks is how many checks ran with and without it: none showed a new lockout or
	// divergence.
	Checks int
}

// Free is a value of the case: in a row, or an argument of a step.
type Free struct {
	Table  string // label
	Row    int    // of the case's rows of the table, from 0; -1 for an argument
	Column string
	Step   int // of an argument, from 0
	Arg    int // of an argument, from 0
}

// at is where the schema says what the carrier is: schema.sql:12.
func (c *Carrier) at(contract string) string {
	if c.File == "" {
		return ""
	}
	file := c.File
	if rel, err := filepath.Rel(filepath.Dir(contract), file); err == nil && contract != "" && !strings.HasPrefix(rel, "..") {
		file = rel
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(file), c.Line)
}

// Place is the carrier's file and line; empty where it is not known.
func (c *Carrier) Place() string { return c.at("") }

// caused is the cause with its place, for a terminal.
func (f *Finding) caused() string {
	c := f.Carrier
	if filepath.IsAbs(c.File) { // too long to read
		c.File = filepath.Base(c.File)
	}
	at := c.at("")
	if f.Cause == "" || at == "" {
		return f.Cause
	}
	return f.Cause + " (" + at + ")"
}

// Sure says how often the finding was reproduced; empty where nobody asked.
func (e *Explanation) Sure() string {
	if e.Times == 0 {
		return ""
	}
	return fmt.Sprintf("reproduced %d of %d with real logins and commits", e.Reproduced, e.Times)
}

// Fixed is the fix in one text; else why there is none; empty where nothing is known.
func (e *Explanation) Fixed() string {
	text := strings.Join(e.Fix.SQL, "; ")
	switch {
	case e.Fix.Pool != "":
		return e.Fix.Pool + ", by the pool, when a connection comes back (release: in the contract)"
	case text == "":
		return cmp.Or(e.Fix.Unsought, e.Fix.Note)
	case e.Fix.Note != "":
		return text + " (" + e.Fix.Note + ")"
	}
	return text
}

// Whatever names the values of Free for people: name, slug of accounts.
func (e *Explanation) Whatever() string {
	var tables []string
	columns := map[string][]string{}
	for _, f := range e.Free {
		if !slices.Contains(tables, f.Table) {
			tables = append(tables, f.Table)
		}
		if !slices.Contains(columns[f.Table], f.Column) {
			columns[f.Table] = append(columns[f.Table], f.Column)
		}
	}
	parts := make([]string, len(tables))
	for i, t := range tables {
		parts[i] = strings.Join(columns[t], ", ") + " of " + t
	}
	return strings.Join(parts, "; ")
}

// free lists the columns of a row that may hold anything.
func (e *Explanation) free(table string, row int) []string {
	var out []string
	for _, f := range e.Free {
		if f.Table == table && f.Row == row {
			out = append(out, f.Column)
		}
	}
	return out
}

// freeArgs lists the arguments of a step that may be anything, from 1.
func (e *Explanation) freeArgs(step int) []string {
	var out []string
	for _, f := range e.Free {
		if f.Row < 0 && f.Step == step {
			out = append(out, fmt.Sprintf("$%d", f.Arg+1))
		}
	}
	return out
}
