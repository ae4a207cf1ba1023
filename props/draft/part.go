package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// hole stands in an SQL text, such as Column.Part, where a column or a value belongs.
const hole = "\x00"

// isPart reports whether it is a part of what a column holds, and not all of it.
func (c Column) isPart() bool { return c.Part != "" }

// fill is the SQL of a part of the column that base is.
func (c Column) fill(base string) string {
	if !c.isPart() {
		return base
	}
	return strings.ReplaceAll(c.Part, hole, base)
}

// inDocument reports whether the part is one of a JSON document, under a key.
func (c Column) inDocument() bool { return c.key() != "" }

// key is the last key of a part of a JSON document; empty for other parts.
func (c Column) key() string {
	_, after, _ := strings.Cut(c.Part, " ->> '")
	return strings.ReplaceAll(strings.TrimSuffix(after, "'"), "''", "'")
}

// holder is the column that an expression is, or of which it is a part: what lies under
// keys of a JSON document, or what Postgres alone can make of one column, such as the
// first folder of a file's name.
func (s scope) holder(x sql.Expr) (Column, bool) {
	switch y := bare(x).(type) {
	case *sql.Field:
		return s.member(y)
	case *sql.Opaque:
		return s.piece(y)
	}
	return s.column(x)
}

// member is a text in a JSON document.
func (s scope) member(x *sql.Field) (Column, bool) {
	var keys []string
	for at := sql.Expr(x); ; {
		f, ok := at.(*sql.Field)
		if !ok {
			c, found := s.column(at)
			if !found || len(keys) == 0 || c.Table.Columns[c.Column].Type.Kind != sql.Other {
				return Column{}, false
			}
			return document(c, keys), true
		}
		key, is := bare(f.Key).(*sql.Literal)
		if !is || key.Type != "" || key.Value.Null || strings.HasSuffix(f.Op, ">>") != (f == x) {
			return Column{}, false
		}
		if text := key.Value.Text; f.Op[0] == '#' {
			keys = append(strings.Split(strings.Trim(text, "{}"), ","), keys...)
		} else {
			keys = append([]string{text}, keys...)
		}
		at = f.X
	}
}

// document is the text under keys of the JSON document that a column holds.
func document(c Column, keys []string) Column {
	var b strings.Builder
	b.WriteString(hole)
	for i, key := range keys {
		b.WriteString(" ->")
		if i == len(keys)-1 {
			b.WriteString(">")
		}
		b.WriteString(" '" + strings.ReplaceAll(key, "'", "''") + "'")
	}
	c.Part = b.String()
	return c
}

// piece is an expression over one text column that only Postgres can evaluate, such as a function of
// it, and that does not read the session; false for others, and where a function makes another type of
// the text: of some texts it cannot, and fails.
func (s scope) piece(o *sql.Opaque) (Column, bool) {
	out, text, ok := s.about(o)
	if ok && text == item && out.items().isItem() {
		return out.items(), true
	}
	if !ok || s.survey == nil || out.Table.Columns[out.Column].Type.Kind != sql.Text {
		return Column{}, false
	}
	if readsSession(s.survey.closure(text)) || s.survey.converts(text) {
		return Column{}, false
	}
	out.Part = text
	return out, true
}

// converts reports whether an expression calls a function of the schema that answers with no text.
func (s *Survey) converts(text string) bool {
	return slices.ContainsFunc(slices.Concat(s.Schema.Routines, s.Schema.Helpers), func(r *model.Routine) bool {
		return stands(text, r.Name) && !slices.Contains([]string{"text", "character varying", "name", "text[]"}, r.Returns)
	})
}

// about is the one column in an expression, and the expression's text with a hole in its place;
// false where it has none, or several.
func (s scope) about(x sql.Expr) (Column, string, bool) {
	var out Column
	one := len(sql.Tables(x)) == 0
	text, vars := sql.Print(x, sql.PrintOptions{Column: func(col *sql.Column) (string, bool) {
		c, ok := s.column(col)
		one = one && ok && (out.Table == nil || out == c)
		out = c
		return hole, true
	}})
	return out, text, one && len(vars) == 0 && out.Table != nil
}

// parts is the parts of columns of a table that belong to the domain.
func (m *domain) parts(t *model.Table) []Column {
	if m == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.columns), func(c Column) bool { return c.Table != t || !c.isPart() })
}

