package gen

import (
	"slices"
	"strconv"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Options bounds what is drawn.
type Options struct {
	Tenants int // tenants of a dataset; defaults to 2, or 3 where a row is always two tenants', or tenants are above others
	Cast    int // identities of a dataset; defaults to 7
	Rows    int // most rows of a table and tenant besides the first and those that the cast needs; defaults to 2; negative: none
	Guests  int // per cent of the people who are in two tenants; defaults to 20, in some datasets more; negative: none
	// Newcomers is that in some datasets a tenant has no rows in a table, or in any, but those that
	// its people and other rows need.
	Newcomers bool
	// About is a path whose sessions are in the cast, of every tenant, and so are those that put
	// work into its queue; nil: the cast is drawn.
	About *model.Path

	part    int  // from 1; 0: drawn
	abroad  bool // who acts and is in two tenants has rows in the other one too
	swapped bool // the last tenant's users come first: the n-th user is not of the n-th tenant
}

func (o Options) filled() Options {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&o.Tenants, 2)
	set(&o.Cast, 7)
	set(&o.Rows, 2)
	set(&o.Guests, 20)
	return o
}

// Dataset is rows of colliding tenants and the identities that act on them.
type Dataset struct {
	Data  [][]model.Row // by Table.ID
	Cast  []Member
	State *model.State       // Data with the schema's own rows
	Part  int                // of the schema, that the dataset is about
	next  []int              // by Table.ID: the next fresh key
	owned map[string][][]int // by tenant: which rows are its own
}

// Member is one identity of a dataset, and what its statements may be about.
type Member struct {
	Session *model.Session
	Tenant  model.Value
	User    model.Value
}

// builder makes a dataset row by row.
type builder struct {
	*Plan
	part   int
	walk   int // which of the walk's datasets of the part it is, from 1; 0: none
	rows   [][]model.Row
	owner  [][]int // by table: the tenant that each row was made for; -1 for everybody's
	next   []int
	tokens int
	tenant []model.Value
	guests map[*model.Value]int // rows of one tenant that belong to another too

	stack   []frame // rows that are being made
	attempt int     // to make the present row
	journal []int   // tables of the rows that are kept, in their order
}

// guest reports whether a row of another tenant belongs to this one too.
func (b *builder) guest(row model.Row, k int) bool {
	g, ok := b.guests[&row[0]]
	return ok && g == k
}

func (p *Plan) newBuilder() *builder {
	b := &builder{Plan: p, rows: make([][]model.Row, len(p.tables)), owner: make([][]int, len(p.tables)), next: make([]int, len(p.tables))}
	copy(b.next, p.first)
	return b
}

// abroadShare is per cent of the datasets in which people have rows in each of their tenants,
// and abroadGuests how many of a hundred are in two then.
const (
	abroadShare  = 45
	abroadGuests = 80
)

// bareShare is per cent of the datasets with [Options.Newcomers] that have one.
const bareShare = 15

// bare chooses a tenant, -1 for none, and the table that it has no rows in, nil for all.
func (p *Plan) bare(c *choices, tenants int) (*model.Table, int) {
	switch {
	case !c.percent(bareShare) || len(p.Order) == 0:
		return nil, -1
	case c.percent(50):
		return nil, c.upTo(tenants)
	}
	return p.Order[c.upTo(len(p.Order))], c.upTo(tenants)
}

// alikeShare is per cent of the datasets in which the number of the second tenant begins with the
// first one's.
const alikeShare = 20

// Dataset draws a dataset.
func (p *Plan) Dataset(bits Bits, o Options) *Dataset {
	open := o.Guests == 0
	if o.Tenants == 0 && p.pairs() {
		o.Tenants = 3
	}
	o = o.filled()
	b := p.newBuilder()
	first := seeded(bits.Next(), -1)
	b.part = first.upTo(len(p.parts))
	if o.part > 0 {
		b.part, b.walk = o.part-1, 1
		if o.swapped {
			b.walk = 2
		}
	}
	if open && first.percent(abroadShare) {
		o.abroad, o.Guests = true, abroadGuests
	}
	alike := first // a copy: what is drawn after it stays what it was
	b.tenants(o.Tenants, open && alike.percent(alikeShare), bits)
	bare, without := (*model.Table)(nil), -1
	if o.Newcomers {
		bare, without = p.bare(&alike, o.Tenants)
	}
	wanted := p.casting(&first, o)
	for _, w := range wanted {
		b.person(w, o, seeded(bits.Next(), -2))
	}
	for _, t := range p.Order {
		if t == p.Contract.Tenancy.Table || p.tables[t.ID].skip || p.Empty[t] != "" || !p.parts[b.part].all[t.ID] {
			continue
		}
		for k := range b.tenant {
			if k == without && (bare == nil || bare == t) {
				continue
			}
			n := first.upTo(max(o.Rows, 0)+1) + (1 - min(1, len(b.ofTenant(t, k))))
			for range n {
				b.add(t, b.ownerOf(t, k), nil, seeded(bits.Next(), t.ID))
			}
			b.spread(t, b.ownerOf(t, k), bits)
		}
	}
	if b.walk > 0 {
		b.satisfying(bits)
	}
	b.followTriggers(bits)
	if b.walk > 0 {
		b.besides()
	}
	d := b.dataset(wanted)
	if o.abroad && b.abroad(d, bits) {
		d = b.dataset(wanted)
	}
	return d
}

