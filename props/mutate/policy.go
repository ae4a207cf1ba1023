package mutate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// policies lists the weakenings of a table's policies.
func policies(s *model.Schema, t *model.Table) []Mutant {
	var out []Mutant
	for i := range t.Policies {
		e := editor{schema: s, table: t, policy: t.Policies[i]}
		e.whole()
		e.expression("USING", e.policy.Using, func(p *model.Policy, text string) { p.Using = text })
		e.expression("WITH CHECK", e.policy.Check, func(p *model.Policy, text string) { p.Check = text })
		out = append(out, e.out...)
	}
	return out
}

// editor collects the mutants of one policy.
type editor struct {
	schema *model.Schema
	table  *model.Table
	policy model.Policy
	out    []Mutant
}

func (e *editor) add(kind Kind, change string, edit func(*model.Policy)) *Mutant {
	p := e.policy
	p.Roles = slices.Clone(p.Roles)
	edit(&p)
	e.out = append(e.out, Mutant{
		Kind: kind, Object: e.object(), Change: change,
		Do: []string{e.drop(), Statement(e.table, &p)}, Back: []string{e.drop(), Statement(e.table, &e.policy)}, policy: &e.policy,
	})
	return &e.out[len(e.out)-1]
}

func (e *editor) object() string { return "policy " + e.policy.Name + " on " + e.table.Label() }

func (e *editor) drop() string {
	return "DROP POLICY " + model.Quote(e.policy.Name) + " ON " + e.table.SQL()
}

// whole changes what a policy is, but for its expressions.
func (e *editor) whole() {
	p := &e.policy
	if !p.Permissive {
		e.out = append(e.out, Mutant{Kind: DropPolicy, Object: e.object(), Change: "dropped", Do: []string{e.drop()}, Back: []string{Statement(e.table, p)}, policy: p})
		e.add(Permissive, "PERMISSIVE for RESTRICTIVE", func(p *model.Policy) { p.Permissive = true })
	}
	if p.Permissive && p.Command != "ALL" && p.Using != "" {
		e.add(Command, "ALL for "+p.Command, func(p *model.Policy) { p.Command = "ALL" })
	}
	if p.Permissive && !slices.Contains(p.Roles, "public") {
		e.add(ToPublic, "TO PUBLIC", func(p *model.Policy) { p.Roles = []string{"public"} })
	}
	if p.Using != "" && p.Using != "true" {
		// USING stands in for a missing WITH CHECK, which stays what it was.
		e.add(UsingTrue, "USING (true)", func(p *model.Policy) {
			if p.Check == "" && (p.Command == "ALL" || p.Command == "UPDATE") {
				p.Check = p.Using
			}
			p.Using = "true"
		})
	}
	if p.Check != "true" && p.Command != "SELECT" && p.Command != "DELETE" {
		e.add(CheckTrue, "WITH CHECK (true)", func(p *model.Policy) { p.Check = "true" })
	}
	if p.Check != "" && p.Using != "" && p.Check != p.Using {
		e.add(DropCheck, "no WITH CHECK", func(p *model.Policy) { p.Check = "" })
	}
}

// Statement writes CREATE POLICY.
func Statement(t *model.Table, p *model.Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE POLICY %s ON %s", model.Quote(p.Name), t.SQL())
	if !p.Permissive {
		b.WriteString(" AS RESTRICTIVE")
	}
	b.WriteString(" FOR " + p.Command)
	names := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		names[i] = model.Quote(r)
		if r == "public" {
			names[i] = "PUBLIC"
		}
	}
	b.WriteString(" TO " + strings.Join(names, ", "))
	if p.Using != "" && p.Command != "INSERT" {
		b.WriteString(" USING (" + p.Using + ")")
	}
	if p.Check != "" && p.Command != "SELECT" && p.Command != "DELETE" {
		b.WriteString(" WITH CHECK (" + p.Check + ")")
	}
	return b.String()
}

// expression weakens one of the policy's two expressions in each place.
func (e *editor) expression(clause, text string, set func(*model.Policy, string)) {
	if text == "" {
		return
	}
	tree, err := sql.ParseExpr(text)
	if err != nil {
		return // whole has weakened it, as a whole
	}
	for _, w := range weakenings(e.table, tree) {
		changed, _ := sql.Print(w.expr, sql.PrintOptions{Named: true})
		m := e.add(w.kind, clause+": "+w.change, func(p *model.Policy) { set(p, changed) })
		if w.null != nil && neverNull(e.schema, e.table, tree, w.null) {
			m.Equivalent = "column " + w.null.Name + " is NOT NULL: the comparison means the same"
		}
		m.tree, m.weaker, m.check, m.distinct = tree, w.weaker, clause == "WITH CHECK", w.distinct
		if x, ok := w.weaker.(*sql.Compare); ok && w.distinct && (constant(x.L) || constant(x.R)) && demanded(tree, x) {
			m.Equivalent = "one side is a constant: where the other one is NULL, the policy lets nothing through either way"
		}
	}
}
