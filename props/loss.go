package props

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// lost reports whether a session got something before that the rules allow, and does not
// after a remedy. Rules that are upper bounds count as well: what was there must stay.
func (m *mender) lost(s *model.Scenario, before, after *model.Trace, had *judge.Verdict) bool {
	for i := range before.Steps {
		if i >= len(after.Steps) {
			return true
		}
		b, a := &before.Steps[i], &after.Steps[i]
		if m.hides(s, i, b, a) {
			return true
		}
		same := m.sameRows(s, b.After, a.After)
		leaked := slices.ContainsFunc(had.Divergences, func(d judge.Divergence) bool { return d.Step == i && d.Class != judge.Lockout })
		shape := s.Steps[i].Op.Shape
		wrote := b.Err == nil && b.Count > 0 && (shape == nil || shape.Command != model.Select) // for queries, hides has told
		if wrote && !leaked && !mixed(&s.Steps[i]) && (a.Err != nil || a.Count != b.Count || !same) {
			return true
		}
		if !same { // later steps cannot be compared
			return false
		}
	}
	return false
}

// hides reports whether a session no longer sees a row that the rules allow it.
func (t *Target) hides(s *model.Scenario, at int, before, after *model.StepTrace) bool {
	st := model.NewState(t.Contract.Schema, before.After)
	id, ok := t.Contract.BindStep(&s.Steps[at], s.Initial(t.Contract.Schema))
	if !ok {
		return false
	}
	p := model.Predictor{Contract: t.Contract, Ask: before.Later.Holds}
	now := map[int]map[string]int{}
	for i := range after.Seen {
		now[after.Seen[i].Table] = counts(after.Seen[i].Rows)
	}
	for i := range before.Seen {
		look := &before.Seen[i]
		had, may, still := counts(look.Rows), map[string]int{}, map[string]bool{} // a hidden row may look like one that is not
		for _, row := range after.After[look.Table] {
			still[string(model.AppendRecord(nil, row, nil))] = true
		}
		for _, row := range before.After[look.Table] {
			if !still[string(model.AppendRecord(nil, row, nil))] { // the step itself had another effect
				continue
			}
			if ok, known := p.Holds(id.Session.Sees[look.Table].Rule, id, st, row); ok && known {
				may[string(model.AppendRecord(nil, row, look.Columns))]++
			}
		}
		for record, n := range may {
			if now[look.Table][record] < min(n, had[record]) {
				return true
			}
		}
	}
	return false
}

func counts(list []string) map[string]int {
	out := map[string]int{}
	for _, s := range list {
		out[s]++
	}
	return out
}

// sameRows reports whether two states have the same rows, values aside that are new in each
// run: times, random keys.
func (m *mender) sameRows(s *model.Scenario, a, b [][]model.Row) bool {
	lines := func(rows [][]model.Row) []string {
		var out []string
		for i := range rows {
			for _, row := range rows[i] {
				out = append(out, m.Contract.Schema.Tables[i].Label()+" "+string(model.AppendRecord(nil, row, nil)))
			}
		}
		slices.Sort(out)
		return out
	}
	x, y := lines(a), lines(b)
	if slices.Equal(x, y) {
		return true
	}
	known := judge.Known(s, m.Contract.Schema)
	return slices.Equal(judge.Mask(x, known), judge.Mask(y, known))
}
