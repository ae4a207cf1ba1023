package finding

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// left writes the steps that leave something and the call that finds it, or those that send something
// and hear it: on the rows as they are, again, and once more after the hidden ones became others. Each
// time the steps commit, on a new connection unless one listens, and all rows are put back before.
func (r *repro) left() {
	r.section("the rows, to be put back")
	for _, t := range r.c.Schema.Tables {
		if t.Parent == "" {
			r.line("CREATE TABLE rlsfuzz_repro.kept_%d AS TABLE %s;", t.ID, t.SQL())
		}
	}
	for n, name := range []string{"first", "again", "second"} {
		if n > 0 {
			r.putBack(n == 2)
		}
		if r.f.Scenario.Listens() {
			r.section(fmt.Sprintf("run %d of 3", n+1))
			r.text("\\set rlsfuzz_came ''")
		} else {
			r.section(fmt.Sprintf("run %d of 3, on a new connection", n+1))
			r.text("\\connect")
			clear(r.prepared)
		}
		for i := range r.f.Scenario.Steps[:r.d.Step] {
			r.step(i)
		}
		st := &r.f.Scenario.Steps[r.d.Step]
		r.section(fmt.Sprintf("step %d: %s", r.d.Step+1, oneLine(r.actor(st))))
		if r.otherPool(r.d.Step) {
			r.text("\\connect")
		}
		r.line("\\echo %s", echoed(fmt.Sprintf("step %d: %s", r.d.Step+1, r.actor(st))))
		r.once(r.d.Step, name)
	}
	r.compared()
}

// putBack puts back the rows that the steps changed; with others it changes the hidden ones
// after that.
func (r *repro) putBack(others bool) {
	r.section("the rows as they were")
	r.text("BEGIN;\nSET LOCAL session_replication_role = replica;")
	order, _ := r.c.Schema.LoadOrder()
	for i := len(order) - 1; i >= 0; i-- {
		r.line("DELETE FROM %s;", order[i].SQL())
	}
	for _, t := range order {
		if t.Parent != "" {
			continue
		}
		var names []string
		for i := range t.Columns {
			if !t.Columns[i].Generated {
				names = append(names, model.Quote(t.Columns[i].Name))
			}
		}
		list := strings.Join(names, ", ")
		r.line("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM rlsfuzz_repro.kept_%d;", t.SQL(), list, list, t.ID)
	}
	if others {
		who := oneLine(r.who(&r.f.Scenario.Steps[r.d.Step]))
		r.line("-- rows that %s may not see become others", who)
		for _, e := range r.d.Worlds.Edits {
			r.edit(e)
		}
	}
	r.text("COMMIT;")
	r.refresh()
}
