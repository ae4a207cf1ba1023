package mutate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// rewriting is a text in which one condition about tenants is weakened.
type rewriting struct {
	kind   Kind
	change string
	text   string
	same   string // why it means the same; empty where it need not
}

// rewritings weakens the conditions of a text that are about tenants, in one place each.
// Conditions that say nothing of tenants are the application's: without them a session
// gets more of what it may have. params are those of a path's statement; nil for others.
func (m *marks) rewritings(s *model.Schema, text string, params []model.PathParam) []rewriting {
	var out []rewriting
	list := clauses(text)
	for _, at := range list {
		source := text[at.start:at.end]
		tree, err := sql.ParseExpr(source)
		if err != nil || !m.tenants(tree, params) {
			continue
		}
		word := at.word
		put := func(kind Kind, change string, e sql.Expr, same string) {
			changed, _ := sql.Print(e, sql.PrintOptions{Named: true})
			out = append(out, rewriting{kind, change, text[:at.start] + " " + changed + " " + text[at.end:], same})
		}
		if word == "IF" {
			put(Guard, "IF false for "+short(tree), &sql.Literal{Value: sql.False.Value(), Type: "boolean"}, "")
			continue
		}
		inner := nested(list, at)
		and, ok := tree.(*sql.And)
		if !ok {
			put(DropConjunct, word+" without "+short(tree), ever(tree), "")
			m.compared(s, text, word, tree, params, func(kind Kind, change string, e sql.Expr, same string) { put(kind, change, e, same) })
			continue
		}
		for i, part := range and.Args {
			if !m.tenants(part, params) && !(inner && joins(part)) {
				continue
			}
			with := func(e sql.Expr) sql.Expr {
				args := append([]sql.Expr{}, and.Args...)
				args[i] = e
				return &sql.And{Args: args}
			}
			put(DropConjunct, word+" without "+short(part), with(ever(part)), "")
			m.compared(s, text, word, part, params, func(kind Kind, change string, e sql.Expr, same string) { put(kind, change, with(e), same) })
		}
		put(Connective, word+": OR for AND in "+short(tree), &sql.Or{Args: and.Args}, "")
	}
	return out
}

// ever is a condition that holds for every row and still names what it named: a parameter
// that nothing names has no type.
func ever(e sql.Expr) sql.Expr {
	if _, vars := sql.Print(e, sql.PrintOptions{}); len(vars) == 0 {
		return &sql.Literal{Value: sql.True.Value(), Type: "boolean"}
	}
	return &sql.Or{Args: []sql.Expr{e, &sql.Literal{Value: sql.True.Value(), Type: "boolean"}}}
}

// nested reports whether a condition stands inside of another.
func nested(list []clause, c clause) bool {
	for _, o := range list {
		if o.start < c.start && c.end <= o.end && o != c {
			return true
		}
	}
	return false
}

// joins reports whether a condition compares columns of two tables.
func joins(e sql.Expr) bool {
	c, ok := e.(*sql.Compare)
	if !ok {
		return false
	}
	l, left := c.L.(*sql.Column)
	r, right := c.R.(*sql.Column)
	return left && right && l.Qualifier != "" && r.Qualifier != "" && l.Qualifier != r.Qualifier
}

// compared weakens an equality as policies' are.
func (m *marks) compared(s *model.Schema, text, word string, e sql.Expr, params []model.PathParam, put func(Kind, string, sql.Expr, string)) {
	c, ok := e.(*sql.Compare)
	if !ok || !m.tenants(e, params) {
		return
	}
	for _, w := range comparison(&model.Table{}, c) {
		same := ""
		if w.null != nil {
			switch never, known := everNotNull(s, text, w.null); {
			case !known:
				continue // whether it matters cannot be said
			case never:
				same = "column " + w.null.Name + " is NOT NULL in every table that it may be of: the comparison means the same"
			}
		}
		put(w.kind, word+": "+w.change, w.expr, same)
	}
}

// everNotNull reports whether no table that a text names has a column of this name that
// may be NULL; of a qualified one, the table that its qualifier stands for. known is false
// where it may be a view's, of which the catalog does not say.
func everNotNull(s *model.Schema, text string, column *sql.Column) (never, known bool) {
	if t := aliased(s, text, column.Qualifier); t != nil {
		i := t.Column(column.Name)
		return i >= 0 && t.Columns[i].NotNull, i >= 0
	}
	for _, v := range s.Views {
		if sql.Mentions(text, v.Name) && slices.Contains(v.Columns, column.Name) {
			return false, false
		}
	}
	found := false
	for _, t := range s.Tables {
		if i := t.Column(column.Name); i >= 0 && sql.Mentions(text, t.Name) {
			if found = true; !t.Columns[i].NotNull {
				return false, true
			}
		}
	}
	return found, found
}

// aliased is the one table that a qualifier stands for wherever a text says so: FROM
// invoices AS i. It is nil where the text does not, or may say something else too: a view, a
// query of its own, or the nullable side of an outer join.
func aliased(s *model.Schema, text, qualifier string) *model.Table {
	says := func(word string) bool { return sql.Mentions(text, word) }
	if qualifier == "" || slices.ContainsFunc([]string{"left", "right", "full", "with"}, says) {
		return nil
	}
	var of *model.Table
	for _, m := range namedBy(qualifier).FindAllStringSubmatch(text, -1) {
		i := slices.IndexFunc(s.Tables, func(t *model.Table) bool { return t.Name == strings.ToLower(m[1]) })
		if i < 0 || of != nil && of != s.Tables[i] {
			return nil
		}
		of = s.Tables[i]
	}
	return of
}

// namedBy finds the names before a qualifier, after FROM and such.
func namedBy(qualifier string) *regexp.Regexp {
	q := regexp.QuoteMeta(qualifier)
	return regexp.MustCompile(`(?i)(?:\b(?:from|join|update|into)\s+|,\s*)(?:\w+\.)?(\w+)\s+(?:as\s+)?` + q + `\b`)
}

func number(i int) string { return strconv.Itoa(i) }
