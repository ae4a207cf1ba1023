package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Kind is how the arguments of a call were chosen.
type Kind uint8

// The kinds of arguments.
const (
	Own     Kind = iota // from a row that is the caller's or everybody's, where there is one
	Other               // from a row of another tenant
	Mine                // from such a row, but with the caller's own key where a user is named
	Missing             // values that no row has
	Part                // as Other, but a piece of each text that is searched
	Percent             // %, in one argument or in each that may be blank; so the next four
	Single              // _
	Empty               // the empty text
	Spliced             // a quote and more of a condition, for queries that are put together as text
	Null                // NULL
	Both                // from an own row and another tenant's: in lists, and some arguments from each
)

func (k Kind) String() string {
	return [...]string{"an own row", "a row of another tenant", "a row of another tenant, the caller's own key", "what no row has", "a piece of a row of another tenant", "%", "_", "the empty text", "a quote and more of a condition", "NULL", "rows of two tenants"}[k]
}

// Call is one call that may be tried.
type Call struct {
	Step  model.Step
	Kind  Kind
	Count int // number of its arguments
}

// Calls lists the calls of a member that the walk tries, in a fixed order.
func (p *Plan) Calls(d *Dataset, m *Member) []Call {
	var out []Call
	for _, c := range p.callsOf(m) {
		for _, try := range c.tries() {
			for n, count := range c.counts {
				if n > 0 && try.kind != Own && try.kind != Other {
					continue // fewer arguments make no other case of these
				}
				kind := try.kind
				args, ok := p.callArgs(c, m, d, try, count, &choices{})
				if !ok || slices.ContainsFunc(out, func(o Call) bool { return sameCall(&o.Step, c.path, args) }) {
					continue
				}
				call := Call{Step: p.callStep(c, m, args), Kind: kind, Count: count}
				out = append(out, call)
				if kind == Own || kind == Other {
					out = append(out, p.watched(call, c, m, d)...)
				}
			}
		}
	}
	return out
}

// walkRows is how many rows of a kind the walk draws arguments from.
const walkRows = 3

// try is one way to choose the arguments of a call: from the nth row, from 0, of those of a kind.
// Of a blank kind, only is the one argument that is blank, from 1, and the others come from a row;
// 0: each argument is blank that can be. Of rows of two tenants, theirs has a bit for each argument
// that comes from the other one's; 0: lists have one of each. Arguments that name tables name the
// one of that index, from 0.
type try struct {
	kind   Kind
	nth    int
	only   int
	theirs uint
	object int
}

// tries lists the ways in which the walk chooses arguments.
func (c *callPlan) tries() []try {
	var out []try
	for _, kind := range c.kinds() {
		if kind == Both {
			out = append(out, c.twoTenants()...)
			continue
		}
		out = append(out, try{kind: kind})
		if list := c.blanks(kind); len(list) > 1 {
			for _, i := range list {
				out = append(out, try{kind: kind, only: i + 1})
			}
		}
		more := (kind == Own || kind == Other) && c.table != nil && !c.path.Really() // a program takes long
		for n := 1; n < walkRows && more; n++ {
			out = append(out, try{kind: kind, nth: n})
		}
		for n := 1; n < c.objects() && (kind == Own || kind == Other); n++ {
			out = append(out, try{kind: kind, object: n})
		}
	}
	return out
}

// objects is how many tables the arguments may name, of those that the walk tries.
func (c *callPlan) objects() int {
	most := 0
	for i := range c.args {
		if c.args[i].objects {
			most = max(most, len(c.args[i].constants))
		}
	}
	return min(most, walkObjects)
}

// walkObjects is how many tables the walk has an argument name at most.
const walkObjects = 50

func sameCall(s *model.Step, path *model.Path, args []model.Value) bool {
	return s.Op.Path == path && slices.Equal(s.Op.Args, args)
}

// WithoutTenant lists calls of the paths that must fail without a tenant, made by sessions whose
// tenant was never set.
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
			for _, c := range p.callsOf(&m) {
				if c.path != path {
					continue
				}
				args, ok := p.callArgs(c, &m, d, try{kind: Own}, c.counts[0], &choices{})
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
	return m.step(model.Op{Path: c.path, Args: args})
}

// kinds lists how the arguments of a path can be chosen.
func (c *callPlan) kinds() []Kind {
	out := []Kind{Own}
	if s := c.path.Shadow; s != nil && len(s.Put) > 0 || c.path.Keyed != nil {
		return out // it need only come to what is put in a table's place, or to the key
	}
	if slices.ContainsFunc(c.args, func(a argPlan) bool { return a.column.Table >= 0 || a.json }) {
		out = []Kind{Other, Own}
		switch {
		case c.several():
			out = []Kind{Both, Other, Own}
		case len(c.mixes) > 0:
			out = []Kind{Other, Both, Own}
		}
		if len(c.args) > 1 && slices.ContainsFunc(c.args, func(a argPlan) bool { return a.user }) {
			out = append(out, Mine)
		}
		out = append(out, Missing)
	}
	if len(c.blanks(Part)) > 0 {
		out = append(out, Part)
	}
	for kind := Percent; kind <= Null; kind++ {
		if len(c.blanks(kind)) > 0 && (kind != Single || c.path.Wildcards) && (kind != Spliced || c.splices) {
			out = append(out, kind)
		}
	}
	return out
}

