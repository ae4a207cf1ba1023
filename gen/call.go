package gen

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Kind is how the arguments of a call were chosen.
type Kind uint8

// The kinds of arguments.
const (
	Own     Kind = iota // a row that the caller may see, where there is one
	Other               // a row of another tenant
	Mine                // such a row, but with the caller's own key where a user is named
	Missing             // what no row has
	Percent             // the wildcards %, _, the empty text and NULL
	Single
	Empty
	Null
)

func (k Kind) String() string {
	return [...]string{"an own row", "a row of another tenant", "a row of another tenant, the caller's own key", "what no row has", "%", "_", "the empty text", "NULL"}[k]
}

// Call is one call that may be tried.
type Call struct {
	Step  model.Step
	Kind  Kind
	Count int // of its arguments
}

// Calls lists the calls of a member that the walk tries, in a fixed order.
func (p *Plan) Calls(d *Dataset, m *Member) []Call {
	var out []Call
	for _, c := range p.calls[m.Session.ID] {
		for _, try := range c.tries() {
			for n, count := range c.counts {
				if n > 0 && try.kind != Own && try.kind != Other {
					continue // fewer arguments make no other case of these
				}
				kind := try.kind
				args, ok := p.callArgs(c, m, d, kind, count, try.nth, &choices{})
				if ok && !slices.ContainsFunc(out, func(o Call) bool { return sameCall(&o.Step, c.path, args) }) {
					out = append(out, Call{Step: p.callStep(c, m, args), Kind: kind, Count: count})
				}
			}
		}
	}
	return out
}

// walkRows is how many rows of a kind the walk draws arguments from.
const walkRows = 3

// try is one way to choose the arguments of a call: of the nth row of a kind.
type try struct {
	kind Kind
	nth  int
}

// tries lists the ways in which the walk chooses arguments.
func (c *callPlan) tries() []try {
	var out []try
	for _, kind := range c.kinds() {
		out = append(out, try{kind, 0})
		for n := 1; n < walkRows && (kind == Own || kind == Other) && c.table != nil; n++ {
			out = append(out, try{kind, n})
		}
	}
	return out
}

func sameCall(s *model.Step, path *model.Path, args []model.Value) bool {
	return s.Op.Path == path && slices.Equal(s.Op.Args, args)
}

// WithoutTenant lists the calls of paths that must fail without a tenant, as their
// sessions are when it was never set.
func (p *Plan) WithoutTenant(d *Dataset) []Call {
	var out []Call
	for _, path := range p.Contract.Paths {
		if !path.MustFail {
			continue
		}
		for _, m := range d.Cast {
			if m.Tenant.Null || path.User(m.Session) == nil || slices.ContainsFunc(out, func(c Call) bool { return c.Step.Op.Path == path && c.Step.Session == m.Session }) {
				continue
			}
			for _, c := range p.calls[m.Session.ID] {
				if c.path != path {
					continue
				}
				args, ok := p.callArgs(c, &m, d, Own, c.counts[0], 0, &choices{})
				if !ok {
					continue
				}
				for i := range c.args {
					if c.args[i].variable != "" {
						args[i] = null
					}
				}
				step := p.callStep(c, &m, args)
				step.Tenant, step.User = null, null
				out = append(out, Call{Step: step, Kind: Own, Count: len(args)})
			}
		}
	}
	return out
}

func (p *Plan) callStep(c *callPlan, m *Member, args []model.Value) model.Step {
	return model.Step{Session: m.Session, Tenant: m.Tenant, User: m.User, Op: model.Op{Path: c.path, Args: args}}
}

// kinds lists how the arguments of a path can be chosen.
func (c *callPlan) kinds() []Kind {
	drawn, user, wild := false, false, false
	for i := range c.args {
		a := &c.args[i]
		drawn = drawn || a.column.Table >= 0 || a.json
		user = user || a.user
		wild = wild || a.text
	}
	if !drawn {
		if len(c.args) > 0 && wild {
			return []Kind{Own, Percent}
		}
		return []Kind{Own}
	}
	out := []Kind{Other, Own}
	if user && len(c.args) > 1 {
		out = append(out, Mine)
	}
	out = append(out, Missing)
	if wild {
		out = append(out, Percent)
		if c.path.Wildcards {
			out = append(out, Single, Empty, Null)
		}
	}
	return out
}

// sequence of calls of one member, each with arguments of its own.
func (p *Plan) callSequence(who *Member, d *Dataset, n int, bits Bits) []model.Step {
	list := p.calls[who.Session.ID]
	steps := make([]model.Step, 0, n)
	for range n {
		c := seeded(bits.Next(), -7)
		plan := list[c.upTo(len(list))]
		kinds := plan.kinds()
		kind := kinds[0]
		if !c.percent(40) {
			kind = kinds[c.upTo(len(kinds))]
		}
		count := plan.counts[0]
		if c.percent(30) {
			count = plan.counts[c.upTo(len(plan.counts))]
		}
		if args, ok := p.callArgs(plan, who, d, kind, count, 0, &c); ok {
			steps = append(steps, p.callStep(plan, who, args))
		}
	}
	return steps
}

