package gen

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// types makes values of any type of a schema, in the text that Postgres prints where
// that is known; the server prints them anew when a plan is fitted.
type types struct {
	shapes map[string]*model.TypeShape
	// valid leaves of the texts those that a type takes; nil: not known yet.
	valid func(ty *model.Type, list []string) []string
}

func newTypes(s *model.Schema) types {
	out := types{shapes: map[string]*model.TypeShape{}}
	for i := range s.Shapes {
		out.shapes[s.Shapes[i].Name] = &s.Shapes[i]
	}
	return out
}

// deepest is how far composite types are followed into each other.
const deepest = 4

// pool is a few values of a column's type; words are those of a text column.
func (y types) pool(ty *model.Type, words []string, depth int) []string {
	if depth > deepest {
		return nil
	}
	var out []string
	if shape := y.shapes[ty.Name]; shape != nil && len(shape.Checks) > 0 { // of a domain
		out = domainClue(shape).values(ty, true)
	}
	for _, s := range y.basic(ty, words, depth) {
		out = appendNew(out, s)
	}
	return out
}

// basic is a few values of a type without regard to domains.
func (y types) basic(ty *model.Type, words []string, depth int) []string {
	if ty.Array {
		return y.arrays(ty, words, depth)
	}
	switch ty.Kind {
	case sql.Int:
		return []string{"1", "2", "0", "100"}
	case sql.Bool:
		return []string{"f", "t"}
	case sql.UUID:
		return []string{uuid(1).Text, uuid(2).Text, uuid(3).Text}
	case sql.Enum:
		return ty.Enum
	case sql.Text:
		return words
	default:
		return y.other(ty, words, depth)
	}
}

// parts is the values that something larger is made of.
func (y types) parts(ty *model.Type, words []string, depth int) []string {
	list := y.pool(ty, words, depth+1)
	if y.valid != nil {
		list = y.valid(ty, list)
	}
	return list
}

// composed reports whether values of a type are made of others, which must be valid first.
func (y types) composed(ty *model.Type) bool {
	shape := y.shapes[strings.TrimSuffix(ty.Plain, "[]")]
	return ty.Array || shape != nil && len(shape.Fields) > 0
}

// arrays is the empty array, and ones of one and two elements.
func (y types) arrays(ty *model.Type, words []string, depth int) []string {
	element := *ty
	element.Array, element.Kind = false, sql.Other
	element.Name = strings.TrimSuffix(ty.Name, "[]")
	if element.Plain = strings.TrimSuffix(ty.Plain, "[]"); element.Name == ty.Name { // a domain over an array
		element.Name = element.Plain
	}
	switch {
	case len(ty.Enum) > 0:
		element.Kind = sql.Enum
	case ty.Base == "text" || ty.Base == "varchar":
		element.Kind = sql.Text
	case ty.Base == "bool":
		element.Kind = sql.Bool
	}
	list := y.parts(&element, words, depth)
	out := []string{"{}"}
	if len(list) > 0 {
		out = append(out, array(list[0]), array(list[len(list)-1]))
	}
	if len(list) > 1 {
		out = append(out, array(list[0], list[1]))
	}
	return out
}

func (y types) other(ty *model.Type, words []string, depth int) []string {
	switch ty.Base {
	case "timestamptz":
		return []string{"2024-03-01 12:00:00+00", "2019-12-31 23:59:59+00", "2026-01-15 08:30:00+00", "2099-06-30 00:00:00+00"}
	case "timestamp":
		return []string{"2024-03-01 12:00:00", "2019-12-31 23:59:59", "2026-01-15 08:30:00", "2099-06-30 00:00:00"}
	case "date":
		return []string{"2024-03-01", "2019-12-31", "2026-01-15", "2099-06-30"}
	case "time":
		return []string{"12:00:00", "23:59:59"}
	case "numeric":
		return numerics(ty.Plain)
	case "float4", "float8":
		return []string{"1", "0", "2.5"}
	case "json", "jsonb":
		return []string{`{}`, `{"a": 1}`, `[]`}
	case "bytea":
		return []string{`\x00`, `\x01ff`, `\x`}
	case "interval":
		return []string{"01:00:00", "1 day", "1 mon"}
	case "citext", "bpchar", "name":
		return y.padded(ty, words)
	case "bit", "varbit":
		return []string{bitString(ty.Plain, 1), bitString(ty.Plain, 0), bitString(ty.Plain, 3)}
	}
	if list := y.shaped(ty, words, depth); len(list) > 0 {
		return list
	}
	if nth(ty, 0) != "" {
		return []string{nth(ty, 0), nth(ty, 1), nth(ty, 2)}
	}
	return stubborn.unknown
}

