package reduce

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// place names a row of a scenario.
type place struct{ table, row int }

// closure keeps only what the steps and the divergence are about: the rows of the
// identities, the rows that diverged, those that the statements' constants name,
// and whatever these refer to.
func (r *reducer) closure() {
	s := r.best
	keep := map[place]bool{}
	for i := range s.Steps {
		r.keepIdentity(keep, &s.Steps[i])
		r.keepNamed(keep, &s.Steps[i].Op)
		r.keepArguments(keep, &s.Steps[i])
	}
	if w := r.found.Worlds; w != nil {
		for _, h := range w.Hidden {
			r.keepRow(keep, h.Table, h.Row)
		}
	}
	t := r.found.Of
	if r.found.Cell.Table >= 0 {
		t = r.contract.Schema.Tables[r.found.Cell.Table]
	}
	for _, row := range r.found.Rows {
		if row != nil {
			r.keepRow(keep, t, row)
			break // one is enough, where it is
		}
	}
	if next, dropped := r.only(keep); dropped > 0 && r.try(next) {
		return
	}
	for _, row := range r.found.Rows {
		if row != nil {
			r.keepRow(keep, t, row)
		}
	}
	if next, dropped := r.only(keep); dropped > 0 {
		r.try(next)
	}
}

func (r *reducer) only(keep map[place]bool) (*model.Scenario, int) {
	s := clone(r.best)
	dropped := 0
	for t := range s.Data {
		var rows []model.Row
		for i, row := range s.Data[t] {
			if keep[place{t, i}] {
				rows = append(rows, row)
			} else {
				dropped++
			}
		}
		s.Data[t] = rows
	}
	return s, dropped
}

func (r *reducer) keepIdentity(keep map[place]bool, step *model.Step) {
	c := r.contract
	if root := c.Tenancy.Table; root != nil && !step.Tenant.Null {
		r.keepKey(keep, root, c.Tenancy.Key, step.Tenant)
	}
	u := step.Session.User
	if u == nil || step.User.Null {
		return
	}
	r.keepKey(keep, u.Table, u.Table.Key[0], step.User)
	// what refers to both the user and the tenant makes the user the tenant's
	for _, t := range c.Schema.Tables {
		for i, row := range r.data(t) {
			user, tenant := false, c.Tenancy.Table == nil
			for k := range t.ForeignKeys {
				key := &t.ForeignKeys[k]
				user = user || key.Target == u.Table && row[key.Columns[0]] == step.User
				tenant = tenant || key.Target != nil && key.Target == c.Tenancy.Table && row[key.Columns[0]] == step.Tenant
			}
			if user && tenant && t != u.Table {
				r.mark(keep, t, i)
			}
		}
	}
}

func (r *reducer) data(t *model.Table) []model.Row {
	if t.ID < len(r.best.Data) {
		return r.best.Data[t.ID]
	}
	return nil
}

// keepNamed keeps the rows that a statement's constants refer to.
func (r *reducer) keepNamed(keep map[place]bool, op *model.Op) {
	if op.Shape == nil {
		return
	}
	t := op.Shape.Table
	for i, p := range op.Shape.Params {
		if i >= len(op.Args) || op.Args[i].Null {
			continue
		}
		if !p.Set && model.Contains(t.Key, p.Column) {
			r.keepKey(keep, t, p.Column, op.Args[i])
		}
		for k := range t.ForeignKeys {
			key := &t.ForeignKeys[k]
			for j, c := range key.Columns {
				if c == p.Column && key.Target != nil {
					r.keepKey(keep, key.Target, key.Targets[j], op.Args[i])
				}
			}
		}
	}
}

// keepArguments keeps the rows that the arguments of a call were drawn from.
func (r *reducer) keepArguments(keep map[place]bool, step *model.Step) {
	if step.Op.Path == nil {
		return
	}
	for i, v := range step.Op.Args {
		ref, ok := r.plan.Drawn(step, i)
		if !ok || v.Null {
			continue
		}
		r.keepKey(keep, r.contract.Schema.Tables[ref.Table], ref.Column, v)
	}
}

func (r *reducer) keepKey(keep map[place]bool, t *model.Table, column int, v model.Value) {
	for i, row := range r.data(t) {
		if row[column] == v {
			r.mark(keep, t, i)
		}
	}
}

func (r *reducer) keepRow(keep map[place]bool, t *model.Table, row model.Row) {
	for i, o := range r.data(t) {
		if len(t.Key) > 0 && model.SameKey(t.Key, o, row) || len(t.Key) == 0 && equal(o, row) {
			r.mark(keep, t, i)
		}
	}
}

