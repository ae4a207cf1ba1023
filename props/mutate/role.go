package mutate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// roles lists what can be done to the roles of sessions.
func roles(c *model.Contract, own func(string) bool) []Mutant {
	var out []Mutant
	var names []string
	for _, s := range c.Sessions {
		for _, name := range []string{s.Role.Text, s.Login.Text} {
			if name != "" && own(name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		r := c.Schema.Roles[name]
		if !r.Super && !r.BypassRLS {
			out = append(out, Mutant{
				Kind: BypassRLS, Object: "role " + name, role: name, Change: "BYPASSRLS",
				Do:   []string{"ALTER ROLE " + model.Quote(name) + " BYPASSRLS"},
				Undo: []string{"ALTER ROLE " + model.Quote(name) + " NOBYPASSRLS"},

				Equivalent: idle(c, name),
			})
		}
		for _, of := range names {
			if of == name || member(c, name, of, nil) || member(c, of, name, nil) {
				continue
			}
			out = append(out, Mutant{
				Kind: Member, Object: "role " + name, role: name, Change: "member of " + of,
				Do:   []string{"GRANT " + model.Quote(of) + " TO " + model.Quote(name)},
				Undo: []string{"REVOKE " + model.Quote(of) + " FROM " + model.Quote(name)},

				Equivalent: cmp.Or(idle(c, name), poor(c, name, of)),
			})
		}
	}
	return out
}

// idle is the rule for a role with whose rights nothing runs: no session acts as it or as
// a member of it, and it owns no view, routine, trigger's function or table with rules that lends
// its rights.
func idle(c *model.Contract, name string) string {
	acts := func(s *model.Session) bool {
		role := acting(s)
		return role == "" || role == name || member(c, role, name, nil)
	}
	lends := func(r *model.Routine) bool { return r.Definer && r.Owner == name }
	owns := slices.ContainsFunc(c.Schema.Routines, lends) || slices.ContainsFunc(c.Schema.Firing, lends) ||
		slices.ContainsFunc(c.Schema.Views, func(v *model.View) bool { return v.Owner == name }) ||
		slices.ContainsFunc(c.Schema.Tables, func(t *model.Table) bool { return t.Owner == name && len(t.Triggers) > 0 })
	if owns || slices.ContainsFunc(c.Sessions, acts) {
		return ""
	}
	return "nothing runs with the rights of " + name + ": each session that logs in as it acts as another role (SET ROLE)"
}

// poor is the rule for a role that has nothing to lend another: no right that it lacks, no
// table, and no policy that names it.
func poor(c *model.Contract, name, of string) string {
	s := c.Schema
	own, lent := rights(s, name), rights(s, of)
	gained := func(role string) bool { return lent[role] && !own[role] }
	for _, t := range s.Tables {
		named := func(p model.Policy) bool { return slices.ContainsFunc(p.Roles, gained) }
		if gained(t.Owner) || slices.ContainsFunc(t.Policies, named) || s.Privileges[of] == nil || s.Privileges[name] == nil ||
			!covers(&s.Privileges[name][t.ID], &s.Privileges[of][t.ID]) {
			return ""
		}
	}
	for _, v := range s.Views {
		if gained(v.Owner) || !included(v.Readers[of], v.Readers[name]) || v.Writers[of] != v.Writers[name] && v.Writers[of] != (model.ViewWrite{}) {
			return ""
		}
	}
	for _, r := range s.Routines {
		if slices.Contains(r.Callers, of) && !slices.Contains(r.Callers, name) || gained(r.Owner) {
			return ""
		}
	}
	return "role " + of + " has no right that " + name + " lacks, and no policy names it"
}

// rights lists a role and those whose rights it has without SET ROLE.
func rights(s *model.Schema, role string) map[string]bool {
	out := map[string]bool{role: true}
	for list := []string{role}; len(list) > 0; list = list[1:] {
		for _, g := range s.Roles[list[0]].Grants {
			if g.Inherit && !out[g.Role] {
				out[g.Role] = true
				list = append(list, g.Role)
			}
		}
	}
	return out
}

// covers reports whether one role's privileges on a table include another's.
func covers(own, other *model.Privilege) bool {
	if !included(other.Select, own.Select) || !included(other.Insert, own.Insert) || !included(other.Update, own.Update) {
		return false
	}
	return (own.Delete || !other.Delete) && (own.Usage || !other.Usage) && (own.Truncate || !other.Truncate)
}

// included reports whether each column of some is among others; nil is none.
func included(some, others []bool) bool {
	for i, may := range some {
		if may && (others == nil || !others[i]) {
			return false
		}
	}
	return true
}

// member reports whether a role is one of another's members, directly or not.
func member(c *model.Contract, name, of string, seen []string) bool {
	for _, m := range c.Schema.Roles[name].MemberOf {
		if m == of || !slices.Contains(seen, m) && member(c, m, of, append(seen, m)) {
			return true
		}
	}
	return false
}

// defaults gives the settings that bind a session a default: what an application that
// forgets to set them gets. The database has it, so that no role is changed.
func defaults(c *model.Contract) []Mutant {
	var out []Mutant
	var names []string
	for _, s := range c.Sessions {
		for i := range s.Settings {
			set := &s.Settings[i]
			if len(set.Value) != 1 || set.Value[0].Var < 0 || s.Vars[set.Value[0].Var].Source != model.FromTenant || slices.Contains(names, set.Name) {
				continue
			}
			names = append(names, set.Name)
			out = append(out, Mutant{
				Kind: Default, Object: "setting " + set.Name, Change: "defaults to the first tenant",
				Do: []string{fmt.Sprintf(`DO $rlsfuzz$ BEGIN EXECUTE format('ALTER DATABASE %%I SET %s TO %%L', current_database(), '%s'); END $rlsfuzz$`, set.Name, firstTenant)},
			})
		}
	}
	return out
}

// firstTenant stands for the first tenant's value until the plan says which that is.
const firstTenant = "{tenant}"