// callArgs draws the arguments of a call: all from one row. ok is false where there is
// no such row.
func (p *Plan) callArgs(c *callPlan, m *Member, d *Dataset, kind Kind, count, nth int, dice *choices) ([]model.Value, bool) {
	a := &arguments{Plan: p, c: c, m: m, d: d, kind: kind, nth: nth, dice: dice}
	if !a.base() {
		return nil, false
	}
	out := make([]model.Value, count)
	for i := range out {
		out[i] = a.value(i)
	}
	return out, true
}

// arguments draws the arguments of one call.
type arguments struct {
	*Plan
	c    *callPlan
	m    *Member
	d    *Dataset
	kind Kind
	nth  int // row of its kind, from which on they are drawn
	dice *choices
	row  model.Row // of c.table; nil when there is none
	mine bool      // it is a row of the caller's tenant
}

// base chooses the row that the arguments come from.
func (a *arguments) base() bool {
	t := a.c.table
	if t == nil {
		return a.kind != Other
	}
	own, other := a.rows(t)
	list := own
	if a.kind == Other || a.kind == Mine || a.kind == Missing {
		list = other
	}
	a.mine = a.kind != Other && a.kind != Mine
	if len(list) == 0 && a.kind != Other && a.kind != Mine {
		list = append(own, other...)
	}
	if len(list) == 0 {
		return false
	}
	if a.nth >= len(list) {
		return false
	}
	a.row = list[(a.nth+a.dice.upTo(len(list)))%len(list)]
	return true
}

// rows sorts the rows of a table: those of the caller's tenant or everybody's, and others.
func (a *arguments) rows(t *model.Table) (own, other []model.Row) {
	list := a.owners(a.d, t.ID, a.m.Tenant)
	for i, row := range a.d.State.Rows(t.ID) {
		if k := i - len(t.Seed); k >= 0 && list[k] == -2 {
			other = append(other, row)
		} else {
			own = append(own, row)
		}
	}
	return own, other
}

// value is one argument.
func (a *arguments) value(i int) model.Value {
	arg := &a.c.args[i]
	if arg.text && arg.variable == "" && (arg.column.Table >= 0 || a.c.table == nil) {
		switch a.kind {
		case Percent:
			return text("%")
		case Single:
			return text("_")
		case Empty:
			return text("")
		case Null:
			return null
		default:
		}
	}
	switch {
	case arg.variable != "":
		return a.own(arg.variable)
	case a.kind == Mine && arg.user && !a.m.User.Null:
		return a.m.User
	case arg.json:
		return a.document(arg)
	case arg.row && arg.column.Table >= 0:
		if row := a.near(a.Contract.Schema.Tables[arg.column.Table]); row != nil {
			return text(string(model.AppendRecord(nil, row, nil)))
		}
		return null
	case len(arg.constants) > 0 && (arg.column.Table < 0 || a.dice.percent(25)):
		return a.list(arg, arg.constants[a.dice.upTo(len(arg.constants))])
	case arg.column.Table >= 0:
		return a.list(arg, a.drawn(arg.column))
	}
	return null
}

