package contract

import "strings"

// tableDecl is what the contract says of one table.
type tableDecl struct {
	name       text
	how        string // shared, internal or empty
	ways       []wayDecl
	query      text
	nullShared bool
	generators []pairText
}

// wayDecl is one way from a row to its tenants: a column, or columns -> table.
type wayDecl struct {
	text    text
	columns []string
	target  string // empty for a column
}

type pairText struct{ key, value text }

func (s *source) table(p pair) tableDecl {
	out := tableDecl{name: p.key}
	o := s.object(p.value, tableShape)
	if o.node.kind == mapping && len(o.node.keys) == 0 {
		s.fail(p.key.place(), "how its rows belong to tenants: "+oneOf("", tableShape.names()), "table %q says nothing", p.key.value)
	}
	ways := o.texts("tenant")
	for _, t := range ways {
		out.way(s, t, len(ways))
	}
	out.query = o.text("tenants")
	if out.query.given() && out.how != "" {
		s.fail(out.query.place(), "either tenant: "+out.how+", or tenants", "a %s table has no tenants", out.how)
	}
	out.nullShared = o.choice("null", "shared").given()
	if out.nullShared && out.how != "" {
		s.fail(o.node.value("null").at, "null: shared with a column or a foreign key", "a %s table has no tenants", out.how)
	}
	for _, g := range o.pairs("columns", "a mapping from columns to generators") {
		if v := s.textOf("the generator of "+g.key.value, g.value); v.given() {
			out.generators = append(out.generators, pairText{g.key, v})
		}
	}
	return out
}

// way reads shared, internal, a column, or COLUMN -> TABLE.
func (d *tableDecl) way(s *source, t text, among int) {
	const forms = "a column, COLUMN -> TABLE, shared or internal"
	if t.value == "shared" || t.value == "internal" {
		if among > 1 {
			s.fail(t.place(), "columns and foreign keys in a list", "%s stands among others", t.value)
		}
		d.how = t.value
		return
	}
	left, right, arrow := strings.Cut(t.value, "->")
	w := wayDecl{text: t, target: strings.TrimSpace(right)}
	left = strings.TrimSpace(left)
	left = strings.TrimSuffix(strings.TrimPrefix(left, "("), ")")
	for _, c := range splitNames(left, ',') {
		w.columns = append(w.columns, c.text)
	}
	if len(w.columns) == 0 || arrow && w.target == "" || !arrow && len(w.columns) != 1 {
		s.fail(t.place(), forms, "%q is no way to a tenant", short(t.value))
		return
	}
	d.ways = append(d.ways, w)
}

// namePart is one part of a written name.
type namePart struct {
	text   string
	quoted bool
}

// splitNames cuts a text at a sign outside double quotes, and unquotes the parts.
func splitNames(s string, at byte) []namePart {
	var out []namePart
	var b strings.Builder
	quoted, was := false, false
	end := func() {
		part := b.String()
		if !was {
			part = strings.TrimSpace(part)
		}
		if part != "" {
			out = append(out, namePart{part, was})
		}
		b.Reset()
		was = false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"':
			if !quoted {
				b.Reset()
			}
			quoted, was = !quoted, true
		case c == at && !quoted:
			end()
		case was && !quoted: // blanks after the closing quote
		default:
			b.WriteByte(c)
		}
	}
	end()
	return out
}
