package gen

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/dynamic"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/model/payload"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// routineReading looks for the meaning of a routine's arguments.
type routineReading struct {
	*Plan
	m      *model.Routine
	text   string           // as it is written
	source string           // in lower case
	shapes []*payload.Shape // of its JSON arguments; nil for others, and where the text looks up nothing
}

// best is the table that matches most arguments; of equals the one that the text
// mentions, then the first.
func (r *routineReading) best() *model.Table {
	var best *model.Table
	most := 0
	for _, t := range r.Contract.Schema.Tables {
		score := 0
		for i := range r.m.Args {
			_, s := r.match(i, t)
			score += 10 * s
			if i < len(r.shapes) && r.shapes[i] != nil {
				score += 10 * r.matchShape(r.shapes[i], t)
			}
		}
		if mentionsName(r.source, strings.ToLower(t.Name)) {
			score += 5
		}
		if score > most {
			best, most = t, score
		}
	}
	return best
}

// match is the column of a table that an argument most likely means, and how sure that is.
func (r *routineReading) match(i int, t *model.Table) (column, score int) {
	a := &r.m.Args[i]
	column = -1
	name := bareArgument(a.Name)
	compared := r.compared(i)
	for c := range t.Columns {
		col := strings.ToLower(t.Columns[c].Name)
		if !fits(&a.Type, &t.Columns[c].Type) && !(textual(&a.Type) && !t.Columns[c].Type.Array && slices.Contains(compared, col)) {
			continue
		}
		s := 0
		switch one := strings.ToLower(noun.Singular(t.Name)); {
		case name != "" && name == col && col != "id":
			s = 4
		case len(t.Key) == 1 && t.Key[0] == c && (name == one+"_"+col || name == one || name == one+col || name == "id"):
			s = 4
		case slices.Contains(compared, col) && mentionsName(r.source, strings.ToLower(t.Name)):
			s = 3
		case name != "" && (strings.HasSuffix(col, "_"+name) || strings.HasSuffix(name, "_"+col)):
			s = 2
		}
		if s > score {
			column, score = c, s
		}
	}
	return column, score
}

// bareArgument is an argument's name without what only tells it from a column.
func bareArgument(name string) string {
	name = strings.Trim(strings.ToLower(name), "_")
	for _, prefix := range []string{"p_", "in_", "arg_", "a_", "v_", "i_", "param_", "input_", "target_", "lookup_"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			return rest
		}
	}
	return name
}

// fits reports whether a column's value can be an argument.
func fits(arg, column *model.Type) bool {
	switch {
	case column.Array != arg.Array && !arg.Array:
		return false
	case arg.Base == column.Base, arg.Kind == sql.Int && column.Kind == sql.Int:
		return true
	case textual(&model.Type{Base: arg.Base}):
		return textual(&model.Type{Base: column.Base}) || len(column.Enum) > 0
	}
	return false
}

// arg plans one argument.
func (r *routineReading) arg(i int, t *model.Table) argPlan {
	a := &r.m.Args[i]
	out := argPlan{column: model.ColumnRef{Table: -1, Column: -1}, array: a.Type.Array, text: textual(&a.Type)}
	switch {
	case a.Out:
		out.constants = []model.Value{null}
		return out
	case a.Row != "":
		for _, o := range r.Contract.Schema.Tables {
			if o.Schema+"."+o.Name == a.Row {
				out.column, out.row = model.ColumnRef{Table: o.ID, Column: 0}, true
			}
		}
		return out
	case isJSON(&a.Type):
		out.json = true
		return out
	}
	if out.constants = r.objects(i); len(out.constants) > 0 {
		out.objects = true
		return out
	}
	out.constants = r.compares(i, &a.Type)
	if t != nil {
		if c, score := r.match(i, t); score > 0 {
			out.column = model.ColumnRef{Table: t.ID, Column: c}
			return out
		}
	}
	for _, o := range r.Contract.Schema.Tables { // the row of another table, near the first one
		if c, score := r.match(i, o); score >= 3 {
			out.column = model.ColumnRef{Table: o.ID, Column: c}
			return out
		}
	}
	if len(out.constants) == 0 {
		out.constants = r.plainly(a, t, &out)
	}
	return out
}

