package contract

import (
	"strings"
	"unicode"
)

// text is a value of the file and where it stands. The zero value is absent.
type text struct {
	value string
	at    *node
}

func (t text) given() bool { return t.at != nil }

// place is where the text begins.
func (t text) place() place { return t.at.at }

// object is a mapping whose keys are known.
type object struct {
	*source
	node *node
}

// object checks that a node is a mapping with the keys of a shape.
func (s *source) object(n *node, shape *shape) object {
	if n == nil || n.kind != mapping {
		at := place{1, 1}
		if n != nil {
			at = n.at
			s.fail(at, "a mapping with "+oneOf("", shape.names()), "%s is %s", shape.name, n.describe())
		}
		return object{s, &node{at: at}}
	}
	for _, k := range n.keys {
		if shape.field(k.text) == nil {
			s.fail(k.at, oneOf(k.text, shape.names()), "unknown key %q in %s", k.text, shape.name)
		}
	}
	for _, f := range shape.fields {
		if f.required && n.value(f.name) == nil {
			s.fail(n.at, f.name+": "+f.doc, "%s lacks the key %q", shape.name, f.name)
		}
	}
	return object{s, n}
}

func (o object) has(key string) bool { return o.node.value(key) != nil }

// text is the text at a key; scalars that YAML takes for something else are mistakes.
func (o object) text(key string) text { return o.textOf(key, o.node.value(key)) }

func (s *source) textOf(what string, n *node) text {
	t := s.scalarOf(what, n)
	if t.given() && n.what != "a text" {
		s.fail(n.at, "a text; in quotes if this is one", "%s is %s", what, n.describe())
		return text{}
	}
	return t
}

// scalar is the text at a key, as it is written, be it a number.
func (o object) scalar(key string) text { return o.scalarOf(key, o.node.value(key)) }

func (s *source) scalarOf(what string, n *node) text {
	switch {
	case n == nil:
		return text{}
	case n.kind == nothing || n.kind == scalar && strings.TrimSpace(n.text) == "":
		s.fail(n.at, "a text", "%s is empty", what)
		return text{}
	case n.kind != scalar:
		s.fail(n.at, "a text", "%s is %s", what, n.describe())
		return text{}
	}
	return text{n.text, n}
}

// choice is the text at a key, of a fixed set.
func (o object) choice(key string, names ...string) text {
	t := o.text(key)
	if t.given() && !contains(names, t.value) {
		o.fail(t.place(), oneOf(t.value, names), "unknown %s %q", key, t.value)
		return text{}
	}
	return t
}

// texts is a text or a list of texts.
func (o object) texts(key string) []text { return o.textsOf(key, o.node.value(key), o.textOf) }

// scalars is a scalar or a list of scalars.
func (o object) scalars(key string) []text { return o.textsOf(key, o.node.value(key), o.scalarOf) }

func (s *source) textsOf(what string, n *node, one func(string, *node) text) []text {
	switch {
	case n == nil:
		return nil
	case n.kind == list:
		out := make([]text, 0, len(n.items))
		for _, item := range n.items {
			if t := one("an item of "+what, item); t.given() {
				out = append(out, t)
			}
		}
		return out
	case n.kind == mapping:
		s.fail(n.at, "a text or a list of texts", "%s is %s", what, n.describe())
		return nil
	}
	if t := one(what, n); t.given() {
		return []text{t}
	}
	return nil
}

// pair is a key of a mapping with free keys, and its value.
type pair struct {
	key   text
	value *node
}

// visible refuses a name that cannot be read in a report, or that a terminal would obey.
func (s *source) visible(name text, of string) {
	if strings.TrimSpace(name.value) == "" || strings.ContainsFunc(name.value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		s.fail(name.place(), "a name of characters that can be seen, on one line", "%q is no name of a %s", short(name.value), of)
	}
}

// pairs is the entries of a mapping whose keys are names.
func (s *source) pairs(what string, n *node, expected string) []pair {
	switch {
	case n == nil:
		return nil
	case n.kind != mapping:
		s.fail(n.at, expected, "%s is %s", what, n.describe())
		return nil
	}
	out := make([]pair, len(n.keys))
	for i, k := range n.keys {
		out[i] = pair{text{k.text, k}, n.items[i]}
	}
	return out
}

func (o object) pairs(key, expected string) []pair {
	return o.source.pairs(key, o.node.value(key), expected)
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
