package sql

import (
	"slices"
	"strings"
)

// Channel is a channel of NOTIFY that SQL names.
type Channel struct {
	Name string // empty where it is put together, or comes from elsewhere
	Text string // what names it
}

// Channels lists the channels on which a text notifies: a statement, an expression or the body
// of a function, and the texts that it runs, as far as they begin with NOTIFY.
func Channels(text string) []Channel {
	var out []Channel
	add := func(c Channel) {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	for _, c := range Calls(text) {
		if c.Name == "pg_notify" && len(c.Args) == 2 {
			name, _ := literalText(c.Args[0])
			add(Channel{Name: name, Text: strings.TrimSpace(c.Args[0])})
		}
	}
	tokens := Tokens(text)
	for i := range tokens {
		t := &tokens[i]
		if t.Kind == Str {
			if begins := Tokens(t.Text); len(begins) > 0 && keyword(&begins[0], "notify") {
				for _, c := range Channels(t.Text) {
					add(c)
				}
			}
			continue
		}
		if !keyword(t, "notify") || i > 0 && !opens(&tokens[i-1]) {
			continue
		}
		if i+1 < len(tokens) && tokens[i+1].Kind <= QuotedName {
			if i+2 == len(tokens) || isSign(&tokens[i+2], ",") || isSign(&tokens[i+2], ";") || isSign(&tokens[i+2], ")") {
				add(Channel{Name: nameOf(&tokens[i+1]), Text: tokens[i+1].Text})
			}
			continue
		}
		add(Channel{Text: strings.TrimSpace(text[t.End:])})
	}
	return out
}

func keyword(t *Token, word string) bool { return t.Kind == Word && strings.EqualFold(t.Text, word) }

// opens reports whether a statement may begin after a token: in a list, in a block of PL/pgSQL, or
// as what a rule does.
func opens(t *Token) bool {
	return isSign(t, ";") || isSign(t, "(") || t.Kind == Word && slices.Contains([]string{"begin", "then", "else", "loop", "do", "also", "instead", "atomic"}, strings.ToLower(t.Text))
}

// literalText is the text of a literal, which may be cast; ok is false for all else.
func literalText(text string) (value string, ok bool) {
	tokens := Tokens(text)
	if len(tokens) == 0 || tokens[0].Kind != Str {
		return "", false
	}
	cast := len(tokens) == 3 && isSign(&tokens[1], "::") && tokens[2].Kind == Word
	if len(tokens) > 1 && !cast {
		return "", false
	}
	return tokens[0].Text, true
}
