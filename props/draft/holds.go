package draft

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// others are values of the same types as probes, in their order, and unlike them.
var others = []string{"5ca1ab1e-0000-4000-8000-0000000c0de2", "918273646", "rlsfuzz other", "7184"}

// holds notes a condition about one column that is no comparison, such as a claim that is
// a list and is asked for it with ?, or a function of the schema's own: Postgres says whether
// it is true for what the session brings, and for nothing else.
func (e *evidence) holds(o *sql.Opaque, in scope) { e.asked(o, in, e.probe.decides) }

// behind notes a condition about a claim that is an object with a column's values for its keys: it
// asks what stands behind one of them.
func (e *evidence) behind(x sql.Expr, in scope) { e.asked(x, in, e.probe.keyed) }

// asked notes a condition about one column for which decides finds a source.
func (e *evidence) asked(x sql.Expr, in scope, decides func(text, typ string) *Source) {
	c, text, ok := in.about(x)
	if !ok || in.base == nil || c.Table.Columns[c.Column].Type.Array {
		return
	}
	if s := decides(text, c.Table.Columns[c.Column].Type.Name); s != nil {
		e.equal = append(e.equal, equality{column: c, source: e.remember(s, text), op: "=", table: in.base})
	}
}

// lists is the source whose value a condition looks for in a list of a type; nil for none.
func (e *evidence) lists(text, typ string) *Source {
	s := e.probe.decides(text, typ)
	if s == nil {
		return nil
	}
	return e.remember(s, text)
}

// decides finds the source by which a condition about a value of a type is decided: it is true
// when the source brings that value, and false for another. The text has a hole for the value.
// It is nil where there is none.
func (p *probe) decides(text, typ string) *Source {
	key := "decides " + typ + " " + text
	if found, ok := p.known[key]; ok || p.err != nil {
		return found
	}
	whole := p.survey.closure(text)
	var found *Source
	for _, c := range candidates(whole) {
		if (found == nil || c.Many && found.single(&c)) && p.decided(text, typ, &c, whole) {
			found = &c
		}
	}
	p.known[key] = found
	return found
}

// keyed is decides for claims that are objects with such values for their keys.
func (p *probe) keyed(text, typ string) *Source {
	key := "keyed " + typ + " " + text
	if found, ok := p.known[key]; ok || p.err != nil {
		return found
	}
	whole := p.survey.closure(text)
	p.known[key] = nil
	for _, c := range candidates(whole) {
		if !c.Keys {
			continue
		}
		for _, c.Behind = range append([]string{c.Behind}, named(textLiteral, text)...) {
			if p.decided(text, typ, &c, whole) {
				p.known[key] = &c
				return &c
			}
		}
	}
	return nil
}

// single reports whether a source is one value of a claim of which another is a list. Where a
// condition is true for both, the list is likelier what is meant.
func (s *Source) single(o *Source) bool {
	return !s.Many && !s.Keys && !s.Array && s.Setting == o.Setting && strings.Join(s.Path, "\x00") == strings.Join(o.Path, "\x00")
}

// decided reports whether a condition is true when a source brings the value, and false for another.
func (p *probe) decided(text, typ string, s *Source, whole string) bool {
	is := func(column, brought string) bool {
		if strings.HasSuffix(typ, "[]") {
			column = `{"` + column + `"}`
		}
		query := "SELECT (" + strings.ReplaceAll(text, hole, sql.Constant(column)+"::"+typ) + ")::text"
		got, ok := p.ask(query, s.Setting, s.given(brought), named(settingName, whole))
		return ok && got == "true"
	}
	for i, value := range probes {
		if is(value, value) && !is(others[i], value) {
			return true
		}
	}
	return false
}
