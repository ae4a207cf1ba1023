package carrier

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Acting is the role that a session acts as; empty where that follows from the tenant.
func Acting(s *model.Session) string {
	switch {
	case s.Role.Text != "":
		return s.Role.Text
	case s.Role.Follows():
		return ""
	}
	return s.Login.Text
}

// Inherited lists a role and those that it is a member of.
func Inherited(s *model.Schema, role string) []string {
	out := []string{role}
	for i := 0; i < len(out); i++ {
		for _, m := range s.Roles[out[i]].MemberOf {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}
