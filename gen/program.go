package gen

import "github.com/rlsfuzz/rlsfuzz/model"

// inSQL lists the calls of a session that can be rolled back, and are drawn at random.
func (p *Plan) inSQL(s *model.Session) []*callPlan {
	var out []*callPlan
	for _, c := range p.calls[s.ID] {
		if !c.path.Really() && !c.path.Leaky {
			out = append(out, c)
		}
	}
	return out
}
