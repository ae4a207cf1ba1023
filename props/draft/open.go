package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// flag is what a column must hold so that a row is shown to others: one of some constants, or none of
// them, a time, or one that has come, or a list in which the session is.
type flag struct {
	column int
	values []*sql.Literal // the constants; none is the boolean true
	not    bool           // none of them
	member *Source        // what of the session must be in the list; nil for a constant
	set    bool           // any time
	since  bool           // a time that is not after now()
}

// opening is flags that together show a row of a table to everybody, or if signed to everybody who
// has signed in.
type opening struct {
	flags  []flag
	rest   []sql.Expr // what else the row must be, such as not deleted
	signed bool
	alone  bool // the policy asks nothing but that of the row
}

// global is how policies show the rows of a table that have NULL in its tenant's columns: to a role,
// or to any if it is empty. It is nil where no policy shows them.
func (r *referee) global(t *model.Table, columns []int, role string) *opening {
	var out *opening
	for i := range t.Policies {
		p := &t.Policies[i]
		x, err := sql.ParseExpr(p.Using)
		if p.Using == "" || err != nil || !grants(p, "SELECT") || role == "" && !r.concerns(p) || role != "" && !r.survey.applies(p, role) {
			continue
		}
		for _, part := range r.loose(x, r.scope(t)) {
			o := opening{}
			null := false
			for _, one := range conjuncts(part) {
				o.signed = o.signed || len(sql.Columns(one)) == 0 && len(sql.Tables(one)) == 0
				if n, ok := one.(*sql.IsNull); ok && !n.Not {
					c, is := r.scope(t).column(n.X)
					null = null || is && slices.Contains(columns, c.Column)
				}
				if c, ok := r.otherwise(one, t); ok && slices.Contains(columns, c.Column) {
					null, o.signed = true, true
				}
			}
			if null && (out == nil || !o.signed) {
				out = &o
			}
		}
	}
	return out
}

// otherwise is the column of a comparison that is true also where the column is NULL:
// coalesce(firm_id, current_firm()) = current_firm(). ok is false for others.
func (r *referee) otherwise(x sql.Expr, t *model.Table) (Column, bool) {
	c, ok := x.(*sql.Compare)
	if !ok || c.Op != "=" {
		return Column{}, false
	}
	for _, side := range [][2]sql.Expr{{c.L, c.R}, {c.R, c.L}} {
		if either, is := bare(side[0]).(*sql.Coalesce); is && len(either.Args) == 2 {
			s := r.e.source(side[1])
			if at, known := r.scope(t).column(either.Args[0]); known && s != nil && s == r.e.source(either.Args[1]) {
				return at, true
			}
		}
	}
	return Column{}, false
}

// conjuncts is the parts of a condition that must all hold.
func conjuncts(x sql.Expr) []sql.Expr {
	if all, ok := x.(*sql.And); ok {
		return all.Args
	}
	return []sql.Expr{x}
}

// openings is how rows of a table can be opened to a role: the alternatives of its policies for
// reading that ask nothing of the session, but for flags of the row of which at least one hides
// it by default. Whoever made such a column meant it to show rows. A role that brings no tenant has
// its privilege for rows that are open: any flag will do where a policy names it.
func (r *referee) openings(t *model.Table, role string) []opening {
	var out []opening
	for i := range t.Policies {
		p := &t.Policies[i]
		if !grants(p, "SELECT") || !r.survey.applies(p, role) {
			continue
		}
		x, err := sql.ParseExpr(p.Using)
		if p.Using == "" || err != nil {
			continue
		}
		for _, part := range disjuncts(x) {
			if !r.free(part, t) {
				continue
			}
			o, hidden := r.opening(part, t)
			if hidden || o.alone && r.forOutside(p, role) {
				out = append(out, o)
			}
		}
	}
	return out
}

// forOutside reports whether a policy names a role of sessions that bring no tenant.
func (r *referee) forOutside(p *model.Policy, role string) bool {
	return slices.Contains(r.outside, role) && !slices.Contains(p.Roles, "public") && r.survey.applies(p, role)
}

