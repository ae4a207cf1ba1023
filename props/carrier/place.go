package carrier

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// Files is the statements of a schema's files in order, read once: objects are looked for in them often.
type Files struct {
	statements []script.Statement
	heads      []head
}

// Read reads the statements of a schema's files.
func Read(statements []script.Statement) *Files {
	f := &Files{statements, make([]head, len(statements))}
	for i := range statements {
		f.heads[i] = readHead(statements[i].Text)
	}
	return f
}

// Place finds the statement that says last what an object is; nil where none does. What a DO
// block says is not found. Of a trigger it is that of its function, which says what it does,
// unless a later file gives the table the trigger.
func (f *Files) Place(o *Object) *script.Statement {
	i := f.last(o)
	if o.Kind == Trigger && o.Trigger.Function != "" {
		of := f.last(o.function())
		if i < 0 || of >= 0 && (i <= of || f.statements[i].File == f.statements[of].File) {
			i = of
		}
	}
	if i < 0 {
		return nil
	}
	return &f.statements[i]
}

// last is the statement that says last what the object itself is; -1 where none does.
func (f *Files) last(o *Object) int {
	found, made := -1, -1
	for i, h := range f.heads {
		switch o.says(h) {
		case says:
			found = i
		case makes:
			made = i
		case nothing:
		}
	}
	if found < 0 {
		return made
	}
	return found
}

// function is the function of a trigger, as an object.
func (o *Object) function() *Object {
	r := model.Routine{Schema: "public", Name: o.Trigger.Function}
	if i := strings.LastIndexByte(r.Name, '.'); i >= 0 {
		r.Schema, r.Name = r.Name[:i], r.Name[i+1:]
	}
	return &Object{Kind: Body, Routine: &r}
}

// saying is what a statement says of an object.
type saying uint8

const (
	nothing saying = iota
	makes          // it makes the table whose lack the object is, such as of row security
	says           // it says what the object is
)

// head is a statement's tokens: words in lower case, quoted names as they are.
type head []string

// readHead is all tokens of a statement.
func readHead(text string) head {
	var out head
	for _, t := range sql.Tokens(text) {
		if t.Kind == sql.Word {
			t.Text = strings.ToLower(t.Text)
		}
		out = append(out, t.Text)
	}
	return out
}

// at is the token at i; empty beyond the ends.
func (h head) at(i int) string {
	if i < 0 || i >= len(h) {
		return ""
	}
	return h[i]
}

// has reports whether the words stand somewhere, one after the other.
func (h head) has(words ...string) bool { return h.index(words...) >= 0 }

// index is where the words stand, one after the other; -1 where they do not.
func (h head) index(words ...string) int {
	for i := range h {
		if i+len(words) <= len(h) && slices.Equal(h[i:i+len(words)], words) {
			return i
		}
	}
	return -1
}

// names reports whether the name of an object, with its schema or without, stands at i.
func (h head) names(i int, schema, name string) bool {
	if h.at(i+1) == "." {
		return h.at(i) == schema && h.at(i+2) == name
	}
	return h.at(i) == name
}

// after is the place after words that may stand at i, in any order.
func (h head) after(i int, optional ...string) int {
	for i < len(h) && slices.Contains(optional, h[i]) {
		i++
	}
	return i
}