// list makes a list of one value where the argument is an array.
func (a *arguments) list(arg *argPlan, v model.Value) model.Value {
	if !arg.array || v.Null || strings.HasPrefix(v.Text, "{") {
		return v
	}
	return text(`{"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.Text) + `"}`)
}

// drawn is the value of a column in the row, or in one near it. A secret of a row that
// the caller may not see is never drawn, nor is any key of it that no row has.
func (a *arguments) drawn(ref model.ColumnRef) model.Value {
	t := a.Contract.Schema.Tables[ref.Table]
	if a.kind == Missing {
		return a.wild(t, ref.Column)
	}
	row := a.near(t)
	if row == nil || slices.Contains(a.Contract.Secrets, ref) && !a.sees(t, row) {
		return a.wild(t, ref.Column)
	}
	return row[ref.Column]
}

// sees reports whether the caller may see a row; where only Postgres can tell, it may not.
func (a *arguments) sees(t *model.Table, row model.Row) bool {
	id, ok := a.Contract.Bind(a.m.Session, a.m.Tenant, a.m.User, a.d.State)
	if !ok {
		return false
	}
	p := model.Predictor{Contract: a.Contract}
	holds, known := p.Holds(a.m.Session.Sees[t.ID].Rule, id, a.d.State, row)
	return holds && known
}

// near is the chosen row, or a row of another table that belongs to it: that it refers
// to, that refers to it, or of the same tenants.
func (a *arguments) near(t *model.Table) model.Row {
	if t == a.c.table || a.row == nil && a.c.table == nil {
		if a.row != nil {
			return a.row
		}
	}
	if a.row != nil && a.c.table != nil {
		for _, k := range a.tables[a.c.table.ID].keys {
			if row := target(a.d.State, k, a.row, k.Target == t); row != nil {
				return row
			}
		}
		for _, k := range a.tables[t.ID].keys {
			if k.Target != a.c.table {
				continue
			}
			for _, row := range a.d.State.Rows(t.ID) {
				if refersTo(row, k, a.row) {
					return row
				}
			}
		}
	}
	own, other := a.rows(t)
	if !a.mine {
		own, other = other, own
	}
	if all := append(own, other...); len(all) > 0 {
		return all[0]
	}
	return nil
}

func target(st *model.State, k *model.ForeignKey, row model.Row, is bool) model.Row {
	if !is {
		return nil
	}
	for _, o := range st.Rows(k.Target.ID) {
		if refersTo(row, k, o) {
			return o
		}
	}
	return nil
}

// own is a variable of the caller.
func (a *arguments) own(name string) model.Value {
	id, ok := a.Contract.BindStep(&model.Step{Session: a.m.Session, Tenant: a.m.Tenant, User: a.m.User, Op: model.Op{Path: a.c.path}}, a.d.State)
	if !ok {
		return null
	}
	if v, err := id.Value(model.PathParam{Arg: -1, Var: name}, nil); err == nil {
		return v
	}
	return null
}

// document is a JSON object with the keys that the routine looks up.
func (a *arguments) document(arg *argPlan) model.Value {
	var parts []string
	for _, key := range arg.keys {
		v := null
		if a.c.table != nil && a.row != nil {
			r := routineReading{Plan: a.Plan, m: &model.Routine{Args: []model.RoutineArg{{Name: key}}}}
			for i := range a.c.table.Columns {
				r.m.Args[0].Type = a.c.table.Columns[i].Type
				if c, score := r.match(0, a.c.table); score > 0 {
					v = a.drawn(model.ColumnRef{Table: a.c.table.ID, Column: c})
				}
			}
		}
		parts = append(parts, quoteJSON(key)+": "+jsonText(v))
	}
	doc := "{" + strings.Join(parts, ", ") + "}"
	if arg.array {
		return text(`{"` + strings.ReplaceAll(doc, `"`, `\"`) + `"}`)
	}
	return text(doc)
}

func jsonText(v model.Value) string {
	if v.Null {
		return "null"
	}
	if _, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
		return v.Text
	}
	return quoteJSON(v.Text)
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string always marshals
	}
	return string(b)
}

// KindOf tells how the arguments of a call look, for what is remembered of a path: which
// of them are missing, are wildcards, or name a row of the caller's tenant or another's.
func (p *Plan) KindOf(step *model.Step, st *model.State) string {
	var b strings.Builder
	own := func(ref model.ColumnRef, v model.Value) byte {
		t := p.Contract.Schema.Tables[ref.Table]
		for _, row := range st.Rows(t.ID) {
			if row[ref.Column] != v {
				continue
			}
			mine := p.Contract.Belongs[t.ID].How != model.Owned
			p.Contract.Tenants(st, t, row, func(tenant model.Value) bool {
				mine = mine || tenant.Text == step.Tenant.Text
				return !mine
			})
			if mine {
				return 'o'
			}
			return 'x'
		}
		return 'm'
	}
	for _, c := range p.calls[step.Session.ID] {
		if c.path != step.Op.Path {
			continue
		}
		for i, v := range step.Op.Args {
			switch {
			case v.Null:
				b.WriteByte('n')
			case v.Text == "%" || v.Text == "_" || v.Text == "":
				b.WriteByte('w')
			case i < len(c.args) && c.args[i].column.Table >= 0:
				b.WriteByte(own(c.args[i].column, v))
			default:
				b.WriteByte('c')
			}
		}
	}
	return b.String()
}

// Redraw lists the calls of a step's path that the walk would try on some rows, for the
// same session.
func (p *Plan) Redraw(data [][]model.Row, step *model.Step) []model.Step {
	d := &Dataset{Data: data, State: model.Initial(p.Contract.Schema, data), next: p.first}
	m := &Member{Session: step.Session, Tenant: step.Tenant, User: step.User}
	var out []model.Step
	for _, c := range p.Calls(d, m) {
		if c.Step.Op.Path == step.Op.Path {
			out = append(out, c.Step)
		}
	}
	return out
}

// Drawn is the column that an argument of a call is drawn from, as its whole value; ok is
// false where it comes from elsewhere.
func (p *Plan) Drawn(step *model.Step, i int) (ref model.ColumnRef, ok bool) {
	for _, c := range p.calls[step.Session.ID] {
		if c.path == step.Op.Path && i < len(c.args) {
			a := &c.args[i]
			return a.column, a.column.Table >= 0 && !a.array && !a.row && !a.json
		}
	}
	return model.ColumnRef{Table: -1, Column: -1}, false
}
