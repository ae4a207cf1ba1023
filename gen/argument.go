package gen

import (
	"slices"
	"strings"
	"unicode"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// arguments draws the arguments of one call.
type arguments struct {
	*Plan
	c *callPlan
	m *Member
	d *Dataset
	try
	dice *choices
	row  model.Row // of c.table; nil when there is none
	mine bool      // row is one of the caller's tenant
	next model.Row // from which a second value of the same column comes; nil where there is none
}

// base chooses the row that the arguments come from.
func (a *arguments) base() bool {
	t := a.c.table
	if t == nil {
		return a.kind != Other && a.kind != Part && a.kind != Both
	}
	if a.c.path.Puts != nil {
		return a.put()
	}
	own, other := a.rows(t)
	list := own
	// Where one argument alone is blank, the others come from another tenant's row: those of an own
	// row could keep out what the blank one lets through.
	theirs := a.kind == Other || a.kind == Part || a.kind == Mine
	foreign := theirs || a.only > 0
	if foreign || a.kind == Missing {
		list = other
	}
	a.mine = !foreign
	if len(list) == 0 && !theirs {
		list = slices.Concat(own, other)
	}
	if a.kind == Both {
		if len(own) == 0 || len(other) == 0 && a.theirs == 0 {
			return false
		}
		if len(other) > 0 { // else the table is nobody's, and rows of other tables are of two tenants
			a.next = other[(a.nth+a.dice.upTo(len(other)))%len(other)]
		}
	}
	if len(list) == 0 {
		return false
	}
	if a.nth >= len(list) {
		return false
	}
	at := (a.nth + a.dice.upTo(len(list))) % len(list)
	if a.dice.percent(namesake) {
		if i := a.sameNumber(list); i >= 0 {
			at = i
		}
	}
	if a.row = list[at]; a.next == nil && a.kind != Both && len(list) > 1 {
		a.next = list[(at+1)%len(list)]
	}
	return true
}

// namesake is how many of a hundred calls are about a row whose key is the same number as that of
// the caller's tenant or user, where there is one: code that mixes up ids shows in such rows.
const namesake = 50

// sameNumber is the first row whose key is that of the caller's tenant or user; -1 without one.
func (a *arguments) sameNumber(list []model.Row) int {
	if len(a.c.table.Key) != 1 {
		return -1
	}
	return slices.IndexFunc(list, func(row model.Row) bool {
		v := row[a.c.table.Key[0]]
		return v == a.m.Tenant || v == a.m.User
	})
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
	if (a.only == 0 || a.only == i+1) && slices.Contains(a.c.blanks(a.kind), i) {
		switch a.kind {
		case Percent:
			return text("%")
		case Single:
			return text("_")
		case Empty:
			return text("")
		case Spliced:
			return text("' OR true --")
		case Part:
			return a.list(arg, a.piece(arg.column))
		default:
			return null
		}
	}
	switch {
	case arg.variable != "":
		return a.own(arg.variable)
	case a.kind == Mine && arg.user && !a.m.User.Null:
		return a.m.User
	case a.kind == Both && a.theirs>>i&1 == 1:
		return a.list(arg, a.following(arg.column))
	case arg.json:
		return a.document(arg)
	case arg.row && arg.column.Table >= 0:
		if row := a.near(a.Contract.Schema.Tables[arg.column.Table]); row != nil {
			return text(string(model.AppendRecord(nil, row, nil)))
		}
		return null
	case arg.objects:
		n := len(arg.constants)
		return a.list(arg, arg.constants[(a.object+a.dice.upTo(n))%n])
	case len(arg.constants) > 0 && !(arg.sets && arg.column.Table >= 0) && (arg.column.Table < 0 || a.dice.percent(25)):
		return a.list(arg, arg.constants[a.dice.upTo(len(arg.constants))])
	case arg.column.Table >= 0 && arg.sets:
		return a.list(arg, a.changed(arg.column))
	case arg.column.Table >= 0 && a.next != nil && a.kind != Both && a.c.again(i):
		return a.list(arg, a.following(arg.column))
	case arg.column.Table >= 0 && a.kind == Both && a.theirs == 0 && arg.array && arg.column.Table == a.c.table.ID:
		return a.pair(arg, a.drawn(arg.column), a.following(arg.column))
	case arg.column.Table >= 0:
		return a.list(arg, a.drawn(arg.column))
	}
	return null
}

// following is the value of a column in the other row of a batch: in that of another tenant where
// the call is about two.
func (a *arguments) following(ref model.ColumnRef) model.Value {
	o := *a
	o.row, o.mine = a.next, a.mine && a.kind != Both
	return o.drawn(ref)
}

// pair is a list of two values.
func (a *arguments) pair(arg *argPlan, first, second model.Value) model.Value {
	one, two := a.list(arg, first), a.list(arg, second)
	if one.Null || two.Null || !strings.HasSuffix(one.Text, "}") {
		return one
	}
	return text(one.Text[:len(one.Text)-1] + "," + strings.TrimPrefix(two.Text, "{"))
}

// list makes a list of one value where the argument is an array.
func (a *arguments) list(arg *argPlan, v model.Value) model.Value {
	if !arg.array || v.Null || strings.HasPrefix(v.Text, "{") {
		return v
	}
	return text(`{"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.Text) + `"}`)
}

// drawn is the value of a column in the row, or in one near it; a value that no row has for
// Missing, where no row is near, and for a secret of a row that the caller may not see.
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

// piece is a part of a text in the row: a word where words are searched, else what most rows have of
// where a domain begins and the letters at either end.
func (a *arguments) piece(ref model.ColumnRef) model.Value {
	whole := a.drawn(ref)
	letters := []rune(whole.Text)
	n := min(pieceLetters, len(letters))
	parts := []string{string(letters[:n]), string(letters[len(letters)-n:])}
	if _, domain, ok := strings.Cut(whole.Text, "@"); ok && domain != "" {
		parts = append(parts, "@"+domain)
	}
	if a.c.searches == forWords {
		parts = strings.FieldsFunc(whole.Text, func(r rune) bool { return !unicode.IsLetter(r) })
	}
	best, most := whole, 0
	for _, part := range parts {
		count := 0
		for _, row := range a.d.State.Rows(ref.Table) {
			if strings.Contains(row[ref.Column].Text, part) {
				count++
			}
		}
		if part != "" && count > most {
			best, most = text(part), count
		}
	}
	return best
}

// pieceLetters is how many letters a piece has at least, where its text has as many: fewer are often
// too few for a search.
const pieceLetters = 3

// changed is another value for a column than the row has: a write that sets the same shows nothing.
// Keys, references, tenants and unique columns keep the value that is drawn: another one would name
// another row, or collide.
func (a *arguments) changed(ref model.ColumnRef) model.Value {
	t := a.Contract.Schema.Tables[ref.Table]
	row, tp := a.near(t), &a.tables[t.ID]
	if row == nil || unique(t, ref.Column) || isReference(t, ref.Column) || model.Contains(t.Key, ref.Column) || model.Contains(tp.tenant, ref.Column) {
		return a.drawn(ref)
	}
	if plainText(t, ref.Column) {
		return text(limit("set-1", t.Columns[ref.Column].Type.Length))
	}
	pool := tp.columns[ref.Column].pool
	first := a.dice.upTo(len(pool))
	for n := range pool {
		if v := pool[(first+n)%len(pool)]; v != row[ref.Column] {
			return v
		}
	}
	return a.drawn(ref)
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
	if all := slices.Concat(own, other); len(all) > 0 {
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