// says is what a statement says of the object.
func (o *Object) says(h head) saying {
	switch o.Kind {
	case Policy, Policies:
		return is(h.at(1) == "policy" && h.at(0) != "drop" && h.at(3) == "on" && h.names(4, o.Table.Schema, o.Table.Name) &&
			slices.ContainsFunc(o.Policies, func(p *model.Policy) bool { return p.Name == h.at(2) }))
	case RowSecurity, Force:
		return o.saysTable(h)
	case BypassRLS:
		return is(slices.Contains([]string{"create", "alter"}, h.at(0)) && slices.Contains([]string{"role", "user"}, h.at(1)) && h.at(2) == o.Role && h.has("bypassrls"))
	case Superuser:
		return is(slices.Contains([]string{"create", "alter"}, h.at(0)) && slices.Contains([]string{"role", "user"}, h.at(1)) && h.at(2) == o.Role && h.has("superuser"))
	case Setting:
		i := h.index("set")
		return is(h.at(0) == "alter" && i > 1 && h.setting(i+1, o.Setting.Name) && (o.Role == "" && h.at(1) == "database" || h.at(2) == o.Role))
	case Membership:
		to := h.index("to")
		return is(h.at(0) == "grant" && to > 0 && !h.has("on") && slices.Contains(h[:to], o.Of) && slices.Contains(h[to:], o.Role))
	case ColumnGrant:
		return is(o.saysGrant(h))
	case Routine, Helper, SearchPath, Frozen, Leaves, Body:
		i := h.after(1, "or", "replace")
		return is((h.at(0) == "create" || h.at(0) == "alter") && slices.Contains([]string{"function", "procedure", "aggregate", "routine"}, h.at(i)) && h.names(i+1, o.Routine.Schema, o.Routine.Name))
	case View, Barrier, Materialized:
		if on := h.index("on"); h.at(0) == "grant" && on > 0 {
			return is(h.names(h.after(on+1, "table"), o.View.Schema, o.View.Name) && slices.ContainsFunc(o.Roles, func(r string) bool { return slices.Contains(h[on:], r) }))
		}
		i := h.after(1, "or", "replace", "recursive", "materialized")
		return is((h.at(0) == "create" || h.at(0) == "alter") && h.at(i) == "view" && h.names(h.after(i+1, "if", "not", "exists"), o.View.Schema, o.View.Name))
	case Trigger:
		i := h.index(o.Trigger.Kind())
		on := o.on()
		return is(h.at(0) == "create" && i > 0 && i < 5 && h.at(i+1) == o.Trigger.Name && h.has(on[strings.LastIndexByte(on, '.')+1:]))
	case Default, Reference, Table:
		return o.saysTable(h)
	case Unique:
		if on := h.index("on"); h.at(0) == "create" && h.at(1) == "unique" && slices.Contains(h[:max(on, 0)], o.Unique.Name) {
			return says
		}
		return o.saysTable(h)
	case Unknown, PathText:
	}
	return nothing
}

// is turns a yes into says.
func is(yes bool) saying {
	if yes {
		return says
	}
	return nothing
}

// saysTable looks for the ALTER TABLE that switches row security off, sets the default or adds
// the foreign key, or for any where the object is the table; and for the CREATE TABLE, which has to do where there is none.
func (o *Object) saysTable(h head) saying {
	if h.at(1) != "table" || !h.names(h.after(2, "if", "not", "exists", "only"), o.Table.Schema, o.Table.Name) {
		return nothing
	}
	words := map[Kind][]string{
		RowSecurity: {"disable", "row", "level"}, Force: {"no", "force", "row"}, Default: {"set", "default"},
	}[o.Kind]
	if o.Kind == Unique {
		words = []string{o.Unique.Name}
	}
	if o.Kind == Reference {
		words = []string{"references", o.Key.Target.Name}
		if !h.has(words...) {
			words = []string{"references", o.Key.Target.Schema, ".", o.Key.Target.Name}
		}
	}
	switch {
	case h.at(0) == "alter" && h.has(words...):
		return says
	case h.at(0) == "create", o.Kind == Force && h.has("enable", "row", "level"):
		return makes
	}
	return nothing
}

// saysGrant reports whether a GRANT gives the privilege on the column, or on the table.
func (o *Object) saysGrant(h head) bool {
	on := h.index("on")
	if h.at(0) != "grant" || on < 0 || !slices.ContainsFunc(o.grantees(), func(r string) bool { return slices.Contains(h[on:], r) }) {
		return false
	}
	table := h.after(on+1, "table")
	if !h.has("all", "tables", "in", "schema") && !slices.ContainsFunc(h[table:], func(w string) bool { return w == o.Table.Name }) {
		return false
	}
	i := slices.Index(h[:on], strings.ToLower(o.Privilege))
	if i < 0 {
		return slices.Contains(h[:on], "all")
	}
	if h.at(i+1) != "(" {
		return true
	}
	end := slices.Index(h[i:], ")")
	return end > 0 && slices.Contains(h[i:i+end], o.Table.Columns[o.Column].Name)
}

// grantees is the roles from which the privilege may come, as a GRANT names them.
func (o *Object) grantees() []string {
	out := slices.Clone(o.Roles)
	for i, r := range out {
		if r == "" {
			out[i] = "public"
		}
	}
	return out
}

// setting reports whether a setting's name stands at i.
func (h head) setting(i int, name string) bool {
	var b strings.Builder
	for ; i < len(h) && b.Len() < len(name); i++ {
		b.WriteString(h[i])
	}
	return strings.EqualFold(b.String(), name)
}
