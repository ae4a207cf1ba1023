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
// by itself, then one for all of them together. In the last ones each table's rows are only written to
// in the place of new ones of the same tenant, which says it also of a session that may see all.
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
	var kept []string
	for _, t := range c.Schema.Tables {
		if !sql.Mentions(text, t.Name) {
			continue
		}
		if k := (intent{table: t}).kept(text, ways(c, t)); k != text && len(kept) < mostNarrow {
			kept = append(kept, k)
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
	var texts []string
	for _, list := range lists {
		changed := text
		for _, t := range list {
			changed = intent{table: t, full: o.pinned()}.narrowed(changed, conditions[t])
		}
		texts = append(texts, changed)
	}
	var out []Remedy
	for _, changed := range append(texts, kept...) {
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