// free reports whether an alternative of a policy asks nothing of the session, other than to be in
// a list of the row.
func (r *referee) free(x sql.Expr, t *model.Table) bool {
	return !slices.ContainsFunc(conjuncts(x), func(one sql.Expr) bool {
		if f, ok := r.flag(one, t); ok && f.member != nil {
			return false
		}
		return len(r.loose(one, r.scope(t))) == 0
	})
}

// disjuncts is the alternatives of a condition.
func disjuncts(x sql.Expr) []sql.Expr {
	any, ok := x.(*sql.Or)
	if !ok {
		return []sql.Expr{x}
	}
	var out []sql.Expr
	for _, a := range any.Args {
		out = append(out, disjuncts(a)...)
	}
	return out
}

// opening reads a condition as flags of a row. Beside one flag that hides by default it
// may ask for more of the row, and for any session.
func (r *referee) opening(x sql.Expr, t *model.Table) (opening, bool) {
	var out opening
	hidden, others := false, false
	for _, part := range conjuncts(x) {
		f, flagged := r.flag(part, t)
		switch {
		case len(sql.Columns(part)) == 0 && len(sql.Tables(part)) == 0:
			out.signed = true
		case flagged:
			out.flags = append(out.flags, f)
			hidden = hidden || f.hides(t)
		case len(r.ofRow(part, r.scope(t))) > 0:
			out.rest = append(out.rest, part)
		default:
			others = true
		}
	}
	out.alone = !out.signed && !others && len(out.flags)+len(out.rest) > 0
	return out, hidden
}

// flag reads a condition about one column as a flag; false for others.
func (r *referee) flag(x sql.Expr, t *model.Table) (flag, bool) {
	if c, ok := r.scope(t).column(x); ok && c.Table == t && t.Columns[c.Column].Type.Kind == sql.Bool {
		return flag{column: c.Column}, true
	}
	switch x := x.(type) {
	case *sql.IsBool:
		return r.flag(x.X, t)
	case *sql.IsNull:
		c, ok := r.scope(t).column(x.X)
		return flag{column: c.Column, set: true}, ok && x.Not && c.Table == t && t.Columns[c.Column].Type.Dated()
	case *sql.In:
		return r.among(x.X, x.List, x.Not, t)
	case *sql.AnyArray:
		if list, ok := bare(x.Array).(*sql.Array); ok {
			return r.among(x.X, list.Items, x.Not, t)
		}
		c, ok := r.scope(t).column(x.Array)
		if !ok || c.Table != t || x.Not || !t.Columns[c.Column].Type.Array {
			return flag{}, false
		}
		who := r.e.source(x.X)
		return flag{column: c.Column, member: who}, who != nil && !r.member(x, r.scope(t)) && !r.whose(c)
	case *sql.Opaque: // such as guests @> ARRAY[me()]
		c, text, ok := r.scope(t).about(x)
		if !ok || c.Table != t || !t.Columns[c.Column].Type.Array {
			return flag{}, false
		}
		if r.whose(c) {
			return flag{}, false
		}
		who := r.e.lists(text, t.Columns[c.Column].Type.Name)
		return flag{column: c.Column, member: who}, who != nil
	case *sql.Compare:
		c, ok := r.scope(t).column(x.L)
		if ok && c.Table == t && (x.Op == "<=" || x.Op == "<") && isNow(x.R) {
			return flag{column: c.Column, since: true}, true
		}
		l, constant := bare(x.R).(*sql.Literal)
		switch {
		case !ok || c.Table != t || !constant || x.Op != "=" && x.Op != "<>":
			return flag{}, false
		case t.Columns[c.Column].Type.Kind == sql.Bool:
			return flag{column: c.Column}, x.Op == "=" && strings.HasPrefix(strings.ToLower(l.Value.Text), "t")
		}
		return r.among(x.L, []sql.Expr{x.R}, x.Op == "<>", t)
	}
	return flag{}, false
}

// among is the flag that a column holds one of some constants, or with not none of them.
func (r *referee) among(x sql.Expr, list []sql.Expr, not bool, t *model.Table) (flag, bool) {
	c, ok := r.scope(t).column(x)
	if !ok || c.Table != t || len(list) == 0 || t.Columns[c.Column].Type.Kind == sql.Bool {
		return flag{}, false
	}
	out := flag{column: c.Column, not: not}
	for _, item := range list {
		l, constant := bare(item).(*sql.Literal)
		if !constant || l.Value.Null {
			return flag{}, false
		}
		out.values = append(out.values, l)
	}
	return out, true
}

