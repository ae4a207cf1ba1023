package script

import "strings"

// words goes through the tokens of a statement, without blanks and comments.
type words struct {
	text string
	at   int // where the next token is looked for
}

// peek is the next token.
func (w *words) peek() token {
	for at := w.at; ; {
		t := scan(w.text, at, false)
		if t.kind != space && t.kind != comment {
			return t
		}
		at = t.stop
	}
}

// next is the next token: a word in lower case, anything else as it is
// written; "" at the end.
func (w *words) next() string {
	t := w.peek()
	w.at = t.stop
	if t.kind == word {
		return strings.ToLower(w.text[t.start:t.stop])
	}
	return w.text[t.start:t.stop]
}

// name is the next token's meaning as a name: without its quotes.
func (w *words) name() string {
	s := w.next()
	if len(s) > 1 && s[0] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// after goes past the first place where two words stand in a row; false if there is
// none.
func (w *words) after(first, second string) bool {
	for before := ""; ; {
		next := w.next()
		if next == "" {
			return false
		}
		if before == first && next == second {
			return true
		}
		before = next
	}
}

// pass goes past these words if they come next.
func (w *words) pass(these ...string) bool {
	rest := *w
	for _, one := range these {
		if rest.next() != one {
			return false
		}
	}
	*w = rest
	return true
}

// list is the extent of the names that come next, with commas between them.
func (w *words) list() (from, to int) {
	from = w.peek().start
	for {
		t := w.peek()
		if t.kind != word && t.kind != quoted {
			return from, max(from, to)
		}
		w.at, to = t.stop, t.stop
		if !w.pass(",") {
			return from, to
		}
	}
}
