package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// asking is what a condition of the schema asks of a row by itself, all at once: one way to
// meet a policy, or the condition of a query in a policy, a view or a function. What it asks
// of the session, and of other rows, is left out.
type asking struct {
	of     string // what asks it: policy p on t, view s.v, function s.f
	policy string // whose own condition it is; empty for a query
	adds   bool   // the policy is for rows that are added
	terms  []term
	guests []int // references to tenants, other than the row's own, that the condition reads
	// contrast is that it was added, for rows that a policy lets through and a rule does not.
	contrast bool
	whole    bool                  // met is all that is asked, not only some terms
	met      []map[int]model.Value // values with which a row meets it, of the columns that it reads
}

// term is one part of a conjunction.
type term struct {
	text    string // SQL over columns without a qualifier
	columns []int  // that it reads; of a generated one, those that it follows from
}

// mostBranches bounds the ways to meet one condition.
const mostBranches = 16

// ask collects what the schema's conditions ask of rows.
func (p *Plan) ask() {
	p.ofSession = p.namers(sql.Identities())
	for _, t := range p.Contract.Schema.Tables {
		for i := range t.Policies {
			policy := &t.Policies[i]
			for _, text := range []string{policy.Using, policy.Check} {
				e, err := sql.ParseExpr(text)
				if text == "" || err != nil {
					continue
				}
				of := "policy " + policy.Name + " on " + t.Label()
				adds := policy.Command == "INSERT" || policy.Command == "ALL"
				p.askAll(asking{of: of, policy: policy.Name, adds: adds && (text == policy.Check || policy.Check == "")}, []*sql.Table{{Schema: t.Schema, Name: t.Name}}, e)
				p.askInside(of, e)
			}
		}
		p.contrast(t)
	}
	for i := range p.Contract.Schema.Texts {
		switch text := &p.Contract.Schema.Texts[i]; text.Kind {
		case "view":
			p.askQuery("view "+text.Name, text.Body)
		case "function":
			for _, step := range sql.Steps(text.Body) {
				p.askQuery("function "+text.Name, step.Text)
			}
		}
	}
}

// contrast adds to what policies ask the same in rows that the contract tells apart by the same
// columns: those that a policy lets through and a rule of a session does not.
func (p *Plan) contrast(t *model.Table) {
	tp := &p.tables[t.ID]
	self := &sql.Table{Schema: t.Schema, Name: t.Name}
	var rules []term
	for _, s := range p.Contract.Sessions {
		for _, r := range []*model.Rule{s.Sees[t.ID].Rule, s.Writes[t.ID].From, s.Writes[t.ID].To, s.Writes[t.ID].Delete} {
			if r == nil || r.Kind != model.RuleCondition {
				continue
			}
			e, err := sql.ParseExpr(r.Text)
			if err != nil {
				continue
			}
			for _, part := range slices.Concat(branches(e)...) {
				one, ok := p.term(t, self, []*sql.Table{self}, part)
				if ok && !slices.ContainsFunc(rules, func(o term) bool { return o.text == one.text }) {
					rules = append(rules, one)
				}
			}
		}
	}
	for _, a := range slices.Clone(tp.askings) {
		columns := reads(a.terms)
		for _, rule := range rules {
			shares := slices.ContainsFunc(rule.columns, func(i int) bool { return slices.Contains(columns, i) })
			if shares && !slices.ContainsFunc(a.terms, func(o term) bool { return o.text == rule.text }) {
				not := term{text: "(" + rule.text + ") IS NOT TRUE", columns: rule.columns}
				tp.asks(asking{of: a.of, policy: a.policy, contrast: true, terms: append(slices.Clone(a.terms), not), guests: a.guests})
			}
		}
	}
}

// askQuery collects what a query, or a write, asks of the rows of its tables.
func (p *Plan) askQuery(of, text string) {
	change, err := sql.ParseChange(strings.TrimSuffix(strings.TrimSpace(text), ";"))
	if err != nil || change.Query == nil {
		return
	}
	p.askOf(of, change.Query)
}

func (p *Plan) askOf(of string, q *sql.Query) {
	where := q.Where
	for _, f := range q.From {
		if f.On != nil && where != nil {
			where = &sql.And{Args: []sql.Expr{where, f.On}}
		} else if f.On != nil {
			where = f.On
		}
	}
	if where == nil {
		return
	}
	p.askAll(asking{of: of}, q.From, where)
	p.askInside(of, where)
}

// askInside collects what the sub-selects of an expression ask.
func (p *Plan) askInside(of string, e sql.Expr) {
	sql.Walk(e, func(x sql.Expr) bool {
		switch x := x.(type) {
		case *sql.Exists:
			p.askOf(of, x.Query)
			return false
		case *sql.InQuery:
			p.askInside(of, x.X)
			p.askOf(of, x.Query)
			return false
		}
		return true
	})
}

