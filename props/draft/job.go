package draft

import (
	"slices"
)

// jobs makes a session of each login that bypasses row security and may call a function that no
// other session may, without arguments, such as one that works off a queue. What the function
// makes for a tenant should depend on that tenant's rows alone.
func (b *binder) jobs() {
	for _, name := range b.cast.bypass {
		if role := b.survey.Schema.Roles[name]; !role.Login || !slices.ContainsFunc(b.survey.Functions, func(f *Function) bool { return b.job(f, name) }) {
			continue
		}
		s := b.begin(&actor{login: name}, name)
		s.service, s.job = true, true
		s.asks = []string{name + " bypasses row security, and may call functions that others may not: does it work for all tenants at once? Where it is told for which one, that is a path with $tenant among its args, or in its env, and sees: own"}
		b.rules(s)
		b.made = append(b.made, s)
	}
}

// job reports whether a function without arguments may be called by a role, and by no other
// session's.
func (b *binder) job(f *Function, role string) bool {
	others := func(name string) bool {
		return slices.ContainsFunc(b.made, func(s *session) bool { return s.acts == name })
	}
	return len(f.Args) == 0 && !f.Trigger && !f.Public && slices.Contains(f.Callers, role) && !slices.Contains(b.survey.Own, f.Schema) &&
		!slices.ContainsFunc(f.Callers, others)
}

// unnamed is the roles that bypass row security and have no session.
func unnamed(bypass []string, made []*session) []string {
	return slices.DeleteFunc(slices.Clone(bypass), func(name string) bool {
		return slices.ContainsFunc(made, func(s *session) bool { return s.job && s.acts == name })
	})
}