// followTriggers makes the rows that triggers would have made: datasets are loaded
// without triggers, but what relies on a profile for each user finds one.
func (b *builder) followTriggers(bits Bits) {
	for _, t := range b.Order {
		for _, label := range t.Fills {
			for _, o := range b.Order {
				if o.Label() == label && b.Empty[o] == "" && !b.tables[o.ID].skip && b.parts[b.part].all[o.ID] {
					b.follow(t, o, bits)
				}
			}
		}
	}
}

// follow makes a row of a table for each row of another that it refers to and that has none.
func (b *builder) follow(t, child *model.Table, bits Bits) {
	for _, key := range b.tables[child.ID].keys {
		if key.Target != t {
			continue
		}
		for i, row := range b.rows[t.ID] {
			fixed, refers := map[int]model.Value{}, false
			for n, col := range key.Columns {
				fixed[col] = row[key.Targets[n]]
			}
			for _, have := range b.rows[child.ID] {
				same := true
				for col, v := range fixed {
					same = same && have[col] == v
				}
				refers = refers || same
			}
			if !refers {
				b.add(child, b.ownerOf(child, b.owner[t.ID][i]), fixed, seeded(bits.Next(), child.ID))
			}
		}
		return
	}
}

func (b *builder) ofTenant(t *model.Table, k int) []model.Row {
	var rows []model.Row
	for i, row := range b.rows[t.ID] {
		if b.owner[t.ID][i] == k {
			rows = append(rows, row)
		}
	}
	return rows
}

// tenants makes the tenants' rows, or their values where no table holds them. Where they are alike,
// the number of the second one begins with the first one's, as text keys always do: what compares
// the beginning takes one for the other.
func (b *builder) tenants(n int, alike bool, bits Bits) {
	c := b.Contract
	for k := range n {
		roles := b.tenantRoles(k)
		if roles == nil && b.rolePerTenant() { // no further role could be a tenant's
			return
		}
		if c.Tenancy.Table == nil {
			b.tenant = append(b.tenant, b.tenantValue(c.Tenancy.Type, k+1))
			continue
		}
		t := c.Tenancy.Table
		if roles != nil && k < len(t.Seed) {
			b.tenant = append(b.tenant, t.Seed[k][c.Tenancy.Key])
			continue
		}
		if at := c.Tenancy.Key; k == 1 && alike && t.Columns[at].Type.Kind == sql.Int && b.tables[t.ID].columns[at].how == counted && !b.spelled() {
			if n, err := strconv.Atoi(b.tenant[0].Text); err == nil && n > 0 && 10*n > b.next[t.ID] {
				b.next[t.ID] = 10 * n
			}
		}
		b.tenant = append(b.tenant, null)
		row := b.add(t, k, roles, seeded(bits.Next(), t.ID))
		if row == nil {
			b.tenant = b.tenant[:k]
			return
		}
		b.tenant[k] = row[c.Tenancy.Key]
	}
}

// rolePerTenant reports whether some session's role follows from its tenant.
func (p *Plan) rolePerTenant() bool {
	return slices.ContainsFunc(p.Contract.Sessions, func(s *model.Session) bool { return s.Login.Follows() || s.Role.Follows() })
}

// tenantRoles is the columns of the k-th tenant's row that hold names of roles, with the
// names; -1 stands for the tenant itself. It is nil where there is none, or none is left.
func (p *Plan) tenantRoles(k int) map[int]model.Value {
	if k >= len(p.roles) {
		return nil
	}
	return p.roles[k]
}

// nameTenants finds the roles that tenants may have, by tenant.
func (p *Plan) nameTenants() {
	for _, s := range p.Contract.Sessions {
		for i, n := range []model.Name{s.Login, s.Role} {
			if !n.Follows() {
				continue
			}
			list := p.Contract.TenantRoles(n, i == 0)
			if p.roles == nil {
				p.roles = make([]map[int]model.Value, len(list))
			}
			p.roles = p.roles[:min(len(p.roles), len(list))]
			for k := range p.roles {
				if p.roles[k] == nil {
					p.roles[k] = map[int]model.Value{}
				}
				p.roles[k][n.Column] = text(list[k])
			}
		}
	}
}

