package sql

import (
	"slices"
	"strconv"
	"strings"
)

// PrintOptions says how Print renders names. The zero value prints the
// expression as it was written, but for $1… in the place of variables.
type PrintOptions struct {
	// Scope tells columns of the base table from those of sub-selects, and
	// columns from atoms. Defaults to nil: bare columns outside of sub-selects are the
	// base table's.
	Scope *Scope
	// Qualifier is SQL, already quoted, that qualifies columns of the base table.
	// Defaults to "": as written.
	Qualifier string
	// Atom is the meaning of a bare word as an expression, in which variables and
	// columns are printed like others'. Defaults to nil: the word itself.
	Atom func(name string) (string, bool)
	// Table gives a table of a sub-select another name, for running the query on a
	// copy: an empty name leaves it. It keeps its label. Defaults to nil.
	Table func(schema, name string) (newSchema, newName string)
	// Vars types the variables: each is printed with a cast. Defaults to nil: no casts.
	Vars map[string]VarType
	// Column is SQL in place of a column; false leaves it. Defaults to nil.
	Column func(c *Column) (string, bool)
	// Named prints variables by name. Defaults to false: $1, $2, … by first appearance.
	Named bool
}

// Print renders an expression as SQL. vars is the names of $1, $2, ….
func Print(e Expr, o PrintOptions) (text string, vars []string) {
	p := &printer{o: o}
	p.expr(e, levelOr)
	return p.b.String(), p.vars
}

// PrintQuery renders a query as SQL. vars is the names of $1, $2, ….
func PrintQuery(q *Query, o PrintOptions) (text string, vars []string) {
	p := &printer{o: o}
	p.query(q)
	return p.b.String(), p.vars
}

// How tightly an expression binds.
const (
	levelOr = iota
	levelAnd
	levelNot
	levelTest    // comparisons, IS, IN
	levelOperand // of a comparison
	levelPrimary // of a cast
)

type printer struct {
	o      PrintOptions
	b      strings.Builder
	vars   []string
	inside [][]*Table // the tables of the sub-selects around, the innermost last
	atoms  int        // inside the meaning of an atom
	deep   bool       // that atom stands in a sub-select, whose tables must not catch its names
}

func tightness(e Expr) int {
	switch x := e.(type) {
	case *Or:
		return levelOr
	case *And:
		return levelAnd
	case *Not:
		return levelNot
	case *Compare, *IsNull, *IsDistinct, *IsBool, *In, *InQuery, *AnyArray:
		return levelTest
	case *Field:
		return levelOperand
	case *Literal:
		if strings.HasPrefix(x.Value.Text, "-") && x.Type != "" {
			return levelOperand
		}
	case *Opaque:
		if !x.closed {
			return levelTest
		}
	}
	return levelPrimary
}

// expr prints e, in parentheses when it binds less tightly than least.
func (p *printer) expr(e Expr, least int) {
	if _, opaque := e.(*Opaque); tightness(e) < least || opaque && tightness(e) < levelPrimary && least > levelOr {
		p.b.WriteByte('(')
		defer p.b.WriteByte(')')
	}
	switch x := e.(type) {
	case *Column:
		p.column(x)
	case *Atom:
		p.atom(x.Name, x.Name)
	case *Var:
		p.variable(x)
	case *Literal:
		p.literal(x)
	case *And:
		p.join(x.Args, " AND ", levelNot)
	case *Or:
		p.join(x.Args, " OR ", levelAnd)
	case *Not:
		p.b.WriteString("NOT ")
		p.expr(x.X, levelNot)
	case *Cast:
		p.expr(x.X, levelPrimary)
		p.b.WriteString("::" + x.Type)
	case *Field:
		p.expr(x.X, levelOperand)
		p.b.WriteString(" " + x.Op + " ")
		p.expr(x.Key, levelPrimary)
	case *Coalesce:
		p.list("COALESCE(", x.Args, ")")
	case *Array:
		p.list("ARRAY[", x.Items, "]")
	case *Exists:
		p.b.WriteString("EXISTS ")
		p.subSelect(x.Query)
	case *Opaque:
		p.parts(x)
	default:
		p.test(e)
	}
}

