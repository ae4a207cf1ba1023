package judge

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// canaries looks for tokens of hidden rows in everything the session received.
func (j *judge) canaries() {
	if j.id.Session.Tenantless && j.op.Raw != "" {
		return
	}
	var received []string
	if j.trace.Output != nil {
		received = j.trace.Output.Texts()
	} else {
		received = j.received()
	}
	for _, s := range received {
		for _, token := range tokens(s) {
			j.token(token)
		}
	}
}

// received lists the texts that a statement gave its session.
func (j *judge) received() []string {
	var out []string
	if j.trace.Err != nil {
		out = append(out, j.trace.Err.Text())
	}
	out = append(out, j.trace.Notices...)
	for _, row := range j.trace.Rows {
		for _, v := range row {
			out = append(out, v.Text)
		}
	}
	return out
}

// tokens lists the canaries in a text.
func tokens(s string) []string {
	var out []string
	for {
		i := strings.Index(s, model.TokenPrefix)
		if i < 0 || len(s) < i+model.TokenLength {
			return out
		}
		out = append(out, s[i:i+model.TokenLength])
		s = s[i+model.TokenLength:]
	}
}

// token judges one received canary.
func (j *judge) token(token string) {
	for _, v := range slices.Concat(j.op.Args, j.id.Vars) { // it sent the token itself
		if strings.Contains(v.Text, token) {
			return
		}
	}
	if strings.Contains(j.op.Raw, token) {
		return
	}
	var bearer *model.Table
	var hidden model.Row
	for _, st := range j.span() {
		for _, t := range j.contract.Schema.Tables {
			for _, row := range st.Rows(t.ID) {
				if !bears(row, token) {
					continue
				}
				ok, known := j.holds(j.id.Session.Sees[t.ID].Rule, st, row)
				if ok || !known {
					return
				}
				bearer, hidden = t, row
			}
		}
	}
	if bearer == nil || j.diverged(bearer) {
		return
	}
	cell := j.cell(bearer, model.Select)
	if j.op.Shape != nil {
		cell.Command = j.op.Shape.Command
	}
	if j.op.Path != nil {
		cell = PathCell(j.id.Session.ID, j.op.Path)
	}
	j.found(Divergence{
		Class: Canary, Cell: cell, Of: bearer, Rows: []model.Row{hidden}, Column: -1,
		Cross: j.foreign(j.before, bearer, hidden), Rule: text(j.id.Session.Sees[bearer.ID].Rule), Did: j.bearing(token),
	})
}

// span lists the states of which the session may receive rows: before the step and after it; where
// it listens, all since it began to.
func (j *judge) span() []*model.State {
	if j.op.Path == nil || j.op.Path.Channel == nil {
		return []*model.State{j.before, j.after}
	}
	return j.states[j.since+1:]
}

func bears(row model.Row, token string) bool {
	for _, v := range row {
		if strings.Contains(v.Text, token) {
			return true
		}
	}
	return false
}
