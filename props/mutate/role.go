package mutate

import (
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
				Kind: BypassRLS, Object: "role " + name, Change: "BYPASSRLS",
				Do:   []string{"ALTER ROLE " + model.Quote(name) + " BYPASSRLS"},
				Undo: []string{"ALTER ROLE " + model.Quote(name) + " NOBYPASSRLS"},
			})
		}
		for _, of := range names {
			if of == name || member(c, name, of, nil) || member(c, of, name, nil) {
				continue
			}
			out = append(out, Mutant{
				Kind: Member, Object: "role " + name, Change: "member of " + of,
				Do:   []string{"GRANT " + model.Quote(of) + " TO " + model.Quote(name)},
				Undo: []string{"REVOKE " + model.Quote(of) + " FROM " + model.Quote(name)},
			})
		}
	}
	return out
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
