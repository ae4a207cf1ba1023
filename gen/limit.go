package gen

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Limit is the same plan for a few sessions, tables and paths: only these sessions act, on
// these tables and paths. Rows are made for every table as before.
func (p *Plan) Limit(session func(*model.Session) bool, table func(*model.Table) bool, path func(*model.Path) bool) *Plan {
	out := *p
	out.shapes, out.calls, out.listens = make([][]choice, len(p.shapes)), make([][]*callPlan, len(p.calls)), make([][]*model.Path, len(p.listens))
	if out.whole == nil {
		out.whole = p
	}
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
		for _, c := range p.listens[s.ID] {
			if path(c) {
				out.listens[s.ID] = append(out.listens[s.ID], c)
			}
		}
	}
	out.deal()
	return &out
}
