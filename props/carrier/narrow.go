package carrier

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// mostNarrow is how many tables of a text are narrowed each by itself.
const mostNarrow = 4

// narrow gives a view or a routine its own text again, in which each table is replaced by the
// rows of it that the rules let the sessions of the cells see. There is a remedy for each table
// by itself, then one for all of them together.
func (o *Object) narrow(c *model.Contract, cells []Cell) []Remedy {
	var text string
	var put func(string) string
	switch {
	case o.Routine != nil && (o.Routine.Language == "sql" || o.Routine.Language == "plpgsql"):
		text, put = o.Routine.Source, o.body
	case o.View != nil && !o.View.Materialized:
		text, put = o.View.Definition, o.query
	default:
		return nil
	}
	conditions := map[*model.Table]string{}
	var tables []*model.Table
	for _, t := range c.Schema.Tables {
		if !sql.Mentions(text, t.Name) {
			continue
		}
		if e := (intent{c: c, table: t, full: o.pinned()}).allowed(cells); e != "" {
			tables, conditions[t] = append(tables, t), e
		}
	}
	var lists [][]*model.Table
	for _, t := range tables[:min(len(tables), mostNarrow)] {
		lists = append(lists, []*model.Table{t})
	}
	if len(tables) > 1 {
		lists = append(lists, tables)
	}
	var out []Remedy
	for _, list := range lists {
		changed := text
		for _, t := range list {
			changed = intent{table: t, full: o.pinned()}.narrowed(changed, conditions[t])
		}
		if changed != text {
			if s := put(changed); s != "" {
				out = append(out, Remedy{SQL: []string{s}})
			}
		}
	}
	return out
}

// allowed is the condition for the rows of the table that the sessions of some cells may see;
// empty where that is all or none of them, or cannot be said in SQL of a policy.
func (in intent) allowed(cells []Cell) string {
	var list []string
	for _, k := range cells {
		e, ok := in.say(k.Session, k.Session.Sees[in.table.ID].Rule)
		if !ok {
			return ""
		}
		list = append(list, e)
	}
	e := either(slices.DeleteFunc(list, func(e string) bool { return e == never }))
	if e == "true" || e == never {
		return ""
	}
	return e
}

// afterTable are the words that may follow a table's name and are no alias.
var afterTable = []string{
	"where", "on", "join", "left", "right", "inner", "cross", "full", "natural", "group", "order", "limit", "set", "using", "for",
	"union", "except", "intersect", "having", "window", "offset", "fetch", "returning", "loop", "tablesample", "into", "when", "then",
}

// afterCondition are the words that end the condition of an UPDATE or a DELETE.
var afterCondition = []string{"returning", "loop"}

// narrowed puts a condition on the table wherever a text reads, updates or deletes from it: a
// table that is read becomes a sub-select with the condition.
func (in intent) narrowed(text, condition string) string {
	t := in.table
	tokens := sql.Tokens(text)
	word := func(i int) string {
		if i < 0 || i >= len(tokens) || tokens[i].Kind != sql.Word {
			return ""
		}
		return strings.ToLower(tokens[i].Text)
	}
	for i := len(tokens) - 1; i > 0; i-- { // from behind: what is before stays where it is
		first := i
		if !isName(&tokens[i], t.Name) {
			continue
		}
		if i > 1 && tokens[i-1].Text == "." {
			if first = i - 2; !isName(&tokens[first], t.Schema) {
				continue
			}
		}
		before := word(first - 1)
		if before == "only" {
			first--
			before = word(first - 1)
		}
		alias, end := t.Name, tokens[i].End
		at := i + 1
		if word(at) == "as" {
			at++
		}
		if at < len(tokens) && (tokens[at].Kind == sql.QuotedName || word(at) != "" && !slices.Contains(afterTable, word(at))) {
			alias, end = tokens[at].Text, tokens[at].End
		}
		switch {
		case before == "update" || before == "from" && word(first-2) == "delete":
			text = target(text, tokens[i+1:], replaceName(condition, ident(t.Name)+".", ident(alias)+"."))
		case before == "from" || before == "join":
			text = text[:tokens[first].Start] + "(SELECT * FROM " + in.name(t) + " WHERE " + condition + ") " + ident(alias) + text[end:]
		}
	}
	return text
}

// target puts a condition into the WHERE of an UPDATE or a DELETE; tokens are those after
// its table.
func target(text string, tokens []sql.Token, condition string) string {
	depth, start := 0, -1
	for i := range tokens {
		k := &tokens[i]
		word := strings.ToLower(k.Text)
		switch {
		case k.Kind == sql.Sign && k.Text == "(":
			depth++
		case k.Kind == sql.Sign && k.Text == ")":
			depth--
		case k.Kind == sql.Word && depth == 0 && word == "where":
			start = k.End
		}
		ends := depth < 0 || depth == 0 && (k.Text == ";" || k.Kind == sql.Word && slices.Contains(afterCondition, word))
		switch {
		case ends && start >= 0:
			return text[:start] + " (" + strings.TrimSpace(text[start:k.Start]) + ") AND " + condition + " " + text[k.Start:]
		case ends:
			return strings.TrimRight(text[:k.Start], " \n\t") + " WHERE " + condition + " " + text[k.Start:]
		}
	}
	if start >= 0 {
		return text[:start] + " (" + strings.TrimSpace(text[start:]) + ") AND " + condition
	}
	return strings.TrimRight(text, " \n\t") + " WHERE " + condition
}

// body is the statement that gives the routine another body, in its own language.
func (o *Object) body(text string) string {
	r := o.Routine
	switch {
	case r.Head == "":
		return ""
	case strings.HasPrefix(strings.TrimSpace(text), "BEGIN ATOMIC"), strings.HasPrefix(strings.TrimSpace(text), "RETURN "):
		return r.Head + "\n" + strings.TrimSpace(text)
	case strings.Contains(text, "$$"):
		return r.Head + "\nAS " + sql.Constant(text)
	}
	return r.Head + "\nAS $$" + text + "$$"
}

// query is the statement that gives the view another query.
func (o *Object) query(text string) string {
	var with []string
	if o.View.Invoker {
		with = append(with, "security_invoker = true")
	}
	if o.View.Barrier {
		with = append(with, "security_barrier = true")
	}
	options := ""
	if len(with) > 0 {
		options = " WITH (" + strings.Join(with, ", ") + ")"
	}
	return "CREATE OR REPLACE VIEW " + qualified(o.View.Schema, o.View.Name) + options + " AS " + strings.TrimRight(strings.TrimSpace(text), ";")
}

// isName reports whether a token is a name.
func isName(t *sql.Token, name string) bool {
	return t.Kind == sql.Word && strings.ToLower(t.Text) == name || t.Kind == sql.QuotedName && t.Text == name
}
