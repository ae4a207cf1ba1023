package gen

import "github.com/rlsfuzz/rlsfuzz/model"

// inSQL lists the calls of a session that can be rolled back.
func (p *Plan) inSQL(s *model.Session) []*callPlan { return p.callsOf(s, false) }

func (p *Plan) callsOf(s *model.Session, programs bool) []*callPlan {
	var out []*callPlan
	for _, c := range p.calls[s.ID] {
		if (c.path.Program != nil) == programs {
			out = append(out, c)
		}
	}
	return out
}

// programShare is how many of a hundred committed checks run a program, where there is one.
const programShare = 50

// Program draws one run of a program, in its share of the committed checks. ok is false
// in the others.
func (p *Plan) Program(bits Bits, d *Dataset) (step model.Step, ok bool) {
	var who []*Member
	for i := range d.Cast {
		if len(p.callsOf(d.Cast[i].Session, true)) > 0 {
			who = append(who, &d.Cast[i])
		}
	}
	if len(who) == 0 {
		return step, false
	}
	c := seeded(bits.Next(), -8)
	if !c.percent(programShare) {
		return step, false
	}
	m := who[c.upTo(len(who))]
	list := p.callsOf(m.Session, true)
	plan := list[c.upTo(len(list))]
	kinds := plan.kinds()
	args, ok := p.callArgs(plan, m, d, kinds[c.upTo(len(kinds))], plan.counts[0], 0, &c)
	if !ok {
		return step, false
	}
	return p.callStep(plan, m, args), true
}
