package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/payload"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// payloadPlan is what a JSON argument holds. Its values are further arguments of the plan, which are
// given by their indexes: they are drawn as those of a call are.
type payloadPlan struct {
	fields []int // of the document itself
	object bool  // content is an object, or list is set
	list   bool
	key    string // under which the content is; empty: it is the document
	inner  []int  // the fields of the content
}

// payloads plans the JSON arguments of a routine, and their values.
func (r *routineReading) payloads(c *callPlan) {
	writes := slices.ContainsFunc([]string{"insert", "update", "merge"}, func(word string) bool { return sql.Mentions(r.source, word) })
	for i := range r.m.Args {
		if !c.args[i].json {
			continue
		}
		doc := &payloadPlan{}
		c.args[i].payload = doc
		shape := r.shapes[i]
		if shape == nil {
			continue
		}
		values := func(fields []payload.Field) []int {
			var out []int
			for n := range fields {
				out = append(out, len(c.args))
				c.args = append(c.args, r.value(&fields[n], c.table, writes))
			}
			return out
		}
		doc.fields = values(shape.Fields)
		if o := shape.Content; o != nil {
			doc.object, doc.list, doc.key, doc.inner = true, o.List, o.Key, values(o.Fields)
		}
	}
}

// value plans what stands under a key: the column of the table that it most likely means, or one of
// another table. What is written and compared with nothing only sets its column.
func (r *routineReading) value(f *payload.Field, t *model.Table, writes bool) argPlan {
	out := argPlan{key: f.Key, column: model.ColumnRef{Table: -1, Column: -1}, text: true}
	take := func(t *model.Table, least int) bool {
		c, score := r.matchKey(f, t)
		if score < least {
			return false
		}
		out.column, out.text, out.sets = model.ColumnRef{Table: t.ID, Column: c}, textual(&t.Columns[c].Type), writes && !f.Compared
		return true
	}
	if t == nil || !take(t, 1) {
		for _, o := range r.Contract.Schema.Tables {
			if take(o, 3) {
				break
			}
		}
	}
	return out
}

// matchKey is the column of a table that a key most likely means, and how sure that is.
func (r *routineReading) matchKey(f *payload.Field, t *model.Table) (column, score int) {
	column = -1
	mentioned := mentionsName(r.source, strings.ToLower(t.Name))
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Type.Array {
			continue // it is no value of a document
		}
		one := routineReading{Plan: r.Plan, m: &model.Routine{Args: []model.RoutineArg{{Name: f.Key, Type: c.Type}}}}
		at, s := one.match(0, t)
		if at != i {
			s = 0
		}
		if mentioned && slices.ContainsFunc(f.Beside, func(name string) bool { return strings.EqualFold(name, c.Name) }) {
			s = max(s, 3)
		}
		if s > score {
			column, score = i, s
		}
	}
	return column, score
}

// matchShape is how sure all keys of a document mean columns of a table.
func (r *routineReading) matchShape(shape *payload.Shape, t *model.Table) int {
	score, fields := 0, shape.Fields
	if shape.Content != nil {
		fields = slices.Concat(fields, shape.Content.Fields)
	}
	for i := range fields {
		_, s := r.matchKey(&fields[i], t)
		score += s
	}
	return score
}

// document is a JSON argument with the keys that the routine looks up. A list is one of one object,
// or of two where the call is about two rows.
func (a *arguments) document(arg *argPlan) model.Value {
	p := arg.payload
	pairs := func(a *arguments, fields []int) []string {
		var out []string
		for _, i := range fields {
			out = append(out, stringJSON(a.c.args[i].key)+": "+jsonText(a.value(i)))
		}
		return out
	}
	doc := "{" + strings.Join(pairs(a, p.inner), ", ") + "}"
	if p.list && a.kind == Both && a.theirs == 0 {
		o := *a
		o.row, o.next, o.mine = a.next, a.row, false
		doc += ", {" + strings.Join(pairs(&o, p.inner), ", ") + "}"
	}
	if p.list {
		doc = "[" + doc + "]"
	}
	if !p.object || p.key != "" {
		all := pairs(a, p.fields)
		if p.object {
			all = append(all, stringJSON(p.key)+": "+doc)
		}
		doc = "{" + strings.Join(all, ", ") + "}"
	}
	if arg.array {
		return listing([]model.Value{text(doc)})
	}
	return text(doc)
}

func jsonText(v model.Value) string {
	if v.Null {
		return "null"
	}
	if _, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
		return v.Text
	}
	return stringJSON(v.Text)
}