// gatherParts adds the parts of columns to the domains whose values they hold. A key of a JSON
// document or the items of a list may be a domain by themselves; what only Postgres can make of a
// column counts only where some column holds the same kind of value.
func (d *domains) gatherParts(e *evidence) {
	add := func(c Column) {
		if !c.isPart() || d.of[c] != nil {
			return
		}
		root := d.find(c)
		i := slices.IndexFunc(d.all, func(m *domain) bool { return d.find(m.columns[0]) == root })
		switch {
		case i >= 0:
			d.all[i].columns, d.of[c] = append(d.all[i].columns, c), d.all[i]
		case c.inDocument(), c.isItem():
			d.of[c] = &domain{columns: []Column{c}}
			d.all = append(d.all, d.of[c])
		}
	}
	for _, q := range e.equal {
		if q.op == "=" {
			add(q.column)
		}
	}
	for _, pair := range e.same {
		add(pair[0])
		add(pair[1])
	}
}

// within is the query of the tenant that a part of a row's column names.
func (p *placer) within(c Column) string {
	column := sql.QuoteName(c.Table.Name) + "." + sql.QuoteName(c.Table.Columns[c.Column].Name)
	if home := p.home(); home != nil && c.isItem() {
		return p.t.tenants.each() + " WHERE " + p.t.tenants.among(column, c)
	}
	text := c.fill(column)
	if home := p.home(); home != nil && !c.inDocument() { // it may be no tenant at all
		key := "t." + sql.QuoteName(home.Columns[p.t.tenants.key].Name)
		return "SELECT " + key + " FROM " + sqlName(home) + " t WHERE " + key + "::text = " + text
	}
	if typ := p.typeName(); typ != "text" && !c.isItem() {
		return "SELECT (" + text + ")::" + typ
	}
	return "SELECT " + text
}

// typeName is the type of a tenant's value.
func (p *placer) typeName() string {
	if home := p.home(); home != nil {
		return home.Columns[p.t.tenants.key].Type.Plain
	}
	return p.t.typeName()
}

// inside places a table by a part of one of its columns.
func (p *placer) inside(b *place, list []Column) {
	b.query, b.settled, b.plural = p.within(list[0]), true, list[0].isItem()
	b.asks = append(b.asks, "a row of "+b.table.Label()+" whose "+list[0].name()+" names no tenant there is nobody's: right? If everybody's, add null: shared")
	for _, c := range list[1:] {
		b.asks = append(b.asks, c.String()+" says whose a row is, too: is it another's then?")
	}
}

// named is a key of a JSON document in a table that some text of the schema reads, and that has the
// name of a column with tenants. It decides nothing: the draft asks.
func (p *placer) named(t *model.Table) (Column, bool) {
	if p.t.tenants == nil || len(p.t.tenants.columns) == 0 {
		return Column{}, false
	}
	names := map[string]bool{}
	for _, c := range p.t.tenants.columns {
		switch {
		case c.isPart():
			names[c.key()] = true
		case c.Table != p.home():
			names[c.name()] = true
		}
	}
	for _, text := range p.survey.about(t) {
		tokens := sql.Tokens(text)
		for at := range tokens {
			i := t.Column(tokens[at].Text)
			if i < 0 || tokens[at].Kind > sql.QuotedName || t.Columns[i].Type.Base != "json" && t.Columns[i].Type.Base != "jsonb" {
				continue
			}
			if keys := keysAfter(tokens[at+1:]); len(keys) > 0 && names[keys[len(keys)-1]] {
				return document(Column{Table: t, Column: i}, keys), true
			}
		}
	}
	return Column{}, false
}

// keysAfter is the keys that follow the name of a document: -> 'a' ->> 'b'.
func keysAfter(tokens []sql.Token) []string {
	var out []string
	for i := 0; i+1 < len(tokens); i++ {
		switch t := &tokens[i]; {
		case isSign(t, "->"), isSign(t, "->>"):
			if tokens[i+1].Kind != sql.Str {
				return out
			}
			out = append(out, tokens[i+1].Text)
			i++
		case isSign(t, "("), isSign(t, ")"):
		case isSign(t, "::"):
			i++
		default:
			return out
		}
	}
	return out
}

// about is the texts of the schema about a table: its checks and policies, and bodies that name it.
func (s *Survey) about(t *model.Table) []string {
	var out []string
	for i := range t.Checks {
		out = append(out, t.Checks[i].Expr)
	}
	for i := range t.Policies {
		out = append(out, t.Policies[i].Using, t.Policies[i].Check)
	}
	for i := range s.Schema.Texts {
		if x := &s.Schema.Texts[i]; stands(x.Body, t.Name) || x.Name == t.Schema+"."+t.Name {
			out = append(out, x.Body)
		}
	}
	return out
}

// castOf is the type that parts of columns of a domain are cast to; empty where none is.
func (e *evidence) castOf(m *domain) string {
	if m != nil {
		for _, c := range m.columns {
			if typ := e.casts[c]; typ != "" {
				return typ
			}
		}
	}
	return ""
}

// isSign reports whether a token is a sign.
func isSign(t *sql.Token, text string) bool { return t.Kind == sql.Sign && t.Text == text }
