package judge

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// heard judges what came to a session that listens, in the step that looks: tokens of rows that it may
// not see, whatever they were at any time since it began to listen.
func (j *judge) heard(step *model.Step, cell Cell) {
	j.since = slices.IndexFunc(j.scenario.Steps[:j.at], func(o model.Step) bool { return step.Resumes(&o) })
	if step.From == 0 || j.since < 0 {
		j.since = j.at
		return
	}
	j.canaries()
	came, forbidden := len(j.trace.Notices), 0
	if came > 0 && j.wrote() {
		forbidden = 1
	}
	j.verdict.Stakes = append(j.verdict.Stakes, Stake{Cell: cell, Allowed: came, Forbidden: forbidden})
}

// wrote reports whether a row was written, since the session began to listen, that the session may not
// see and that bears a token: what is sent about it could have told.
func (j *judge) wrote() bool {
	first, last := j.states[j.since+1], j.states[len(j.states)-1]
	for _, t := range j.contract.Schema.Tables {
		told := func(st *model.State) func(model.Row) bool {
			return func(row model.Row) bool {
				ok, known := j.holds(j.id.Session.Sees[t.ID].Rule, st, row)
				return known && !ok && bears(row, model.TokenPrefix)
			}
		}
		before, after := first.Rows(t.ID), last.Rows(t.ID)
		if slices.ContainsFunc(model.Without(after, before), told(last)) || slices.ContainsFunc(model.Without(before, after), told(first)) {
			return true
		}
	}
	return false
}

// bearing is the notification that has a token; empty for none.
func (j *judge) bearing(token string) string {
	if j.op.Path == nil || j.op.Path.Channel == nil {
		return ""
	}
	i := slices.IndexFunc(j.trace.Notices, func(n string) bool { return strings.Contains(n, token) })
	if i < 0 {
		return ""
	}
	return j.trace.Notices[i]
}
