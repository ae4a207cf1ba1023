package judge

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// change is one row that a step added (no old), removed (no new) or changed.
type change struct {
	old, new model.Row
}

func (c change) command() model.Command {
	switch {
	case c.old == nil:
		return model.Insert
	case c.new == nil:
		return model.Delete
	}
	return model.Update
}

// writes judges every row that the step changed, of whatever table. Where the statement itself did
// to rows of other tenants what it must not, what follows in other tables follows from that, and is
// not judged: a trigger that logs a row of another tenant there does what it is for. What a path
// that is a statement on a table does to that table is judged where sessions write to it.
func (j *judge) writes() {
	strayed := false
	for _, direct := range []bool{true, false} {
		for _, t := range j.contract.Schema.Tables {
			its := j.op.Path != nil && j.op.Path.Table == t
			if t.Parent != "" || (its || j.direct(t)) != direct {
				continue
			}
			for _, c := range j.changes(t) {
				if j.logged(t, c) {
					continue
				}
				if !direct {
					if !strayed {
						j.consequence(t, c)
					}
					continue
				}
				d, known := j.direction(t, c)
				strayed = strayed || d != nil && d.Cross
				switch {
				case its:
				case !known:
					j.verdict.Unjudged = append(j.verdict.Unjudged, "a change of "+t.Label()+": its rule could not be evaluated")
				case d != nil:
					j.found(*d)
				}
			}
		}
	}
	j.tag()
}

// direct reports whether the statement names the table as its target. A statement
// written by hand may name any.
func (j *judge) direct(t *model.Table) bool {
	if p := j.op.Path; p != nil { // what the path does not say is a consequence
		u := p.User(j.id.Session)
		return u != nil && u.Said != nil && u.Said[t.ID]
	}
	return j.op.Shape == nil || j.op.Shape.Table == t && j.op.Shape.Command != model.Select
}

// changes compares a table before and after the step: by primary key, else by what
// an UPDATE sets.
func (j *judge) changes(t *model.Table) []change {
	before, after := j.before.Rows(t.ID), j.after.Rows(t.ID)
	count := map[uint64]int{}
	for _, s := range j.before.Sums(t.ID) {
		count[s]++
	}
	var added []model.Row
	for i, s := range j.after.Sums(t.ID) {
		if count[s] > 0 {
			count[s]--
		} else {
			added = append(added, after[i])
		}
	}
	var changes []change
	for i, s := range j.before.Sums(t.ID) {
		if count[s] == 0 {
			continue
		}
		count[s]--
		c := change{old: before[i]}
		for k, row := range added {
			if row != nil && j.same(t, before[i], row) {
				c.new, added[k] = row, nil
				break
			}
		}
		changes = append(changes, c)
	}
	for _, row := range added {
		if row != nil {
			changes = append(changes, change{new: row})
		}
	}
	return changes
}

// same reports whether two rows are the same one before and after: by the key, unless the
// statement sets a column of it.
func (j *judge) same(t *model.Table, old, row model.Row) bool {
	s := j.op.Shape
	sets := s != nil && s.Command == model.Update && s.Table == t
	if len(t.Key) > 0 && !(sets && slices.ContainsFunc(t.Key, func(c int) bool { return slices.Contains(s.Columns, c) })) {
		return model.SameKey(t.Key, old, row)
	}
	if !sets {
		return false
	}
	for i := range old {
		if old[i] != row[i] && !slices.Contains(s.Columns, i) {
			return false
		}
	}
	return true
}

// direction judges a row of the table that the statement names: nil where it may do so. known is false
// where the rule could not be evaluated.
func (j *judge) direction(t *model.Table, c change) (d *Divergence, known bool) {
	d = &Divergence{Class: Write, Cell: j.cell(t, c.command()), Rows: []model.Row{c.old}, Became: []model.Row{c.new}}
	var ok bool
	ok, known, d.Rule, d.Column = j.permits(t, c)
	if c.command() == model.Update && j.moved(t, c) {
		d.Class = Move
	}
	if ok || !known {
		return nil, known
	}
	d.Cross = c.old != nil && j.foreign(j.before, t, c.old) || c.new != nil && j.foreign(j.after, t, c.new)
	return d, true
}

// permits reports whether the session's rules for writes allow a change, by which of them, and
// the column that it may not change; -1 without one.
func (j *judge) permits(t *model.Table, c change) (ok, known bool, rule string, column int) {
	w := &j.id.Session.Writes[t.ID]
	switch {
	case c.old == nil:
		ok, known = j.holdsNew(w.Insert, c.new)
		return ok, known, text(w.Insert), -1
	case c.new == nil:
		ok, known = j.holds(w.Delete, j.before, c.old)
		return ok, known, text(w.Delete), -1
	}
	if ok, known = j.holds(w.From, j.before, c.old); !ok || !known {
		return ok, known, text(w.From), -1
	}
	if ok, known = j.holdsNew(w.To, c.new); !ok || !known {
		return ok, known, "to " + text(w.To), -1
	}
	if column = j.forbiddenColumn(t, c); column >= 0 {
		return false, true, "columns", column
	}
	return true, true, "to " + text(w.To), -1
}