// askAll adds what each way to meet a condition asks of the rows of each of some tables.
func (p *Plan) askAll(like asking, from []*sql.Table, e sql.Expr) {
	for _, branch := range branches(e) {
		for _, f := range from {
			t := p.Contract.Schema.Table(f.Schema, f.Name)
			if t == nil {
				continue
			}
			a := like
			for _, part := range branch {
				if one, ok := p.term(t, f, from, part); ok {
					a.terms = append(a.terms, one)
				} else {
					a.guests = append(a.guests, p.guests(t, part)...)
				}
			}
			if len(a.terms) > 0 {
				p.tables[t.ID].asks(a)
			}
		}
	}
}

// asks adds an asking, unless there is one like it.
func (tp *tablePlan) asks(a asking) {
	for i := range tp.askings {
		if o := &tp.askings[i]; slices.EqualFunc(o.terms, a.terms, func(x, y term) bool { return x.text == y.text }) {
			o.adds = o.adds || a.adds
			return
		}
	}
	tp.askings = append(tp.askings, a)
}

// branches is the ways to meet a condition: the parts of each hold at once.
func branches(e sql.Expr) [][]sql.Expr {
	switch x := e.(type) {
	case *sql.Or:
		var out [][]sql.Expr
		for _, arg := range x.Args {
			out = append(out, branches(arg)...)
		}
		return out[:min(len(out), mostBranches)]
	case *sql.And:
		out := [][]sql.Expr{nil}
		for _, arg := range x.Args {
			var next [][]sql.Expr
			for _, have := range out {
				for _, more := range branches(arg) {
					next = append(next, slices.Concat(have, more))
				}
			}
			out = next[:min(len(next), mostBranches)]
		}
		return out
	}
	return [][]sql.Expr{{e}}
}

// guests is the columns of a part of a condition that refer to a tenant other than the row's own.
func (p *Plan) guests(t *model.Table, part sql.Expr) []int {
	var out []int
	for _, c := range sql.Columns(part) {
		i := t.Column(c.Name)
		for _, k := range p.tables[t.ID].keys {
			if i >= 0 && k.Target == p.Contract.Tenancy.Table && slices.Equal(k.Columns, []int{i}) && !model.Contains(p.tables[t.ID].tenant, i) && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	return out
}

// term is a part of a condition over one of some tables as SQL over its columns alone. It
// reports false where the part reads something else, asks who the session is, or reads what rows do
// not choose freely: keys, tenants and references.
func (p *Plan) term(t *model.Table, f *sql.Table, from []*sql.Table, part sql.Expr) (term, bool) {
	out := term{}
	if len(sql.Tables(part)) > 0 || len(sql.Vars(part)) > 0 {
		return out, false
	}
	for _, c := range sql.Columns(part) {
		i := t.Column(c.Name)
		if i < 0 || !p.means(c, f, from) {
			return out, false
		}
		for _, i := range p.sources(t, i) {
			if col := &p.tables[t.ID].columns[i]; col.how != fromPool || isReference(t, i) || model.Contains(p.tables[t.ID].tenant, i) || p.tables[t.ID].inside(i) != nil {
				return out, false
			}
			if !slices.Contains(out.columns, i) {
				out.columns = append(out.columns, i)
			}
		}
	}
	out.text, _ = sql.Print(part, sql.PrintOptions{Column: func(c *sql.Column) (string, bool) { return model.Quote(c.Name), true }})
	return out, len(out.columns) > 0 && !uses(out.text, p.ofSession)
}

// means reports whether a column of a query is one of the table f, of all that it names.
func (p *Plan) means(c *sql.Column, f *sql.Table, from []*sql.Table) bool {
	if c.Qualifier != "" {
		return c.Qualifier == f.Alias || f.Alias == "" && c.Qualifier == f.Name
	}
	for _, o := range from {
		if o == f {
			continue
		}
		if t := p.Contract.Schema.Table(o.Schema, o.Name); t == nil || t.Column(c.Name) >= 0 {
			return false
		}
	}
	return true
}

// sources is the column, or those that a generated one follows from.
func (p *Plan) sources(t *model.Table, i int) []int {
	if !t.Columns[i].Generated {
		return []int{i}
	}
	e, err := sql.ParseExpr(t.Columns[i].Formula)
	if err != nil {
		return []int{i}
	}
	var out []int
	for _, c := range sql.Columns(e) {
		if j := t.Column(c.Name); j >= 0 && !t.Columns[j].Generated {
			out = append(out, j)
		}
	}
	return out
}
