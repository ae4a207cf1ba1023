package sql

import (
	"encoding/json"
	"strconv"
	"strings"
)

// field compiles a part of a JSON document, by a key, an index or a path that is a constant.
func (c *compiler) field(x *Field) operand {
	doc, key := c.operand(x.X), c.operand(x.Key)
	if doc.bad || key.bad {
		return badOperand(x)
	}
	get, ok := step(x.Op, doc, key)
	if !ok {
		c.leave(x, "operator "+x.Op+" on "+doc.typ)
		return badOperand(x)
	}
	if strings.HasSuffix(x.Op, ">>") {
		return operand{get: func(f *Frame) Value { return asText(get(f)) }, kind: Text, typ: "text", at: x}
	}
	return operand{get: get, typ: doc.typ, at: x}
}

// step is what an operator takes from a document, still as JSON.
func step(op string, doc, key operand) (valueFunc, bool) {
	if doc.typ != "json" && doc.typ != "jsonb" || doc.lit != nil {
		return nil, false
	}
	from := doc.get
	by := func(part func(doc, key string) (string, bool)) valueFunc {
		at := key.get
		return func(f *Frame) Value {
			d, k := from(f), at(f)
			if d.Null || k.Null {
				return Value{Null: true}
			}
			out, ok := part(d.Text, k.Text)
			return Value{Text: out, Null: !ok}
		}
	}
	switch {
	case strings.HasPrefix(op, "#"):
		path, ok := constantPath(key)
		if doc.typ == "json" && len(path) > 1 {
			ok = false // where a key stands twice, what Postgres finds hangs on the order of what it passes
		}
		return by(func(doc, _ string) (string, bool) { return follow(doc, path) }), ok
	case key.untyped(), key.kind == Text && !isArray(key.typ):
		return by(member), true
	case key.typ == "integer" || key.typ == "smallint":
		raw := doc.typ == "jsonb" // which keeps a scalar as an array of one
		return by(func(doc, index string) (string, bool) {
			n, err := strconv.Atoi(index)
			if s := trimmed(doc); raw && s[0] != '{' && s[0] != '[' {
				return s, err == nil && (n == 0 || n == -1)
			}
			return element(doc, n)
		}), true
	}
	return nil, false
}

// constantPath is the steps of a path; nil, with ok, of NULL.
func constantPath(key operand) (path []Value, ok bool) {
	if key.lit == nil || key.typ != "" && key.typ != "text[]" {
		return nil, false
	}
	if key.lit.Value.Null {
		return nil, true
	}
	return arrayItems(key.lit.Value.Text)
}

// follow goes down a path of keys and indexes.
func follow(doc string, path []Value) (string, bool) {
	doc = trimmed(doc)
	for _, key := range path {
		ok := !key.Null
		switch {
		case !ok:
		case doc[0] == '{':
			doc, ok = member(doc, key.Text)
		case doc[0] == '[':
			n, err := strconv.ParseInt(strings.TrimLeft(key.Text, blanks), 10, 32)
			if ok = err == nil; ok {
				doc, ok = element(doc, int(n))
			}
		default:
			ok = false
		}
		if !ok {
			return "", false
		}
	}
	return doc, true
}

func trimmed(doc string) string { return strings.Trim(doc, blanks) }

// member is the last member of an object that has a key.
func member(doc, key string) (out string, ok bool) {
	each(doc, '{', func(name, value string) {
		if unquoted(name) == key {
			out, ok = value, true
		}
	})
	return out, ok
}

// element is the n-th element of an array, from 0, or of a negative one from its end.
func element(doc string, n int) (out string, ok bool) {
	if n < 0 {
		each(doc, '[', func(_, _ string) { n++ })
	}
	i := 0
	each(doc, '[', func(_, value string) {
		if i == n {
			out, ok = value, true
		}
		i++
	})
	return out, ok
}

// each visits the values of an object or an array, as they are written, with their keys.
func each(doc string, kind byte, visit func(name, value string)) {
	s := trimmed(doc)
	if s == "" || s[0] != kind {
		return
	}
	for i := 1; i < len(s); {
		if strings.IndexByte(blanks+",}]", s[i]) >= 0 {
			i++
			continue
		}
		name := ""
		if kind == '{' {
			name = s[i : i+valueLen(s[i:])]
			for i += len(name); i < len(s) && strings.IndexByte(blanks+":", s[i]) >= 0; {
				i++
			}
		}
		end := i + valueLen(s[i:])
		visit(name, s[i:end])
		i = max(end, i+1)
	}
}

// valueLen is the length of the JSON value at the start of s.
func valueLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return min(i+1, len(s))
		}
	}
	return len(s)
}

// asText is a JSON value as ->> gives it: a string without its quotes, null as NULL.
func asText(v Value) Value {
	switch {
	case v.Null:
	case v.Text == "null":
		return Value{Null: true}
	case strings.HasPrefix(v.Text, `"`):
		v.Text = unquoted(v.Text)
	}
	return v
}

func unquoted(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return strings.Trim(s, `"`)
	}
	var out string
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return s
	}
	return out
}

// fromText casts the text of a document. What the type does not take is NULL: Postgres
// would refuse the statement.
func (c *compiler) fromText(o operand, like operand, x *Cast) operand {
	get := o.get
	out := operand{kind: like.kind, typ: like.typ, labels: like.labels, at: x}
	out.get = func(f *Frame) Value {
		v := get(f)
		if v.Null {
			return v
		}
		text, reason := canonical(v.Text, like)
		return Value{Text: text, Null: reason != ""}
	}
	return out
}