// permitsSince reports whether the session's rules for writes allow a consequence once the statement is
// done: the order that was placed entitles who placed it to what the trigger does for it. The rows
// of its own table are those of before, so that none entitles itself.
func (j *judge) permitsSince(t *model.Table, c change) bool {
	w, st := &j.id.Session.Writes[t.ID], j.without(t)
	holds := func(r *model.Rule, row model.Row) bool {
		ok, known := j.holdsThen(r, st, row)
		return ok && known
	}
	switch {
	case c.old == nil:
		return holds(w.Insert, c.new)
	case c.new == nil:
		return holds(w.Delete, c.old)
	}
	return holds(w.From, c.old) && holds(w.To, c.new) && j.forbiddenColumn(t, c) < 0
}

// forbiddenColumn is a column that the session changed and may not; -1 without one. What
// a trigger or an expression sets besides the statement's own columns is the schema's doing.
func (j *judge) forbiddenColumn(t *model.Table, c change) int {
	w := &j.id.Session.Writes[t.ID]
	if w.UpdateColumns == nil {
		return -1
	}
	for i := range c.old {
		set := j.op.Shape == nil || j.op.Shape.Table != t || slices.Contains(j.op.Shape.Columns, i)
		if j.op.Path != nil && t.Rewrites(i) { // which columns a path sets itself, nobody knows
			set = false
		}
		if set && c.old[i] != c.new[i] && !w.UpdateColumns[i] {
			return i
		}
	}
	return -1
}

// moved reports whether a row's tenants changed, and by what changed of the row itself: a user who
// is renamed and becomes a member of something else has not moved.
func (j *judge) moved(t *model.Table, c change) bool {
	now := j.tenantsOf(j.after, t, c.new)
	return !slices.Equal(j.tenantsOf(j.before, t, c.old), now) && !slices.Equal(j.tenantsOf(j.after, t, c.old), now)
}

func (j *judge) tenantsOf(st *model.State, t *model.Table, row model.Row) []string {
	var out []string
	j.contract.Tenants(st, t, row, func(v model.Value) bool {
		out = append(out, v.Text)
		return true
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// consequence judges a row of another table, changed by a trigger or a cascade: each
// tenant of it must be the session's, or be new. What the session may do by itself, such as
// change a row between two tenants, may be done for it.
func (j *judge) consequence(t *model.Table, c change) {
	check := func(st *model.State, row model.Row) bool {
		for _, tenant := range j.tenantsOf(st, t, row) {
			if !slices.Contains(j.own, tenant) && j.existed(tenant) {
				return false
			}
		}
		return true
	}
	if (c.old == nil || check(j.before, c.old)) && (c.new == nil || check(j.after, c.new)) {
		return
	}
	if ok, known, _, _ := j.permits(t, c); ok && known {
		return
	}
	if j.permitsSince(t, c) {
		return
	}
	class := Write
	if j.op.Path != nil && c.command() == model.Update && j.moved(t, c) {
		class = Move
	}
	j.found(Divergence{
		Class: class, Cell: j.cell(t, c.command()), Rows: []model.Row{c.old}, Became: []model.Row{c.new},
		Column: -1, Cross: true, Rule: "what it brings about in other rows may only concern its own tenants",
	})
}

// existed reports whether a tenant was there before the step.
func (j *judge) existed(tenant string) bool {
	root := j.contract.Tenancy.Table
	if root == nil {
		return true
	}
	for _, row := range j.before.Rows(root.ID) {
		if row[j.contract.Tenancy.Key].Text == tenant {
			return true
		}
	}
	return false
}

// tag looks at the command tag: more rows than the rules allow were reached, even if
// none of them looks different now.
func (j *judge) tag() {
	s := j.op.Shape
	if s == nil || j.trace.Err != nil || s.Command != model.Update && s.Command != model.Delete {
		return
	}
	w := &j.id.Session.Writes[s.Table.ID]
	rule := w.Delete
	if s.Command == model.Update {
		rule = w.From
	}
	var hidden []model.Row
	upper := 0
	for _, row := range j.before.Rows(s.Table.ID) {
		if !j.op.Matches(row) {
			continue
		}
		ok, known := j.holds(rule, j.before, row)
		if ok || !known {
			upper++
		} else {
			hidden = append(hidden, row)
		}
	}
	if j.trace.Count <= upper || len(hidden) == 0 || s.Table.Parent != "" || s.Table.Partitioned {
		return
	}
	own := 0
	for _, row := range hidden {
		if !j.foreign(j.before, s.Table, row) {
			own++
		}
	}
	cross := j.trace.Count-upper > own // which of them were reached is not told
	j.found(Divergence{Class: Write, Cell: j.cell(s.Table, s.Command), Rows: hidden, Became: make([]model.Row, len(hidden)), Column: -1, Cross: cross, Rule: text(rule)})
}