// tenantValue is the n-th tenant, from 1, where no table lists them: the n-th role where
// roles are the tenants.
func (p *Plan) tenantValue(ty model.Type, n int) model.Value {
	if v, ok := p.tenantRoles(n - 1)[-1]; ok {
		return v
	}
	if ty.Kind == sql.UUID || ty.Kind == sql.Int {
		return p.tenantKey(&model.Column{Type: ty}, n)
	}
	return text(nearMiss("tenant", n))
}

// person makes the user of an identity, and the rows by which it belongs to its tenant.
func (b *builder) person(r role, o Options, c choices) {
	if r.tenant >= len(b.tenant) {
		return
	}
	if r.session.User == nil || r.tenant < 0 {
		return
	}
	t := r.session.User.Table
	if b.Empty[t] != "" {
		return
	}
	want := demands{}
	if e := b.userExprs[r.session.ID]; e != nil {
		want.meet(b.Contract.Schema, t, e)
	}
	row := b.add(t, r.tenant, want.fixed, c)
	if row == nil {
		return
	}
	for _, o := range want.others {
		fixed := map[int]model.Value{}
		for col, e := range o.columns {
			if v, ok := b.value(e, t, row, r.tenant); ok {
				fixed[col] = v
			}
		}
		b.add(o.table, r.tenant, fixed, c)
	}
	b.belong(t, row, r.tenant, nil, c)
	if len(b.tenant) < 2 {
		return
	}
	other := (r.tenant + 1) % len(b.tenant)
	switch {
	case c.percent(o.Guests): // some people are in two tenants
		var there map[int]map[int]model.Value
		if r.tenant == 0 {
			there = b.elsewhere(r, want.others)
		}
		b.belong(t, row, other, there, c)
		if b.guests == nil {
			b.guests = map[*model.Value]int{}
		}
		b.guests[&row[0]] = other
	case o.Guests < 0 && r.tenant == 0, o.Guests >= 0 && c.percent(formerShare): // some were
		b.former(t, row, other, c)
	}
}

// dataset closes the builder: it binds the cast to the users that are there.
func (b *builder) dataset(wanted []role) *Dataset {
	d := &Dataset{Part: b.part, Data: b.rows, next: b.next, State: model.Initial(b.Contract.Schema, b.rows)}
	taken := map[string]bool{}
	for _, w := range wanted {
		m := Member{Session: w.session, Tenant: null, User: null}
		if w.tenant >= len(b.tenant) {
			continue
		}
		if w.tenant >= 0 {
			m.Tenant = b.tenant[w.tenant]
		}
		if w.session.User != nil && w.tenant >= 0 {
			users := b.Contract.Candidates(w.session, m.Tenant, d.State)
			if len(users) == 0 {
				continue
			}
			if w.last {
				slices.Reverse(users)
			}
			m.User = users[0]
			for _, u := range users {
				if !taken[w.session.Name+"\x00"+u.Text] {
					m.User = u
					break
				}
			}
			taken[w.session.Name+"\x00"+m.User.Text] = true
		}
		d.Cast = append(d.Cast, m)
	}
	return d
}

// Again is a copy of the dataset that counts fresh keys by itself: what is drawn on it does not
// depend on what others draw on the original.
func (d *Dataset) Again() *Dataset {
	return &Dataset{Data: d.Data, Cast: d.Cast, State: d.State, Part: d.Part, next: append([]int(nil), d.next...)}
}

// Remembered makes a dataset of rows that were drawn before, so that more sequences can be drawn on
// them. Its identities are those of some steps that ran on the rows.
func (p *Plan) Remembered(data [][]model.Row, steps []model.Step) *Dataset {
	d := &Dataset{Data: data, State: model.Initial(p.Contract.Schema, data), next: append([]int(nil), p.first...)}
	for i := range d.next {
		d.next[i] += apart // from the keys of its rows, and those of the steps
	}
	for i := range steps {
		m := Member{Session: steps[i].Session, Tenant: steps[i].Tenant, User: steps[i].User}
		if !slices.Contains(d.Cast, m) {
			d.Cast = append(d.Cast, m)
		}
		for n := range p.parts {
			if s := steps[i].Op.Shape; i == 0 && s != nil && p.parts[n].own[s.Table.ID] {
				d.Part = n
			}
		}
	}
	return d
}

// apart is more than the number of keys that a dataset and the steps on it use.
const apart = 500
