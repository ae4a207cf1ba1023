package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/dynamic"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// path is a way to the data beside tables: a view or a function.
type path struct {
	name, kind string
	as         []string // names of sessions
	run        string
	args       []string // as a contract writes them
	definer    bool     // it is a function that runs with its owner's rights
	owners     bool     // it is a view that reads its tables with its owner's rights
	implied    string   // why it has no entry, but check calls it by itself; empty: it has one
	notes      []string
	asks       []string
}

// paths lists the views that sessions may read and the functions that they may call, but for
// those of some schemas.
func (b *binder) paths(without []string) []*path {
	var out []*path
	for _, v := range b.survey.Views {
		if as := b.users(v.Readers); len(as) > 0 && !slices.Contains(b.survey.Own, v.Schema) {
			p := &path{name: "view " + plainName(v.Schema, v.Name), kind: "view", as: as}
			p.run = "SELECT * FROM " + sql.QuoteName(v.Schema) + "." + sql.QuoteName(v.Name)
			switch p.owners = v.Stored || !v.Invoker; {
			case v.Stored:
				p.notes = append(p.notes, "a materialized view has no row security: whoever may read it sees all of it")
			case !v.Invoker:
				p.notes = append(p.notes, "reads its tables as its owner "+v.Owner)
			}
			out = append(out, p)
		}
	}
	for _, f := range b.survey.Functions {
		as := b.users(f.Callers)
		if len(as) == 0 || f.Trigger || slices.Contains(b.survey.Own, f.Schema) || slices.Contains(without, f.Schema) || f.pseudo() {
			continue
		}
		out = append(out, b.function(f, as))
	}
	counts := map[string]int{}
	for _, p := range out { // functions of one name and different arguments
		if counts[p.name]++; counts[p.name] > 1 {
			p.name += " " + strconv.Itoa(counts[p.name])
		}
	}
	return out
}

// users is the sessions that act as one of the roles.
func (b *binder) users(roles []string) []string {
	var out []string
	for _, s := range b.made {
		if slices.Contains(roles, s.acts) {
			out = append(out, s.name)
		}
	}
	return out
}

// function is the path that calls a function or a procedure.
func (b *binder) function(f *Function, as []string) *path {
	p := &path{name: "function " + plainName(f.Schema, f.Name), kind: "function", as: as}
	list, fetch := b.arguments(f, p)
	call := sql.QuoteName(f.Schema) + "." + sql.QuoteName(f.Name) + "(" + strings.Join(list, ", ") + ")"
	switch {
	case f.Procedure:
		p.run = "CALL " + call + fetch
	case strings.TrimPrefix(f.Returns, "SETOF ") == "refcursor" || len(f.Results) > 0:
		p.run = model.ReadCursors(call, f.Results)
	default:
		p.run = "SELECT * FROM " + call
	}
	if p.definer = f.Definer; f.Definer {
		p.notes = append(p.notes, "SECURITY DEFINER: runs with the rights of "+f.Owner)
	}
	for i := range f.Args {
		if f.names(i) {
			p.implied = "no entry: " + cmp.Or(f.Args[i].Name, "$"+strconv.Itoa(i+1)) + " names a table, and check calls it with each by itself"
		}
	}
	return p
}

// names reports whether an argument names a table, or its schema, in what the function runs.
func (f *Function) names(i int) bool {
	a := &f.Args[i]
	return a.Type == "regclass" || a.textual() && dynamic.Names(f.Body, a.Name, i+1) != dynamic.Nothing
}

// arguments is the arguments of a call of a function, as SQL. What is drawn for them is added to
// the path's. fetch reads the cursors that a procedure is given to open.
func (b *binder) arguments(f *Function, p *path) (list []string, fetch string) {
	compared := b.e.compares(f)
	args := f.Args
	for n := len(args); n > 0 && compared[n-1] == "" && b.vague(f, args[n-1]); n-- {
		args = args[:n-1]
	}
	for i, a := range args {
		if a.Type == "refcursor" {
			name := "c" + strconv.Itoa(i+1)
			list = append(list, "'"+name+"'::refcursor")
			fetch += "; FETCH ALL FROM " + name
			continue
		}
		list = append(list, b.value(f, i, compared[i], p))
	}
	return list, fetch
}

// value is the i-th argument of a call of a function, as SQL. compared is the column that the
// function compares it with; empty for none.
func (b *binder) value(f *Function, i int, compared string, p *path) string {
	a, arg, ok := f.Args[i], compared, true
	if object, args := b.document(f, i, len(p.args)); object != "" {
		p.args = append(p.args, args...)
		return object
	}
	if arg == "" {
		arg, ok = b.argument(f, a, f.beside(a))
	}
	form, values := "%s::"+a.Type, 1
	if element, is := strings.CutSuffix(a.Type, "[]"); !ok && is { // a list
		arg, ok = b.argument(f, Arg{Name: strings.TrimSuffix(a.Name, "s"), Type: element}, f.beside(a))
		form = "ARRAY[%s::" + element + "]"
		if ok && !isConstant(arg) { // of two rows: one may be another tenant's
			form, values = "ARRAY[%s::"+element+", %s::"+element+"]", 2
		}
	}
	spread := ""
	if a.Variadic {
		spread = "VARIADIC "
	}
	if !ok {
		return spread + "NULL::" + a.Type
	}
	places := make([]any, values)
	for n := range places {
		p.args = append(p.args, arg)
		places[n] = "$" + strconv.Itoa(len(p.args))
	}
	return spread + fmt.Sprintf(form, places...)
}

