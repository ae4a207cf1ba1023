package script

import (
	"slices"
	"strings"
)

// Object names what a statement defines.
type Object struct {
	Kind   string // policy, table, view, function, procedure or role
	Schema string // empty for roles
	Name   string // without schema and quotes
	Table  string // of a policy, likewise
}

// Defined is the statement that last created or altered an object; nil where none names it,
// as when code builds the statement. A name that a statement writes without a schema is taken
// for the object's, whatever schema that has.
func Defined(list []Statement, o Object) *Statement {
	return last(list, func(words []string) bool {
		rest, ok := object(words, o.Kind)
		if !ok {
			return false
		}
		if o.Kind != "policy" {
			named, _ := dotted(rest, o.Schema, o.Name)
			return named
		}
		named, rest := dotted(rest, "", o.Name)
		if !named || len(rest) == 0 || rest[0] != "on" {
			return false
		}
		on, _ := dotted(without(rest[1:], "only"), o.Schema, o.Table)
		return on
	})
}

// Secured is the statement that last switched row security of a table; nil where none did.
func Secured(list []Statement, schema, table string) *Statement {
	return last(list, func(words []string) bool {
		rest, ok := object(words, "table")
		if !ok || words[0] != "alter" {
			return false
		}
		named, rest := dotted(rest, schema, table)
		at := slices.Index(rest, "row")
		return named && at >= 0 && len(rest) >= at+3 && rest[at+1] == "level" && rest[at+2] == "security"
	})
}

// headWords is how many words of a statement are looked at.
const headWords = 40

// last is the last statement whose first words satisfy is; nil where none do.
func last(list []Statement, is func(words []string) bool) *Statement {
	for i := len(list) - 1; i >= 0; i-- {
		if words := list[i].head(); len(words) > 2 && is(words) {
			return &list[i]
		}
	}
	return nil
}

// head is the first words and signs of a statement: names as Postgres folds them.
func (s *Statement) head() []string {
	var out []string
	for at := 0; len(out) < headWords; {
		t := scan(s.Text, at, false)
		if t.kind == end || t.open != "" {
			break
		}
		at = t.stop
		piece := s.Text[t.start:t.stop]
		switch t.kind {
		case word:
			out = append(out, strings.ToLower(piece))
		case quoted:
			if strings.HasPrefix(piece, `"`) {
				piece = strings.ReplaceAll(piece[1:len(piece)-1], `""`, `"`)
			}
			out = append(out, piece)
		case sign:
			out = append(out, piece)
		case space, comment, text, number, end:
		}
	}
	return out
}

// object is what follows CREATE or ALTER and the words of a kind, from the name on.
func object(words []string, kind string) (rest []string, ok bool) {
	if words[0] != "create" && words[0] != "alter" {
		return nil, false
	}
	rest = without(words[1:], "or", "replace", "temp", "temporary", "unlogged", "materialized", "recursive")
	if len(rest) < 2 || rest[0] != kind && (kind != "role" || rest[0] != "user" && rest[0] != "group") {
		return nil, false
	}
	return without(rest[1:], "if", "not", "exists", "only"), true
}

// without drops leading words.
func without(words []string, drop ...string) []string {
	for len(words) > 1 && slices.Contains(drop, words[0]) {
		words = words[1:]
	}
	return words
}

// dotted reports whether words begin with a name, with its schema or without, and gives
// what follows it.
func dotted(words []string, schema, name string) (is bool, rest []string) {
	of := schema
	if len(words) > 2 && words[1] == "." {
		of, words = words[0], words[2:]
	}
	if len(words) == 0 {
		return false, nil
	}
	return of == schema && words[0] == name, words[1:]
}
