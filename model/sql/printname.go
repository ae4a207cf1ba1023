package sql

import "strings"

// column prints a column, with the base table's qualifier where it is the base
// table's; or the meaning of the atom that a bare word is.
func (p *printer) column(c *Column) {
	if p.o.Column != nil {
		if text, ok := p.o.Column(c); ok {
			p.b.WriteString(text)
			return
		}
	}
	owner := p.owner(c)
	if owner == nobody {
		p.atom(c.Name, QuoteName(c.Name))
		return
	}
	switch {
	case owner == base && p.o.Qualifier != "":
		p.b.WriteString(p.o.Qualifier + ".")
	case owner == base && p.deep && p.o.Scope != nil && p.o.Scope.Base != nil:
		p.b.WriteString(QuoteName(p.o.Scope.label()) + ".")
	case c.Qualifier != "":
		if c.Schema != "" && p.o.Table == nil {
			p.b.WriteString(QuoteName(c.Schema) + ".")
		}
		p.b.WriteString(QuoteName(c.Qualifier) + ".")
	}
	p.b.WriteString(QuoteName(c.Name))
}

// owner says whose a column is.
type owner uint8

const (
	nobody owner = iota // a bare word: no column that is known
	base                // the base table's
	inner               // a sub-select's, or not known
)

func (p *printer) owner(c *Column) owner {
	s := p.o.Scope
	if c.Qualifier != "" {
		for _, tables := range p.inside {
			for _, t := range tables {
				if t.label() == c.Qualifier {
					return inner
				}
			}
		}
		if s != nil && s.Base != nil && s.label() == c.Qualifier || s == nil && len(p.inside) == 0 {
			return base
		}
		return inner
	}
	for i := len(p.inside) - 1; i >= 0; i-- {
		for _, t := range p.inside[i] {
			if s == nil {
				return p.bareInside(c)
			}
			if r := s.relation(t); r == nil || r.column(c.Name) >= 0 {
				return inner
			}
		}
	}
	switch {
	case s == nil:
		return p.bareOutside(c)
	case s.Base != nil && s.Base.column(c.Name) >= 0:
		return base
	case s.Base != nil || p.isAtom(c.Name):
		return nobody
	default:
		return inner
	}
}

// bareInside is the owner of a bare name in a sub-select when there is no scope.
func (p *printer) bareInside(c *Column) owner {
	if p.isAtom(c.Name) {
		return nobody
	}
	return inner
}

func (p *printer) bareOutside(c *Column) owner {
	if p.isAtom(c.Name) {
		return nobody
	}
	return base
}

func (p *printer) isAtom(name string) bool {
	if p.o.Atom == nil || p.atoms > 0 {
		return false
	}
	_, ok := p.o.Atom(name)
	return ok
}

func (p *printer) subSelect(q *Query) {
	p.b.WriteByte('(')
	p.query(q)
	p.b.WriteByte(')')
}

func (p *printer) query(q *Query) {
	if q.Opaque != nil {
		p.parts(q.Opaque)
		return
	}
	p.inside = append(p.inside, q.From)
	defer func() { p.inside = p.inside[:len(p.inside)-1] }()
	p.b.WriteString("SELECT" + word(q.Distinct, " DISTINCT") + word(q.Star, " *"))
	if q.Target != nil {
		p.b.WriteByte(' ')
		p.expr(q.Target, levelOr)
	}
	for i, t := range q.From {
		switch {
		case i == 0:
			p.b.WriteString(" FROM ")
		case !t.Join:
			p.b.WriteString(", ")
		case t.On == nil:
			p.b.WriteString(" CROSS JOIN ")
		default:
			p.b.WriteString(" JOIN ")
		}
		p.b.WriteString(word(t.Only, "ONLY "))
		p.table(t)
		if t.Alias != "" {
			p.b.WriteString(" AS " + QuoteName(t.Alias))
		}
		if t.On != nil {
			p.b.WriteString(" ON ")
			p.expr(t.On, levelOr)
		}
	}
	if q.Where != nil {
		p.b.WriteString(" WHERE ")
		p.expr(q.Where, levelOr)
	}
}

// table prints a table's name, and its label where the name is a new one; an
// alias that it already has is not printed.
func (p *printer) table(t *Table) {
	schema, name := t.Schema, t.Name
	if p.o.Table != nil {
		if s, n := p.o.Table(schema, name); n != "" {
			schema, name = s, n
		}
	}
	if schema != "" {
		p.b.WriteString(QuoteName(schema) + ".")
	}
	p.b.WriteString(QuoteName(name))
	if t.Alias == "" && (name != t.Name || schema != t.Schema) {
		p.b.WriteString(" AS " + QuoteName(t.Name))
	}
}

func (p *printer) parts(o *Opaque) {
	if o.query {
		p.inside = append(p.inside, partTables(o))
		defer func() { p.inside = p.inside[:len(p.inside)-1] }()
	}
	for i, part := range o.Parts {
		switch {
		case part.Column != nil && part.Column.Qualifier == "" && (o.names[part.Column.Name] || o.wild):
			p.b.WriteString(QuoteName(part.Column.Name))
		case part.Column != nil:
			p.column(part.Column)
		case part.Var != nil && i+1 < len(o.Parts) && strings.HasPrefix(o.Parts[i+1].Text, "."):
			p.b.WriteByte('(')
			p.variable(part.Var)
			p.b.WriteByte(')')
		case part.Var != nil:
			p.variable(part.Var)
		case part.Table != nil:
			p.table(part.Table)
		default:
			p.b.WriteString(part.Text)
		}
	}
}
