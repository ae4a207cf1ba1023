package reduce

import (
	"sort"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// domain is what the values of a column name: a table's key, or tenants that no
// table holds.
type domain struct {
	table  int // -1: tenants without a table
	column int
}

// relabel gives tenants and keys new names in the order of their appearance, the
// session's own first, and sorts the rows accordingly.
func (r *reducer) relabel() {
	s := clone(r.best)
	for i := range s.Steps {
		if s.Steps[i].Op.Raw != "" {
			return // names inside of text that nobody took apart
		}
	}
	r.sort(s)
	l := labels{reducer: r, names: map[domain]map[string]model.Value{}, next: map[domain]int{}}
	for i := range s.Steps {
		l.identity(&s.Steps[i])
	}
	for _, t := range r.plan.Order {
		if t.ID >= len(s.Data) {
			continue
		}
		for _, row := range s.Data[t.ID] {
			for c := range row {
				row[c] = l.rename(t, c, row[c])
			}
		}
	}
	for i := range s.Steps {
		op := &s.Steps[i].Op
		if op.Path != nil {
			l.call(&s.Steps[i])
			continue
		}
		for k, p := range op.Shape.Params {
			if k < len(op.Args) {
				op.Args[k] = l.rename(op.Shape.Table, p.Column, op.Args[k])
			}
		}
	}
	if same(s, r.best) || r.try(s) {
		return
	}
	at := r.found.Step
	if s.Steps[at].Op.Path == nil {
		return
	}
	for _, step := range r.plan.Redraw(s.Data, &s.Steps[at]) { // names inside of its arguments
		next := clone(s)
		next.Steps[at].Op.Args = step.Op.Args
		if r.try(next) {
			return
		}
	}
}

// call renames the arguments of a call that name something.
func (l *labels) call(step *model.Step) {
	for i, v := range step.Op.Args {
		if ref, ok := l.plan.Drawn(step, i); ok {
			step.Op.Args[i] = l.rename(l.contract.Schema.Tables[ref.Table], ref.Column, v)
		}
	}
}

// sort puts the rows of the first step's tenant first.
func (r *reducer) sort(s *model.Scenario) {
	st := s.Initial(r.contract.Schema)
	tenant := s.Steps[0].Tenant
	if s.Steps[0].Observed() {
		tenant = s.Steps[0].Observer.Tenant
	}
	for _, t := range r.contract.Schema.Tables {
		if t.ID >= len(s.Data) {
			continue
		}
		rows := s.Data[t.ID]
		own := make(map[*model.Value]bool, len(rows))
		for _, row := range rows {
			r.contract.Tenants(st, t, row, func(v model.Value) bool {
				if v == tenant {
					own[&row[0]] = true
				}
				return true
			})
		}
		sort.SliceStable(rows, func(i, j int) bool { return own[&rows[i][0]] && !own[&rows[j][0]] })
	}
}

func same(a, b *model.Scenario) bool {
	for t := range a.Data {
		if len(a.Data[t]) != len(b.Data[t]) {
			return false
		}
		for i := range a.Data[t] {
			if !equal(a.Data[t][i], b.Data[t][i]) {
				return false
			}
		}
	}
	for i := range a.Steps {
		x, y := &a.Steps[i], &b.Steps[i]
		if x.Tenant != y.Tenant || x.User != y.User || x.Observer != y.Observer || !equal(x.Op.Args, y.Op.Args) {
			return false
		}
	}
	return true
}

// labels hands out new names.
type labels struct {
	*reducer
	names map[domain]map[string]model.Value
	next  map[domain]int
}

func (l *labels) identity(step *model.Step) {
	step.Tenant, step.User = l.who(step.Session, step.Tenant, step.User)
	if o := &step.Observer; step.Observed() {
		o.Tenant, o.User = l.who(o.Session, o.Tenant, o.User)
	}
}

func (l *labels) who(s *model.Session, tenant, user model.Value) (model.Value, model.Value) {
	if !tenant.Null {
		tenant = l.tenant(tenant)
	}
	if u := s.User; u != nil && !user.Null {
		user = l.rename(u.Table, u.Table.Key[0], user)
	}
	return tenant, user
}

// tenant gives the new name of a tenant.
func (l *labels) tenant(v model.Value) model.Value {
	if root := l.contract.Tenancy.Table; root != nil {
		return l.rename(root, l.contract.Tenancy.Key, v)
	}
	return l.name(domain{-1, 0}, v)
}

// rename gives the new name of a column's value, if the column names something.
func (l *labels) rename(t *model.Table, c int, v model.Value) model.Value {
	if v.Null {
		return v
	}
	if to, ok := l.plan.Inside(t, c, v, l.tenant); ok {
		return to
	}
	d, ok := l.domain(t, c, 0)
	if !ok {
		return v
	}
	return l.name(d, v)
}

func (l *labels) name(d domain, v model.Value) model.Value {
	if d.table >= 0 {
		for _, row := range l.contract.Schema.Tables[d.table].Seed {
			if row[d.column] == v {
				return v
			}
		}
	}
	if l.names[d] == nil {
		l.names[d] = map[string]model.Value{}
	}
	if n, ok := l.names[d][v.Text]; ok {
		return n
	}
	n := l.next[d]
	l.next[d]++
	var to model.Value
	if d.table < 0 {
		to = l.plan.TenantValue(n)
	} else {
		to = l.plan.KeyValue(l.contract.Schema.Tables[d.table], d.column, n)
	}
	l.names[d][v.Text] = to
	return to
}

// domain follows foreign keys to the key that a column names.
func (l *labels) domain(t *model.Table, c, depth int) (domain, bool) {
	if depth > 8 {
		return domain{}, false
	}
	for k := range t.ForeignKeys {
		key := &t.ForeignKeys[k]
		for j, col := range key.Columns {
			if col == c && key.Target != nil {
				return l.domain(key.Target, key.Targets[j], depth+1)
			}
		}
	}
	if len(t.Key) == 1 && t.Key[0] == c && l.plan.Counted(t, c) {
		return domain{t.ID, c}, true
	}
	if l.contract.Tenancy.Table == nil && l.plan.HoldsTenant(t, c) {
		return domain{-1, 0}, true
	}
	return domain{}, false
}