// blanks lists the arguments, by index, that a kind may leave blank: for wildcards and the empty
// text those that are texts, for NULL all that a caller chooses. What writes a row is left alone. For
// Part they are the texts of which it may take a piece.
func (c *callPlan) blanks(kind Kind) []int {
	if c.path.View != nil || c.path.Shadow != nil {
		return nil
	}
	var out []int
	for i := range c.args {
		a := &c.args[i]
		drawn := a.column.Table >= 0
		switch {
		case kind == Part:
			if a.text && drawn && c.searches != forWhole && !a.sets {
				out = append(out, i)
			}
		case a.variable != "" || !blank(kind):
		case a.text && (drawn || c.table == nil || kind == Spliced), kind == Null && (drawn || c.path.Routine != nil):
			out = append(out, i)
		}
	}
	return out
}

// blank reports whether arguments of a kind come from no row.
func blank(kind Kind) bool { return kind >= Percent && kind <= Null }

// try draws one way to choose the arguments: often the first kind.
func (c *callPlan) try(dice *choices) try {
	if dice.percent(40) {
		return c.mixed(try{kind: c.kinds()[0]}, dice)
	}
	return c.mixed(c.any(dice), dice)
}

// any draws one way to choose the arguments: all blank kinds together are as likely as each other
// kind by itself.
func (c *callPlan) any(dice *choices) try {
	kinds := c.kinds()
	first := slices.IndexFunc(kinds, blank)
	if first < 0 {
		return try{kind: kinds[dice.upTo(len(kinds))]}
	}
	if i := dice.upTo(first + 1); i < first {
		return try{kind: kinds[i]}
	}
	out := try{kind: kinds[first+dice.upTo(len(kinds)-first)]}
	if list := c.blanks(out.kind); len(list) > 1 {
		if i := dice.upTo(len(list) + 1); i < len(list) {
			out.only = list[i] + 1
		}
	}
	return out
}

// caller chooses who calls paths: who has more of them, calls more. It is nil when nobody
// has any.
func (p *Plan) caller(cast []Member, c *choices) *Member {
	total := 0
	for i := range cast {
		total += len(p.inSQL(&cast[i]))
	}
	n := c.upTo(total)
	for i := range cast {
		if n -= len(p.inSQL(&cast[i])); n < 0 {
			return &cast[i]
		}
	}
	return nil
}

// callSequence draws calls of one member, each with arguments of its own.
func (p *Plan) callSequence(who *Member, d *Dataset, n int, bits Bits) []model.Step {
	list := p.inSQL(who)
	steps := make([]model.Step, 0, n)
	for range n {
		c := seeded(bits.Next(), -7)
		for range redraws {
			step, ok := p.call(list[c.upTo(len(list))], who, d, &c)
			again := ok && slices.ContainsFunc(steps, func(o model.Step) bool { return sameCall(&o, step.Op.Path, step.Op.Args) })
			if ok && !again {
				steps = append(steps, step)
				break
			}
		}
	}
	return steps
}

// redraws is how often a call is drawn until it is none that its sequence has already.
const redraws = 4

// call draws one call of a path; ok is false where there are no rows to draw its arguments from.
func (p *Plan) call(plan *callPlan, who *Member, d *Dataset, c *choices) (step model.Step, ok bool) {
	try := plan.try(c)
	count := plan.counts[0]
	if c.percent(30) {
		count = plan.counts[c.upTo(len(plan.counts))]
	}
	args, ok := p.callArgs(plan, who, d, try, count, c)
	if !ok {
		return model.Step{}, false
	}
	step = p.callStep(plan, who, args)
	p.observed(&step, plan, who, d, c)
	return step, true
}

// callArgs draws the arguments of a call: all from one row, or from one of each tenant. ok is
// false where there is no such row.
func (p *Plan) callArgs(c *callPlan, m *Member, d *Dataset, try try, count int, dice *choices) ([]model.Value, bool) {
	a := &arguments{Plan: p, c: c, m: m, d: d, try: try, dice: dice}
	if !a.base() {
		return nil, false
	}
	out := make([]model.Value, count)
	for i := range out {
		out[i] = a.value(i)
	}
	if c.path.Shadow != nil && c.table != nil {
		c.apart(out)
	}
	return out, true
}

// apart keeps a row that goes into a table's place from referring to itself where it need not: a
// function that walks up or down a tree of rows would never arrive.
func (c *callPlan) apart(args []model.Value) {
	at := make([]int, len(c.table.Columns)) // of a column's argument; 0: there is none
	for i := range args {
		if col := c.args[i].column; col.Table == c.table.ID {
			at[col.Column] = i + 1
		}
	}
	for k := range c.table.ForeignKeys {
		key := &c.table.ForeignKeys[k]
		same := key.Target == c.table
		for j, col := range key.Columns {
			to := 0
			if same {
				to = at[key.Targets[j]]
			}
			same = same && at[col] > 0 && to > 0 && args[at[col]-1] == args[to-1]
		}
		if !same {
			continue
		}
		for _, col := range key.Columns {
			if !c.table.Columns[col].NotNull {
				args[at[col]-1] = null
			}
		}
	}
}

// KindOf tells how the arguments of a call look, for what is remembered of a path: which
// of them are missing, are wildcards, are pieces of a value, or name a row of the caller's tenant or
// another's.
func (p *Plan) KindOf(step *model.Step, st *model.State) string {
	var b strings.Builder
	own := func(ref model.ColumnRef, v model.Value, searched bool) byte {
		t, piece := p.Contract.Schema.Tables[ref.Table], false
		for _, row := range st.Rows(t.ID) {
			if row[ref.Column] != v {
				piece = piece || searched && strings.Contains(row[ref.Column].Text, v.Text)
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
		if piece {
			return 'p'
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
				b.WriteByte(own(c.args[i].column, v, c.args[i].text && c.searches != forWhole))
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
