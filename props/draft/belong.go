package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// place is what the draft says of how a table's rows belong to tenants. It is settled when it is
// known; until then the placer may look at it again, as its neighbours are settled.
type place struct {
	table    *model.Table
	how      model.How
	ways     []string // columns and foreign keys that lead to a tenant, as a contract writes them
	query    string   // SELECT of the tenants of a row; empty where the ways say it
	inherits bool     // it is a partition or child: the contract places it as its parent
	plural   bool     // a row may have several tenants
	global   bool     // a row without a tenant is everybody's
	settled  bool
	hangs    bool           // foreign keys that are never NULL place it
	parents  []*model.Table // the tables that its foreign keys among the ways lead to
	notes    []string       // what a person should know, as comments
	asks     []string       // what only a person can say
}

// placer places the tables one by one, those first that others hang on.
type placer struct {
	survey *Survey
	d      *domains
	e      *evidence
	t      tenancy
	cast   cast
	shares []share
	places []*place // by Table.ID

	referee *referee // tells which rows without a tenant policies show
}

// place settles every table. The tables with a tenant's column come first; then, in rounds, those
// that lead to a settled one, the surest ways before the others; what is left leads nowhere.
func (p *placer) place() {
	for _, t := range p.survey.Schema.Tables {
		p.places = append(p.places, &place{table: t})
	}
	for _, b := range p.places {
		p.itself(b)
	}
	p.users()
	for _, b := range p.places { // all columns are known before parents are added
		if len(b.ways) > 0 && !p.t.byUser && b.table != p.home() {
			p.agree(b)
		}
	}
	for p.inherit() || p.through(true, false) || p.byUser(true) || p.through(false, false) || p.byUser(false) || p.members() || p.through(true, true) || p.through(false, true) {
	}
	for _, b := range p.places {
		if b.hangs && !p.t.byUser {
			p.complete(b)
		}
	}
	for _, b := range p.places {
		p.disagree(b)
		if !b.settled {
			p.nowhere(b)
		}
		if len(b.parents) == 0 && len(b.ways) > 0 && !p.t.byUser && p.remarks(b) {
			p.agree(b)
		}
	}
}

// remarks reports whether a table with a tenant's column, such as one of comments, hangs on
// documents that may be shared with other tenants. Its rows then belong to the document's tenant
// too, whoever wrote them.
func (p *placer) remarks(b *place) bool {
	return slices.ContainsFunc(p.shares, func(s share) bool {
		return !s.users && b.table != s.table && b.table != s.of.home && s.shown(p.survey, b.table, "$tenant", 0) != ""
	})
}

// home is the tenants' own table; nil where there is none.
func (p *placer) home() *model.Table { return p.t.home() }

// itself places the tenants' table, and tables with a column of the tenants.
func (p *placer) itself(b *place) {
	t, m := b.table, p.t.tenants
	cols := m.in(t)
	switch {
	case m == nil || p.parent(t) != nil:
		return
	case len(cols) == 0:
		if list := m.parts(t); len(list) > 0 {
			p.inside(b, list)
		}
		return
	case slices.ContainsFunc(p.shares, func(s share) bool { return s.table == t && !s.users }): // its document's
		return
	case p.person(b, cols):
		return
	case t == m.home:
		cols = []int{m.key}
	case p.t.byUser:
		cols = p.owners(b, cols)
	}
	for _, c := range cols {
		b.ways = append(b.ways, columnName(t.Columns[c].Name))
	}
	b.settled = true
	nullable := !slices.ContainsFunc(cols, func(c int) bool { return t.Columns[c].NotNull })
	if nullable && !slices.ContainsFunc(t.ForeignKeys, func(k model.ForeignKey) bool { return instead(t, &k, cols) }) {
		b.without(p.referee.global(t, cols, "") != nil, strings.Join(b.ways, ", "))
	}
}

// person reports whether a table with a tenant's column is about the users all the same: its key is
// a user's, and the column may be NULL and no policy compares it, such as the tenant that a user
// looked at last. It is placed by its user later.
func (p *placer) person(b *place, cols []int) bool {
	t, u := b.table, p.t.users
	if u == nil || p.t.member == nil || p.t.byUser || t == u.home || len(t.Key) != 1 || !slices.Contains(u.in(t), t.Key[0]) {
		return false
	}
	for _, c := range cols {
		compared := slices.ContainsFunc(p.e.equal, func(q equality) bool { return q.table == t && q.column == Column{Table: t, Column: c} })
		if t.Columns[c].NotNull || compared {
			return false
		}
	}
	b.asks = append(b.asks, fmt.Sprintf("a row of %s is its user's, whatever tenant %s says: right? If it is that tenant's, tenant: %[2]s", t.Label(), columnName(t.Columns[cols[0]].Name)))
	return true
}

