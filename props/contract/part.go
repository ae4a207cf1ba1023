package contract

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// parts adds the partitions that sessions may use directly, as paths: no policy of the
// table that they are a part of holds there.
func (r *resolver) parts(named []*model.Path) {
	for _, t := range r.schema.Tables {
		whole := r.schema.Whole(t)
		if whole == nil {
			continue
		}
		v := r.part(t, whole)
		p := &model.Path{Name: "partition " + t.Label(), Kind: "partition", View: v}
		for _, s := range r.users(named, t.Name, func(role string) bool { return v.Readers[role] != nil }) {
			r.use(p, s, []model.Transaction{{Statements: []model.PathStatement{{Text: selection(v, r.actor(s))}}}})
		}
		r.add(p)
		r.viewWrites(named, v, "partition", anyWrite)
	}
}

// part is a partition as a view of the table that it is a part of.
func (r *resolver) part(t, whole *model.Table) *model.View {
	v := &model.View{
		Schema: t.Schema, Name: t.Name, Owner: t.Owner, Definition: "SELECT * FROM " + whole.SQL(), Base: whole,
		Readers: map[string][]bool{}, Writers: map[string]model.ViewWrite{}, Updates: map[string][]bool{},
	}
	for i := range t.Columns {
		v.Columns = append(v.Columns, t.Columns[i].Name)
		v.Fills = append(v.Fills, whole.Column(t.Columns[i].Name))
		if !t.Columns[i].Fillable() {
			v.Fills[i] = -1
		}
	}
	for _, role := range slices.Sorted(maps.Keys(r.schema.Privileges)) {
		p := &r.schema.Privileges[role][t.ID]
		if !p.Usage {
			continue
		}
		if slices.Contains(p.Select, true) {
			v.Readers[role] = p.Select
		}
		w := model.ViewWrite{Insert: slices.Contains(p.Insert, true), Update: slices.Contains(p.Update, true), Delete: p.Delete}
		if w != (model.ViewWrite{}) {
			v.Writers[role] = w
		}
		if w.Update {
			v.Updates[role] = p.Update
		}
	}
	return v
}
