package draft

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// untold settles a session that nothing binds to a tenant: no policy for its role asks who it is,
// though others ask. It gets neither tenant nor user. Where policies name its role, it is taken for
// a service of all tenants, else for one that may see nothing; either is a question.
func (b *binder) untold(s *session) {
	if b.t.guess || len(s.sources) > 0 || len(s.settings)+len(s.claims.names) > 0 || s.where != "" {
		return
	}
	s.user, s.tenants, s.below = nil, "", false
	told := "where it is told for which one it runs, that is a path with $tenant among its args, or in its env, and sees: own"
	if s.service = b.names(s.acts); s.service {
		s.asks = []string{"nothing tells " + s.acts + " whose data it asks for, and policies name it: is it a service of all tenants? Then " + told + ". If not, sees: {\"*\": none}"}
		return
	}
	s.stranger = true
	s.asks = []string{"nothing tells " + s.acts + " whose data it asks for: may it see nothing? If it is a service of all tenants, sees: {\"*\": all}; " + told}
}

// names reports whether a policy is for a role, and not for everybody.
func (b *binder) names(role string) bool {
	return slices.ContainsFunc(b.survey.Schema.Tables, func(t *model.Table) bool {
		return slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
			return p.Permissive && !slices.Contains(p.Roles, "public") && b.survey.applies(&p, role)
		})
	})
}
