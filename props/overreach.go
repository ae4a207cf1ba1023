package props

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// overreach is the known cause of a leak of the table to which a write is refused, where the write
// succeeds once it reaches no other rows than the contract lets it reach: it was refused for what
// the leak puts in its way. ok is false where there is none.
func (l *lab) overreach(ctx context.Context, s *model.Scenario, d *judge.Divergence, known []leak) (c Cause, ok bool, err error) {
	if d.Class != judge.Lockout || d.Cell.Command == model.Select {
		return Cause{}, false, nil
	}
	tried := map[model.Command]bool{}
	var all run.Variant
	var first *Cause
	for i := range known {
		k := &known[i]
		at := k.target.Cell
		if at.Path != nil || at.Session != d.Cell.Session || at.Table != d.Cell.Table || k.target.Class > judge.Read || tried[at.Command] {
			continue
		}
		tried[at.Command] = true
		v, ok := l.reaching(s, d, at.Command)
		if !ok {
			continue
		}
		if gone, err := l.without(ctx, s, d, Cause{try: v}); err != nil || gone {
			return k.cause, gone, err
		}
		if all = all.And(v); first == nil {
			first = &k.cause
		}
	}
	if len(all.Before) < 2 {
		return Cause{}, false, nil
	}
	gone, err := l.without(ctx, s, d, Cause{try: all})
	if err != nil || !gone {
		return Cause{}, false, err
	}
	return *first, true, nil
}

// reaching is the experiment in which a command reaches only the rows of a divergence's table that
// the rules let its session reach; ok is false where these are not known.
func (l *lab) reaching(s *model.Scenario, d *judge.Divergence, command model.Command) (v run.Variant, ok bool) {
	st := s.Initial(l.Contract.Schema)
	id, ok := l.Contract.BindStep(&s.Steps[d.Step], st)
	if !ok {
		return v, false
	}
	table := l.Contract.Schema.Tables[d.Cell.Table]
	var r *model.Rule
	check := ""
	switch command {
	case model.Select:
		r = id.Session.Sees[table.ID].Rule
	case model.Update:
		r, check = id.Session.Writes[table.ID].From, " WITH CHECK (true)"
	case model.Delete:
		r = id.Session.Writes[table.ID].Delete
	default:
		return v, false
	}
	using, ok := where(l.Contract, table, r, id, st)
	if !ok {
		return v, false
	}
	name := "rlsfuzz_reach_" + command.String()
	v.Before = []string{"CREATE POLICY " + name + " ON " + table.SQL() + " AS RESTRICTIVE FOR " + command.String() + " TO PUBLIC USING (" + using + ")" + check}
	return v, true
}
