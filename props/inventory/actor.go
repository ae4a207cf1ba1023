package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// role adds a role: the sessions that log in or act as it, what it may use directly, and which
// tables' row security does not hold for what it reaches.
func (b *builder) role(r *Role) {
	w := Way{ID: roleID(r.Name), Kind: roleKind, Name: r.Name, Start: ByCatalog, Mark: b.options.Last.Mark(roleID(r.Name), r.Print)}
	var touched []Touch
	for _, o := range b.catalog.Objects {
		if b.foreign(o) {
			continue
		}
		if may := b.catalog.may(r.Name, o); may.Any() || r.Super {
			t := Touch{Object: o, Role: r.Name}
			if o.Kind == Table {
				t.Bypass = b.catalog.bypass(o, r.Name)
			}
			touched = append(touched, t)
		}
	}
	var direct []*Object
	for i := range touched {
		direct = append(direct, touched[i].Object)
	}
	past := b.bypasses(b.catalog.reachAll(direct, r.Name)) // also through views and routines
	for _, s := range b.contract.Sessions {
		login := slices.Contains(named(b.contract, s.Login, true), r.Name)
		acts := slices.Contains(acting(b.contract, s), r.Name)
		if !login && !acts {
			continue
		}
		w.Start = BySession
		if !acts {
			b.use(&w, member{role: r.Name}, touched, nil, nil, nil)
			u := &w.Users[len(w.Users)-1]
			u.Session, u.Rule, u.Bypass = s.Name, "logs in", past
			continue
		}
		b.use(&w, member{s, r.Name}, touched, s.Sees, s.Writes, nil)
		u := &w.Users[len(w.Users)-1]
		u.Rule, u.Bypass = "acts as it", past
		w.Cells++
		if b.options.Last != nil && slices.ContainsFunc(b.options.Last.Cells, func(c Cell) bool { return c.Session == s.Name }) {
			w.Tested++
		}
	}
	if len(w.Users) == 0 {
		b.idle(&w, r, touched, past)
	}
	w.Policies = nil // they are listed with the tables
	w.Text = attributes(r, b.definers(r.Name))
	b.add(w)
}

// idle completes a role that no session is: it is a gap where somebody can be it and it reaches
// data.
func (b *builder) idle(w *Way, r *Role, touched []Touch, past []string) {
	b.use(w, member{role: r.Name}, touched, nil, nil, nil)
	u := &w.Users[0]
	u.Bypass = past
	data := slices.ContainsFunc(touched, func(t Touch) bool {
		at := b.tables[t.Object]
		return at != nil && b.contract.Belongs[at.ID].How != model.Shared || at == nil && t.Object.relation()
	})
	switch {
	case !b.startable(r):
	case data && len(u.Bypass) > 0:
		u.Reach = All
		w.Gap = "no session of the contract is this role, and row security does not stop it"
	case data:
		u.Reach = Condition
		w.Gap = "no session of the contract is this role"
	}
}

// startable reports whether anybody can be a role: it logs in, or a role that does may
// become it.
func (b *builder) startable(r *Role) bool {
	if r.Login {
		return true
	}
	for _, o := range b.catalog.Roles {
		if o.Login && slices.Contains(o.Becomes, r.Name) {
			return true
		}
	}
	return false
}

// definers are the routines and views that run with a role's rights for others.
func (b *builder) definers(role string) (out []string) {
	for _, o := range b.catalog.Objects {
		runs := o.Definer || o.Kind == View && !o.Invoker || o.Kind == Materialized
		if o.Owner == role && runs {
			out = append(out, o.ID())
		}
	}
	return out
}

// attributes tells a role for people.
func attributes(r *Role, definers []string) string {
	var out []string
	if r.Login {
		out = append(out, "logs in")
	} else {
		out = append(out, "no login")
	}
	if r.Super {
		out = append(out, "superuser")
	}
	if r.BypassRLS {
		out = append(out, "BYPASSRLS")
	}
	if len(r.Becomes) > 0 {
		out = append(out, "may become "+strings.Join(r.Becomes, ", "))
	}
	if len(definers) > 0 {
		out = append(out, fmt.Sprintf("for others run as it: %s", strings.Join(definers, ", ")))
	}
	return strings.Join(out, "; ")
}
