package props

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// actors lists the experiments with an identity's login and role: what is wrong there is
// wrong in every table.
func (t *Target) actors(id *model.Identity) []Cause {
	var own []Cause
	for _, name := range []string{id.Login, id.Role} {
		if r, ok := t.Contract.Schema.Roles[name]; ok && r.BypassRLS && !r.Super && t.mayAlter(name) {
			own = append(own, bypasses(name))
		}
	}
	return t.acting(id, own)
}

// roleCauses lists the experiments with roles and logins: any role of the schema's files
// that bypasses row security may own what a path runs. Those of a preset are tried last: see
// presetRoles.
func (t *Target) roleCauses(id *model.Identity) []Cause {
	return t.acting(id, slices.DeleteFunc(t.bypassing(), func(c Cause) bool {
		return c.object.Role != id.Login && c.object.Role != id.Role && t.preset(&c)
	}))
}

// acting lists the experiments with what an identity is by its role, with roles that bypass row
// security, and with what it has by default and by membership.
func (t *Target) acting(id *model.Identity, bypassing []Cause) []Cause {
	var out []Cause
	if c, ok := t.superuser(id); ok && t.mayAlter(id.Acts()) {
		out = append(out, c)
	}
	return slices.Concat(out, bypassing, t.defaults(id), t.memberships(id))
}

// presetRoles lists the experiments with the roles of a preset that bypass row security. They are as
// they are: where a view or a function runs as one of them, that is what the schema says.
func (l *lab) presetRoles(s *model.Scenario, observed bool) []Cause {
	if observed || s.Real() { // real logins share these
		return nil
	}
	return slices.DeleteFunc(l.bypassing(), func(c Cause) bool { return !l.preset(&c) })
}

// preset reports whether a cause is as the preset says, and not the user's files.
func (t *Target) preset(c *Cause) bool {
	s := t.files().Place(&c.object)
	return s != nil && s.Preset()
}

// bypassing lists the experiments with the roles that the files made and that bypass row security.
func (t *Target) bypassing() []Cause {
	var out []Cause
	for _, name := range t.made {
		if r := t.Contract.Schema.Roles[name]; r.BypassRLS && !r.Super {
			out = append(out, bypasses(name))
		}
	}
	return out
}

// superuser is that a session's role is a superuser, for which no policy and no privilege holds; ok
// is false where it is none. There is no experiment with a role that the files did not make.
func (t *Target) superuser(id *model.Identity) (c Cause, ok bool) {
	name := id.Acts()
	if r, known := t.Contract.Schema.Roles[name]; !known || !r.Super {
		return Cause{}, false
	}
	c = Cause{
		Key: "role " + name + " superuser", Text: fmt.Sprintf("role %s is a superuser, for which row security does not hold", name),
		object: carrier.Object{Kind: carrier.Superuser, Role: name},
	}
	if t.mayAlter(name) {
		c.try = run.Variant{Roles: true, Before: c.object.Remedies(t.Contract, nil)[0].SQL}
	}
	return c, true
}

// bypasses is the experiment with a role that bypasses row security.
func bypasses(name string) Cause {
	return Cause{
		Key: "role " + name + " bypassrls", Text: fmt.Sprintf("role %s bypasses row security (BYPASSRLS)", name),
		try:    run.Variant{Roles: true, Before: []string{"ALTER ROLE " + model.Quote(name) + " NOBYPASSRLS"}},
		object: carrier.Object{Kind: carrier.BypassRLS, Role: name},
	}
}

// defaults is the experiments with settings that a login has by default.
func (t *Target) defaults(id *model.Identity) []Cause {
	var out []Cause
	for _, def := range t.Contract.Schema.Defaults {
		if def.Role != "" && def.Role != id.Login {
			continue
		}
		whose := "role " + def.Role
		if def.Role == "" {
			whose = "the database"
		}
		out = append(out, Cause{
			Key: "setting " + whose + " " + def.Name, Text: fmt.Sprintf("%s has a default for %s", whose, def.Name),
			try:    run.Variant{Without: []string{def.Name}},
			object: carrier.Object{Kind: carrier.Setting, Role: def.Role, Setting: def},
		})
	}
	return out
}

// memberships lists the experiments with the roles whose rights the acting role has without SET
// ROLE. A membership is a cause only if the session needs it for nothing that it is allowed.
func (t *Target) memberships(id *model.Identity) []Cause {
	var out []Cause
	for _, name := range carrier.Inherited(t.Contract.Schema, id.Acts()) {
		for _, of := range t.Contract.Schema.Roles[name].MemberOf {
			if !t.mayAlter(name) || !t.mayAlter(of) && !strings.HasPrefix(of, "pg_") {
				continue
			}
			out = append(out, Cause{
				Key: "role " + name + " member of " + of, Text: fmt.Sprintf("role %s is a member of %s", name, of), harmless: true,
				try:    run.Variant{Roles: true, Before: []string{"REVOKE " + model.Quote(of) + " FROM " + model.Quote(name)}},
				object: carrier.Object{Kind: carrier.Membership, Role: name, Of: of},
			})
		}
	}
	return out
}
