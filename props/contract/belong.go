package contract

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// belongings resolves how each table's rows belong to tenants: as written, else
// as inferred.
func (r *resolver) belongings() {
	for i := range r.file.tables {
		d := &r.file.tables[i]
		t := r.table(d.name)
		switch {
		case t == nil:
		case r.decls[t.ID] != nil:
			r.fail(d.name.place(), "each table once", "table %q stands here twice", t.Label())
		default:
			r.decls[t.ID] = d
		}
	}
	for id, d := range r.decls {
		if d != nil {
			r.contract.Belongs[id] = r.written(r.schema.Tables[id], d)
		}
	}
	if len(r.errs) == 0 {
		r.infer()
	}
	if len(r.errs) == 0 {
		r.circles()
	}
}

// written resolves what the contract says of a table.
func (r *resolver) written(t *model.Table, d *tableDecl) model.Belonging {
	b := model.Belonging{NullShared: d.nullShared, Generators: map[int]string{}}
	for _, g := range d.generators {
		if col := r.column(t, g.key.value, g.key.place()); col >= 0 {
			b.Generators[col] = g.value.value
		}
	}
	switch d.how {
	case "shared":
		b.How, b.Text = model.Shared, d.how
		return b
	case "internal":
		b.How, b.Text = model.Internal, d.how
		return b
	}
	for i := range d.ways {
		b.Text = joined(b.Text, d.ways[i].text.value)
		if p, ok := r.way(t, &d.ways[i]); ok {
			b.Paths = append(b.Paths, p)
		}
	}
	if d.query.given() {
		b.Text = joined(b.Text, strings.TrimSpace(d.query.value))
		if p, ok := r.tenantQuery(t, d.query, t.Name); ok {
			b.Paths = append(b.Paths, p)
		}
	}
	return b
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// way resolves a column or a foreign key.
func (r *resolver) way(t *model.Table, w *wayDecl) (model.TenantPath, bool) {
	columns := make([]int, len(w.columns))
	for i, name := range w.columns {
		if columns[i] = r.column(t, name, w.text.place()); columns[i] < 0 {
			return model.TenantPath{}, false
		}
	}
	if w.target == "" {
		return model.TenantPath{Column: columns[0]}, r.holdsTenants(t, columns[0], w.text.place())
	}
	at := w.text.at
	offset := strings.Index(w.text.value, "->") + 2
	offset += len(w.text.value[offset:]) - len(strings.TrimLeft(w.text.value[offset:], " \t\n"))
	target := r.table(text{w.target, &node{kind: scalar, text: w.target, at: r.inside(at, offset)}})
	if target == nil {
		return model.TenantPath{}, false
	}
	if k := foreignKey(t, columns, target); k != nil {
		return model.TenantPath{Column: -1, Key: k}, true
	}
	if len(target.Key) != len(columns) {
		r.fail(w.text.place(), "the columns of a foreign key, or as many as the primary key of "+target.Label()+" has",
			"table %q has no foreign key (%s) to %q", t.Label(), strings.Join(w.columns, ", "), target.Label())
		return model.TenantPath{}, false
	}
	for i, col := range columns {
		if from, to := &t.Columns[col].Type, &target.Columns[target.Key[i]].Type; !sameKind(from, to) {
			r.fail(w.text.place(), "a column of type "+to.Name, "column %q of %q is %s, the key of %q is %s",
				t.Columns[col].Name, t.Label(), from.Name, target.Label(), to.Name)
			return model.TenantPath{}, false
		}
	}
	return model.TenantPath{Column: -1, Key: &model.ForeignKey{
		Columns: columns, Target: target, TargetName: target.Schema + "." + target.Name, Targets: target.Key,
	}}, true
}

// foreignKey is the foreign key of those columns, in whatever order.
func foreignKey(t *model.Table, columns []int, target *model.Table) *model.ForeignKey {
	want := slices.Sorted(slices.Values(columns))
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target == target && slices.Equal(slices.Sorted(slices.Values(k.Columns)), want) {
			return k
		}
	}
	return nil
}

// holdsTenants checks that a column can hold a tenant.
func (r *resolver) holdsTenants(t *model.Table, col int, at place) bool {
	have, want := &t.Columns[col].Type, &r.contract.Tenancy.Type
	if sameKind(have, want) {
		return true
	}
	r.fail(at, "a column of type "+want.Name, "column %q of %q is %s, a tenant is %s", t.Columns[col].Name, t.Label(), have.Name, want.Name)
	return false
}

