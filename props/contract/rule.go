package contract

import (
	"maps"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// ruleSite is where a rule holds.
type ruleSite struct {
	binding
	table *model.Table
	use   model.OwnUse
	alias string // what the rule calls the table, when that is not its name
}

// plainRule is the rule of a plain word that stands nowhere.
func (r *resolver) plainRule(word string, site ruleSite) *model.Rule {
	return r.rule(text{word, &node{kind: scalar, what: "a text", text: word, at: r.file.tenant.at}}, site)
}

// rule resolves a rule over the rows of a table. After a mistake it is a rule that
// nobody uses.
func (r *resolver) rule(d text, site ruleSite) *model.Rule {
	t := site.table
	out := &model.Rule{Text: strings.TrimSpace(d.value), Kind: plainKind(d.value)}
	switch out.Kind {
	case model.RuleNone:
		out.Program, out.SQL = fixed("false"), "FALSE"
		return out
	case model.RuleAll:
		out.Program, out.SQL = fixed("true"), "TRUE"
		return out
	case model.RuleOwn, model.RuleCondition:
	}
	var e sql.Expr = &sql.Atom{Name: "own"} // whatever columns there are
	var err error
	if out.Kind == model.RuleCondition {
		e, err = sql.ParseExpr(d.value)
	}
	if err != nil {
		r.mistake(d, ruleForms, err, "not SQL: ")
		return out
	}
	words := r.words(site)
	vars, ok := r.variables(d, e, site.binding)
	if !ok {
		return out
	}
	scope := &sql.Scope{Base: r.relations[t.ID], BaseAlias: site.alias, Relations: r.relation, Vars: vars, Atoms: words.programs}
	uses, err := sql.Inspect(e, scope)
	if err == nil {
		out.Program, err = sql.Compile(e, scope)
	}
	if err != nil && !sql.IsNotInGo(err) {
		r.mistake(d, "a condition over the columns of "+t.Label()+", $tenant, $user and other tables; or own, all, none", err, "in a rule for "+t.Label()+": ")
		return out
	}
	for _, name := range uses.Atoms {
		if !words.inGo[name] {
			out.Program, err = nil, &sql.NotInGo{Reason: name + " follows from a query of tenants that is none of these"}
		}
	}
	if err != nil {
		r.opaque[out] = err
	}
	r.print(out, d, e, scope, words, site.binding)
	reads := reach{resolver: r, columns: map[int]bool{}, tables: map[int]bool{}}
	reads.named(sql.Tables(e))
	if slices.Contains(uses.Atoms, "own") || slices.Contains(uses.Atoms, "shared") {
		reads.own(site)
	}
	out.Columns = slices.AppendSeq(uses.Columns, maps.Keys(reads.columns))
	out.Uses = slices.Collect(maps.Keys(reads.tables))
	slices.Sort(out.Columns)
	slices.Sort(out.Uses)
	out.Columns = slices.Compact(out.Columns)
	return out
}

// print fills the rule's SQL and Args.
func (r *resolver) print(out *model.Rule, d text, e sql.Expr, scope *sql.Scope, w words, in binding) {
	var names []string
	out.SQL, names = sql.Print(e, sql.PrintOptions{
		Scope: scope, Qualifier: r.schema.Tables[scope.Base.ID].SQL(), Table: r.qualified, Vars: scope.Vars,
		Atom: func(name string) (string, bool) {
			meaning, ok := w.meanings[name]
			return meaning, ok
		},
	})
	for _, name := range names {
		slot, _, _ := r.slot(name, in)
		out.Args = append(out.Args, slot)
	}
	r.asks(d, "SELECT 1 FROM "+r.schema.Tables[scope.Base.ID].SQL()+" WHERE "+out.SQL, out)
}

// fixed is the program of a constant.
func fixed(word string) *sql.Program {
	e, err := sql.ParseExpr(word)
	if err != nil {
		return nil
	}
	p, err := sql.Compile(e, &sql.Scope{})
	if err != nil {
		return nil
	}
	return p
}
