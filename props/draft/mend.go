package draft

import "github.com/rlsfuzz/rlsfuzz/model"

// Mend takes back what stands on a line of the contract and cannot be resolved: a table's
// place becomes a question, a path a comment. It reports whether there was such a thing.
func (d *Draft) Mend(line int, why string) bool {
	if line < 1 || line > len(d.lines) {
		return false
	}
	switch x := d.lines[line-1].(type) {
	case *place:
		x.how, x.ways, x.query, x.inherits = model.Shared, nil, "", false
		x.asks = append(x.asks, "how do rows of "+x.table.Label()+" belong to a tenant? The guess cannot be said: "+short(why))
		return true
	case *path:
		d.dropped[x] = why
		return true
	}
	return false
}