// without asks whose a row is that has no tenant: everybody's if global, else nobody's.
func (p *place) without(global bool, ways string) {
	if p.global = global; global {
		p.asks = append(p.asks, fmt.Sprintf("a row of %s without %s is everybody's to read, as policies have it: right? If nobody's, remove null: shared", p.table.Label(), ways))
		return
	}
	p.asks = append(p.asks, fmt.Sprintf("a row of %s without %s is nobody's: right? If everybody's, add null: shared", p.table.Label(), ways))
}

// owners chooses among the columns of a table that name a user the ones that say whose a row is:
// those that are never NULL before others, then part of the key, then compared by a policy.
func (p *placer) owners(b *place, cols []int) []int {
	best, most := []int(nil), -1
	for _, c := range cols {
		rank := 0
		if b.table.Columns[c].NotNull {
			rank += 4
		}
		if slices.Contains(b.table.Key, c) {
			rank += 2
		}
		if slices.ContainsFunc(p.e.equal, func(q equality) bool { return q.table == b.table && q.column == Column{Table: b.table, Column: c} }) {
			rank++
		}
		switch {
		case rank > most:
			best, most = []int{c}, rank
		case rank == most:
			best = append(best, c)
		}
	}
	if len(cols) > 1 {
		var list []string
		for _, c := range cols {
			list = append(list, b.table.Columns[c].Name)
		}
		b.asks = append(b.asks, fmt.Sprintf("%s names users in several columns (%s): whose is a row?", b.table.Label(), strings.Join(list, ", ")))
	}
	return best
}

// agree adds to a table with a tenant's column the foreign keys that lead to a tenant too. A row
// whose column says one tenant and whose parent says another then belongs to both, and ties
// the two together.
func (p *placer) agree(b *place) {
	for _, k := range p.owned(b.table, false, false) {
		if !always(b.table, k) && !instead(b.table, k, p.t.tenants.in(b.table)) {
			continue
		}
		if !p.says(b, k) && !p.reaches(k.Target, b.table, map[int]bool{}) {
			b.ways = append(b.ways, arrow(b.table, k))
			b.parents = append(b.parents, k.Target)
		}
	}
}

// complete adds to a table that hangs on others the foreign keys to those that were settled after it,
// however many tables lie between them and the tenant.
func (p *placer) complete(b *place) {
	for _, k := range p.owned(b.table, true, false) {
		if !slices.Contains(b.ways, arrow(b.table, k)) && !p.reaches(k.Target, b.table, map[int]bool{}) {
			b.ways = append(b.ways, arrow(b.table, k))
			b.parents = append(b.parents, k.Target)
		}
	}
}

// disagree asks about tables that hang on rows which may name two tenants, by different ways, where
// no policy of theirs for writing asks for one of the ways. Keys of several columns are taken to have
// the tenant among them.
func (p *placer) disagree(b *place) {
	for _, above := range b.parents {
		of := p.places[above.ID]
		if len(of.parents) < 2 || p.t.byUser || len(b.table.Policies) == 0 {
			continue
		}
		for _, way := range of.parents {
			asked := slices.ContainsFunc(b.table.Policies, func(o model.Policy) bool {
				return o.Permissive && o.Command != "SELECT" && (p.survey.mentions(o.Using+" "+o.Check, way) || way == b.table)
			})
			tied := slices.ContainsFunc(above.ForeignKeys, func(k model.ForeignKey) bool { return k.Target == way && len(k.Columns) > 1 })
			if asked || tied {
				continue
			}
			b.asks = append(b.asks, fmt.Sprintf("a row of %s belongs to the tenants of all that it hangs on (%s), but policies of %s do not ask %s: does it say whose the row is? If not, leave it out of the tenant of %[1]s",
				above.Label(), strings.Join(of.ways, ", "), b.table.Label(), way.Label()))
		}
	}
}

// instead reports whether a row may name a parent in the place of a tenant: a CHECK constraint
// reads the foreign key and one of the tenant's columns, and both may be NULL.
func instead(t *model.Table, k *model.ForeignKey, columns []int) bool {
	if k.Target == nil || len(k.Columns) != 1 || t.Columns[k.Columns[0]].NotNull || slices.Contains(columns, k.Columns[0]) {
		return false
	}
	return slices.ContainsFunc(t.Checks, func(c model.Check) bool {
		return slices.Contains(c.Columns, k.Columns[0]) && slices.ContainsFunc(columns, func(i int) bool { return !t.Columns[i].NotNull && slices.Contains(c.Columns, i) })
	})
}

