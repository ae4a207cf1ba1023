package props

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// suspect is a function that policies of several tables call, or several functions of paths: rather
// than each of them, the function may be wrong.
type suspect struct {
	routine *model.Routine
	text    string // its own, and that of what it calls
	callers int    // tables
	guarded int    // functions of paths that leak, and ask it whether to go on
	asked   []carrier.Question
}

// suspects lists the functions whose wrong answer may explain what the walk showed: those that
// the policies of several differing tables call. Where policies ask a function about columns, it
// is known what it should answer, and an experiment can clear it: then several callers are
// enough. And those that several functions of paths ask. What a function calls comes before it: a
// wrong inner one makes the outer one wrong too.
func (c *campaign) suspects() []suspect {
	s := c.Contract.Schema
	differ := map[int]bool{} // by Table.ID
	for i := range c.walked {
		if cell := &c.walked[i].target.Cell; cell.Path == nil {
			differ[cell.Table] = true
		}
	}
	out := []suspect{}
	texts := make([]string, len(s.Tables))
	for i, t := range s.Tables {
		texts[i] = reads(s, t)
	}
	for _, r := range slices.Concat(s.Routines, s.Helpers) {
		callers, wrong := 0, 0
		for i := range texts {
			if sql.Mentions(texts[i], r.Name) {
				callers++
				wrong += last(differ[i])
			}
		}
		f := suspect{routine: r, callers: callers, guarded: c.guarded(r), asked: carrier.Questions(s, r)}
		if wrong > 1 || callers > 1 && len(f.asked) > 0 || f.guarded > 1 {
			f.text = called(s, r.Source)
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b suspect) int { return len(a.text) - len(b.text) }) // the outer one's has the inner one's
	return out
}

// guarded counts the functions of paths whose leaks the walk showed that ask another one: one that
// goes by the session and says yes or no, or fails.
func (c *campaign) guarded(r *model.Routine) int {
	if r.Set || r.Procedure || r.Returns != "boolean" && r.Returns != "void" {
		return 0
	}
	found := map[*model.Routine]bool{}
	for i := range c.walked {
		p := c.walked[i].target.Cell.Path
		if p == nil || p.Channel != nil {
			continue
		}
		if by := cmp.Or(p.Routine, c.routineOf(p)); by != nil && by != r && sql.Mentions(by.Source, r.Name) {
			found[by] = true
		}
	}
	if len(found) == 0 {
		return 0
	}
	text := called(c.Contract.Schema, r.Source)
	session := slices.ContainsFunc(c.Contract.Sessions, func(s *model.Session) bool {
		return slices.ContainsFunc(s.Settings, func(set model.Setting) bool { return set.Follows() && strings.Contains(text, set.Name) })
	})
	if !session || r.Returns == "void" && !strings.Contains(strings.ToLower(text), "raise") {
		return 0
	}
	return len(found)
}

// guards lists, of the experiments with functions that a path uses, those with what its own function
// asks whether to go on.
func (l *lab) guards(p *model.Path, helpers []Cause) []Cause {
	self := cmp.Or(p.Routine, l.routineOf(p))
	list := slices.DeleteFunc(slices.Clone(helpers), func(c Cause) bool {
		i := slices.IndexFunc(l.doubted, func(f suspect) bool { return f.routine == c.object.Routine })
		return l.doubted[i].guarded < 2 || self == nil || self == c.object.Routine
	})
	for i := range list {
		list[i].guard = true
	}
	return list
}

// helpers lists an experiment for each suspected function with one of some names: the function
// answers as the contract wants it to for an identity. Where that ends a divergence and takes
// nothing away that is allowed, the function's own answer was wrong.
func (l *lab) helpers(named func(string) bool, id *model.Identity, st *model.State) []Cause {
	var out []Cause
	for i := range l.doubted {
		f := &l.doubted[i]
		if !named(f.routine.Name) {
			continue
		}
		answers := f.answers(l.Contract, id, st)
		if len(answers) == 0 {
			continue
		}
		who := fmt.Sprintf("policies of %d tables", f.callers)
		if f.callers < 2 {
			who = fmt.Sprintf("%d functions that leak", f.guarded)
		}
		out = append(out, Cause{
			Key:  "function " + f.routine.Label() + "(" + f.routine.Signature + ")",
			Text: fmt.Sprintf("function %s answers wrongly; %s ask it", f.routine.Label(), who),
			try:  run.Variant{Before: []string{f.answer(f.nothing())}}, answers: answers, harmless: true,
			object: carrier.Object{Kind: carrier.Helper, Routine: f.routine, Asked: f.asked},
		})
	}
	return out
}

