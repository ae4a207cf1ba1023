package sql

import "strings"

// level is the tables of one sub-select.
type level struct {
	tables []bound
	opaque *Opaque // names are looked up leniently inside
}

// bound is a table under the name that qualifies its columns.
type bound struct {
	label    string
	schema   string    // empty for an alias
	relation *Relation // nil: nothing is known of its columns
	slot     int
}

// bound looks up a table; an unknown one is a mistake unless it is the server's own.
func (c *compiler) bound(t *Table, slot int) bound {
	b := bound{label: t.label(), relation: c.scope.relation(t), slot: slot}
	if b.relation == nil {
		system := t.Schema == "pg_catalog" || t.Schema == "information_schema" || t.Schema == "" && strings.HasPrefix(t.Name, "pg_")
		if !system {
			c.fail(t.Offset(), "no table %s", qualified(t.Schema, t.Name))
		}
		return b
	}
	if t.Alias == "" {
		b.schema = b.relation.Schema
	}
	return b
}

func qualified(schema, name string) string {
	if schema == "" {
		return QuoteName(name)
	}
	return QuoteName(schema) + "." + QuoteName(name)
}

// match is where a column was found.
type match struct {
	table     bound
	index     int
	base      bool
	depth     int  // how many sub-selects are around the table; 0 for the base
	unknown   bool // it may exist: the table's columns are not known
	ambiguous bool
}

// find looks a column up, from the inside out.
func (c *compiler) find(x *Column) (match, bool) {
	for i := len(c.levels) - 1; i >= 0; i-- {
		if m, ok := c.levels[i].find(x); ok {
			m.depth = i + 1
			return m, true
		}
	}
	s := c.scope
	if s.Base == nil {
		return match{}, false
	}
	b := bound{label: s.label(), relation: s.Base, slot: -1}
	if s.BaseAlias == "" {
		b.schema = s.Base.Schema
	}
	outermost := level{tables: []bound{b}}
	m, ok := outermost.find(x)
	m.base = true
	return m, ok
}

func (l *level) find(x *Column) (out match, ok bool) {
	unknown := false
	for _, t := range l.tables {
		if x.Qualifier != "" && (x.Qualifier != t.label || x.Schema != "" && x.Schema != t.schema) {
			continue
		}
		if t.relation == nil {
			unknown = true
			continue
		}
		i := t.relation.column(x.Name)
		switch {
		case i < 0 && x.Qualifier != "" && l.opaque == nil:
			return match{table: t, index: -1}, true
		case i < 0:
		case ok && l.opaque == nil:
			out.ambiguous = true
		default:
			out, ok = match{table: t, index: i}, true
		}
	}
	if !ok && (unknown || l.opaque.brings(x)) {
		return match{unknown: true}, true
	}
	return out, ok
}

// brings reports whether an opaque query may have made up the name.
func (o *Opaque) brings(x *Column) bool {
	return o != nil && (o.wild || o.names[x.Name] || o.names[x.Qualifier])
}

// isAtom reports whether a bare word is an atom: no column in sight has its name.
func (c *compiler) isAtom(x *Column) bool {
	if x.Qualifier != "" {
		return false
	}
	if _, ok := c.scope.Atoms[x.Name]; !ok {
		return false
	}
	_, found := c.find(x)
	return !found
}

// column compiles the mention of a column.
func (c *compiler) column(x *Column) operand {
	m, ok := c.find(x)
	switch {
	case !ok:
		c.missing(x)
	case m.unknown:
		c.leave(x, "a column of a table that is not known")
	case m.ambiguous:
		c.fail(x.Offset(), "column %q is ambiguous", x.Name)
	case m.index < 0 && isSystem(x.Name):
		c.leave(x, "the system column "+x.Name)
	case m.index < 0:
		c.fail(x.Offset(), "table %q has no column %q", m.table.label, x.Name)
	default:
		return c.bindColumn(x, m)
	}
	return badOperand(x)
}

func (c *compiler) bindColumn(x *Column, m match) operand {
	col, i := m.table.relation.Columns[m.index], m.index
	out := operand{kind: col.Kind, typ: typed(col.Type, col.Kind), labels: col.Labels, composite: col.Composite, at: x}
	if m.base {
		c.uses.column(i)
		out.get = func(f *Frame) Value { return f.Row[i] }
		return out
	}
	slot := m.table.slot
	c.read = append(c.read, slot)
	out.get = func(f *Frame) Value { return f.stack[f.base+slot][i] }
	return out
}

// missing notes that a column was not found, unless it is something else.
func (c *compiler) missing(x *Column) {
	switch {
	case x.Qualifier != "":
		c.fail(x.Offset(), "no table %s here, for its column %q", qualified(x.Schema, x.Qualifier), x.Name)
	case isSystem(x.Name) && (c.scope.Base != nil || len(c.levels) > 0):
		c.leave(x, "the system column "+x.Name)
	case c.isLabel(x.Name):
		c.leave(x, "a whole row")
	case c.scope.Base == nil && len(c.levels) == 0:
		c.fail(x.Offset(), "no column %q: there is no table here", x.Name)
	case len(c.levels) > 0:
		c.fail(x.Offset(), "no column %q in the tables of this query", x.Name)
	default:
		c.fail(x.Offset(), "table %q has no column %q", c.scope.Base.Name, x.Name)
	}
}

func (c *compiler) isLabel(name string) bool {
	for _, l := range c.levels {
		for _, t := range l.tables {
			if t.label == name {
				return true
			}
		}
	}
	return c.scope.Base != nil && c.scope.label() == name
}

// isSystem reports whether every table has the column.
func isSystem(name string) bool {
	switch name {
	case "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid":
		return true
	}
	return false
}

// opaque checks the names in what only Postgres can evaluate.
func (c *compiler) opaque(o *Opaque) {
	c.leave(o, o.What)
	if o.query {
		l := level{opaque: o}
		for _, t := range partTables(o) {
			b := c.bound(t, 0)
			if b.relation != nil {
				c.uses.relation(b.relation.ID)
			}
			l.tables = append(l.tables, b)
		}
		c.levels = append(c.levels, l)
		defer func() { c.levels = c.levels[:len(c.levels)-1] }()
	}
	for _, p := range o.Parts {
		switch {
		case p.Column != nil && c.isAtom(p.Column):
			c.mention(p.Column, p.Column.Name)
		case p.Column != nil:
			c.column(p.Column)
			if o.query && c.scope.Base != nil { // it may be the base table's after all
				if i := c.scope.Base.column(p.Column.Name); i >= 0 {
					c.uses.column(i)
				}
			}
		case p.Var != nil:
			c.variable(p.Var)
		}
	}
}
