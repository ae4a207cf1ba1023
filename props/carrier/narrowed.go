package carrier

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// afterTable are the words that may follow a table's name and are no alias.
var afterTable = []string{
	"where", "on", "join", "left", "right", "inner", "cross", "full", "natural", "group", "order", "limit", "set", "using", "for",
	"union", "except", "intersect", "having", "window", "offset", "fetch", "returning", "loop", "tablesample", "into", "when", "then",
}

// afterCondition are the words that end a statement's last condition.
var afterCondition = []string{"returning", "loop"}

// narrowed puts a condition on the table wherever a text reads it or writes to rows of it that are
// there: a table that is read becomes a sub-select with the condition.
func (in intent) narrowed(text, condition string) string {
	x := &narrowing{text: text, tokens: sql.Tokens(text)}
	for _, m := range x.mentions(in.table) {
		own := replaceName(condition, ident(in.table.Name)+".", ident(m.alias)+".")
		switch {
		case m.before == "update" || m.before == "from" && m.verb == "delete":
			x.where(m.after, own)
		case m.inserts():
			if at := x.updates(m.after); at >= 0 {
				x.where(at, own)
			}
		case m.merges():
			x.matches(m.after, own)
		case m.before == "from" || m.before == "join":
			x.put(x.tokens[m.first].Start, x.tokens[m.after-1].End, "(SELECT * FROM "+in.name(in.table)+" WHERE "+condition+") "+ident(m.alias))
		}
	}
	return x.done()
}

// mention is where a text names a table. first is the token with which it begins, and after that behind its alias.
type mention struct {
	first, after int
	alias        string // or its name
	before, verb string // the words before it
}

func (m *mention) inserts() bool { return m.before == "into" && m.verb == "insert" }
func (m *mention) merges() bool  { return m.before == "into" && m.verb == "merge" }

// mentions lists where the text names a table.
func (x *narrowing) mentions(t *model.Table) []mention {
	var out []mention
	for i := 1; i < len(x.tokens); i++ {
		first := i
		if !isName(&x.tokens[i], t.Name) {
			continue
		}
		if i > 1 && x.tokens[i-1].Text == "." {
			if first = i - 2; !isName(&x.tokens[first], t.Schema) {
				continue
			}
		}
		if x.word(first-1) == "only" {
			first--
		}
		m := mention{first: first, after: i + 1, alias: t.Name, before: x.word(first - 1), verb: x.word(first - 2)}
		at := m.after
		if x.word(at) == "as" {
			at++
		}
		named := at > m.after || !m.inserts() // whose alias must have AS
		if named && at < len(x.tokens) && (x.tokens[at].Kind == sql.QuotedName || x.word(at) != "" && !slices.Contains(afterTable, x.word(at))) {
			m.alias, m.after = x.tokens[at].Text, at+1
		}
		out = append(out, m)
	}
	return out
}

// narrowing is a text, and what is to be put into it.
type narrowing struct {
	text   string
	tokens []sql.Token
	edits  []edit
}

// edit puts a text in the place of another, from start to end.
type edit struct {
	start, end int
	text       string
}

func (x *narrowing) put(start, end int, text string) {
	x.edits = append(x.edits, edit{start, end, text})
}

// done is the text with what was put into it.
func (x *narrowing) done() string {
	slices.SortStableFunc(x.edits, func(a, b edit) int { return b.start - a.start }) // from behind: what is before stays where it is
	text := x.text
	for _, e := range x.edits {
		text = text[:e.start] + e.text + text[e.end:]
	}
	return text
}

// word is the token at i in lower case; empty where there is none that is an unquoted word.
func (x *narrowing) word(i int) string {
	if i < 0 || i >= len(x.tokens) || x.tokens[i].Kind != sql.Word {
		return ""
	}
	return strings.ToLower(x.tokens[i].Text)
}

// beside lists the tokens from one on that are in no parentheses of their own, to the end of its
// statement, and the token behind.
func (x *narrowing) beside(from int) (list []int, end int) {
	depth := 0
	for i := from; i < len(x.tokens); i++ {
		k := &x.tokens[i]
		switch sign := k.Kind == sql.Sign; {
		case sign && k.Text == "(":
			depth++
		case sign && k.Text == ")":
			if depth--; depth < 0 {
				return list, i
			}
		case depth == 0 && sign && k.Text == ";":
			return list, i
		case depth == 0:
			list = append(list, i)
		}
	}
	return list, len(x.tokens)
}

// where puts a condition into the WHERE of an UPDATE or a DELETE, from a token on.
func (x *narrowing) where(from int, condition string) {
	list, end := x.beside(from)
	first := -1
	for _, i := range list {
		word := x.word(i)
		if slices.Contains(afterCondition, word) {
			end = i
			break
		}
		if word == "where" {
			first = i + 1
		}
	}
	if first >= 0 {
		x.and(first, end, condition)
		return
	}
	x.behind(end-1, " WHERE "+condition)
}

// and adds a condition to the one of some tokens.
func (x *narrowing) and(first, end int, condition string) {
	x.put(x.tokens[first].Start, x.tokens[first].Start, "(")
	x.behind(end-1, ") AND "+condition)
}

// behind puts a text behind a token.
func (x *narrowing) behind(i int, text string) {
	if i+1 < len(x.tokens) && x.tokens[i+1].Kind != sql.Sign && x.tokens[i+1].Start == x.tokens[i].End {
		text += " "
	}
	x.put(x.tokens[i].End, x.tokens[i].End, text)
}

// updates is where the assignments begin of an INSERT that updates what it would collide with, from
// a token on; -1 of another.
func (x *narrowing) updates(from int) int {
	list, _ := x.beside(from)
	for _, i := range list {
		if x.word(i) == "do" && x.word(i+1) == "update" && x.word(i+2) == "set" {
			return i + 3
		}
	}
	return -1
}

// matches puts a condition into the ON of a MERGE, from a token on.
func (x *narrowing) matches(from int, condition string) {
	list, _ := x.beside(from)
	on, cases := -1, 0
	for _, i := range list {
		switch word := x.word(i); {
		case word == "on":
			on = i
		case word == "case":
			cases++
		case word == "end":
			cases--
		case word == "when" && cases == 0:
			if on >= 0 && on+1 < i {
				x.and(on+1, i, condition)
			}
			return
		}
	}
}
