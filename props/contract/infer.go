package contract

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// inference finds how tables belong to tenants that the contract does not name. In
// order of strength: the tenants' table itself; a partition's or child's parent; a
// column with a foreign key to the tenants' key, or with the name and type of a
// tenant column elsewhere; foreign keys to tables that have tenants, NOT NULL ones
// before others, and those to tables of several tenants a row last.
type inference struct {
	*resolver
	known  []bool // by Table.ID
	plural []bool // a row may have several tenants, by way of a query
	direct [][]int
}

func (r *resolver) infer() {
	n := len(r.schema.Tables)
	in := &inference{resolver: r, known: make([]bool, n), plural: make([]bool, n), direct: make([][]int, n)}
	for id := range r.decls {
		d := r.decls[id]
		// A table that is named only for its generators is still inferred.
		in.known[id] = d != nil && (d.how != "" || len(d.ways) > 0 || d.query.given())
		in.plural[id] = d != nil && d.query.given() && asks(d.query.value)
	}
	in.inherit()
	in.columns()
	for in.inherit() || in.step(in.notNull) || in.step(in.nullable) || in.step(in.several) {
	}
	for _, t := range r.schema.Tables {
		if !in.known[t.ID] {
			in.complain(t)
		}
	}
}

// asks reports whether the tenants of a row come from rows of other tables: there may be
// any number.
func asks(query string) bool {
	q, err := sql.ParseQuery(query)
	return err != nil || len(sql.QueryTables(q)) > 0
}

// columns settles the tenants' table and what holds tenants itself.
func (in *inference) columns() {
	c := in.contract
	names := map[string]bool{}
	for _, t := range in.schema.Tables {
		switch {
		case t == c.Tenancy.Table && !in.known[t.ID]:
			in.settle(t, []model.TenantPath{{Column: c.Tenancy.Key}})
		case t == c.Tenancy.Table:
		case in.known[t.ID]:
			for _, p := range c.Belongs[t.ID].Paths {
				if p.Key == nil && p.Column >= 0 {
					names[t.Columns[p.Column].Name] = true
				}
			}
		default:
			in.direct[t.ID] = in.toTenants(t)
			for _, col := range in.direct[t.ID] {
				names[t.Columns[col].Name] = true
			}
		}
	}
	for _, t := range in.schema.Tables {
		if in.known[t.ID] {
			continue
		}
		for col := range t.Columns {
			if names[t.Columns[col].Name] && sameKind(&t.Columns[col].Type, &c.Tenancy.Type) && !contains(in.direct[t.ID], col) && !in.refersElsewhere(t, col) {
				in.direct[t.ID] = append(in.direct[t.ID], col)
			}
		}
	}
	for _, t := range in.schema.Tables {
		if !in.known[t.ID] && len(in.direct[t.ID]) > 0 {
			in.settle(t, nil)
		}
	}
	for _, t := range in.schema.Tables { // once all are known: parents may disagree with columns
		if len(in.direct[t.ID]) > 0 {
			in.parents(t, in.notNull(t))
		}
	}
}

// toTenants is the columns with a foreign key to the tenants' key.
func (in *inference) toTenants(t *model.Table) []int {
	var out []int
	tenancy := &in.contract.Tenancy
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		for j, col := range k.Columns {
			if k.Target == tenancy.Table && k.Target != nil && k.Targets[j] == tenancy.Key && !contains(out, col) {
				out = append(out, col)
			}
		}
	}
	return out
}

// refersElsewhere reports whether a column by itself refers to a table of the schema
// that is not the tenants'.
func (in *inference) refersElsewhere(t *model.Table, col int) bool {
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if len(k.Columns) == 1 && k.Columns[0] == col && k.Target != nil && in.contract.Tenancy.Table != nil {
			return true
		}
	}
	return false
}

// settle makes a table known.
func (in *inference) settle(t *model.Table, paths []model.TenantPath) {
	for _, col := range in.direct[t.ID] {
		paths = append(paths, model.TenantPath{Column: col})
	}
	b := &in.contract.Belongs[t.ID]
	b.How, b.Inferred, b.Paths = model.Owned, true, paths
	for i := range paths {
		b.Text = joined(b.Text, in.describe(t, &paths[i]))
	}
	in.known[t.ID] = true
}

