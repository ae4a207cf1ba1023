package props

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// needs lists, by argument, the values to which a function must say yes for an identity: those
// with which some row, be it there or not, would be one that the rules let the identity use as
// the asking policies are for. writes takes a policy FOR ALL as meant for writes alone, as it may
// be where another policy is for reading. An argument is left out if a rule about one of its
// values cannot be evaluated.
func needs(c *model.Contract, asked []carrier.Question, writes bool, id *model.Identity, st *model.State) map[int]map[string]bool {
	out, unknown := map[int]map[string]bool{}, map[int]bool{}
	for i := range asked {
		q := &asked[i]
		if out[q.Arg] == nil {
			out[q.Arg] = map[string]bool{}
		}
		p := permits{Predictor: model.Predictor{Contract: c}, id: id, st: st, rules: needed(q, id.Session, writes)}
		for text, v := range values(q, st) {
			if out[q.Arg][text] {
				continue
			}
			ok, known := p.some(q, v)
			unknown[q.Arg] = unknown[q.Arg] || !known
			out[q.Arg][text] = ok
		}
	}
	for arg := range out {
		maps.DeleteFunc(out[arg], func(_ string, ok bool) bool { return !ok })
	}
	maps.DeleteFunc(out, func(arg int, _ map[string]bool) bool { return unknown[arg] })
	return out
}

// values is what a function may be asked about in a state: the column's values, and the keys
// that it may refer to.
func values(q *carrier.Question, st *model.State) map[string]model.Value {
	out := map[string]model.Value{}
	add := func(table *model.Table, column int) {
		for _, row := range st.Rows(table.ID) {
			if v := row[column]; !v.Null {
				out[v.Text] = v
			}
		}
	}
	add(q.Of, q.Column)
	if t := q.Keyed(); len(t.Key) == 1 {
		add(t, t.Key[0])
	}
	return out
}

// permits is rules that let an identity do something to rows.
type permits struct {
	model.Predictor
	id    *model.Identity
	st    *model.State
	rules []*model.Rule
}

// some reports whether a rule holds for some row that has the value in the question's column: a
// row that is there, or the same with that value put in. So a policy that asks a sound function
// about the wrong column is told from a wrong function: there the function would have to say yes
// to everything.
func (p *permits) some(q *carrier.Question, v model.Value) (ok, known bool) {
	empty := make(model.Row, len(q.Of.Columns))
	for i := range empty {
		empty[i].Null = true
	}
	for _, row := range append(slices.Clone(p.st.Rows(q.Of.ID)), empty) {
		if q.Of != q.Table && row[q.Column] != v { // rows of others are as they are
			continue
		}
		row = slices.Clone(row)
		row[q.Column] = v
		for _, r := range p.rules {
			if ok, known = p.Holds(r, p.id, p.st, row); ok || !known {
				return ok, known
			}
		}
	}
	return false, true
}

// needed is what lets a session do what a question is for.
func needed(q *carrier.Question, s *model.Session, writes bool) []*model.Rule {
	sees := s.Sees[q.Of.ID].Rule
	if q.Of != q.Table {
		return []*model.Rule{sees}
	}
	using, check := carrier.Rules(s, q.Table, q.Policy.Command)
	out := slices.Concat(using, check)
	if writes && q.Policy.Command == "ALL" {
		out = slices.DeleteFunc(out, func(r *model.Rule) bool { return r == sees })
	}
	return out
}

// around adds what an identity may see of the tables whose keys a function is asked about.
func around(c *model.Contract, asked []carrier.Question, arg int, values map[string]bool, id *model.Identity, st *model.State) map[string]bool {
	out := maps.Clone(values)
	for i := range asked {
		if q := &asked[i]; q.Arg == arg {
			keys, _ := seen(c, q.Keyed(), id, st)
			for _, k := range keys {
				out[k] = true
			}
		}
	}
	return out
}
