package postgres

import (
	"fmt"
	"strings"
)

// Unavailable says that no server could be had: the environment failed (exit status 3), not
// the schema under test.
type Unavailable struct {
	Want   string   // what was asked for, without a password
	Tried  []string // one line for each attempt: what, and why it did not work
	Remedy []string // what a person can do about it
	Err    error    // the last attempt's error, if there was one
}

// Error is a headline, the attempts and the remedy, one a line.
func (u *Unavailable) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no PostgreSQL server (%s)", u.Want)
	for _, line := range u.Tried {
		b.WriteString("\n  tried " + indented(line))
	}
	for i, line := range u.Remedy {
		lead := "\n  remedy: "
		if i > 0 {
			lead = "\n      or: "
		}
		b.WriteString(lead + line)
	}
	return b.String()
}

// Unwrap gives the last attempt's error, so that a cancelled context can be told apart.
func (u *Unavailable) Unwrap() error { return u.Err }

func indented(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}

// generalRemedy is what helps when the choice was left to us.
var generalRemedy = []string{
	"install PostgreSQL 15 to 18 on this machine (on Debian: apt-get install postgresql)",
	"install npm, or start a Docker engine, so that a server can be fetched",
	"name a server meant for tests: --postgres postgres://user:password@localhost/postgres",
}
