package gen

import "github.com/rlsfuzz/rlsfuzz/model"

// Limit is the same plan for a few sessions and tables: only these sessions act, on
// these tables. Rows are made for every table as before.
func (p *Plan) Limit(session func(*model.Session) bool, table func(*model.Table) bool) *Plan {
	out := *p
	out.shapes = make([][]choice, len(p.shapes))
	for _, s := range p.Contract.Sessions {
		if !session(s) {
			continue
		}
		for _, c := range p.shapes[s.ID] {
			if table(c.table) {
				out.shapes[s.ID] = append(out.shapes[s.ID], c)
			}
		}
	}
	out.deal()
	return &out
}
