package run

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// wholeSchema is how many tables are always observed, whatever a scenario touches.
const wholeSchema = 24

// reach is the tables that a scenario can touch. The others hold the schema's own rows
// before, during and after it: they are not read again.
type reach struct {
	tables     []bool // by Table.ID; nil: all
	everything string // the superuser's observation of them
	given      string // the same without what is generated
	mask       map[maskKey]*maskPlan
}

func (r *reach) has(t *model.Table) bool { return r.tables == nil || r.tables[t.ID] }

// watches reports whether a table is read, by itself.
func (r *reach) watches(t *model.Table) bool { return watched(t) && r.has(t) }

// reaches finds and keeps the tables that scenarios can touch.
type reaches struct {
	schema   *model.Schema
	labels   map[string]*model.Table
	children [][]*model.Table // by Table.ID: the tables that refer to it
	parts    [][]bool         // sets of tables that many scenarios have in common
	made     map[string]*reach
}

func newReaches(s *model.Schema, parts [][]bool) *reaches {
	r := &reaches{schema: s, labels: map[string]*model.Table{}, children: make([][]*model.Table, len(s.Tables)), made: map[string]*reach{}}
	if len(parts) > 1 {
		r.parts = parts
	}
	for _, t := range s.Tables {
		r.labels[t.Label()] = t
		for i := range t.ForeignKeys {
			if k := &t.ForeignKeys[i]; k.Target != nil {
				r.children[k.Target.ID] = append(r.children[k.Target.ID], t)
			}
		}
	}
	return r
}

// of is what sequences on some rows can touch: the tables of the rows, those that the
// statements name, what refers to them, and what their triggers name. A statement
// written by hand, and a path, may touch all.
func (r *reaches) of(data [][]model.Row, sequences ...[]model.Step) *reach {
	if len(r.schema.Tables) <= wholeSchema {
		return r.keep(nil)
	}
	set := make([]bool, len(r.schema.Tables))
	for i := range data {
		set[i] = len(data[i]) > 0
	}
	for _, steps := range sequences {
		for i := range steps {
			s := steps[i].Op.Shape
			if s == nil {
				return r.keep(nil)
			}
			set[s.Table.ID] = true
			for _, t := range s.Tables() {
				set[t.ID] = true
			}
		}
	}
	if !r.follow(set) {
		return r.keep(nil)
	}
	for _, part := range r.parts {
		if covers(part, set) {
			whole := append([]bool(nil), part...)
			if r.follow(whole) {
				return r.keep(whole)
			}
		}
	}
	return r.keep(set)
}

// follow adds what changes along with the tables of a set: those whose own rows refer
// to them, and those that triggers and functions name. It is false when that may be any.
func (r *reaches) follow(set []bool) bool {
	for changed := true; changed; {
		changed = false
		for i, t := range r.schema.Tables {
			if !set[i] {
				continue
			}
			for _, child := range r.children[i] {
				if !set[child.ID] && len(child.Seed) > 0 {
					set[child.ID], changed = true, true
				}
			}
			for _, label := range t.Stirs {
				if label == "*" {
					return false
				}
				if o := r.labels[label]; o != nil && !set[o.ID] {
					set[o.ID], changed = true, true
				}
			}
		}
	}
	return true
}

func covers(part, set []bool) bool {
	for i := range set {
		if set[i] && !part[i] {
			return false
		}
	}
	return true
}

// mostReaches bounds the sets that are kept with their statements.
const mostReaches = 512

func (r *reaches) keep(set []bool) *reach {
	key := make([]byte, len(set))
	for i := range set {
		if set[i] {
			key[i] = 1
		}
	}
	if have := r.made[string(key)]; have != nil {
		return have
	}
	if len(r.made) >= mostReaches {
		clear(r.made)
	}
	out := &reach{tables: set, mask: map[maskKey]*maskPlan{}}
	out.everything = observation(r.schema, func(t *model.Table) ([]bool, bool) { return nil, out.has(t) })
	out.given = observation(r.schema, func(t *model.Table) ([]bool, bool) { return t.Given(), out.has(t) })
	r.made[string(key)] = out
	return out
}