// sameKind reports whether Postgres compares the types without a cast.
func sameKind(a, b *model.Type) bool {
	if a.Array != b.Array {
		return false
	}
	if textual(a) && textual(b) {
		return true
	}
	if a.Kind == sql.Int && b.Kind == sql.Int {
		return true
	}
	return a.Base == b.Base && slices.Equal(a.Enum, b.Enum)
}

func textual(t *model.Type) bool {
	return t.Kind == sql.Text || t.Base == "text" || t.Base == "varchar" || t.Base == "bpchar" || t.Base == "citext"
}

// tenantQuery resolves tenants: SELECT …, in which name stands for the row.
func (r *resolver) tenantQuery(t *model.Table, d text, name string) (model.TenantPath, bool) {
	q, err := sql.ParseQuery(d.value)
	if err != nil {
		r.mistake(d, "a SELECT of one column", err, "not SQL: ")
		return model.TenantPath{}, false
	}
	scope := &sql.Scope{Base: r.relations[t.ID], BaseAlias: name, Relations: r.relation}
	if vars := sql.QueryVars(q); len(vars) > 0 {
		r.fail(d.place(), "a query over the row's columns alone", "the tenants of a row depend on $%s", vars[0])
		return model.TenantPath{}, false
	}
	if err := sql.NamesQuery(q, scope); err != nil {
		r.mistake(d, "a SELECT of one column over the columns of "+t.Label()+" and other tables", err, "")
		return model.TenantPath{}, false
	}
	p := model.TenantPath{Column: -1}
	p.Print = func(row string) string {
		out, _ := sql.PrintQuery(q, sql.PrintOptions{Scope: scope, Qualifier: row, Table: r.qualified})
		return out
	}
	p.SQL = p.Print(t.SQL())
	r.asks(d, "SELECT ARRAY("+p.SQL+") FROM "+t.SQL(), nil)
	p.Query, err = sql.CompileQuery(q, scope)
	if err != nil && !sql.IsNotInGo(err) {
		r.mistake(d, "a SELECT of one column", err, "")
		return model.TenantPath{}, false
	}
	if p.Query != nil && apart(p.Query.Kind(), r.contract.Tenancy.Type.Kind) {
		r.fail(d.place(), "a query of "+r.contract.Tenancy.Type.Name, "the query gives %s, a tenant is %s", p.Query.Type(), r.contract.Tenancy.Type.Name)
		return model.TenantPath{}, false
	}
	return p, true
}

// apart reports whether values of the kinds are surely not comparable.
func apart(a, b model.Kind) bool { return a.Comparable() && b.Comparable() && a != b }

// qualified names a table of a sub-select with its schema, so that no search path matters.
func (r *resolver) qualified(schema, name string) (string, string) {
	if t := r.find(schema, name); t != nil {
		return t.Schema, t.Name
	}
	return "", ""
}

// circles refuses ways that lead back to where they began, or to rows without tenants.
func (r *resolver) circles() {
	for _, t := range r.schema.Tables {
		for _, p := range r.contract.Belongs[t.ID].Paths {
			if p.Key == nil || r.decls[t.ID] == nil || r.contract.Belongs[p.Key.Target.ID].How == model.Owned {
				continue
			}
			target := p.Key.Target
			r.fail(r.decls[t.ID].name.place(), "a foreign key to a table whose rows have tenants",
				"the tenants of %q come from %q, which is %s", t.Label(), target.Label(), r.contract.Belongs[target.ID].Text)
		}
		if d := r.decls[t.ID]; d != nil && len(d.ways) > 0 && r.reaches(t, t, map[int]bool{}) {
			r.fail(d.ways[0].text.place(), "a way that ends at a column or a query", "the tenants of %q lead back to %q", t.Label(), t.Label())
		}
	}
}

// reaches reports whether the ways of a table lead to another one.
func (r *resolver) reaches(from, to *model.Table, seen map[int]bool) bool {
	for _, p := range r.contract.Belongs[from.ID].Paths {
		if p.Key == nil || seen[p.Key.Target.ID] {
			continue
		}
		if p.Key.Target == to {
			return true
		}
		seen[p.Key.Target.ID] = true
		if r.reaches(p.Key.Target, to, seen) {
			return true
		}
	}
	return false
}
