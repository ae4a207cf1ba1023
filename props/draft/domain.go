package draft

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// domain is a kind of value, such as users or accounts: the columns that hold such values, and the
// sources by which a session brings one.
type domain struct {
	columns []Column
	sources []*Source
	home    *model.Table // the table with one row for each value; nil where there is none
	key     int          // the column of home that holds the value
}

// domains puts columns together that a foreign key or a comparison joins. While it does, parent
// is a forest with a tree for each domain (union-find); after that all and of have the domains.
type domains struct {
	survey *Survey
	parent map[Column]Column
	all    []*domain
	of     map[Column]*domain
	joined [][]Column      // lists that are looked through together
	asked  map[Column]bool // columns that other tables' policies, or functions, compare with the session
}

// newDomains joins the columns of foreign keys and those that expressions compare with each
// other, or with the same source.
func newDomains(s *Survey, e *evidence) *domains {
	d := &domains{survey: s, parent: map[Column]Column{}, of: map[Column]*domain{}, asked: map[Column]bool{}, joined: e.joined}
	for _, t := range s.Schema.Tables {
		for i := range t.ForeignKeys {
			k := &t.ForeignKeys[i]
			for j, col := range k.Columns {
				if k.Target != nil {
					d.join(Column{Table: t, Column: col}, Column{Table: k.Target, Column: k.Targets[j]})
				}
			}
		}
	}
	for _, pair := range e.same {
		if sameType(pair[0], pair[1]) {
			d.join(pair[0], pair[1])
		}
	}
	for _, q := range e.equal {
		d.asked[q.column] = d.asked[q.column] || q.op == "=" && !q.set && q.table != q.column.Table
	}
	first := map[*Source]Column{}
	for _, q := range e.equal {
		if q.op != "=" {
			continue
		}
		if other, ok := first[q.source]; ok && sameType(other, q.column) {
			d.join(q.column, other)
		} else if !ok {
			first[q.source] = q.column
		}
		if l := q.source.Lookup; l != nil && sameType(l.Value, q.column) {
			d.join(q.column, l.Value)
		}
	}
	for s, c := range d.subjects(first) {
		d.join(s, c)
	}
	d.gather(e)
	return d
}

// subjects is the columns that are compared with the claim sub, where the preset has the users to
// whom tokens are issued: their key is what sub holds. first is a column of each source.
func (d *domains) subjects(first map[*Source]Column) map[Column]Column {
	out := map[Column]Column{}
	t := d.survey.Schema.Table("auth", "users")
	if t == nil || !slices.Contains(d.survey.Own, "auth") || len(t.Key) != 1 {
		return out
	}
	for s, c := range first {
		path, ok := s.Claim()
		if id := (Column{Table: t, Column: t.Key[0]}); ok && s.Lookup == nil && slices.Equal(path, []string{"sub"}) && sameType(id, c) {
			out[c] = id
		}
	}
	return out
}

// sameType reports whether two columns can hold the same values.
func sameType(a, b Column) bool {
	switch {
	case a.isItem():
		return sameItem(a, b)
	case b.isItem():
		return sameItem(b, a)
	case a.isPart() || b.isPart(): // a text, which may be cast
		whole := a
		if a.isPart() {
			whole = b
		}
		t := &whole.Table.Columns[whole.Column].Type
		return whole.isPart() || t.Kind.Comparable() && !t.Array
	}
	x, y := &a.Table.Columns[a.Column].Type, &b.Table.Columns[b.Column].Type
	return x.Base == y.Base && x.Array == y.Array || x.Kind == y.Kind && x.Kind.Comparable() && !x.Array && !y.Array
}

// find is the column that stands for the domain of a column.
func (d *domains) find(c Column) Column {
	for {
		p, ok := d.parent[c]
		if !ok {
			return c
		}
		c = p
	}
}

// join puts the domains of two columns together.
func (d *domains) join(a, b Column) {
	if a, b = d.find(a), d.find(b); a != b {
		d.parent[b] = a
	}
}

// gather makes the domains, in the order of tables and columns.
func (d *domains) gather(e *evidence) {
	by := map[Column]*domain{}
	for _, t := range d.survey.Schema.Tables {
		for i := range t.Columns {
			c := Column{Table: t, Column: i}
			root := d.find(c)
			if by[root] == nil {
				by[root] = &domain{}
				d.all = append(d.all, by[root])
			}
			by[root].columns = append(by[root].columns, c)
			d.of[c] = by[root]
		}
	}
	d.gatherParts(e)
	for _, q := range e.equal {
		if m := d.of[q.column]; m != nil && q.op == "=" && !slices.Contains(m.sources, q.source) {
			m.sources = append(m.sources, q.source)
		}
	}
	for _, m := range d.all {
		d.settleHome(m)
	}
}

// settleHome finds the table that lists the values of a domain: one of its columns is a key by
// itself and no foreign key. Of several it is the one that most columns refer to.
func (d *domains) settleHome(m *domain) {
	best := -1
	for _, c := range m.columns {
		if c.isPart() || !identifies(c) || refers(c) != nil {
			continue
		}
		n := 0
		for _, o := range m.columns {
			if k := refers(o); k != nil && k.Target == c.Table {
				n++
			}
		}
		if slices.Contains(d.survey.Own, c.Table.Schema) && n == 0 {
			n = -1
		}
		if n > best || m.home == nil {
			best, m.home, m.key = n, c.Table, c.Column
		}
	}
}

// identifies reports whether a column alone is a key of its table.
func identifies(c Column) bool {
	t := c.Table
	if len(t.Key) == 1 && t.Key[0] == c.Column {
		return true
	}
	if !t.Columns[c.Column].NotNull {
		return false
	}
	return slices.ContainsFunc(t.Unique, func(u model.Unique) bool {
		return !u.Partial && len(u.Columns) == 1 && u.Columns[0] == c.Column
	})
}

// refers is the foreign key that a column alone makes up, or nil.
func refers(c Column) *model.ForeignKey {
	for i := range c.Table.ForeignKeys {
		if k := &c.Table.ForeignKeys[i]; len(k.Columns) == 1 && k.Columns[0] == c.Column && k.Target != nil && k.Target != c.Table {
			return k
		}
	}
	return nil
}

// in is the columns of a table that belong to the domain.
func (m *domain) in(t *model.Table) []int {
	var out []int
	if m == nil {
		return nil
	}
	for _, c := range m.columns {
		if c.Table == t && !c.isPart() {
			out = append(out, c.Column)
		}
	}
	return out
}
