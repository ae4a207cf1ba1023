package gen

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// demands is what a condition asks of a row and of rows of other tables, as far as
// it is a conjunction of equalities and EXISTS. What else it asks, chance may meet:
// the cast is taken from the rows that meet the whole condition.
type demands struct {
	outer   *model.Table
	tenants *model.Table // whose rows stand for themselves; nil: no table's
	fixed   map[int]model.Value
	others  []demand
}

// demand is a row that must exist, with values that may refer to the outer row.
type demand struct {
	table   *model.Table
	columns map[int]sql.Expr
	lists   map[int]sql.Expr // what the lists in columns must have
	more    bool             // it asks something else too
}

// meet collects the demands of a condition over table t.
func (d *demands) meet(s *model.Schema, t *model.Table, e sql.Expr) {
	d.outer = t
	for _, part := range conjuncts(e) {
		if x, ok := part.(*sql.Exists); ok {
			d.query(s, x.Query)
			continue
		}
		col, v := asked(part)
		if col == nil || col.Qualifier != "" && col.Qualifier != t.Name {
			continue
		}
		if lit, ok := v.(*sql.Literal); ok {
			d.fix(t, col.Name, lit.Value)
		}
	}
}

// asked is the column of which a condition asks a value, and that; nil where it asks
// something else.
func asked(part sql.Expr) (*sql.Column, sql.Expr) {
	switch x := part.(type) {
	case *sql.Compare:
		return equality(x)
	case *sql.IsNull:
		if col, ok := x.X.(*sql.Column); ok && !x.Not {
			return col, &sql.Literal{Value: null}
		}
	case *sql.In:
		if col, ok := x.X.(*sql.Column); ok && !x.Not && len(x.List) > 0 {
			return col, x.List[0]
		}
	case *sql.Column:
		return x, &sql.Literal{Value: text("t")}
	case *sql.Not:
		if col, ok := x.X.(*sql.Column); ok {
			return col, &sql.Literal{Value: text("f")}
		}
	}
	return nil, nil
}

func (d *demands) fix(t *model.Table, name string, v model.Value) {
	if i := t.Column(name); i >= 0 {
		if d.fixed == nil {
			d.fixed = map[int]model.Value{}
		}
		d.fixed[i] = v
	}
}

// query collects what a sub-select over one table asks, or over one beside that of the tenants.
func (d *demands) query(s *model.Schema, q *sql.Query) {
	if q == nil {
		return
	}
	from, home := q.From, ""
	for i, f := range from {
		if len(from) == 2 && d.tenants != nil && s.Table(f.Schema, f.Name) == d.tenants {
			from, home = []*sql.Table{from[1-i]}, cmp.Or(f.Alias, f.Name)
			break
		}
	}
	if len(from) != 1 {
		return
	}
	f := from[0]
	t := s.Table(f.Schema, f.Name)
	if t == nil {
		return
	}
	label := f.Alias
	if label == "" {
		label = f.Name
	}
	inner := func(c *sql.Column) bool {
		return c.Qualifier == label || c.Qualifier == "" && t.Column(c.Name) >= 0
	}
	o := demand{table: t, columns: map[int]sql.Expr{}, lists: map[int]sql.Expr{}}
	for _, part := range conjuncts(q.Where) {
		if x, ok := part.(*sql.AnyArray); ok && !x.Not {
			if list, ok := plain(x.Array).(*sql.Column); ok && inner(list) && t.Column(list.Name) >= 0 {
				o.lists[t.Column(list.Name)] = plain(x.X)
				if c, ok := plain(x.X).(*sql.Column); ok && home != "" && c.Qualifier == home {
					o.lists[t.Column(list.Name)] = &sql.Var{Name: "tenant"}
				}
				continue
			}
		}
		col, v := asked(part)
		if x, ok := part.(*sql.Compare); ok && x.Op == "=" && (col == nil || !inner(col)) { // the other way round
			if r, ok := x.R.(*sql.Column); ok {
				col, v = r, x.L
			}
		}
		if col == nil || !inner(col) {
			o.more = true
			continue
		}
		o.set(col.Name, v)
	}
	d.others = append(d.others, o)
}

func (o *demand) set(name string, e sql.Expr) {
	if i := o.table.Column(name); i >= 0 {
		o.columns[i] = e
	}
}

func equality(x *sql.Compare) (*sql.Column, sql.Expr) {
	if x.Op != "=" {
		return nil, nil
	}
	if c, ok := x.L.(*sql.Column); ok {
		return c, x.R
	}
	if c, ok := x.R.(*sql.Column); ok {
		return c, x.L
	}
	return nil, nil
}

func conjuncts(e sql.Expr) []sql.Expr {
	if e == nil {
		return nil
	}
	if a, ok := e.(*sql.And); ok {
		var out []sql.Expr
		for _, x := range a.Args {
			out = append(out, conjuncts(x)...)
		}
		return out
	}
	return []sql.Expr{e}
}

// want notes which constants the rules of sessions ask of the rows of a table: where chance
// alone chose, what a session may see or write would be the exception.
func (p *Plan) want() {
	for i, t := range p.Contract.Schema.Tables {
		tp := &p.tables[i]
		for _, s := range p.Contract.Sessions {
			w := &s.Writes[i]
			for _, r := range []*model.Rule{s.Sees[i].Rule, w.From, w.Delete} {
				if r == nil || r.Kind != model.RuleCondition {
					continue
				}
				e, err := sql.ParseExpr(r.Text)
				if err != nil {
					continue
				}
				var d demands
				d.meet(p.Contract.Schema, t, e)
				maps.DeleteFunc(d.fixed, func(c int, v model.Value) bool { return !tp.free(c, v) })
				if len(d.fixed) > 0 && !slices.ContainsFunc(tp.wanted, func(o map[int]model.Value) bool { return maps.Equal(o, d.fixed) }) {
					tp.wanted = append(tp.wanted, d.fixed)
				}
			}
		}
	}
}

// free reports whether a column may have a value, whatever row it is in.
func (tp *tablePlan) free(column int, v model.Value) bool {
	col := &tp.columns[column]
	switch {
	case isReference(tp.table, column), model.Contains(tp.table.Key, column), model.Contains(tp.tenant, column), tp.tied(column), col.how == counted, col.how == absent, col.how == nowhere:
		return false
	case v.Null:
		return col.null
	}
	return slices.Contains(col.pool, v)
}
