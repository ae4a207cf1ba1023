package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// choice is the shapes of one session over one table, by command.
type choice struct {
	table   *model.Table
	selects []weighted
	inserts []weighted
	updates []weighted
	deletes []weighted
	weights [4]int // by command: see commandWeights
	granted int    // commands that the contract allows, of those that write
}

// weighted is a shape and how often it is drawn among its like.
type weighted struct {
	shape  *model.Shape
	weight int
}

// Reading is the plain query of a table by a session, also where no sequence has it.
func (p *Plan) Reading(s *model.Session, t *model.Table) *model.Shape {
	return model.NewShape(model.Shape{Table: t, Command: model.Select, Columns: p.able(s, t).seen}, p.copies)
}

// newShapes lists the statements of a session: a bounded number for each table.
func (p *Plan) newShapes(s *model.Session) []choice {
	var out []choice
	for _, t := range p.Contract.Schema.Tables {
		if p.Empty[t] != "" && len(t.Seed) == 0 {
			continue
		}
		out = append(out, p.tableShapes(s, t))
	}
	return out
}

// able is what the contract and the privileges leave of a table for a session.
type able struct {
	seen     []int // columns that the contract shows and the role may read
	hidden   []int // columns that the contract hides
	compared []int // seen columns that conditions compare
	insert   []int
	update   []int
}

// rights is the privileges of a session's role on a table; nil if the role follows
// from the tenant.
func (p *Plan) rights(s *model.Session, t *model.Table) *model.Privilege {
	role := s.Role.Text
	if role == "" {
		role = s.Login.Text
	}
	if r := p.Contract.Schema.Privileges[role]; r != nil {
		return &r[t.ID]
	}
	return nil
}

func (p *Plan) able(s *model.Session, t *model.Table) able {
	var a able
	rights := p.rights(s, t)
	sees, writes := &s.Sees[t.ID], &s.Writes[t.ID]
	given := func(have []bool, i int) bool { return !some(have) || have[i] }
	for i := range t.Columns {
		c := &t.Columns[i]
		if sees.Columns != nil && !sees.Columns[i] {
			a.hidden = append(a.hidden, i)
		} else if rights == nil || given(rights.Select, i) {
			a.seen = append(a.seen, i)
			if c.Comparable() {
				a.compared = append(a.compared, i)
			}
		}
		if c.Generated {
			continue
		}
		if (rights == nil || given(rights.Insert, i)) && (writes.InsertColumns == nil || writes.InsertColumns[i]) {
			a.insert = append(a.insert, i)
		}
		if c.Identity == "a" {
			continue // an UPDATE may set it to DEFAULT alone
		}
		// Any key that the contract withholds is set all the same where a grant allows it.
		withheld := writes.UpdateColumns != nil && !writes.UpdateColumns[i] && rights != nil && rights.Update[i]
		if (rights == nil || given(rights.Update, i)) && p.Settable(t, i) || withheld {
			a.update = append(a.update, i)
		}
	}
	return a
}

// Settable reports whether an UPDATE may set a column: not an identity that is always generated,
// and not the key by which a row is known, unless it says whose the row is, or the table has nothing else.
func (p *Plan) Settable(t *model.Table, i int) bool {
	if t.Columns[i].Identity == "a" {
		return false
	}
	if !slices.Contains(t.Key, i) {
		return true
	}
	if t == p.Contract.Tenancy.Table || p.rekeys(t, i) && !isReference(t, i) {
		return false
	}
	return isReference(t, i) || model.Contains(p.tables[t.ID].tenant, i) || len(t.Key) == len(t.Columns)
}

// rekeys reports whether an UPDATE of a column gives a row another key.
func (p *Plan) rekeys(t *model.Table, i int) bool {
	return slices.Contains(t.Key, i) && p.tables[t.ID].columns[i].how == counted
}

func some(have []bool) bool { return slices.Contains(have, true) }

// tableShapes lists the statements of a session over one table.
func (p *Plan) tableShapes(s *model.Session, t *model.Table) choice {
	a := p.able(s, t)
	out := choice{table: t}
	add := func(list *[]weighted, weight int, shape model.Shape) {
		shape.Table = t
		*list = append(*list, weighted{model.NewShape(shape, p.copies), weight})
	}
	wheres := p.wheres(t, a)
	for _, w := range wheres {
		add(&out.selects, 4, model.Shape{Command: model.Select, Columns: a.seen, Where: w})
	}
	first := wheres[0]
	if len(wheres) > 1 {
		first = wheres[1]
	}
	add(&out.selects, 1, model.Shape{Command: model.Select, Form: model.Copy, Columns: a.seen})
	for _, f := range []model.Form{model.Count, model.CTE, model.SubSelect, model.Locking, model.Cursor} {
		add(&out.selects, 1, model.Shape{Command: model.Select, Form: f, Columns: a.seen, Where: model.Where{}})
		add(&out.selects, 1, model.Shape{Command: model.Select, Form: f, Columns: a.seen, Where: first})
	}
	for _, i := range a.hidden {
		weight := 3
		if r := p.rights(s, t); r != nil && r.Select[i] { // the catalog contradicts the contract
			weight = 36
		}
		add(&out.selects, weight, model.Shape{Command: model.Select, Columns: []int{i}})
	}
	p.queries(t, a, func(shape model.Shape) { add(&out.selects, 1, shape) })
	p.writes(t, a, wheres, &out, add)
	out.weigh(p.rights(s, t), &s.Writes[t.ID], a.hidden)
	return out
}

