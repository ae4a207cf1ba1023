package draft

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// actor is a role that sessions run as, and the login by which they come to it.
type actor struct {
	login string // empty: none has LOGIN, one must be made
	role  string // of SET ROLE; empty: the login's own rights
	power int    // the more privileges and policies the role has, the higher
}

// acts is the role that statements run as.
func (a *actor) acts() string {
	if a.role != "" {
		return a.role
	}
	return a.login
}

// cast is the roles of a schema, by the part that each has in it.
type cast struct {
	actors []*actor
	bypass []string // roles that row security does not hold for
	owners []string // roles that own tables; they are actors only where nobody else is
	lonely bool     // the actors have no login
}

// roles finds who connects. A role is of interest when it may do something with a table,
// a view or a function.
func (s *Survey) roles() cast {
	var out cast
	useful := map[string]bool{}
	for name := range s.Schema.Privileges {
		useful[name] = s.useful(name)
	}
	for _, name := range sortedKeys(s.Schema.Privileges) {
		role := s.Schema.Roles[name]
		switch {
		case role.Super || role.Bootstrap:
		case role.BypassRLS:
			if useful[name] {
				out.bypass = append(out.bypass, name)
			}
		case role.Login:
			out.actors = append(out.actors, s.from(role, useful)...)
		}
	}
	if len(out.actors) == 0 {
		for _, name := range sortedKeys(s.Schema.Privileges) {
			if role := s.Schema.Roles[name]; useful[name] && !role.Super && !role.BypassRLS && !s.owner(name) {
				out.actors, out.lonely = append(out.actors, &actor{role: name}), true
			}
		}
	}
	if len(out.actors) == 0 { // a login that calls functions, as everybody may, and has no right to any table
		for _, name := range sortedKeys(s.Schema.Privileges) {
			if role := s.Schema.Roles[name]; role.Login && !role.Super && !role.BypassRLS && !role.Bootstrap && !s.owner(name) && s.definer(name) {
				out.actors = append(out.actors, &actor{login: name})
			}
		}
	}
	for _, a := range out.actors {
		a.power = s.power(a.acts())
	}
	return s.withoutOwners(out)
}

// from is the roles that a login acts as: itself, where it has rights, and those that it
// takes by SET ROLE, because it does not inherit from them or because there are several:
// nobody acts with the rights of all of them together.
func (s *Survey) from(login model.Role, useful map[string]bool) []*actor {
	var out []*actor
	several := 0
	for _, name := range login.MemberOf {
		if useful[name] && !s.Schema.Roles[name].BypassRLS {
			several++
		}
	}
	if useful[login.Name] && several < 2 {
		out = append(out, &actor{login: login.Name})
	}
	for i, name := range login.MemberOf {
		role := s.Schema.Roles[name]
		inherits := login.Inherit
		if i < len(login.Grants) {
			if !login.Grants[i].Set {
				continue
			}
			inherits = login.Grants[i].Inherit
		}
		if (!inherits || several > 1) && useful[name] && !role.Super && !role.BypassRLS {
			out = append(out, &actor{login: login.Name, role: name})
		}
	}
	return out
}

// useful reports whether a role may do anything with what the users' schemas hold.
func (s *Survey) useful(role string) bool {
	if s.power(role) > 0 {
		return true
	}
	for _, v := range s.Views {
		if slices.Contains(v.Readers, role) && !slices.Contains(s.Own, v.Schema) {
			return true
		}
	}
	return slices.ContainsFunc(s.Functions, func(f *Function) bool { // such as a worker's, which has no other right
		return !f.Public && s.lends(f, role)
	})
}

// definer reports whether a role may call a function with its owner's rights.
func (s *Survey) definer(role string) bool {
	return slices.ContainsFunc(s.Functions, func(f *Function) bool { return s.lends(f, role) })
}

// lends reports whether a function gives a role that calls it the rights of its owner.
func (s *Survey) lends(f *Function, role string) bool {
	return f.Definer && !f.Trigger && slices.Contains(f.Callers, role) && !slices.Contains(s.Own, f.Schema)
}

// power adds up the privileges of a role on tables, each of which counts twice, and the policies
// for it.
func (s *Survey) power(role string) int {
	n := 0
	for _, t := range s.Schema.Tables {
		if slices.Contains(s.Own, t.Schema) {
			continue
		}
		p := s.Schema.Privileges[role][t.ID]
		if !p.Usage {
			continue
		}
		for _, has := range []bool{some(p.Select), some(p.Insert), some(p.Update), p.Delete} {
			if has {
				n += 2
			}
		}
		for _, policy := range t.Policies {
			if n > 0 && s.applies(&policy, role) {
				n++
			}
		}
	}
	return n
}

// applies reports whether a policy is for a role.
func (s *Survey) applies(p *model.Policy, role string) bool {
	return slices.Contains(p.Roles, "public") || slices.ContainsFunc(p.Roles, func(r string) bool { return s.has(role, r, 0) })
}

// has reports whether a role has the rights of another without SET ROLE.
func (s *Survey) has(role, of string, depth int) bool {
	if role == of {
		return true
	}
	r := s.Schema.Roles[role]
	for i, name := range r.MemberOf {
		inherits := r.Inherit
		if i < len(r.Grants) {
			inherits = r.Grants[i].Inherit
		}
		if inherits && depth < 16 && s.has(name, of, depth+1) {
			return true
		}
	}
	return false
}

// owner reports whether a role owns a table outside of the preset.
func (s *Survey) owner(role string) bool {
	return slices.ContainsFunc(s.Schema.Tables, func(t *model.Table) bool {
		return t.Owner == role && !slices.Contains(s.Own, t.Schema)
	})
}

// withoutOwners leaves out roles that own tables, which are taken for those that run migrations,
// unless there is no other.
func (s *Survey) withoutOwners(c cast) cast {
	var rest []*actor
	for _, a := range c.actors {
		if s.owner(a.acts()) {
			c.owners = append(c.owners, a.acts())
		} else {
			rest = append(rest, a)
		}
	}
	if len(rest) > 0 {
		c.actors = rest
	}
	return c
}

// reach reports whether sessions have any privilege on a table.
func (c *cast) reach(s *model.Schema, t *model.Table) bool {
	return slices.ContainsFunc(c.actors, func(a *actor) bool {
		list := s.Privileges[a.acts()]
		if list == nil || !list[t.ID].Usage {
			return false
		}
		p := &list[t.ID]
		return some(p.Select) || some(p.Insert) || some(p.Update) || p.Delete
	})
}

// some reports whether a list has any true.
func some(list []bool) bool { return slices.Contains(list, true) }

// sortedKeys is the keys of a map, in order.
func sortedKeys[T any](m map[string]T) []string {
	return slices.Sorted(maps.Keys(m))
}
