package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// column knows the values that one column may take.
type column struct {
	how      how
	pool     []model.Value // constants that rows, conditions and arguments share
	null     bool          // may be NULL
	canary   bool          // carries a unique token
	shared   bool          // rows of two tenants may have one token: it is not unique beyond each
	cycle    bool          // its values are few and named: rows take them in turn
	length   int           // limit in characters; 0 without
	distinct bool          // its values differ from row to row
	tree     bool          // its values are places in a tree, which rows take in turn
	spare    []string      // what the server is asked for when it refuses the pool

	contrasts []model.Value // of a value that is made of parts: see Contrasts
}

type how uint8

const (
	fromPool how = iota
	counted      // a key: 1, 2, 3, …
	absent       // never given: generated
	nowhere      // it refers to a table that is not judged: NULL
)

var null = model.Value{Null: true}

func text(s string) model.Value { return model.Value{Text: s} }

func texts(list ...string) []model.Value {
	out := make([]model.Value, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return out
}

// newColumn plans the values of a column. constants are those that rules compare it with.
func (p *Plan) newColumn(t *model.Table, i int, constants []string, generator string) column {
	c := &t.Columns[i]
	out := column{null: !c.NotNull, length: c.Type.Length, distinct: distinct(t, i)}
	switch {
	case c.Generated:
		out.how = absent
		return out
	case outward(t, i):
		out.how = nowhere
		return out
	case model.Contains(t.Key, i) && len(t.Key) == 1 && keyKind(c) && !limited(t, i):
		out.how = counted
		return out
	}
	list := listed(t, i)
	out.cycle = len(list) > 0 || len(constants) > 0 || c.Type.Kind == sql.Enum || c.Type.Kind == sql.Bool
	k := p.clues.found[model.ColumnRef{Table: t.ID, Column: i}]
	if len(list) == 0 {
		list = p.candidates(c, constants, k, generator, checked(t, i) || len(t.Bounds) > 0)
		out.cycle = out.cycle || len(k.values(&c.Type, false)) > 0
	}
	if out.distinct {
		list = p.widen(c, k, list)
	}
	if at := p.places(t, i); len(at) > 0 && len(listed(t, i)) == 0 {
		out.tree, out.cycle, list = true, true, append(at, list...)
	}
	out.pool = texts(list...)
	out.spare = slices.Concat(k.rarer(&c.Type), later(&c.Type, list), spare(&c.Type))
	if len(out.pool) == 0 {
		out.pool, out.cycle = []model.Value{null}, false
	}
	return out
}

// listed is the values that a CHECK of one column lists.
func listed(t *model.Table, i int) []string {
	for j := range t.Checks {
		if k := &t.Checks[j]; len(k.Values) > 0 && len(k.Columns) == 1 && k.Columns[0] == i {
			return k.Values
		}
	}
	return nil
}

// candidates are the values of a column without a list of its own: what the schema
// compares it with comes first.
func (p *Plan) candidates(c *model.Column, constants []string, k *clue, generator string, fit bool) []string {
	var out []string
	add := func(list []string) {
		for _, s := range list {
			if len(out) < 4*mostClues {
				note(&out, s)
			}
		}
	}
	if c.Type.Kind != sql.Bool && c.Type.Kind != sql.Enum {
		add(constants)
		add(k.values(&c.Type, fit))
	}
	add(p.types.pool(&c.Type, words(c, generator), 0))
	add(k.limits(&c.Type))
	return out
}

// wide is how many values a column gets that must differ from row to row.
const wide = 24

func (p *Plan) widen(c *model.Column, k *clue, list []string) []string {
	out := list
	if k != nil {
		for _, pattern := range k.patterns {
			for _, s := range matches(pattern, wide) {
				out = appendNew(out, s)
			}
		}
	}
	for _, s := range p.types.many(&c.Type, wide) {
		out = appendNew(out, s)
	}
	return out
}

func appendNew(list []string, s string) []string {
	if contains(list, s) {
		return list
	}
	return append(list, s)
}

// spare is what a column is tried with last.
func spare(ty *model.Type) []string {
	switch {
	case ty.Array:
		return []string{"{1}", "{1,2}", "{1,2,3}", "{a}", "{a,b}", "{a,b,c}", "{a,b,c,d}"}
	case ty.Kind == sql.Int, ty.Base == "numeric", ty.Base == "float4", ty.Base == "float8", ty.Base == "money":
		return stubborn.numbers
	case ty.Kind == sql.Text, ty.Base == "citext", ty.Base == "bpchar":
		return stubborn.texts
	case ty.Base == "json", ty.Base == "jsonb":
		return stubborn.json
	case ty.Kind != sql.Other:
		return nil
	}
	out := append([]string(nil), stubborn.unknown...)
	for n := range 8 {
		if s := nth(ty, n); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// outward reports whether a column refers to a table that is not judged.
func outward(t *model.Table, i int) bool {
	for j := range t.ForeignKeys {
		if k := &t.ForeignKeys[j]; k.Target == nil && model.Contains(k.Columns, i) {
			return true
		}
	}
	return false
}

// distinct reports whether a unique key or an exclusion reads a column.
func distinct(t *model.Table, i int) bool {
	if model.Contains(t.Key, i) {
		return true
	}
	for j := range t.Unique {
		if model.Contains(t.Unique[j].Columns, i) {
			return true
		}
	}
	for j := range t.Exclusions {
		x := &t.Exclusions[j]
		if model.Contains(x.Same, i) || model.Contains(x.Overlap, i) || model.Contains(x.Reads, i) {
			return true
		}
	}
	return false
}

func keyKind(c *model.Column) bool {
	return c.Type.Kind == sql.Int || c.Type.Kind == sql.UUID || c.Type.Kind == sql.Text
}
