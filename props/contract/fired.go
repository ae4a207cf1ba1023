package contract

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// anyWrite is every command that writes.
var anyWrite = model.ViewWrite{Insert: true, Update: true, Delete: true}

// fired adds the writes to tables at which something runs that has more rights than the session:
// a trigger's function, or one that it calls, or a rule. What that makes of the row, or says, may tell
// of rows that the session may not see, as a view or a function may.
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
			r.viewWrites(named, r.part(t, t), "table", t, on)
		}
	}
}