func (in *inference) describe(t *model.Table, p *model.TenantPath) string {
	if p.Key == nil {
		return t.Columns[p.Column].Name
	}
	names := make([]string, len(p.Key.Columns))
	for i, col := range p.Key.Columns {
		names[i] = t.Columns[col].Name
	}
	text := strings.Join(names, ", ")
	if len(names) > 1 {
		text = "(" + text + ")"
	}
	return text + " -> " + p.Key.Target.Label()
}

// parents adds foreign keys to what is known of a table.
func (in *inference) parents(t *model.Table, keys []*model.ForeignKey) {
	b := &in.contract.Belongs[t.ID]
	for _, k := range keys {
		if k.Target == t || in.reaches(k.Target, t, map[int]bool{}) {
			continue
		}
		p := model.TenantPath{Column: -1, Key: k}
		b.Paths = append(b.Paths, p)
		b.Text = joined(b.Text, in.describe(t, &p))
		in.plural[t.ID] = in.plural[t.ID] || in.plural[k.Target.ID]
	}
}

// step settles every table for which keys finds something, and says whether there was one.
func (in *inference) step(keys func(*model.Table) []*model.ForeignKey) bool {
	var tables []*model.Table
	var found [][]*model.ForeignKey
	for _, t := range in.schema.Tables {
		if in.known[t.ID] {
			continue
		}
		if list := keys(t); len(list) > 0 {
			tables, found = append(tables, t), append(found, list)
		}
	}
	for i, t := range tables {
		in.settle(t, nil)
		in.parents(t, found[i])
	}
	return len(tables) > 0
}

// owners is the foreign keys to tables whose rows have tenants.
func (in *inference) owners(t *model.Table, wanted func(*model.ForeignKey) bool) []*model.ForeignKey {
	var out []*model.ForeignKey
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target == nil || k.Target == t || k.Target == in.contract.Tenancy.Table {
			continue
		}
		if in.known[k.Target.ID] && in.contract.Belongs[k.Target.ID].How == model.Owned && wanted(k) {
			out = append(out, k)
		}
	}
	return out
}

func (in *inference) notNull(t *model.Table) []*model.ForeignKey {
	return in.owners(t, func(k *model.ForeignKey) bool { return !in.plural[k.Target.ID] && always(t, k) })
}

func (in *inference) nullable(t *model.Table) []*model.ForeignKey {
	return in.owners(t, func(k *model.ForeignKey) bool { return !in.plural[k.Target.ID] })
}

// several is the foreign keys to tables of several tenants a row: NOT NULL ones, else all.
func (in *inference) several(t *model.Table) []*model.ForeignKey {
	if keys := in.owners(t, func(k *model.ForeignKey) bool { return always(t, k) }); len(keys) > 0 {
		return keys
	}
	return in.owners(t, func(*model.ForeignKey) bool { return true })
}

// always reports whether the foreign key is never NULL.
func always(t *model.Table, k *model.ForeignKey) bool {
	for _, col := range k.Columns {
		if !t.Columns[col].NotNull {
			return false
		}
	}
	return true
}

func (in *inference) complain(t *model.Table) {
	at := in.file.tenant.at
	if n := in.file.root.value("tables"); n != nil {
		for i, k := range in.file.root.keys {
			if in.file.root.items[i] == n {
				at = k.at
			}
		}
	}
	name := t.Label()
	in.fail(at, "one of, under tables:\n"+
		"    "+name+": {tenant: COLUMN}              its column with the tenant\n"+
		"    "+name+": {tenant: COLUMN -> TABLE}     the tenants of the row that it refers to\n"+
		"    "+name+": {tenants: SELECT …}           any number\n"+
		"    "+name+": {tenant: shared}              everybody's to read\n"+
		"    "+name+": {tenant: internal}            no session may see it",
		"the tenants of table %q cannot be inferred: it has neither a tenant column nor a foreign key to a table that has tenants", name)
}