func equal(a, b model.Row) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// mark keeps a row and everything that it refers to.
func (r *reducer) mark(keep map[place]bool, t *model.Table, i int) {
	if keep[place{t.ID, i}] {
		return
	}
	keep[place{t.ID, i}] = true
	row := r.best.Data[t.ID][i]
	for k := range t.ForeignKeys {
		key := &t.ForeignKeys[k]
		if key.Target == nil {
			continue
		}
		for j, target := range r.data(key.Target) {
			if refers(row, key, target) {
				r.mark(keep, key.Target, j)
			}
		}
	}
}

func refers(row model.Row, k *model.ForeignKey, target model.Row) bool {
	for i, c := range k.Columns {
		if row[c].Null || row[c] != target[k.Targets[i]] {
			return false
		}
	}
	return true
}

// rows drops each row, with whatever refers to it.
func (r *reducer) rows() {
	order := r.plan.Order
	for i := len(order) - 1; i >= 0; i-- {
		t := order[i]
		for row := len(r.data(t)) - 1; row >= 0; row-- {
			if row >= len(r.data(t)) {
				continue
			}
			drop := map[place]bool{}
			r.dependents(drop, t, row)
			s := clone(r.best)
			for table := range s.Data {
				var rows []model.Row
				for j, v := range s.Data[table] {
					if !drop[place{table, j}] {
						rows = append(rows, v)
					}
				}
				s.Data[table] = rows
			}
			if !r.try(s) && len(drop) > 1 && t != r.contract.Tenancy.Table {
				r.redirect(t, row)
			}
		}
	}
}

// redirect drops a row, and has what refers to it refer to another row of its table.
func (r *reducer) redirect(t *model.Table, i int) {
	gone := r.data(t)[i]
	for other, row := range r.data(t) {
		if other == i {
			continue
		}
		s := clone(r.best)
		s.Data[t.ID] = slices.Delete(s.Data[t.ID], i, i+1)
		for _, o := range r.contract.Schema.Tables {
			for k := range o.ForeignKeys {
				if key := &o.ForeignKeys[k]; key.Target == t {
					for _, v := range s.Data[o.ID] {
						if !refers(v, key, gone) {
							continue
						}
						for j, c := range key.Columns {
							v[c] = row[key.Targets[j]]
						}
					}
				}
			}
		}
		if r.try(s) {
			return
		}
	}
}

func (r *reducer) dependents(drop map[place]bool, t *model.Table, i int) {
	if drop[place{t.ID, i}] {
		return
	}
	drop[place{t.ID, i}] = true
	row := r.best.Data[t.ID][i]
	for _, o := range r.contract.Schema.Tables {
		for k := range o.ForeignKeys {
			key := &o.ForeignKeys[k]
			if key.Target != t {
				continue
			}
			for j, v := range r.data(o) {
				if refers(v, key, row) {
					r.dependents(drop, o, j)
				}
			}
		}
	}
}

// follow lets the arguments of calls that name a row's value name the new one.
func (r *reducer) follow(s *model.Scenario, t *model.Table, column int, old, v model.Value) {
	for k := range s.Steps {
		for i := range s.Steps[k].Op.Args {
			if s.Steps[k].Op.Path == nil || s.Steps[k].Op.Args[i] != old {
				continue
			}
			if ref, ok := r.plan.Drawn(&s.Steps[k], i); ok && ref.Table == t.ID && ref.Column == column {
				s.Steps[k].Op.Args[i] = v
			}
		}
	}
}

// values makes the values that decide nothing the simplest there are: all at once,
// then column by column, then one by one.
func (r *reducer) values() {
	simple := func(pick func(t *model.Table, row, column int) bool) bool {
		s := clone(r.best)
		changed := false
		for _, t := range r.contract.Schema.Tables {
			for i := range r.data(t) {
				for c := range t.Columns {
					v, ok := r.plan.Simplest(t, c)
					if old := s.Data[t.ID][i][c]; ok && pick(t, i, c) && old != v {
						s.Data[t.ID][i][c] = v
						r.follow(s, t, c, old, v)
						changed = true
					}
				}
			}
		}
		return !changed || r.try(s)
	}
	if simple(func(*model.Table, int, int) bool { return true }) {
		return
	}
	for _, t := range r.contract.Schema.Tables {
		for c := range t.Columns {
			if simple(func(o *model.Table, _, column int) bool { return o == t && column == c }) {
				continue
			}
			for i := range r.data(t) {
				simple(func(o *model.Table, row, column int) bool { return o == t && column == c && row == i })
			}
		}
	}
}