// pseudo reports whether a function cannot be called with values.
func (f *Function) pseudo() bool {
	for _, a := range f.Args {
		if strings.HasPrefix(a.Type, "any") || a.Type == "internal" || a.Type == "cstring" || a.Type == "trigger" || a.Type == "record" {
			return true
		}
	}
	return f.Returns == "internal"
}

// textual reports whether an argument takes any text.
func (a *Arg) textual() bool { return isText(a.Type) }

func isText(typ string) bool {
	return slices.Contains([]string{"text", "character varying", "name", "citext"}, strings.TrimPrefix(typ, "public."))
}

// takes reports whether a column's values fit an argument: the type is the same, but for its
// length, or both are texts.
func (a *Arg) takes(typ *model.Type) bool {
	plain := modifier.ReplaceAllString(typ.Plain, "")
	return typ.Name == a.Type || plain == a.Type || !typ.Array && a.textual() && isText(plain)
}

// modifier is the length, or the number of digits, in a type's name.
var modifier = regexp.MustCompile(`\([\d, ]+\)`)

// vague reports whether an argument is better left to its default: a text, such as the column to
// sort by, of which nothing says what else it may be.
func (b *binder) vague(f *Function, a Arg) bool {
	return a.Default && a.textual() && len(f.beside(a)) == 0 && !slices.ContainsFunc(b.survey.Schema.Tables, func(t *model.Table) bool {
		return t.Column(strings.TrimLeft(strings.TrimPrefix(a.Name, "p_"), "_")) >= 0
	})
}

// beside is the names that the text of a function compares an argument with.
func (f *Function) beside(a Arg) []string {
	if a.Name == "" {
		return nil
	}
	name, out := `(?:\w+\.)?"?`+regexp.QuoteMeta(a.Name)+`"?`, []string(nil)
	for _, form := range []string{`(?i)(\w+)"?(?:::\w+)?\s*\)?\s*(?:=|i?like)\s*(?:any\s*\(\s*)?` + name + `(?:\W|$)`, `(?i)(?:^|[^\w.])` + name + `\s*=\s*(?:\w+\.)?"?(\w+)`} {
		out = append(out, named(regexp.MustCompile(form), f.Body)...)
	}
	return out
}

// argument is where an argument of a function is drawn from: a column of its type that the
// function's text compares it with, one of its name, else the key of the tenants or users, else
// the first of the type. Without one it is a constant; false where that cannot be told either.
// beside is the names that the text compares the argument with.
func (b *binder) argument(f *Function, a Arg, beside []string) (string, bool) {
	asText := func(t *model.Type) bool { return !t.Array }
	if c, rank := b.nearest(f, a, beside, asText); a.textual() && rank >= 2*sameName { // id::text LIKE
		return c.place(), true
	}
	if c, _ := b.nearest(f, a, beside, a.takes); c.Table != nil {
		return c.place(), true
	}
	switch a.Type {
	case "text", "character varying", "name":
		return "'a'", true
	case "integer", "bigint", "smallint", "numeric":
		return "1", true
	}
	return "", false
}

// sameName is the least rank of a column that has an argument's name.
const sameName = 100

// nearest is the column, of those whose types fit, that an argument is likeliest drawn from,
// and how likely that is.
func (b *binder) nearest(f *Function, a Arg, beside []string, fits func(*model.Type) bool) (Column, int) {
	best, most := Column{}, -1
	for _, t := range b.survey.Schema.Tables {
		for i := range t.Columns {
			c := Column{Table: t, Column: i}
			if !fits(&t.Columns[i].Type) {
				continue
			}
			rank := 0
			if slices.Contains(b.survey.Own, t.Schema) {
				rank--
			}
			if m := b.d.of[c]; m != nil && m.home == t && m.key == i && (m == b.t.tenants || m == b.t.users) {
				rank += 2
			}
			if a.textual() && stands(f.Body, t.Name) && stands(f.Body, c.name()) {
				rank += 3 // what it searches
			}
			switch name := strings.TrimLeft(strings.TrimPrefix(a.Name, "p_"), "_"); {
			case slices.Contains(beside, c.name()) && stands(f.Body, t.Name):
				rank += 2 * sameName
			case name == c.name(), name == t.Name+"_"+c.name(), name == strings.TrimSuffix(t.Name, "s")+"_"+c.name():
				rank += sameName
			case strings.HasSuffix(a.Name, "_"+c.name()):
				rank += len(c.name())
			}
			if rank > most || most < 0 && best.Table == nil {
				best, most = c, rank
			}
		}
	}
	return best, most
}

// isConstant reports whether an argument is no column: a text in quotes, or a number.
func isConstant(arg string) bool { return arg[0] == '\'' || arg[0] >= '0' && arg[0] <= '9' }

// plainName is a name for people, with its schema unless that is public.
func plainName(schema, name string) string { return (&model.Table{Schema: schema, Name: name}).Label() }