// answers lists statements each of which may make the function answer rightly; the experiment
// tells which does. One value is what the identity brings: a setting or a claim. Rows or a truth
// value are what the policies that ask need (see asking); where they do not ask about columns,
// the keys of the rows that the identity may see in a table that the function reads.
func (f *suspect) answers(c *model.Contract, id *model.Identity, st *model.State) []string {
	var out []string
	add := func(body string) {
		if statement := f.answer(body); body != "" && !slices.Contains(out, statement) {
			out = append(out, statement)
		}
	}
	if f.single() {
		for _, body := range f.brought(c, id) {
			add(body)
		}
		if len(out) == 0 {
			for _, body := range f.kept(c, id, st) {
				add(body)
			}
		}
		return out
	}
	if out = f.asking(c, id, st); len(out) > 0 {
		return out
	}
	own := func(of model.Type, key model.Value) {
		if key.Null {
			add(f.body(of, nil))
		} else {
			add(f.body(of, []string{key.Text}))
		}
	}
	own(c.Tenancy.Type, id.Tenant)
	for _, table := range c.Schema.Tables {
		if table != c.Tenancy.Table && !sql.Mentions(f.text, table.Name) {
			continue
		}
		if keys, ok := seen(c, table, id, st); ok {
			add(f.body(table.Columns[table.Key[0]].Type, keys))
		}
	}
	if u := id.Session.User; u != nil {
		own(u.Table.Columns[u.Table.Key[0]].Type, id.User)
	}
	return out
}

// asking lists statements that make the function say yes to just what the policies that ask it
// need; and others that make it say yes to all that the identity may see of what they ask about,
// since a function that says too little would hide allowed rows, and prove nothing.
func (f *suspect) asking(c *model.Contract, id *model.Identity, st *model.State) []string {
	var out []string
	add := func(arg int, values map[string]bool) {
		body := f.among(arg, slices.Sorted(maps.Keys(values)))
		if statement := f.answer(body); body != "" && !slices.Contains(out, statement) {
			out = append(out, statement)
		}
	}
	all := needs(c, f.asked, false, id, st)
	written := needs(c, f.asked, true, id, st)
	for _, arg := range slices.Sorted(maps.Keys(all)) {
		if w, ok := written[arg]; ok {
			add(arg, w)
		}
		add(arg, all[arg])
		add(arg, around(c, f.asked, arg, all[arg], id, st))
	}
	return out
}

// single reports whether the function answers with one value that is no truth value.
func (f *suspect) single() bool {
	r := f.routine
	return !r.Set && !f.decides() && !strings.HasSuffix(r.Returns, "[]")
}

// decides reports whether the function says yes or no, or fails instead of saying no.
func (f *suspect) decides() bool {
	r := f.routine
	return !r.Set && (r.Returns == "boolean" || r.Returns == "void")
}

// brought lists bodies for a function that answers with one value: each gives a setting or claim
// of the identity that the function reads. A function that reads none, but a table, is taken to
// look up the tenant; and nothing for a session that may do nothing where it is asked, such as one
// whose key was revoked. A session without tenant and user gets no value.
func (f *suspect) brought(c *model.Contract, id *model.Identity) []string {
	if id.Tenant.Null && id.User.Null {
		return []string{f.nothing()}
	}
	var out []string
	for i, v := range id.Session.Vars {
		if id.Vars[i].Null || !f.holds(v.Type, f.routine.Returns) {
			continue
		}
		for k := range id.Session.Settings {
			set := &id.Session.Settings[k]
			key := ""
			if path := carrier.Claim(set.Value, i); path != nil {
				key = path[len(path)-1]
			} else if len(set.Value) == 1 && set.Value[0].Var == i {
				key = set.Name
			}
			if key != "" && strings.Contains(f.text, key) {
				out = append(out, f.body(v.Type, []string{id.Vars[i].Text}))
			}
		}
	}
	table := slices.ContainsFunc(c.Schema.Tables, func(t *model.Table) bool { return sql.Mentions(f.text, t.Name) })
	if len(out) == 0 && table && !id.Tenant.Null && f.holds(c.Tenancy.Type, f.routine.Returns) {
		out = append(out, f.body(c.Tenancy.Type, []string{id.Tenant.Text}))
		if f.barred(c, id.Session) {
			out = append(out, f.nothing())
		}
	}
	return out
}

// mostKept bounds the values of rows that a function is tried to answer with.
const mostKept = 4

