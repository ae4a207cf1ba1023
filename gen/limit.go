package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Limit is the same plan for a few sessions, tables and paths: only these sessions act, on
// these tables and paths. Rows are made for every table as before.
func (p *Plan) Limit(session func(*model.Session) bool, table func(*model.Table) bool, path func(*model.Path) bool) *Plan {
	out := *p
	out.shapes, out.calls = make([][]choice, len(p.shapes)), make([][]*callPlan, len(p.calls))
	for _, s := range p.Contract.Sessions {
		if !session(s) {
			continue
		}
		for _, c := range p.shapes[s.ID] {
			if table(c.table) {
				out.shapes[s.ID] = append(out.shapes[s.ID], c)
			}
		}
		for _, c := range p.calls[s.ID] {
			if path(c.path) {
				out.calls[s.ID] = append(out.calls[s.ID], c)
			}
		}
	}
	out.deal()
	return &out
}

// Draws reports whether anything is drawn at random: what sessions write themselves to learn what
// they are not shown, only the walk tries.
func (p *Plan) Draws() bool {
	for i := range p.shapes {
		if len(p.shapes[i]) > 0 || slices.ContainsFunc(p.calls[i], func(c *callPlan) bool { return !c.path.Asked() }) {
			return true
		}
	}
	return false
}