// says reports whether a foreign key adds nothing: its column says the tenant already, and the
// table that it leads to is placed by its key alone, such as a profile of a tenant.
func (p *placer) says(b *place, k *model.ForeignKey) bool {
	return len(k.Columns) == 1 && slices.Contains(b.ways, columnName(b.table.Columns[k.Columns[0]].Name)) &&
		slices.Equal(p.places[k.Target.ID].ways, []string{columnName(k.Target.Columns[k.Targets[0]].Name)})
}

// reaches reports whether the ways of one table lead to another.
func (p *placer) reaches(from, to *model.Table, seen map[int]bool) bool {
	if from == to {
		return true
	}
	if seen[from.ID] {
		return false
	}
	seen[from.ID] = true
	return slices.ContainsFunc(p.places[from.ID].parents, func(t *model.Table) bool { return p.reaches(t, to, seen) })
}

// owned is the foreign keys of a table to tables that are settled and owned by tenants: with
// required those alone that are never NULL, with several also to tables whose rows may have
// several tenants.
func (p *placer) owned(t *model.Table, required, several bool) []*model.ForeignKey {
	var out []*model.ForeignKey
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target == nil || k.Target == t || k.Target == p.home() || required && !always(t, k) || p.guest(t, k) {
			continue
		}
		to := p.places[k.Target.ID]
		if to.settled && to.how == model.Owned && !to.inherits && (several || !to.plural) {
			out = append(out, k)
		}
	}
	return out
}

// guest reports whether a foreign key names the tenant that a document is shared with. The row
// belongs to the document's tenant, not to that one.
func (p *placer) guest(t *model.Table, k *model.ForeignKey) bool {
	return slices.ContainsFunc(p.shares, func(s share) bool { return s.table == t && !s.users && slices.Contains(k.Columns, s.member) })
}

// through places tables by the foreign keys of owned, and reports whether it placed any.
func (p *placer) through(required, several bool) bool {
	type found struct {
		b    *place
		keys []*model.ForeignKey
	}
	var all []found
	for _, b := range p.places {
		if keys := p.owned(b.table, required, several); !b.settled && len(keys) > 0 && p.parent(b.table) == nil {
			all = append(all, found{b, keys})
		}
	}
	for _, f := range all {
		for _, k := range f.keys {
			f.b.ways = append(f.b.ways, arrow(f.b.table, k))
			f.b.parents = append(f.b.parents, k.Target)
			f.b.plural = f.b.plural || p.places[k.Target.ID].plural
		}
		f.b.global = p.hangs(f.b)
		f.b.settled, f.b.hangs = true, required && !several
	}
	return len(all) > 0
}

// hangs reports whether every parent of a table may have rows without a tenant, which are
// everybody's, and a policy shows the table's rows with them.
func (p *placer) hangs(b *place) bool {
	return !slices.ContainsFunc(b.parents, func(t *model.Table) bool {
		return !p.places[t.ID].global || !slices.ContainsFunc(b.table.Policies, func(x model.Policy) bool {
			return grants(&x, "SELECT") && p.survey.mentions(x.Using, t)
		})
	})
}

// users places the users' own table by its column, else by the membership table.
func (p *placer) users() {
	u := p.t.users
	if u == nil || u.home == nil || p.t.member == nil || p.places[u.home.ID].settled {
		return
	}
	b, m := p.places[u.home.ID], p.t.member
	b.query = m.query(p.t.tenants, sql.QuoteName(u.home.Name)+"."+sql.QuoteName(u.home.Columns[u.key].Name))
	b.settled, b.plural = true, true
	of := p.places[m.table.ID]
	if of.notes = append(of.notes, "says which tenants a user belongs to"); len(m.more) > 0 {
		names := []string{m.table.Columns[m.member].Name}
		for _, c := range m.more {
			names = append(names, m.table.Columns[c].Name)
		}
		of.asks = append(of.asks, m.table.Label()+" lists users in several columns ("+strings.Join(names, ", ")+"): is each of them one of its tenant? So it is taken")
	}
}

// members places tables that lead to no tenant by themselves, but that a membership table ties to
// tenants. They must have row security: people have, a list of features that tenants choose from
// has not.
func (p *placer) members() bool {
	some := false
	for _, b := range p.places {
		if b.settled || !b.table.RowSecurity || p.t.byUser || p.t.tenants == nil || len(b.table.Key) != 1 || p.parent(b.table) != nil {
			continue
		}
		of := p.d.of[Column{Table: b.table, Column: b.table.Key[0]}]
		if of == nil || of.home != b.table {
			continue
		}
		m := p.d.member(p.t.tenants, of)
		if m == nil {
			continue
		}
		b.query = m.query(p.t.tenants, sql.QuoteName(b.table.Name)+"."+sql.QuoteName(b.table.Columns[b.table.Key[0]].Name))
		b.settled, b.plural, some = true, true, true
		p.places[m.table.ID].notes = append(p.places[m.table.ID].notes, "says which tenants a row of "+b.table.Label()+" belongs to")
	}
	return some
}

