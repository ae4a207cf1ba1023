package contract

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// anyWrite is every command that writes.
var anyWrite = model.ViewWrite{Insert: true, Update: true, Delete: true}

// fired adds, as paths, the writes to tables whose triggers or rules run with more rights than the
// session: by themselves, or in a function that they call. Like a view or a function, what they put
// into the row, or say in an error, may tell of rows that the session may not see.
func (r *resolver) fired(named []*model.Path) {
	texts, rights := map[string]string{}, map[string]bool{}
	for _, m := range r.schema.Routines {
		texts[m.Name] += m.Source + "\n"
		rights[m.Name] = rights[m.Name] || m.Definer
	}
	rights[anyName] = len(r.schema.Routines) > 0
	spread(texts, rights)
	for _, t := range r.schema.Tables {
		if t.Parent != "" {
			continue
		}
		var on model.ViewWrite
		for i := range t.Triggers {
			if tr := &t.Triggers[i]; !tr.Replica && (tr.Definer || reaches(tr.Body, texts, rights)) {
				on.Insert, on.Update, on.Delete = on.Insert || tr.On.Insert, on.Update || tr.On.Update, on.Delete || tr.On.Delete
			}
		}
		if on != (model.ViewWrite{}) {
			r.viewWrites(named, r.part(t, t), "table", on)
		}
	}
}