// kept lists bodies for a function that answers with one value that no session brings, such as what
// the user is in the tenant: each gives a value of its type from the rows, of a table that it reads,
// that are the session's own tenant's and name its user. Without such a row there is no value.
func (f *suspect) kept(c *model.Contract, id *model.Identity, st *model.State) []string {
	if id.User.Null {
		return nil
	}
	own := map[string]bool{}
	c.SessionTenants(id, st, func(v model.Value) bool {
		own[v.Text] = true
		return true
	})
	var out []string
	for _, t := range c.Schema.Tables {
		if t == c.Tenancy.Table || !sql.Mentions(f.text, t.Name) {
			continue
		}
		for _, row := range st.Rows(t.ID) {
			mine := slices.Contains(row, id.User)
			c.Tenants(st, t, row, func(v model.Value) bool {
				mine = mine && own[v.Text]
				return mine
			})
			for i := range row {
				if mine && len(out) < mostKept && !row[i].Null && row[i] != id.User && f.holds(t.Columns[i].Type, f.routine.Returns) {
					out = append(out, f.body(t.Columns[i].Type, []string{row[i].Text}))
				}
			}
		}
	}
	if len(out) == 0 {
		out = append(out, f.nothing())
	}
	return out
}

// barred reports whether a session may neither see nor write a row of the tables whose policies ask
// the function.
func (f *suspect) barred(c *model.Contract, s *model.Session) bool {
	none := func(r *model.Rule) bool { return r == nil || r.Kind == model.RuleNone }
	return !slices.ContainsFunc(c.Schema.Tables, func(t *model.Table) bool {
		w := &s.Writes[t.ID]
		free := !none(s.Sees[t.ID].Rule) || !none(w.Insert) || !none(w.From) || !none(w.To) || !none(w.Delete)
		return free && sql.Mentions(reads(c.Schema, t), f.routine.Name)
	})
}

// body is the body of the function that answers with some keys; empty where its type has no
// place for them.
func (f *suspect) body(of model.Type, keys []string) string {
	r := f.routine
	arg := slices.IndexFunc(r.Args, func(a model.RoutineArg) bool { return a.Type.Name == of.Name })
	switch {
	case f.decides() && arg >= 0:
		return f.among(arg, keys)
	case f.several() && f.holds(of, strings.TrimSuffix(r.Returns, "[]")):
		return f.among(carrier.Returned, keys)
	case !r.Set && f.holds(of, r.Returns) && len(keys) == 1:
		return "SELECT " + sql.Constant(keys[0]) + "::" + r.Returns
	}
	return ""
}

// several reports whether the function answers with rows of one value, or an array.
func (f *suspect) several() bool {
	r := f.routine
	return r.Set && !r.Record || !r.Set && strings.HasSuffix(r.Returns, "[]")
}

// among is the body of the function that says whether an argument is among some values, or fails where it
// is not, or returns these; empty where it cannot.
func (f *suspect) among(arg int, values []string) string {
	r := f.routine
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = sql.Constant(v)
	}
	array := "ARRAY[" + strings.Join(list, ", ") + "]"
	switch {
	case arg != carrier.Returned && f.decides():
		says := fmt.Sprintf("coalesce($%d::text = ANY (%s::text[]), false)", arg+1, array)
		if r.Returns == "void" {
			return "SELECT 1 / (" + says + ")::int"
		}
		return "SELECT " + says
	case arg != carrier.Returned || !f.several():
		return ""
	case r.Set:
		return fmt.Sprintf("SELECT unnest(%s::%s[])", array, r.Returns)
	}
	return "SELECT " + array + "::" + r.Returns
}

// holds reports whether a type has room for a key.
func (f *suspect) holds(key model.Type, returns string) bool {
	return returns == key.Name || returns == "text" || strings.HasPrefix(returns, "character varying")
}

// nothing is the body of the function that answers with no key.
func (f *suspect) nothing() string {
	r := f.routine
	switch {
	case r.Set && r.Record, r.Procedure:
		return ""
	case r.Set:
		return "SELECT NULL::" + r.Returns + " WHERE false"
	case r.Returns == "boolean":
		return "SELECT false"
	case r.Returns == "void":
		return "SELECT 1 / 0"
	case strings.HasSuffix(r.Returns, "[]"):
		return "SELECT '{}'::" + r.Returns
	}
	return "SELECT NULL::" + r.Returns
}

// answer is the statement that gives the function another body.
func (f *suspect) answer(body string) string {
	r := f.routine
	return fmt.Sprintf(`DO $rlsfuzz$ BEGIN EXECUTE (SELECT format('CREATE OR REPLACE FUNCTION %%s(%%s) RETURNS %%s LANGUAGE sql STABLE AS %%L', %s, pg_get_function_arguments(oid), pg_get_function_result(oid), %s)
FROM pg_proc WHERE oid = %s::regprocedure); END $rlsfuzz$`, sql.Constant(model.Quote(r.Schema)+"."+model.Quote(r.Name)), sql.Constant(body), sql.Constant(r.SQL()))
}