// wheres lists the conditions: none, the key, two keys, other columns.
func (p *Plan) wheres(t *model.Table, a able) []model.Where {
	out := []model.Where{{}}
	if len(t.Key) > 0 && subset(t.Key, a.compared) {
		out = append(out, model.Where{Match: model.Equal, Columns: t.Key})
		if len(t.Key) == 1 {
			out = append(out, model.Where{Match: model.AnyOf, Columns: t.Key})
		}
	}
	for _, i := range a.compared {
		if slices.Contains(t.Key, i) && len(t.Key) == 1 {
			continue
		}
		out = append(out, model.Where{Match: model.Equal, Columns: []int{i}})
		if !t.Columns[i].NotNull {
			out = append(out, model.Where{Match: model.IsNull, Columns: []int{i}})
		}
	}
	for _, i := range a.seen {
		if !t.Columns[i].Comparable() && !t.Columns[i].NotNull {
			out = append(out, model.Where{Match: model.NotNull, Columns: []int{i}})
		}
	}
	return out
}

func subset(a, b []int) bool {
	for _, v := range a {
		if !slices.Contains(b, v) {
			return false
		}
	}
	return true
}

// queries lists the statements that the model leaves to Postgres: joins along
// foreign keys, EXISTS over the rows that refer to the table, totals.
func (p *Plan) queries(t *model.Table, a able, add func(model.Shape)) {
	if p.copies == nil {
		return
	}
	for _, k := range p.tables[t.ID].keys {
		if k.Target != t && len(a.seen) > 0 {
			add(model.Shape{Command: model.Select, Form: model.Join, Columns: a.seen, Other: k, OtherCols: k.Targets})
		}
	}
	for i := range p.tables {
		for _, k := range p.tables[i].keys {
			// What a part of a table shows by itself is a path of its own: the whole stands for it.
			if k.Target == t && p.tables[i].table != t && p.tables[i].table.Parent == "" && len(a.seen) > 0 {
				add(model.Shape{Command: model.Select, Form: model.Exists, Columns: a.seen, Other: k, Child: p.tables[i].table})
				break
			}
		}
	}
	for _, i := range a.compared {
		if !slices.Contains(t.Key, i) {
			add(model.Shape{Command: model.Select, Form: model.Totals, Columns: []int{i}})
			return
		}
	}
}

func (p *Plan) writes(t *model.Table, a able, wheres []model.Where, out *choice, add func(*[]weighted, int, model.Shape)) {
	// What a rule rewrites may be no MERGE and no upsert, and may return nothing (manual: The Rule System).
	ruled := slices.ContainsFunc(t.Triggers, func(tr model.Trigger) bool { return tr.Rule })
	if len(a.insert) > 0 {
		add(&out.inserts, 4, model.Shape{Command: model.Insert, Columns: a.insert})
		if !ruled && len(t.Key) > 0 && subset(t.Key, a.insert) && len(a.insert) > len(t.Key) {
			add(&out.inserts, 1, model.Shape{Command: model.Insert, Columns: a.insert, Returning: t.Key})
		}
		if !ruled && len(t.Key) > 0 && subset(t.Key, a.insert) && len(t.Assigned(a.insert)) > 0 {
			add(&out.inserts, 1, model.Shape{Command: model.Upsert, Columns: a.insert})
			add(&out.inserts, 1, model.Shape{Command: model.Upsert, Columns: a.insert, Nothing: true})
			add(&out.inserts, 1, model.Shape{Command: model.Merge, Columns: a.insert})
		}
	}
	narrow := wheres[:min(len(wheres), 4)]
	for _, i := range a.update {
		moves := 1
		switch {
		case p.tables[t.ID].moves(i):
			moves = 5
		case isReference(t, i):
			moves = 3
		}
		for j, w := range narrow {
			add(&out.updates, moves*writeWeight(j), model.Shape{Command: model.Update, Columns: []int{i}, Where: w})
		}
		if !ruled && len(wheres) > 1 && len(t.Key) > 0 {
			add(&out.updates, 1, model.Shape{Command: model.Update, Columns: []int{i}, Where: wheres[1], Returning: t.Key})
		}
	}
	for j, w := range narrow {
		add(&out.deletes, writeWeight(j), model.Shape{Command: model.Delete, Where: w})
	}
	if !ruled && len(wheres) > 1 && len(t.Key) > 0 {
		add(&out.deletes, 1, model.Shape{Command: model.Delete, Where: wheres[1], Returning: t.Key})
	}
}

// writeWeight is the weight of a write by its condition. One without a condition, the
// first, reads no column and escapes the policies for reading.
func writeWeight(condition int) int {
	if condition == 0 {
		return 12
	}
	return 2
}

// plainText reports whether a column is free text, of which any value will do.
func plainText(t *model.Table, i int) bool {
	return t.Columns[i].Type.Kind == sql.Text && !checked(t, i)
}
