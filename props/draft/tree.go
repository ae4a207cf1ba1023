package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// below is the query of the tenants that a session of one tenant sees, its own among them, and what
// says so: a table of pairs of tenants, a foreign key by which the tenants' own table refers to itself,
// or a column with each tenant's place in a tree, that policies go by. Both are empty without one.
func (b *binder) below() (query, by string) {
	home := b.t.home()
	if home == nil || b.t.byUser {
		return "", ""
	}
	key := sql.QuoteName(home.Columns[b.t.tenants.key].Name)
	if m := b.pairs(); m != nil {
		at := func(c int) string { return "m." + sql.QuoteName(m.table.Columns[c].Name) }
		counts := ""
		for _, c := range b.counts(m) {
			counts += " AND " + c
		}
		return fmt.Sprintf("SELECT t.%[1]s FROM %[2]s t WHERE t.%[1]s = $tenant OR t.%[1]s IN (SELECT %[3]s FROM %[4]s m WHERE %[5]s = $tenant%[6]s)",
			key, sqlName(home), at(m.group), sqlName(m.table), at(m.member), counts), m.table.Label()
	}
	policies := b.survey.policies()
	for i := range home.Columns {
		if below := placed(&home.Columns[i], policies); below != "" {
			return fmt.Sprintf("SELECT t.%[1]s FROM %[2]s t, %[2]s m WHERE m.%[1]s = $tenant AND %[3]s", key, sqlName(home), below), home.Label() + "." + home.Columns[i].Name
		}
	}
	for i := range home.ForeignKeys {
		k := &home.ForeignKeys[i]
		if k.Target != home || len(k.Columns) != 1 || k.Targets[0] != b.t.tenants.key {
			continue
		}
		up := home.Columns[k.Columns[0]].Name
		if recursive.MatchString(policies) && stands(policies, up) && stands(policies, home.Name) {
			return fmt.Sprintf("WITH RECURSIVE b (id) AS (SELECT t.%[1]s FROM %[2]s t WHERE t.%[1]s = $tenant UNION SELECT t.%[1]s FROM %[2]s t JOIN b ON t.%[3]s = b.id) SELECT id FROM b",
				key, sqlName(home), sql.QuoteName(up)), home.Label() + "." + up
		}
	}
	return "", ""
}

// placed is the condition by which a column puts a row t below another, m, or in its place, where some
// text goes by that: ltrees by their operators, texts by LIKE. It is empty elsewhere.
func placed(c *model.Column, text string) string {
	before, name, after := `(?i)(?:^|[^\w."])(?:\w+\.)?`, `"?`+regexp.QuoteMeta(c.Name)+`"?`, `(?:\W|$)`
	column := sql.QuoteName(c.Name)
	switch {
	case c.Type.Array:
	case c.Type.Base == "ltree":
		if regexp.MustCompile(before + name + `\s*(?:<@|OPERATOR\(\w+\.<@\))|(?:@>|@>\))\s*(?:\w+\.)?` + name + after).MatchString(text) {
			return fmt.Sprintf("t.%[1]s <@ m.%[1]s", column)
		}
	case c.Type.Kind == sql.Text:
		m := regexp.MustCompile(before + name + `(?:::\w+)?\s*\)?\s*(?:~~|like)\s*\(*(?:\w+\.)*"?\w+"?(?:\(\))?(?:::\w+)?\s*\)?\s*\|\|\s*'([^'%]?)%'`).FindStringSubmatch(text)
		if m != nil {
			return fmt.Sprintf("(t.%[1]s = m.%[1]s OR t.%[1]s LIKE m.%[1]s || %[2]s)", column, sql.Constant(m[1]+"%"))
		}
	}
	return ""
}

// upward notes a policy that goes by tenants above the session's: the draft has those below alone.
func (r *referee) upward(p *place, policy *model.Policy) {
	home := r.t.home()
	if home == nil || r.t.byUser || p.table == home {
		return
	}
	text := r.survey.closure(policy.Using + "\n" + policy.Check)
	for i := range home.Columns {
		c := &home.Columns[i]
		name := `(?:\w+\.)?"?` + regexp.QuoteMeta(c.Name) + `"?`
		above := regexp.MustCompile(`(?i)(?:^|[^\w."])` + name + `\s*(?:@>|OPERATOR\(\w+\.@>\))|(?:<@|<@\))\s*` + name + `(?:\W|$)`)
		if c.Type.Base == "ltree" && !c.Type.Array && above.MatchString(text) {
			p.notes = append(p.notes, fmt.Sprintf("policy %q for %s goes by tenants above the session's (%s.%s @>): meant?", policy.Name, policy.Command, home.Label(), c.Name))
		}
	}
}

var recursive = regexp.MustCompile(`(?i)\bwith\s+recursive\b`)

