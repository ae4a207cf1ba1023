package sql

import (
	"slices"
	"strings"
)

// Call is a call of a function that stands in SQL, or a keyword before a parenthesis.
type Call struct {
	Schema, Name string   // in lower case where they are not quoted
	Args         []string // their texts
}

// Nulls reports whether some argument is NULL, with a name or a type or without: p => NULL::int.
func (c *Call) Nulls() bool { return slices.ContainsFunc(c.Args, isNull) }

func isNull(arg string) bool {
	tokens := Tokens(arg)
	if len(tokens) > 2 && (isSign(&tokens[1], "=>") || isSign(&tokens[1], ":=")) {
		tokens = tokens[2:]
	}
	is := func(i int, word string) bool {
		return i < len(tokens) && tokens[i].Kind == Word && strings.EqualFold(tokens[i].Text, word)
	}
	switch {
	case is(0, "variadic"):
		tokens = tokens[1:]
	case is(0, "cast"):
		return is(2, "null")
	}
	return is(0, "null") && (len(tokens) == 1 || isSign(&tokens[1], "::"))
}

// Calls lists the calls in a text, those inside of others too.
func Calls(text string) []Call {
	tokens := Tokens(text)
	var out []Call
	for i := range tokens {
		if tokens[i].Kind > QuotedName || i+1 == len(tokens) || !isSign(&tokens[i+1], "(") {
			continue
		}
		c := Call{Name: nameOf(&tokens[i]), Args: arguments(text, tokens[i+2:])}
		if i > 1 && isSign(&tokens[i-1], ".") && tokens[i-2].Kind <= QuotedName {
			c.Schema = nameOf(&tokens[i-2])
		}
		out = append(out, c)
	}
	return out
}

func isSign(t *Token, text string) bool { return t.Kind == Sign && t.Text == text }

func nameOf(t *Token) string {
	if t.Kind == Word {
		return strings.ToLower(t.Text)
	}
	return t.Text
}

// arguments is the texts of a call's arguments; tokens are those after its opening bracket.
func arguments(text string, tokens []Token) []string {
	var out []string
	depth, start := 0, -1
	for i := range tokens {
		t := &tokens[i]
		switch {
		case depth == 0 && (isSign(t, ")") || isSign(t, ",")):
			if start >= 0 {
				out = append(out, text[start:t.Start])
			}
			if start = -1; t.Text == ")" {
				return out
			}
			continue
		case isSign(t, "("), isSign(t, "["):
			depth++
		case isSign(t, ")"), isSign(t, "]"):
			depth--
		}
		if start < 0 {
			start = t.Start
		}
	}
	return nil
}