// objects is the names of tables, or of their schemas, where the text puts an argument in such a
// place of a statement: first those whose rows belong to tenants.
func (r *routineReading) objects(i int) []model.Value {
	a := &r.m.Args[i]
	naming := dynamic.Nothing
	switch {
	case a.Type.Base == "regclass":
		naming = dynamic.Qualified
	case textual(&model.Type{Base: a.Type.Base}):
		naming = dynamic.Names(r.text, a.Name, r.number(i))
	}
	var out []model.Value
	for _, owned := range []bool{true, false} {
		for _, t := range r.Contract.Schema.Tables {
			var v model.Value
			switch naming {
			case dynamic.Nothing:
				return nil
			case dynamic.Schema:
				v = text(t.Schema)
			case dynamic.Table:
				v = text(t.Name)
			case dynamic.Qualified:
				v = text(t.SQL())
			}
			if (r.Contract.Belongs[t.ID].How == model.Owned) == owned && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// plainly is the values of an argument of which nothing is known but its type; the key
// of the table where the type is its.
func (r *routineReading) plainly(a *model.RoutineArg, t *model.Table, out *argPlan) []model.Value {
	if t != nil && len(t.Key) == 1 && fits(&a.Type, &t.Columns[t.Key[0]].Type) && (a.Name == "" || a.Type.Kind == sql.UUID || strings.HasSuffix(bareArgument(a.Name), "id")) {
		out.column = model.ColumnRef{Table: t.ID, Column: t.Key[0]}
		return nil
	}
	c := model.Column{Name: a.Name, Type: a.Type}
	c.Type.Array = false
	switch {
	case a.Type.Kind == sql.Int || a.Type.Base == "numeric":
		return texts("10", "1", "0", "100")
	case a.Type.Base == "bool":
		return texts("t", "f")
	}
	return texts(r.types.pool(&c.Type, words(&c, ""), 0)...)
}

// name is how the text refers to an argument.
func (r *routineReading) name(i int) []string {
	var out []string
	if n := strings.ToLower(r.m.Args[i].Name); n != "" {
		out = append(out, regexp.QuoteMeta(n))
	}
	return append(out, `\$`+strconv.Itoa(r.number(i))+`\b`)
}

// number is how a text without names counts an argument. The functions of an aggregate have its
// state first; the final one has the arguments that are given once, the transition function the others.
func (r *routineReading) number(i int) int {
	switch a := r.m.Aggregate; {
	case a == nil:
		return i + 1
	case i < a.Direct:
		return i + 2
	default:
		return i - a.Direct + 2
	}
}

// operators between an argument and what it is compared with.
const operators = `\s*(?:=|<>|!=|>=|<=|>|<|~~\*?|!~~\*?|i?like|in\s*\(|=\s*any\s*\()\s*`

// asText is a cast that lets a text be compared with the values of any column.
const asText = `(?:\s*::\s*(?:text|varchar|citext))?`

// compared lists the columns that the text compares an argument with.
func (r *routineReading) compared(i int) []string {
	var out []string
	for _, n := range r.name(i) {
		for _, re := range []string{
			`(?:\w+\.)?"?(\w+)"?` + asText + `\s*\)?` + operators + `\(?(?:\w+\.)?` + n + `(?:\W|$)`,
			`(?:^|[^\w.])` + n + `(?:::\w+)?\s*\)?` + operators + `\(?(?:\w+\.)?"?(\w+)"?`,
			`(?:\w+\.)?"?(\w+)"?` + asText + `\s*\)?\s*(?:i?like|~~\*?)\s*\(?\s*(?:'[^']*'\s*\|\|\s*)?(?:\w+\.)?` + n + `(?:\W|$)`,
			`(?:strpos|starts_with|regexp_like|regexp_match)\s*\(\s*(?:lower\s*\(\s*)?(?:\w+\.)?"?(\w+)"?` + asText + `\s*\)?\s*,\s*(?:lower\s*\(\s*)?(?:\w+\.)?` + n + `(?:\W|$)`,
			`position\s*\(\s*(?:lower\s*\(\s*)?(?:\w+\.)?` + n + `\s*\)?\s+in\s+(?:lower\s*\(\s*)?(?:\w+\.)?"?(\w+)"?`,
			`(?:to_tsvector\s*\((?:\s*'[^']*'(?:::\w+)?\s*,)?\s*(?:coalesce\s*\(\s*)?(?:\w+\.)?)?"?(\w+)"?[\s,')]*@@\s*(?:plain|phrase|websearch_)?to_tsquery\s*\(\s*(?:'[^']*'(?:::\w+)?\s*,\s*)?(?:\w+\.)?` + n + `(?:\W|$)`,
		} {
			for _, m := range compiled(re).FindAllStringSubmatch(r.source, -1) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// compares lists the constants that the text compares an argument with.
func (r *routineReading) compares(i int, t *model.Type) []model.Value {
	var out []model.Value
	for _, v := range t.Enum {
		out = append(out, text(v))
	}
	for _, n := range r.name(i) {
		for _, re := range []string{
			`(?:^|[^\w.])` + n + `(?:::\w+)?\s*\)?` + operators + `'([^']*)'`,
			`'([^']*)'(?:::\w+)?` + operators + `\(?` + n + `(?:\W|$)`,
			`case\s+` + n + `\s+when\s+'([^']*)'`,
		} {
			for _, m := range compiled(re).FindAllStringSubmatch(r.source, -1) {
				if v := text(m[1]); !slices.Contains(out, v) && (textual(t) || len(t.Enum) > 0) {
					out = append(out, v)
				}
			}
		}
	}
	return out
}

// sets reports whether the text sets columns to an argument, and compares it with nothing.
func (r *routineReading) sets(i int) bool {
	name, number := strings.ToLower(r.m.Args[i].Name), strconv.Itoa(r.number(i))
	tokens, set := sql.Tokens(r.source), false
	for first := range tokens {
		last := first
		switch t := &tokens[first]; {
		case t.Text == "$" && first+1 < len(tokens) && tokens[first+1].Text == number:
			last++
		case t.Text != name || t.Kind != sql.Word && t.Kind != sql.QuotedName:
			continue
		case first > 1 && tokens[first-1].Text == ".": // after the routine's own name
			first -= 2
		}
		in := clause(tokens[:first])
		before := first > 0 && slices.Contains(comparing, tokens[first-1].Text)
		after := last+1 < len(tokens) && slices.Contains(comparing, tokens[last+1].Text)
		switch {
		case before && !after && in == "set":
			set = true
		case before || after && in != "set": // else it is the column that is set
			return false
		}
	}
	return set
}

// comparing are the tokens beside what is compared.
var comparing = []string{"=", "<>", "!=", "<", ">", "<=", ">=", "~~", "~~*", "!~~", "!~~*", "~", "~*", "like", "ilike", "in", "any", "is"}

// clause is the word that begins the clause which some tokens end in.
func clause(tokens []sql.Token) string {
	for i := len(tokens) - 1; i >= 0; i-- {
		if t := &tokens[i]; t.Kind == sql.Word && slices.Contains([]string{"set", "where", "and", "or", "on", "when", "if", "case", "having", "select", "values", "using"}, t.Text) {
			return t.Text
		}
	}
	return ""
}

func compiled(re string) *regexp.Regexp { return regexp.MustCompile(re) }
