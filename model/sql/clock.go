package sql

import (
	"strings"
	"time"
)

// Memberships and invitations that expire are rows with a time that is compared with the
// clock. Such a comparison is made in Go for columns of type timestamp with time zone and
// now(), and of type date and current_date: all sessions have the time zone UTC.

// clock compiles the comparison of such a column with the clock; nil where x is another one.
func (c *compiler) clock(x *Compare) condFunc {
	column, isColumn := x.L.(*Column)
	word, op := clockWord(x.R), x.Op
	if !isColumn || word == "" {
		word, op = clockWord(x.L), turned(op)
		if column, isColumn = x.R.(*Column); !isColumn || word == "" {
			return nil
		}
	}
	if c.isAtom(column) {
		return nil
	}
	o := c.column(column)
	if o.bad {
		return never
	}
	since := sinceNow
	if word == today {
		since = sinceToday
	}
	if o.typ != clockTypes[word] {
		c.leave(x, word+" and "+o.typ)
		return never
	}
	return func(f *Frame) Tri {
		v := o.get(f)
		if v.Null {
			return Unknown
		}
		order, known := since(v.Text, time.Now())
		if !known {
			return Unknown
		}
		return holds(op, order)
	}
}

// What the clock says, and the types of columns that are compared with it.
const (
	moment = "now()" // at which the transaction began
	today  = "current_date"
)

var clockTypes = map[string]string{moment: "timestamp with time zone", today: "date"}

// clockWord is what an expression asks of the clock; empty where it asks nothing.
func clockWord(e Expr) string {
	o, ok := e.(*Opaque)
	if !ok || len(o.Parts) != 1 {
		return ""
	}
	switch strings.ToLower(strings.TrimSpace(o.Parts[0].Text)) {
	case moment, "pg_catalog.now()", "current_timestamp":
		return moment
	case today:
		return today
	}
	return ""
}

// turned is an operator for operands that have changed sides.
func turned(op string) string {
	switch op[0] {
	case '<':
		if op == "<>" {
			return op
		}
		return ">" + op[1:]
	case '>':
		return "<" + op[1:]
	}
	return op
}

// holds tells whether an operator holds, of how its operands are ordered.
func holds(op string, order int) Tri {
	switch op {
	case "=":
		return tri(order == 0)
	case "<>":
		return tri(order != 0)
	}
	return tri(order < 0 && op[0] == '<' || order > 0 && op[0] == '>' || order == 0 && len(op) == 2)
}

// layouts are how Postgres prints times, by what is said of the zone.
var layouts = [...]string{"2006-01-02 15:04:05.999999Z07", "2006-01-02 15:04:05.999999Z07:00", "2006-01-02 15:04:05.999999Z07:00:00"}

// sinceNow orders a time, as Postgres prints it, and the clock: -1 for the past. A time that
// a default or a function of the same transaction gave is now() itself to Postgres, and of
// the past here: what expires then has expired for both.
func sinceNow(text string, now time.Time) (order int, known bool) {
	return since(text, now, layouts[:])
}

// sinceToday orders a date and the day of the clock.
func sinceToday(text string, now time.Time) (order int, known bool) {
	return since(text, now.UTC().Truncate(24*time.Hour), []string{time.DateOnly})
}

// since orders a time that is printed in one of some layouts, and another time.
func since(text string, other time.Time, layouts []string) (order int, known bool) {
	switch {
	case text == "-infinity", strings.HasSuffix(text, " BC"):
		return -1, true
	case text == "infinity", strings.IndexByte(text, '-') > 4: // a year of five digits
		return 1, true
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Compare(other), true
		}
	}
	return 0, false
}