// shaped is values of composite, range and multirange types.
func (y types) shaped(ty *model.Type, words []string, depth int) []string {
	name := ty.Plain
	shape := y.shapes[name]
	var element *model.Type
	multi := strings.HasSuffix(ty.Base, "multirange")
	if base, ok := ranges[strings.Replace(ty.Base, "multirange", "range", 1)]; ok {
		element = &model.Type{Base: base, Name: base, Plain: base}
	}
	if shape != nil {
		element, multi = shape.Element, shape.Multi
	}
	var out []string
	switch {
	case element != nil:
		for n := range 3 {
			s := span(element, n)
			if s == "" { // of a type of the user's own: its first two values
				if list := y.pool(element, words, depth+1); len(list) > 1 {
					out = append(out, "["+quoteBound(list[0])+","+quoteBound(list[1])+"]", "["+quoteBound(list[1])+","+quoteBound(list[0])+"]")
				}
				break
			}
			out = append(out, s)
		}
		if ages := moments[element.Base]; ages != nil && element.Base != "time" { // the others are over
			out = append(out, "["+quoteBound(ages[0])+","+quoteBound(ages[1])+")")
		}
		if multi {
			for i := range out {
				out[i] = "{" + out[i] + "}"
			}
		}
	case shape != nil && len(shape.Fields) > 0:
		for n := range 3 {
			items := make([]string, len(shape.Fields))
			for i := range shape.Fields {
				if list := y.parts(&shape.Fields[i].Type, words, depth); len(list) > 0 {
					items[i] = list[n%len(list)]
				}
			}
			out = append(out, composite(items))
		}
	}
	return out
}

// many is up to n more different values of a type, for columns that must differ from row to row.
func (y types) many(ty *model.Type, n int) []string {
	if ty.Array {
		element := *ty
		element.Array, element.Plain = false, strings.TrimSuffix(ty.Plain, "[]")
		list := y.many(&element, n)
		for i := range list {
			list[i] = array(list[i])
		}
		return list
	}
	var out []string
	element := y.element(ty)
	for i := range n {
		var s string
		switch {
		case ty.Base == "bit" || ty.Base == "varbit":
			s = bitString(ty.Plain, i)
		case element != nil:
			s = span(element, i)
			if s != "" && strings.HasSuffix(ty.Base, "multirange") {
				s = "{" + s + "}"
			}
		case ty.Base == "timestamptz" || ty.Base == "timestamp" || ty.Kind == sql.Text || nth(ty, 0) != "":
			s = nth(ty, i)
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// element is the type of a range's bounds; nil for other types.
func (y types) element(ty *model.Type) *model.Type {
	if base, ok := ranges[strings.Replace(ty.Base, "multirange", "range", 1)]; ok {
		return &model.Type{Base: base, Name: base, Plain: base}
	}
	if shape := y.shapes[ty.Plain]; shape != nil {
		return shape.Element
	}
	return nil
}

func (y types) padded(ty *model.Type, words []string) []string {
	if ty.Base != "bpchar" || ty.Length == 0 {
		return words
	}
	out := make([]string, len(words))
	for i, s := range words {
		if len(s) < ty.Length {
			s += strings.Repeat(" ", ty.Length-len(s))
		}
		out[i] = s[:ty.Length]
	}
	return out
}

// numerics prints small numbers with the scale of numeric(p, s).
func numerics(name string) []string {
	scale := 0
	var p int
	if i := strings.IndexByte(name, '('); i >= 0 {
		if n, err := fmt.Sscanf(name[i:], "(%d,%d)", &p, &scale); err != nil && n < 1 {
			scale = 0
		}
	}
	pool := []string{"1", "0", "2"}
	if scale > 0 {
		for i := range pool {
			pool[i] += "." + strings.Repeat("0", scale)
		}
		if p == scale { // less than one
			pool = []string{"0." + strings.Repeat("0", scale-1) + "1", pool[1], "0.5" + strings.Repeat("0", scale-1)}
		}
	}
	return pool
}

func uuid(n int) model.Value {
	return text(fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
}