// isNow reports whether an expression is the time of the transaction.
func isNow(x sql.Expr) bool {
	text, _ := sql.Print(bare(x), sql.PrintOptions{})
	return slices.Contains([]string{"now()", "current_timestamp"}, strings.ToLower(text))
}

// hides reports whether the column's default is another value, so that a row is not shown until
// somebody says so.
func (f *flag) hides(t *model.Table) bool {
	c := &t.Columns[f.column]
	if f.member != nil && (c.Default == "" || strings.HasPrefix(c.Default, "'{}'")) {
		return !c.Generated
	}
	if f.set || f.since {
		return c.Default == "" && !c.NotNull && !c.Generated
	}
	x, err := sql.ParseExpr(c.Default)
	if c.Default == "" || c.Generated || err != nil {
		return false
	}
	l, ok := bare(x).(*sql.Literal)
	if !ok || l.Value.Null {
		return false
	}
	if f.values == nil {
		return strings.HasPrefix(strings.ToLower(l.Value.Text), "f")
	}
	return f.not == slices.ContainsFunc(f.values, func(v *sql.Literal) bool { return v.Value.Text == l.Value.Text })
}

// says is the condition that a row is opened. of qualifies its columns; who is the variable for a
// source, empty where the session does not bring it: then the condition is empty too.
func (o *opening) says(t *model.Table, of string, who func(*Source) string) string {
	var out []string
	for _, f := range o.flags {
		text := of + sql.QuoteName(t.Columns[f.column].Name)
		switch {
		case f.member != nil && who(f.member) == "":
			return ""
		case f.member != nil:
			text = who(f.member) + " = ANY (" + text + ")"
		case f.set:
			text += " IS NOT NULL"
		case f.since:
			text += " <= now()"
		case f.values != nil:
			text += f.compared()
		}
		out = append(out, text)
	}
	for _, x := range o.rest {
		text, _ := sql.Print(x, sql.PrintOptions{Column: func(c *sql.Column) (string, bool) { return of + sql.QuoteName(c.Name), true }})
		out = append(out, text)
	}
	return strings.Join(out, " AND ")
}

// compared is the comparison with the constants.
func (f *flag) compared() string {
	var list []string
	for _, v := range f.values {
		constant, _ := sql.Print(v, sql.PrintOptions{})
		list = append(list, constant)
	}
	switch {
	case len(list) == 1 && f.not:
		return " <> " + list[0]
	case len(list) == 1:
		return " = " + list[0]
	case f.not:
		return " NOT IN (" + strings.Join(list, ", ") + ")"
	}
	return " IN (" + strings.Join(list, ", ") + ")"
}

// opened is the condition by which a session sees rows of a table that somebody opened to
// all: the row itself, or what it hangs on, as the policies ask; empty without one.
func (b *binder) opened(s *session, p *place) string {
	if file := b.publicFile(p.table); file != "" {
		return file
	}
	if s := b.openTo(s, p.table, ""); s != "" {
		return s
	}
	return b.openedAbove(s, p)
}

// openTo is the condition that a table's row is open to a session.
func (b *binder) openTo(s *session, t *model.Table, of string) string {
	if b.places[t.ID].how != model.Owned {
		return ""
	}
	var out []string
	for _, o := range b.referee.openings(t, s.acts) {
		who := func(src *Source) string {
			if s.stranger {
				return ""
			}
			return b.variable(src, s.user)
		}
		if text := o.says(t, of, who); text != "" && (!o.signed || !s.stranger) && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, " OR ")
}

// publicFile is the condition that a file lies in a public bucket of Supabase's storage,
// from which everybody may fetch it by its address.
func (b *binder) publicFile(t *model.Table) string {
	buckets := b.survey.Schema.Table(t.Schema, "buckets")
	if t.Schema != "storage" || t.Name != "objects" || !slices.Contains(b.survey.Own, t.Schema) || buckets == nil || buckets.Column("public") < 0 {
		return ""
	}
	return "EXISTS (SELECT FROM storage.buckets m WHERE m.id = objects.bucket_id AND m.public)"
}