// pairs is the table that says of two tenants that one sees the other, which policies of other tables
// ask. Its member is the column that they compare with the session. It is nil without one.
func (b *binder) pairs() *membership {
	for _, t := range b.survey.Schema.Tables {
		cols := b.t.tenants.in(t)
		if len(cols) != 2 || t == b.t.home() || !b.asked(t) {
			continue
		}
		for _, key := range keys(t) {
			if m, _ := pairing(t, key, cols[1:], cols[:1]); m != nil && t.Columns[m.group].NotNull && t.Columns[m.member].NotNull {
				first, second := b.d.asked[Column{Table: t, Column: m.member}], b.d.asked[Column{Table: t, Column: m.group}]
				switch {
				case first && !second:
					return m
				case second && !first:
					return &membership{table: t, group: m.member, member: m.group}
				}
			}
		}
	}
	return nil
}

// asked reports whether policies of other tables, which belong to tenants, ask a table.
func (b *binder) asked(t *model.Table) bool {
	for _, o := range b.survey.Schema.Tables {
		if o == t || len(b.t.tenants.in(o)) == 0 {
			continue
		}
		for i := range o.Policies {
			if b.survey.mentions(o.Policies[i].Using, t) {
				return true
			}
		}
	}
	return false
}

// counts is the conditions of a row of a pair, such as not to be revoked, that whatever asks for the
// pairs of the session's tenant has. The row is m.
func (b *binder) counts(m *membership) []string {
	var out []string
	first := true
	take := func(q *sql.Query, in scope) {
		if q.Opaque != nil || q.Where == nil || len(q.From) != 1 || in.table(q.From[0]) != m.table {
			return
		}
		inner, mine, said := in.with(q), false, []string(nil)
		for _, x := range conjuncts(q.Where) {
			if c, ok := x.(*sql.Compare); ok && c.Op == "=" {
				l, left := inner.column(c.L)
				r, right := inner.column(c.R)
				mine = mine || left && l == (Column{Table: m.table, Column: m.member}) && b.e.source(c.R) != nil || right && r == (Column{Table: m.table, Column: m.member}) && b.e.source(c.L) != nil
			}
			for _, one := range b.referee.ofRow(x, inner) {
				of := true
				text, _ := sql.Print(one, sql.PrintOptions{Column: func(c *sql.Column) (string, bool) {
					at, _ := inner.column(c)
					of = of && at.Table == m.table
					return "m." + sql.QuoteName(c.Name), true
				}})
				if of {
					said = append(said, text)
				}
			}
		}
		if !mine {
			return
		}
		if first {
			out, first = said, false
		}
		out = slices.DeleteFunc(out, func(c string) bool { return !slices.Contains(said, c) })
	}
	b.queries(take)
	return out
}

// queries calls a function with each query of EXISTS or IN in policies and in functions that are one
// query.
func (b *binder) queries(visit func(*sql.Query, scope)) {
	inside := func(x sql.Expr, in scope) {
		sql.Walk(x, func(x sql.Expr) bool {
			if q := subquery(x); q != nil {
				visit(q, in)
			}
			return true
		})
	}
	for _, t := range b.survey.Schema.Tables {
		for _, p := range t.Policies {
			for _, text := range []string{p.Using, p.Check} {
				if x, err := sql.ParseExpr(text); text != "" && err == nil {
					inside(x, b.referee.scope(t))
				}
			}
		}
	}
	for _, f := range b.survey.Functions {
		q, ok := f.query()
		if !ok || slices.Contains(b.survey.Own, f.Schema) {
			continue
		}
		in := scope{survey: b.survey}
		visit(q, in)
		sql.WalkQuery(q, func(x sql.Expr) bool {
			if nested := subquery(x); nested != nil {
				visit(nested, in)
			}
			return true
		})
	}
}

// grants is the rule for writes to the table of pairs. A pair opens the rows of one tenant to another:
// that tenant writes it.
func (b *binder) grants(s *session, p *place) *entry {
	m := b.pairs()
	if m == nil || p.table != m.table || !s.below {
		return nil
	}
	mine := holds(m.table, m.group, "$tenant")
	all := []string{mine}
	for _, above := range p.parents {
		if k, of := b.parentKey(p, above), b.party(b.places[above.ID], "m."); k != nil && of != "" {
			all = append(all, hanging(p.table, k, of))
		}
	}
	return &entry{
		p.table, fmt.Sprintf("{insert: {may: %s}, update: {may: %[2]s, to: %[2]s}, delete: {may: %[2]s}}", strconv.Quote(strings.Join(all, " and ")), strconv.Quote(mine)),
		fmt.Sprintf("? it opens the rows of %s to %s: does the first write it alone?", columnName(m.table.Columns[m.group].Name), columnName(m.table.Columns[m.member].Name)),
	}
}
