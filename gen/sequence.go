package gen

import (
	"slices"
	"strconv"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Sequence draws the steps of one check on a dataset: most statements by a few of
// its identities, about rows of both tenants. calls is how many of a hundred sequences
// call paths.
func (p *Plan) Sequence(bits Bits, n int, d *Dataset, calls int) []model.Step {
	if len(d.Cast) == 0 {
		return nil
	}
	steps := make([]model.Step, 0, n)
	c := seeded(bits.Next(), -3)
	actors := [2]int{p.actor(d.Cast, &c), 0}
	if c.percent(calls) || len(p.shapes[d.Cast[actors[0]].Session.ID]) == 0 || d.Cast[actors[0]].handed() {
		if who := p.caller(d.Cast, &c); who != nil {
			if c.percent(usedShare) {
				if steps := p.usedSequence(who, d, min(max(n, leastPairs), mostPairs), bits); len(steps) > 0 {
					return steps
				}
			}
			return p.callSequence(who, d, Calls, bits)
		}
	}
	actors[1] = p.actor(d.Cast, &c)
	acts := func(m Member) bool { return len(p.tablesOf(&m, d)) > 0 }
	first := slices.IndexFunc(d.Cast, acts)
	if first < 0 { // nobody has a table
		return nil
	}
	for i, at := range actors {
		if !acts(d.Cast[at]) {
			actors[i] = first
		}
	}
	if steps := p.takenSequence(d, &c); steps != nil {
		return steps
	}
	fresh := 0
	for range n {
		c := seeded(bits.Next(), -4)
		steps = append(steps, p.step(&d.Cast[actors[c.upTo(2)]], d, &fresh, &c))
	}
	return steps
}

// How many of a hundred sequences are calls of paths: many in the first batches of a
// search, so that each path is called soon; fewer later, since second worlds make a call as
// dear as twenty statements.
const (
	CallsAtFirst = 40
	CallsLater   = 8
)

// Calls is how many calls a sequence of calls has; a sequence of pairs of calls has leastPairs to
// mostPairs pairs. Most of their time goes into loading rows, which all calls of a sequence share.
const (
	Calls      = 16
	leastPairs = 5
	mostPairs  = 10
)

// step draws one statement of one identity.
func (p *Plan) step(who *Member, d *Dataset, fresh *int, c *choices) model.Step {
	shape := draw(p.tablesOf(who, d), c)
	step := who.step(model.Op{Shape: shape, Args: p.args(shape, who, d, fresh, c)})
	p.lose(&step, c)
	return step
}

// args draws the constants of a statement: mostly values that rows have.
func (p *Plan) args(s *model.Shape, who *Member, d *Dataset, fresh *int, c *choices) []model.Value {
	args := make([]model.Value, len(s.Params))
	rows := d.State.Rows(s.Table.ID)
	var base model.Row
	if len(rows) > 0 {
		base = rows[c.upTo(len(rows))]
	}
	switch s.Command {
	case model.Insert, model.Upsert, model.Merge:
		row := p.proposal(s, who, d, fresh, c)
		for i, col := range s.Columns {
			args[i] = row[col]
		}
		return args
	case model.Select, model.Update, model.Delete, model.Call:
	}
	for i, param := range s.Params {
		if param.Set {
			args[i] = p.newValue(s.Table, param.Column, who, d, fresh, c)
			continue
		}
		args[i] = p.wild(s.Table, param.Column)
		if base != nil && !c.percent(5) && !base[param.Column].Null {
			args[i] = base[param.Column]
		}
		if s.Where.Match == model.AnyOf && len(rows) > 0 { // the next id is of another row
			base = rows[c.upTo(len(rows))]
		}
	}
	return args
}

// wild is a value of the right type that no row has.
func (p *Plan) wild(t *model.Table, i int) model.Value {
	c := &t.Columns[i]
	switch c.Type.Kind {
	case sql.Int:
		return text("30011") // which a smallint holds
	case sql.UUID:
		return uuid(1 << 40)
	case sql.Text:
		return text(limit("nobody", c.Type.Length))
	default: // any value of its pool
	}
	if pool := p.tables[t.ID].columns[i].pool; len(pool) > 0 {
		return pool[0]
	}
	return null
}

// newValue is what an UPDATE sets: as a rule a value that no row has, and for
// references and tenants one of any tenant.
func (p *Plan) newValue(t *model.Table, i int, who *Member, d *Dataset, fresh *int, c *choices) model.Value {
	tp := &p.tables[t.ID]
	if model.Contains(tp.tenant, i) {
		if others := p.others(d, who.Tenant); len(others) > 0 && c.percent(75) {
			return others[c.upTo(len(others))]
		}
		return p.anyTenant(d, c)
	}
	if in := tp.inside(i); in != nil {
		old := tp.columns[i].draw(c)
		if others := p.others(d, who.Tenant); len(others) > 0 && c.percent(75) {
			return in.put(old, others[c.upTo(len(others))])
		}
		return in.put(old, p.anyTenant(d, c))
	}
	for _, k := range tp.keys {
		for j, col := range k.Columns {
			if col != i {
				continue
			}
			if targets := d.State.Rows(k.Target.ID); len(targets) > 0 {
				target := targets[c.upTo(len(targets))]
				if tp.moves(i) {
					if others := p.foreign(d, k.Target, who.Tenant); len(others) > 0 && c.percent(50) {
						target = others[c.upTo(len(others))]
					}
				}
				return target[k.Targets[j]]
			}
		}
	}
	col := &tp.columns[i]
	if p.rekeys(t, i) {
		*fresh++
		return p.key(t, i, d.next[t.ID]+*fresh)
	}
	if plainText(t, i) && (c.state == 0 || c.percent(80)) {
		*fresh++
		return text(limit("set-"+strconv.Itoa(*fresh), t.Columns[i].Type.Length))
	}
	if t.Columns[i].Type.Kind == sql.Int && !checked(t, i) && len(col.pool) > 0 {
		*fresh++
		return text(strconv.Itoa(5000 + *fresh))
	}
	return col.draw(c)
}

// foreignShare is how many of a hundred new rows are proposed for another tenant than the caller's.
const foreignShare = 60

// proposal is the row that an INSERT proposes; for upserts and merges with the key of a row that is
// there in half of the cases.
func (p *Plan) proposal(s *model.Shape, who *Member, d *Dataset, fresh *int, c *choices) model.Row {
	t := s.Table
	*fresh++
	tenant, k := who.Tenant, 0
	if who.Tenant.Null {
		k = -1
	}
	if tenants := p.others(d, who.Tenant); len(tenants) > 0 && (k < 0 || c.percent(foreignShare)) {
		tenant = tenants[c.upTo(len(tenants))]
		k = 0
	}
	b := p.offering(d, tenant, *fresh)
	b.next[t.ID] += *fresh
	if c.percent(6) { // a row that ties two tenants together
		for i := range b.owner {
			clear(b.owner[i])
		}
	}
	row := b.proposed(t, k, c)
	if c.percent(15) {
		if own := p.aboutSelf(d, who, t, tenant, *fresh, c); own != nil {
			row = own
		}
	}
	if row == nil {
		row = make(model.Row, len(t.Columns))
		for i := range row {
			row[i] = p.wild(t, i)
		}
	}
	if s.Command != model.Insert && c.percent(50) {
		if rows := d.State.Rows(t.ID); len(rows) > 0 {
			old := rows[c.upTo(len(rows))]
			for _, i := range t.Key {
				row[i] = old[i]
			}
		}
	}
	return row
}

// proposed makes a row without keeping it, and without the rows it would refer to.
func (b *builder) proposed(t *model.Table, k int, c *choices) model.Row {
	kept := b.rows
	b.rows = append([][]model.Row(nil), kept...)
	row := b.row(t, k, nil, c)
	b.rows = kept
	if row != nil {
		b.unique(t, row, nil)
	}
	return row
}

// Shapes lists every statement that may be drawn for a session.
func (p *Plan) Shapes(s *model.Session) []*model.Shape {
	var out []*model.Shape
	for i := range p.shapes[s.ID] {
		c := &p.shapes[s.ID][i]
		for _, list := range [][]weighted{c.selects, c.inserts, c.updates, c.deletes} {
			for _, w := range list {
				out = append(out, w.shape)
			}
		}
	}
	return out
}

// Fresh is one look on a connection that nobody used, for every session without a
// tenant in the contract: where a setting was never set, it is NULL and not empty.
func (p *Plan) Fresh(d *Dataset) []model.Step {
	var steps []model.Step
	for _, s := range p.Contract.Sessions {
		if !s.Tenantless || len(p.inPart(s, d)) == 0 {
			continue
		}
		steps = append(steps, model.Step{Session: s, Tenant: null, User: null, Fresh: true, Op: model.Op{Shape: p.inPart(s, d)[0].selects[0].shape}})
	}
	return steps
}
