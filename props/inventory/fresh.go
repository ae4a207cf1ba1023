package inventory

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Fresh is what is new or changed since a check, or since files were applied to the schema, and all
// that it bears on.
type Fresh struct {
	ids   map[string]bool
	names []string // of the views and routines among them, without their schemas
}

// NewFresh compares a catalog with what it was before: at the last check, or when nothing was applied
// to the schema. Those that are nil make nothing fresh.
func NewFresh(c *model.Contract, cat *Catalog, before ...*Coverage) *Fresh {
	f := &Fresh{ids: map[string]bool{}}
	for id, print := range Prints(c, cat) {
		if slices.ContainsFunc(before, func(b *Coverage) bool { return b.Mark(id, print) != Same }) {
			f.ids[id] = true
		}
	}
	for grown := len(f.ids) > 0; grown; {
		grown = false
		for _, o := range cat.Objects {
			for _, n := range o.Needs {
				// A table's change is no change of the views over it, but a function's is of
				// the policies that ask it, and a view's of what reads through it.
				if id := o.ID(); !f.ids[id] && n.To.Kind > ForeignTable && f.ids[n.To.ID()] {
					f.ids[id], grown = true, true
				}
			}
		}
	}
	for _, o := range cat.Objects {
		if o.Kind > ForeignTable && f.ids[o.ID()] {
			f.names = append(f.names, o.Name)
		}
	}
	return f
}

// Any reports whether anything is fresh.
func (f *Fresh) Any() bool { return f != nil && len(f.ids) > 0 }

// Table reports whether a table is fresh, or what its policies and triggers call.
func (f *Fresh) Table(t *model.Table) bool { return f.ids["table "+t.Label()] }

// Path reports whether a path is fresh, or names a view or a routine that is.
func (f *Fresh) Path(p *model.Path) bool {
	named := func(text string) bool {
		return slices.ContainsFunc(f.names, func(name string) bool { return sql.Mentions(text, name) })
	}
	switch {
	case p.View != nil:
		return slices.Contains(f.names, p.View.Name)
	case p.Routine != nil:
		return slices.Contains(f.names, p.Routine.Name)
	}
	return f.ids["path "+p.Name] || slices.ContainsFunc(p.Run, named)
}

// Session reports whether the role that a session acts as is fresh.
func (f *Fresh) Session(c *model.Contract, s *model.Session) bool {
	for _, role := range acting(c, s) {
		if f.ids[roleID(role)] {
			return true
		}
	}
	return false
}
