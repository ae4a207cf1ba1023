package carrier

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Question is where a policy asks a function about a column: it gives the function the column
// as an argument, or compares the column with what the function returns.
type Question struct {
	Table  *model.Table // of the policy
	Policy *model.Policy
	Of     *model.Table // that has the column
	Column int          // of Of, from 0
	Arg    int          // of the function, from 0; Returned: the column is compared with what it returns
}

// Returned stands in the place of an argument where a column is compared with what a function
// returns.
const Returned = -1

// Questions lists where the policies of a schema ask a function directly about a column.
func Questions(s *model.Schema, r *model.Routine) []Question {
	var out []Question
	for _, t := range s.Tables {
		for i := range t.Policies {
			for _, text := range []string{t.Policies[i].Using, t.Policies[i].Check} {
				if !sql.Mentions(text, r.Name) {
					continue
				}
				e, err := sql.ParseExpr(text)
				if err != nil {
					continue
				}
				for _, q := range slices.Concat(compared(e, r), given(text, r)) {
					if of, column := columnOf(s, t, e, q.column); of != nil {
						out = append(out, Question{Table: t, Policy: &t.Policies[i], Of: of, Column: column, Arg: q.arg})
					}
				}
			}
		}
	}
	return out
}

// mentioned is a column as a policy writes it.
type mentioned struct {
	column *sql.Column
	arg    int // as in Question
}

// compared lists the columns that are compared with the rows or the array of a function.
func compared(e sql.Expr, r *model.Routine) []mentioned {
	var out []mentioned
	sql.Walk(e, func(e sql.Expr) bool {
		var x sql.Expr
		text := ""
		switch e := e.(type) {
		case *sql.InQuery:
			x = e.X
			text, _ = sql.PrintQuery(e.Query, sql.PrintOptions{})
		case *sql.AnyArray:
			x = e.X
			text, _ = sql.Print(e.Array, sql.PrintOptions{})
		default:
			return true
		}
		if c, ok := x.(*sql.Cast); ok {
			x = c.X
		}
		if c, ok := x.(*sql.Column); ok && sql.Mentions(text, r.Name) {
			out = append(out, mentioned{c, Returned})
		}
		return true
	})
	return out
}

// given lists the columns that are arguments of a function, each by itself.
func given(text string, r *model.Routine) []mentioned {
	var out []mentioned
	for _, args := range Calls(text, r) {
		for n, arg := range args {
			e, err := sql.ParseExpr(arg)
			if err != nil {
				continue
			}
			if c, ok := e.(*sql.Cast); ok {
				e = c.X
			}
			if c, ok := e.(*sql.Column); ok {
				out = append(out, mentioned{c, n})
			}
		}
	}
	return out
}

// Calls lists the calls of a routine in a text: of each, the texts of its arguments.
func Calls(text string, r *model.Routine) [][]string {
	var out [][]string
	for _, c := range sql.Calls(text) {
		if c.Name == r.Name && len(c.Args) >= r.Least() && len(c.Args) <= len(r.Args) { // or it is another one of this name
			out = append(out, c.Args)
		}
	}
	return out
}

// columnOf is the column that a mention in a policy of a table means: its own, or one of a
// table that a sub-select names; nil where that is no table of the schema.
func columnOf(s *model.Schema, t *model.Table, e sql.Expr, c *sql.Column) (*model.Table, int) {
	of := t
	if c.Qualifier != "" {
		for _, inner := range sql.Tables(e) {
			if inner.Alias == c.Qualifier || inner.Alias == "" && inner.Name == c.Qualifier {
				of = tableOf(s, inner)
			}
		}
		if of == t && c.Qualifier != t.Name {
			return nil, -1
		}
	}
	if of == nil {
		return nil, -1
	}
	if n := of.Column(c.Name); n >= 0 {
		return of, n
	}
	return nil, -1
}

// tableOf is the table of the schema that a sub-select names; nil for another one, or where
// several have the name.
func tableOf(s *model.Schema, t *sql.Table) *model.Table {
	var found *model.Table
	for _, o := range s.Tables {
		if o.Name != t.Name || t.Schema != "" && o.Schema != t.Schema {
			continue
		}
		if found != nil {
			return nil
		}
		found = o
	}
	return found
}

// Keyed is the table whose key the question's column is, or refers to.
func (q *Question) Keyed() *model.Table {
	for i := range q.Of.ForeignKeys {
		if k := &q.Of.ForeignKeys[i]; len(k.Columns) == 1 && k.Columns[0] == q.Column && k.Target != nil {
			return k.Target
		}
	}
	return q.Of
}
