package inventory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Prints is the hash of each object, each role and each path of the contract, by ID.
func Prints(c *model.Contract, cat *Catalog) map[string]string {
	out := map[string]string{}
	for _, o := range cat.Objects {
		out[o.ID()] = o.Print
	}
	for _, r := range cat.concerned(c) {
		out[roleID(r.Name)] = r.Print
	}
	for _, p := range c.Paths {
		if id := cat.PathID(p); out[id] == "" && !p.Asked() { // its view or table is there
			out[id] = pathPrint(p)
		}
	}
	return out
}

func roleID(name string) string { return "role " + name }

// PathID names a path among all ways. One that stands for an object of the catalog has
// that object's name.
func (c *Catalog) PathID(p *model.Path) string {
	if c.byID(p.Name) != nil {
		return p.Name
	}
	return "path " + p.Name
}

// byID finds an object; nil when there is none.
func (c *Catalog) byID(id string) *Object {
	for _, o := range c.Objects {
		if o.ID() == id {
			return o
		}
	}
	return nil
}

// pathPrint hashes what a path runs.
func pathPrint(p *model.Path) string {
	text, err := json.Marshal([]any{p.Kind, p.As, p.Run, p.Command, p.Args, p.Env, p.Output, p.Convert, p.Wildcards, p.MustFail})
	if err != nil {
		panic(fmt.Sprintf("inventory: a path: %v", err)) // it is plain values
	}
	return fingerprint(string(text))
}

// Fresh is what is new or changed since a check, and all that it bears on.
type Fresh struct {
	ids   map[string]bool
	names []string // of the views and routines among them, without their schemas
}

// NewFresh compares a catalog with the last check; without one nothing is fresh.
func NewFresh(c *model.Contract, cat *Catalog, last *Coverage) *Fresh {
	f := &Fresh{ids: map[string]bool{}}
	for id, print := range Prints(c, cat) {
		if last.Mark(id, print) != Same {
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

// acting lists the roles that a session acts as: one, or where the role follows from the
// tenant, those that tenants may have.
func acting(c *model.Contract, s *model.Session) []string {
	if s.Role.IsZero() {
		return named(c, s.Login, true)
	}
	return named(c, s.Role, false)
}

func named(c *model.Contract, name model.Name, login bool) []string {
	if !name.Follows() {
		return []string{name.Text}
	}
	return c.TenantRoles(name, login)
}

// concerned lists the roles that a contract's schema mentions and those that own something
// in it, by name; not the first superuser, nor Postgres' own.
func (c *Catalog) concerned(of *model.Contract) []*Role {
	names := map[string]bool{}
	for name := range of.Schema.Roles {
		names[name] = true
	}
	for _, o := range c.Objects {
		names[o.Owner] = true
	}
	var out []*Role
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if r := c.Roles[name]; r != nil && !r.Bootstrap && !predefined(name) {
			out = append(out, r)
		}
	}
	return out
}

// predefined reports whether a role is Postgres' own.
func predefined(role string) bool { return len(role) > 3 && role[:3] == "pg_" }
