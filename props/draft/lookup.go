package draft

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// holder is the column that an expression is, or a part of one, or the column that a function
// of the schema's own looks up for it: firm_of(case_id) is cases.firm_id.
func (e *evidence) holder(x sql.Expr, in scope) (Column, bool) {
	if o, ok := bare(x).(*sql.Opaque); ok {
		if value, key, of, found := e.looksUp(o, in); found {
			if sameType(key, of) {
				e.same = append(e.same, [2]Column{of, key})
			}
			return value, true
		}
	}
	return in.holder(x)
}

// looksUp recognises the call of a function with one column, of, for its argument: its value is
// the column value of the row whose column key equals the argument.
func (e *evidence) looksUp(o *sql.Opaque, in scope) (value, key, of Column, found bool) {
	of, text, ok := in.about(o)
	m := called.FindStringSubmatch(text)
	if !ok || m == nil || text != m[0]+hole+")" {
		return value, key, of, false
	}
	for _, f := range e.survey.Functions {
		if f.Name != m[2] || m[1] != "" && f.Schema != m[1] || f.Set || len(f.Args) == 0 || len(f.Args) > 1 && !f.Args[1].Default {
			continue
		}
		if q, ok := f.query(); ok && q.Opaque == nil && len(q.From) == 1 && q.Where != nil {
			inner := scope{survey: e.survey}.with(q)
			if value, ok = inner.column(q.Target); !ok {
				continue
			}
			if key, ok = keyed(q.Where, f.Args[0].Name, inner); ok {
				return value, key, of, true
			}
		}
	}
	return value, key, of, false
}

// keyed is the column that a condition compares with a function's first parameter, whose name is
// given.
func keyed(where sql.Expr, parameter string, in scope) (Column, bool) {
	given := func(x sql.Expr) bool {
		switch y := bare(x).(type) {
		case *sql.Column:
			_, table := in.column(y)
			return !table && strings.EqualFold(y.Name, parameter)
		case *sql.Var:
			return y.Name == "1"
		}
		return false
	}
	for _, x := range conjuncts(where) {
		c, ok := x.(*sql.Compare)
		if !ok || c.Op != "=" {
			continue
		}
		if at, ok := in.column(c.L); ok && given(c.R) {
			return at, true
		}
		if at, ok := in.column(c.R); ok && given(c.L) {
			return at, true
		}
	}
	return Column{}, false
}

// lookup recognises a function whose value is a column of the row that a setting
// names: SELECT user_id FROM sessions WHERE id = current_session_id().
func (e *evidence) lookup(text string) *Source {
	m := called.FindStringSubmatch(text)
	if m == nil || e.probe.err != nil {
		return nil
	}
	if s, ok := e.probe.known["lookup "+text]; ok {
		return s
	}
	var found *Source
	for _, f := range e.survey.Functions {
		if f.Name == m[2] && (m[1] == "" || f.Schema == m[1]) && len(f.Args) == 0 && !f.Set {
			if q, ok := f.query(); ok && found == nil {
				found = e.lookupOf(q)
			}
		}
	}
	e.probe.known["lookup "+text] = found
	return found
}

// lookupOf is the source of a query's value where that is a column of the row that a setting
// names; nil for others.
func (e *evidence) lookupOf(q *sql.Query) *Source {
	if q.Opaque != nil || len(q.From) == 0 || q.Where == nil {
		return nil
	}
	in := scope{survey: e.survey}.with(q)
	value, ok := in.column(q.Target)
	if !ok {
		return nil
	}
	for _, x := range conjuncts(q.Where) { // the rest says which rows are valid: not yet expired
		c, is := x.(*sql.Compare)
		if !is || c.Op != "=" {
			continue
		}
		for _, sides := range [][2]sql.Expr{{c.L, c.R}, {c.R, c.L}} {
			key, ok := in.column(anyCase(sides[0]))
			if s := e.source(anyCase(sides[1])); ok && s != nil && s.Lookup == nil {
				out := *s
				out.Lookup = &Lookup{Key: key, Value: value.items()}
				return &out
			}
		}
	}
	return nil
}
