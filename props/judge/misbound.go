package judge

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Misbound is a step whose user, or whose observer's, is none that the contract gives its session.
type Misbound struct {
	Step int // index
	Why  string
}

// misbound looks at one step; nil where its session may have its user. It may when the user fits in
// one of the states up to the step: an earlier step may make it fit, and who fits no more may
// still be connected.
func misbound(c *model.Contract, s *model.Scenario, at int, states []*model.State) *Misbound {
	who := []model.Step{s.Steps[at]}
	if s.Steps[at].Observed() {
		who = append(who, s.Steps[at].Observer.Step())
	}
	for i := range who {
		id, ok := c.BindStep(&who[i], states[0])
		if !ok || slices.ContainsFunc(states, func(st *model.State) bool { return c.Admits(id, st) }) {
			continue
		}
		return &Misbound{Step: at, Why: fmt.Sprintf("step %d: the contract has no such user for %s: %s %s is not of the tenant %s, or not what its where asks",
			at+1, id.Session.Name, id.Session.User.Table.Label(), id.User.Text, id.Tenant.Text)}
	}
	return nil
}
