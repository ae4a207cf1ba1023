package draft

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// deepestCall is how many calls deep functions are followed that hand on what the session brings.
const deepestCall = 4

// calls goes into the functions that an expression gives what the session brings. What they compare
// the parameter with holds the same kind of value.
func (e *evidence) calls(x *sql.Opaque, in scope) {
	if in.depth >= deepestCall {
		return
	}
	text, _ := sql.Print(x, sql.PrintOptions{})
	for _, c := range sql.Calls(text) {
		for _, f := range e.survey.Functions {
			if f.Name == c.Name && (c.Schema == "" || f.Schema == c.Schema) && len(c.Args) > 0 && len(c.Args) <= len(f.Args) {
				e.invoke(f, c, in)
			}
		}
	}
}

// invoke reads the body of a function with the sources that its parameters are given.
func (e *evidence) invoke(f *Function, c sql.Call, in scope) {
	given := map[string]*Source{}
	for i, text := range c.Args {
		x, err := sql.ParseExpr(text)
		if err != nil {
			continue
		}
		if s := e.held(x, in); s != nil {
			given[f.Args[i].Name], given["$"+strconv.Itoa(i+1)] = s, s
		}
	}
	if q, ok := f.query(); ok && len(given) > 0 {
		e.query(q, scope{survey: e.survey, given: given, depth: in.depth + 1})
	}
}

// held is the source of an expression's value. A parameter has the source that it was given.
func (e *evidence) held(x sql.Expr, in scope) *Source {
	switch y := bare(x).(type) {
	case *sql.Column:
		return in.given[y.Name]
	case *sql.Var:
		return in.given["$"+y.Name]
	}
	return e.source(x)
}

// compares is the column that a function compares each parameter with, as a contract names it, by
// the parameter's place from 0; else the column that it writes it into: of a foreign key the one
// that this refers to, and none that is unique, where what stands there is taken.
func (e *evidence) compares(f *Function) map[int]string {
	marks, given := make([]*Source, len(f.Args)), map[string]*Source{}
	for i := range f.Args {
		marks[i] = &Source{}
		given[f.Args[i].Name], given["$"+strconv.Itoa(i+1)] = marks[i], marks[i]
	}
	reading := &evidence{survey: e.survey, probe: e.probe}
	if q, ok := f.query(); ok {
		reading.query(q, scope{survey: e.survey, given: given})
	} else {
		reading.body(f, given)
	}
	out, plain := map[int]string{}, map[int]string{}
	for _, q := range reading.equal {
		i := slices.Index(marks, q.source)
		if i < 0 || q.op != "=" || out[i] != "" {
			continue
		}
		column, into := q.column, out
		if q.set {
			if k := refers(column); k != nil {
				column = Column{Table: k.Target, Column: k.Targets[0]}
			} else if into = plain; plain[i] != "" || column.distinct() {
				continue
			}
		}
		if f.Args[i].takes(&column.Table.Columns[column.Column].Type) {
			into[i] = column.place()
		}
	}
	for i, column := range plain {
		if out[i] == "" && len(f.beside(f.Args[i])) == 0 {
			out[i] = column
		}
	}
	return out
}

// pieces notes the comparisons inside of SQL that only Postgres understands: a common
// table expression, a UNION, a query with LIMIT.
func (e *evidence) pieces(o *sql.Opaque, in scope) {
	inner := in.around(o)
	for i := 1; i+1 < len(o.Parts); i++ {
		if strings.TrimSpace(o.Parts[i].Text) != "=" {
			continue
		}
		l, r := side(&o.Parts[i-1]), side(&o.Parts[i+1])
		if l == nil || r == nil {
			continue
		}
		for _, pair := range [][2]sql.Expr{{l, r}, {r, l}} {
			if c, ok := inner.column(pair[0]); ok {
				if s := e.held(pair[1], inner); s != nil {
					e.equal = append(e.equal, equality{column: c, source: s, op: "=", table: in.base})
				}
			}
		}
	}
}

// side is what stands on one side of a sign; nil for anything but a column or a parameter.
func side(p *sql.Part) sql.Expr {
	switch {
	case p.Column != nil:
		return p.Column
	case p.Var != nil:
		return p.Var
	}
	return nil
}

// distinct reports whether a column is of a key, so that its values differ from row to row.
func (c Column) distinct() bool {
	return slices.Contains(c.Table.Key, c.Column) || slices.ContainsFunc(c.Table.Unique, func(u model.Unique) bool { return slices.Contains(u.Columns, c.Column) })
}