// test prints comparisons, IS and IN.
func (p *printer) test(e Expr) {
	switch x := e.(type) {
	case *Compare:
		p.binary(x.L, x.Op, x.R)
	case *IsDistinct:
		p.binary(x.L, "IS"+word(x.Not, " NOT")+" DISTINCT FROM", x.R)
	case *IsNull:
		p.expr(x.X, levelOperand)
		p.b.WriteString(" IS" + word(x.Not, " NOT") + " NULL")
	case *IsBool:
		p.expr(x.X, levelOperand)
		p.b.WriteString(" IS" + word(x.Not, " NOT") + " " + strings.ToUpper(x.What.String()))
	case *In:
		p.expr(x.X, levelOperand)
		p.list(word(x.Not, " NOT")+" IN (", x.List, ")")
	case *InQuery:
		p.expr(x.X, levelOperand)
		p.b.WriteString(word(x.Not, " NOT") + " IN ")
		p.subSelect(x.Query)
	case *AnyArray:
		p.expr(x.X, levelOperand)
		if x.Not {
			p.list(" <> ALL (", []Expr{x.Array}, ")")
		} else {
			p.list(" = ANY (", []Expr{x.Array}, ")")
		}
	default:
		panic("sql: unknown expression")
	}
}

func word(yes bool, s string) string {
	if yes {
		return s
	}
	return ""
}

func (p *printer) binary(l Expr, op string, r Expr) {
	p.expr(l, levelOperand)
	p.b.WriteString(" " + op + " ")
	p.expr(r, levelOperand)
}

func (p *printer) join(args []Expr, between string, least int) {
	for i, a := range args {
		if i > 0 {
			p.b.WriteString(between)
		}
		p.expr(a, least)
	}
}

func (p *printer) list(open string, items []Expr, end string) {
	p.b.WriteString(open)
	p.join(items, ", ", levelOr)
	p.b.WriteString(end)
}

func (p *printer) literal(l *Literal) {
	switch {
	case l.Value.Null:
		p.b.WriteString("NULL")
	case l.Type == "boolean":
		p.b.WriteString(truth(l.Value).String())
	case l.Type == "":
		p.b.WriteString(quoteText(l.Value.Text))
	default:
		p.b.WriteString(l.Value.Text)
	}
}

func (p *printer) variable(v *Var) {
	if p.o.Named {
		first, rest, dotted := strings.Cut(v.Name, ".")
		p.b.WriteString("$" + first)
		if dotted {
			p.b.WriteString("." + QuoteName(rest))
		}
		return
	}
	i := slices.Index(p.vars, v.Name)
	if i < 0 {
		i = len(p.vars)
		p.vars = append(p.vars, v.Name)
	}
	p.b.WriteString("$" + strconv.Itoa(i+1))
	if t, ok := p.o.Vars[v.Name]; ok && t.Type != "" {
		p.b.WriteString("::" + t.Type)
	}
}

// atom prints the meaning of a bare word, or the word.
func (p *printer) atom(name, text string) {
	if p.o.Atom != nil && p.atoms == 0 {
		if meaning, ok := p.o.Atom(name); ok {
			p.meaning(meaning)
			return
		}
	}
	p.b.WriteString(text)
}

// meaning prints an atom's meaning where the atom stands. It speaks of the
// base table, whatever sub-select is around.
func (p *printer) meaning(text string) {
	p.b.WriteByte('(')
	defer p.b.WriteByte(')')
	e, err := ParseExpr(text)
	if err != nil {
		p.b.WriteString(text)
		return
	}
	outer := p.inside
	p.inside, p.deep = nil, len(outer) > 0
	p.atoms++
	p.expr(e, levelOr)
	p.atoms--
	p.inside, p.deep = outer, false
}
