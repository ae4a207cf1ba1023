package inventory

import (
	"slices"
	"strings"
)

// Touch is an object that a way reaches, with the role whose rights apply to it.
type Touch struct {
	Object *Object
	Role   string // whose policies and privileges hold for a relation; as whom a routine runs
	Bypass string // why row security does not apply to the role; empty when it does
	Via    Via    // how the first step on the way to it is made
}

// reach walks from an object to everything that using it touches, as a role.
type reach struct {
	catalog *Catalog
	seen    map[visit]bool
	found   []Touch
}

// visit is an object with the role that it is checked as, and the current user.
type visit struct {
	object        *Object
	role, current string
}

// Reach lists what a role touches when it uses an object, the object itself first. The
// policies and triggers of a table count only where the table itself is used.
func (c *Catalog) Reach(o *Object, role string) []Touch {
	r := &reach{catalog: c, seen: map[visit]bool{}}
	r.visit(o, role, role, ByBody)
	if o.Kind == Table {
		r.around(o, role)
	}
	return r.found
}

// reachAll is Reach for several objects, such as those of a statement.
func (c *Catalog) reachAll(list []*Object, role string) []Touch {
	r := &reach{catalog: c, seen: map[visit]bool{}}
	for _, o := range list {
		r.visit(o, role, role, ByBody)
	}
	return r.found
}

// visit notes an object and goes on to what its body touches. role is whose rights apply to it,
// current is current_user; inside of a view with its owner's rights they differ.
func (r *reach) visit(o *Object, role, current string, via Via) {
	at := visit{o, role, current}
	if r.seen[at] {
		return
	}
	r.seen[at] = true
	t := Touch{Object: o, Role: role, Via: via}
	inner, user := role, current // whose rights hold inside, and who current_user is
	switch o.Kind {
	case Table:
		t.Bypass = r.catalog.bypass(o, role)
		r.note(t)
		return
	case ForeignTable:
		t.Bypass = "a foreign table has no row security"
	case View:
		if inner = o.Owner; o.Invoker {
			inner = current
		}
	case Materialized:
		t.Bypass = "a materialized view has no row security"
		inner, user = o.Owner, o.Owner
	case Function, Procedure, Aggregate:
		if user = current; o.Definer {
			user = o.Owner
		}
		inner, t.Role = user, user
	}
	r.note(t)
	for _, n := range o.Needs {
		if n.Via == ByBody {
			r.enter(n.To, inner, user, via)
		}
	}
}

// enter goes on to something inside of a body: a routine runs as the current user.
func (r *reach) enter(o *Object, role, current string, via Via) {
	if !o.relation() {
		role = current
	}
	r.visit(o, role, current, via)
}

// around visits what using a table sets off: its policies, triggers, rules and defaults.
func (r *reach) around(o *Object, role string) {
	for _, n := range o.Needs {
		switch n.Via {
		case ByBody:
		case ByRule:
			r.enter(n.To, o.Owner, role, n.Via)
		case ByPolicy, ByTrigger, ByDefault:
			r.enter(n.To, role, role, n.Via)
		}
	}
}

// note adds an object that was reached, once for each role.
func (r *reach) note(t Touch) {
	same := func(o Touch) bool { return o.Object == t.Object && o.Role == t.Role }
	if !slices.ContainsFunc(r.found, same) {
		r.found = append(r.found, t)
	}
}

// noRowSecurity is why row security of a table holds for nobody.
const noRowSecurity = "no row security"

// bypass is why a table's row security does not hold for a role, as Postgres decides it;
// empty when it holds.
func (c *Catalog) bypass(o *Object, role string) string {
	r := c.Roles[role]
	switch {
	case !o.RowSecurity:
		return noRowSecurity
	case r == nil:
		return ""
	case r.Super:
		return "superuser"
	case r.BypassRLS:
		return "BYPASSRLS"
	case !o.Force && c.has(role, o.Owner):
		return "owner without FORCE"
	}
	return ""
}

// policies lists the policies of a table that apply to a role.
func (c *Catalog) policies(o *Object, role string) []string {
	if c.bypass(o, role) != "" {
		return nil
	}
	var out []string
	for _, p := range o.Policies {
		if slices.ContainsFunc(p.Roles, func(to string) bool { return to == "public" || c.has(role, to) }) {
			out = append(out, p.Name)
		}
	}
	return out
}

// why tells a role's bypass of an object for people.
func (t *Touch) why() string {
	if t.Object.Kind != Table {
		return t.Bypass
	}
	if t.Bypass == noRowSecurity {
		return t.Object.Label() + " has no row security"
	}
	return t.Object.Label() + " as " + t.Role + ": " + t.Bypass
}

// bypasses joins the reasons of several touches: those of one role and one reason name
// their tables together.
func bypasses(list []Touch) []string {
	tables := map[string][]string{}
	var order []string
	for i := range list {
		t := &list[i]
		if t.Bypass == "" {
			continue
		}
		key := t.Bypass
		if t.Object.Kind == Table && t.Bypass != noRowSecurity {
			key = t.Role + ": " + t.Bypass
		}
		if tables[key] == nil {
			order = append(order, key)
		}
		if label := t.Object.Label(); !slices.Contains(tables[key], label) {
			tables[key] = append(tables[key], label)
		}
	}
	out := make([]string, len(order))
	for i, key := range order {
		out[i] = key + " (" + strings.Join(tables[key], ", ") + ")"
	}
	return out
}
