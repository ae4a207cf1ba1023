package draft

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// along asks, where tenants are users, about foreign keys by which a deleted row of one removes or
// changes rows of others that name it, and which are no way to a tenant: a post may have comments of
// many users. Between companies it is a fault. Keys of several columns are taken to have the tenant
// among them.
func (d *Draft) along() {
	for _, p := range d.places {
		if !d.tenancy.byUser || p.how != model.Owned || p.inherits {
			continue
		}
		for i := range p.table.ForeignKeys {
			k := &p.table.ForeignKeys[i]
			if !k.Takes() || len(k.Columns) > 1 || k.Target == nil || k.Target == d.tenancy.home() || slices.Contains(p.ways, arrow(p.table, k)) || slices.Contains(p.ways, columnName(p.table.Columns[k.Columns[0]].Name)) {
				continue
			}
			if to := d.places[k.Target.ID]; to.how != model.Owned || to.query == "" && len(to.ways) == 0 || !d.deletes(k.Target) {
				continue
			}
			verb := "removes"
			if k.OnDelete != "c" {
				verb = "changes"
			}
			p.asks = append(p.asks, fmt.Sprintf("who deletes a row of %s %s the rows of %s that name it (%s), whoever's they are: meant?",
				k.Target.Label(), verb, p.table.Label(), p.table.Columns[k.Columns[0]].Name))
		}
	}
}

// deletes reports whether a session with a tenant has the privilege to delete rows of a table.
func (d *Draft) deletes(t *model.Table) bool {
	return slices.ContainsFunc(d.sessions, func(s *session) bool {
		may := d.survey.Schema.Privileges[s.acts]
		return !s.alien() && may != nil && may[t.ID].Delete
	})
}
