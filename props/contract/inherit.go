package contract

import "github.com/rlsfuzz/rlsfuzz/model"

// parent is the table that a table is a partition or child of, or nil.
func (r *resolver) parent(t *model.Table) *model.Table {
	if t.Parent == "" {
		return nil
	}
	for _, p := range r.schema.Tables {
		if p != t && (p.Label() == t.Parent || p.Schema+"."+p.Name == t.Parent) {
			return p
		}
	}
	return nil
}

// inherit settles partitions and children whose parent is known.
func (in *inference) inherit() bool {
	found := false
	for _, t := range in.schema.Tables {
		if parent := in.parent(t); !in.known[t.ID] && parent != nil && in.known[parent.ID] {
			found = in.adopt(t, parent) || found
		}
	}
	return found
}

// adopt gives a partition the ways of its parent, by the columns' names. Foreign
// keys and queries are the parent's: they speak of columns by place or by table.
func (in *inference) adopt(t, parent *model.Table) bool {
	from := &in.contract.Belongs[parent.ID]
	out := model.Belonging{
		How: from.How, NullShared: from.NullShared, Inferred: true, Text: from.Text,
		Generators: in.contract.Belongs[t.ID].Generators,
	}
	for _, p := range from.Paths {
		ok := true
		switch {
		case p.Key != nil:
			k := *p.Key
			k.Columns = make([]int, len(p.Key.Columns))
			for i, col := range p.Key.Columns {
				k.Columns[i] = t.Column(parent.Columns[col].Name)
				ok = ok && k.Columns[i] >= 0
			}
			p.Key = &k
		case p.Column >= 0:
			p.Column = t.Column(parent.Columns[p.Column].Name)
			ok = p.Column >= 0
		default: // a query names the parent's row
			ok = in.decls[parent.ID] != nil
			if ok {
				p, ok = in.tenantQuery(t, in.decls[parent.ID].query, parent.Name)
			}
		}
		if !ok {
			return false
		}
		out.Paths = append(out.Paths, p)
	}
	in.contract.Belongs[t.ID] = out
	in.known[t.ID], in.plural[t.ID] = true, in.plural[parent.ID]
	return true
}
