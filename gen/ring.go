package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// ring finds the tables whose rows must refer to each other in a circle, as deferred keys allow: what
// such a row is known by must be there before the rows are made that refer to it.
func (p *Plan) ring() {
	for i := range p.tables {
		t := p.tables[i].table
		for j := range p.tables {
			for _, k := range p.tables[j].keys {
				if k.Target != t || i == j || !notNull(p.tables[j].table, k) || !p.needed(t, p.tables[j].table) {
					continue
				}
				for _, c := range k.Targets {
					if early := &p.tables[i].early; !isReference(t, c) && !model.Contains(p.tables[i].tenant, c) && !slices.Contains(*early, c) {
						*early = append(*early, c)
					}
				}
			}
		}
	}
}

// needed reports whether rows of a table need rows of another, through keys that must not be NULL.
func (p *Plan) needed(from, to *model.Table) bool {
	seen := []*model.Table{from}
	for n := 0; n < len(seen); n++ {
		for _, k := range p.tables[seen[n].ID].keys {
			if notNull(seen[n], k) && !slices.Contains(seen, k.Target) {
				seen = append(seen, k.Target)
			}
		}
	}
	return slices.Contains(seen, to)
}

// early gives a row of a circle what it is known by: a number within its tenant, where it may be one.
func (b *builder) early(t *model.Table, k int, row model.Row, set []bool, c *choices) {
	for _, i := range b.tables[t.ID].early {
		switch col := &t.Columns[i]; {
		case set[i]:
			continue
		case keyKind(col) && !limited(t, i):
			n := 1 + len(b.ofTenant(t, k))
			for _, f := range b.stack {
				if f.table == t && f.k == k {
					n++
				}
			}
			row[i] = key(col, n)
		default:
			row[i] = b.fill(t, i, nil, c)
		}
		set[i] = true
	}
}

// follows reports whether what a row refers to gives a column its value. Where another column of the
// key may be NULL, the row refers to nothing then, whatever this one is (MATCH SIMPLE).
func follows(t *model.Table, column int) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(k model.ForeignKey) bool {
		return slices.Contains(k.Columns, column) && (k.Full || !slices.ContainsFunc(k.Columns, func(c int) bool { return c != column && !t.Columns[c].NotNull }))
	})
}
