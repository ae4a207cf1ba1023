package contract

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// seen resolves what a session may read, by Table.ID. Where nothing is written, base
// holds; without base the inferred own, as an upper bound.
func (r *resolver) seen(g grants[seesDecl], base []model.Sees, in binding) []model.Sees {
	named := pick(r, g)
	out := make([]model.Sees, len(r.schema.Tables))
	for _, t := range r.schema.Tables {
		site := ruleSite{binding: in, table: t, use: model.OwnRead}
		d, alias := named.of(t)
		switch {
		case r.contract.Belongs[t.ID].How == model.Internal:
			if d != nil && d != g.every && plainKind(d.rule.value) != plainNone {
				r.fail(d.rule.at.at, "none, or another way of the table to belong to tenants", "table %q is internal: no session may see it", t.Label())
			}
			out[t.ID] = model.Sees{Rule: r.plainRule("none", site), Exact: true, Written: d != nil}
		case d != nil:
			site.alias = alias
			out[t.ID] = r.sees(d, site)
		case base != nil:
			out[t.ID] = base[t.ID]
		default:
			out[t.ID] = model.Sees{Rule: r.plainRule("own", site)}
		}
	}
	return out
}

func (r *resolver) sees(d *seesDecl, site ruleSite) model.Sees {
	out := model.Sees{Exact: !d.may, Written: true, Columns: r.columns(site.table, d.columns)}
	if d.rule.given() {
		out.Rule = r.rule(d.rule, site)
	} else {
		out.Rule = r.plainRule("own", site)
	}
	return out
}

// columns marks the columns that are listed; nil for all.
func (r *resolver) columns(t *model.Table, list []text) []bool {
	if list == nil {
		return nil
	}
	out := make([]bool, len(t.Columns))
	for _, c := range list {
		if i := r.column(t, strings.Trim(c.value, `"`), c.place()); i >= 0 {
			out[i] = true
		}
	}
	return out
}

// changed resolves what a session may change, by Table.ID.
func (r *resolver) changed(g grants[writesDecl], base []model.Writes, in binding) []model.Writes {
	named := pick(r, g)
	out := make([]model.Writes, len(r.schema.Tables))
	for _, t := range r.schema.Tables {
		site := ruleSite{binding: in, table: t}
		d, alias := named.of(t)
		switch {
		case r.contract.Belongs[t.ID].How == model.Internal:
			if d != nil && d != g.every && !d.none() {
				r.fail(d.at, "none, or another way of the table to belong to tenants", "table %q is internal: no session may change it", t.Label())
			}
			out[t.ID] = model.Writes{Written: d != nil}
		case d != nil:
			site.alias = alias
			out[t.ID] = r.writes(d, site)
		case base != nil:
			out[t.ID] = base[t.ID]
		case g.given: // who writes down what may be changed, has said it all
		default:
			own := text{"own", &node{kind: scalar, text: "own", at: r.file.tenant.at}}
			out[t.ID] = r.writes(&writesDecl{insert: &changeDecl{rule: own}, update: &changeDecl{rule: own}, delete: &changeDecl{rule: own}}, site)
			out[t.ID].Written = false
		}
	}
	return out
}

// none reports whether nothing at all may be changed.
func (d *writesDecl) none() bool {
	for _, c := range []*changeDecl{d.insert, d.update, d.delete} {
		if c != nil && plainKind(c.rule.value) != plainNone {
			return false
		}
	}
	return true
}

// writes resolves the rules of one table; none is a nil rule.
func (r *resolver) writes(d *writesDecl, site ruleSite) model.Writes {
	out := model.Writes{Written: true}
	in := func(use model.OwnUse) ruleSite {
		site.use = use
		return site
	}
	if c := d.insert; c != nil {
		out.Insert = r.change(c.rule, in(model.OwnNew))
		out.InsertColumns, out.MayInsert = r.columns(site.table, c.columns), c.may
	}
	if c := d.update; c != nil {
		out.From = r.change(c.rule, in(model.OwnWrite))
		to := c.to
		if kind := plainKind(c.rule.value); !to.given() && c.rule.given() && (kind == plainAll || kind == plainNone) {
			to = c.rule
		}
		out.To = r.change(to, in(model.OwnNew))
		out.UpdateColumns, out.MayUpdate = r.columns(site.table, c.columns), c.may
	}
	if c := d.delete; c != nil {
		out.Delete = r.change(c.rule, in(model.OwnWrite))
		out.MayDelete = c.may
	}
	return out
}

// change is a rule, own where none is written, nil for none.
func (r *resolver) change(t text, site ruleSite) *model.Rule {
	switch {
	case !t.given():
		return r.plainRule("own", site)
	case plainKind(t.value) == plainNone:
		return nil
	}
	return r.rule(t, site)
}

// picked is rules by table, their names resolved.
type picked[T any] struct {
	r     *resolver
	every *T
	by    map[int]*T
}

func pick[T any](r *resolver, g grants[T]) picked[T] {
	out := picked[T]{r: r, every: g.every, by: map[int]*T{}}
	for i := range g.tables {
		t := r.table(g.tables[i].table)
		switch {
		case t == nil:
		case out.by[t.ID] != nil:
			r.fail(g.tables[i].table.place(), "each table once", "table %q stands here twice", t.Label())
		default:
			out.by[t.ID] = &g.tables[i].decl
		}
	}
	return out
}

// of is the rule of a table: its own, that of the table it is a partition or child
// of, or that for every table. alias is the name of that other table.
func (p picked[T]) of(t *model.Table) (decl *T, alias string) {
	for at, n := t, 0; at != nil && n < 32; at, n = p.r.parent(at), n+1 {
		if d := p.by[at.ID]; d != nil {
			if at != t {
				alias = at.Name
			}
			return d, alias
		}
	}
	return p.every, ""
}