// byUser places tables that name a user and lead to no tenant otherwise: with required those whose
// column is never NULL.
func (p *placer) byUser(required bool) bool {
	u := p.t.users
	if u == nil || u.home == nil || !p.places[u.home.ID].settled || p.places[u.home.ID].how != model.Owned {
		return false
	}
	some := false
	for _, b := range p.places {
		cols := u.in(b.table)
		if b.settled || b.table == u.home || len(cols) == 0 || p.parent(b.table) != nil || len(u.home.Key) != 1 || u.home.Key[0] != u.key {
			continue
		}
		if required && !slices.ContainsFunc(cols, func(c int) bool { return b.table.Columns[c].NotNull }) {
			continue
		}
		for _, c := range p.owners(b, cols) {
			b.ways = append(b.ways, columnName(b.table.Columns[c].Name)+" -> "+tableName(u.home))
		}
		b.parents = append(b.parents, u.home)
		b.settled, b.plural, some = true, p.places[u.home.ID].plural, true
	}
	return some
}

// parent is the table that a partition or child belongs to.
func (p *placer) parent(t *model.Table) *model.Table {
	for _, o := range p.survey.Schema.Tables {
		if t.Parent != "" && o != t && (o.Label() == t.Parent || o.Schema+"."+o.Name == t.Parent) {
			return o
		}
	}
	return nil
}

// inherit settles partitions and children, which the contract places as their parent.
func (p *placer) inherit() bool {
	some := false
	for _, b := range p.places {
		parent := p.parent(b.table)
		if b.settled || parent == nil || !p.places[parent.ID].settled {
			continue
		}
		from := p.places[parent.ID]
		b.settled, b.inherits, b.how, b.plural, some = true, true, from.how, from.plural, true
	}
	return some
}

// above is the foreign key by which the tenants' own table refers to a table, such as one of
// companies, that is protected: row security is on, and no policy shows its rows to whoever asks.
// It is nil where there is none.
func (p *placer) above(t *model.Table) *model.ForeignKey {
	home := p.home()
	if home == nil || slices.Contains(p.survey.Own, t.Schema) || !p.referee.protected(t) {
		return nil
	}
	at := slices.IndexFunc(home.ForeignKeys, func(k model.ForeignKey) bool { return k.Target == t && len(k.Columns) == 1 })
	if at < 0 {
		return nil
	}
	return &home.ForeignKeys[at]
}

// nowhere places what leads to no tenant: everybody's if some session may read it, else
// nobody's.
func (p *placer) nowhere(b *place) {
	b.settled = true
	if !p.cast.reach(p.survey.Schema, b.table) {
		b.how = model.Internal
		if slices.Contains(p.survey.Own, b.table.Schema) {
			return
		}
		b.notes = append(b.notes, "no session has a privilege on it")
		return
	}
	if c, ok := p.named(b.table); ok {
		b.query = p.within(c)
		b.asks = append(b.asks, "is "+c.String()+" the tenant? So it is taken, by its name alone; else "+b.table.Label()+" is everybody's (shared), or nobody's (internal)")
		return
	}
	if k := p.above(b.table); k != nil {
		home := p.home()
		b.query = "SELECT t." + sql.QuoteName(home.Columns[p.t.tenants.key].Name) + " FROM " + sqlName(home) + " t WHERE t." + sql.QuoteName(home.Columns[k.Columns[0]].Name) +
			" = " + sql.QuoteName(b.table.Name) + "." + sql.QuoteName(b.table.Columns[k.Targets[0]].Name)
		b.asks = append(b.asks, "a row of "+b.table.Label()+" belongs to each tenant that refers to it: right? Else it is everybody's (shared), or nobody's (internal)")
		return
	}
	b.how = model.Shared
	if slices.Contains(p.survey.Own, b.table.Schema) {
		b.asks = append(b.asks, "how do rows of "+b.table.Label()+" belong to a tenant? Until you say, everybody may see and change them")
		return
	}
	if p.referee.private(b.table) {
		b.asks = append(b.asks, b.table.Label()+" lists users, and leads to no tenant: a row is its user's, and rules of the sessions say who else may see it: right?")
		return
	}
	b.asks = append(b.asks, b.table.Label()+" leads to no tenant: everybody's (shared), or nobody's (internal), or whose?")
}
