package draft

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// bodies reads the functions that are more than one query. What they say counts only for settings
// and claims of which nothing else says what they hold, such as the user that an audit trigger
// writes into its log.
func (e *evidence) bodies() {
	inside := &evidence{survey: e.survey, probe: e.probe}
	for _, f := range e.survey.Functions {
		if slices.Contains(e.survey.Own, f.Schema) {
			continue
		}
		if _, one := f.query(); !one {
			inside.body(f, nil)
		}
	}
	for _, q := range inside.equal {
		known := slices.ContainsFunc(e.sources, func(s *Source) bool { return s.place() == q.source.place() })
		if known || q.source.Role() {
			continue
		}
		e.sources = append(e.sources, q.source)
		for _, o := range inside.equal {
			if o.source == q.source {
				e.equal = append(e.equal, o)
			}
		}
	}
}

// body notes what each statement of a function compares and writes. given is the sources of its
// parameters by name and by number, as $1.
func (e *evidence) body(f *Function, given map[string]*Source) {
	if f.Language != "plpgsql" && f.Language != "sql" {
		return
	}
	in := scope{survey: e.survey, given: maps.Clone(given)}
	if in.given == nil {
		in.given = map[string]*Source{}
	}
	for _, step := range sql.Steps(f.Body) {
		c, err := sql.ParseChange(step.Text)
		if err != nil {
			continue
		}
		e.change(c, in)
		if s := e.value(c, in); s != nil && step.Into != "" {
			in.given[step.Into] = s
		}
	}
}

// value is the source of the value that a query without tables gives; nil for none.
func (e *evidence) value(c *sql.Change, in scope) *Source {
	if c.Table != nil || c.Query.Target == nil || len(c.Query.From) > 0 {
		return nil
	}
	return e.held(c.Query.Target, in)
}

// change notes what a statement compares, and which columns it sets to what the session brings.
func (e *evidence) change(c *sql.Change, in scope) {
	e.query(c.Query, in)
	if c.Table == nil {
		return
	}
	table, inner := in.table(c.Table), in.with(c.Query)
	for _, set := range c.Sets {
		e.expr(set.Value, inner)
		if column, ok := written(table, &set); ok {
			if s := e.held(set.Value, inner); s != nil {
				e.equal = append(e.equal, equality{column: column, source: s, op: "=", set: true})
			}
		}
	}
}

// written is the column of a table that a statement sets; false where that is not known.
func written(table *model.Table, set *sql.Set) (Column, bool) {
	if table == nil {
		return Column{}, false
	}
	at := set.At
	if set.Column != "" {
		at = table.Column(set.Column)
	}
	return Column{Table: table, Column: at}, at >= 0 && at < len(table.Columns)
}
