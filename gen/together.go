package gen

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// trials is how many random datasets are loaded while a plan is fitted, after those
// of the matrix walk.
const trials = 6

// together loads whole datasets, and is content with fewer rows of a table, then with
// none, as long as one is refused.
func (f *fitting) together() error {
	sets, made := f.MatrixSets(), make([]bool, len(f.tables))
	for n := -sets; n < trials; n++ {
		for {
			var d *Dataset
			if n < 0 {
				d = f.MatrixDataset(n + sets)
			} else {
				d = f.Dataset(&Counted{N: uint64(n+1) * 7919}, Options{})
			}
			a, err := f.server.Load(d.Data)
			if err != nil {
				return fmt.Errorf("fit whole datasets: %w", err)
			}
			if !a.Refused() {
				for i := range d.Data {
					made[i] = made[i] || len(d.Data[i]) > 0
				}
				break
			}
			if a.Table == nil {
				return fmt.Errorf("fit whole datasets: %s", a.Message)
			}
			if f.Empty[a.Table] != "" {
				return fmt.Errorf("fit whole datasets: %s has rows though it cannot be filled: %s", a.Table.Label(), f.Empty[a.Table])
			}
			f.lower(a.Table, &a, len(d.Data[a.Table.ID]))
		}
	}
	for _, t := range f.Order {
		if f.Empty[t] == "" && !made[t.ID] && !f.tables[t.ID].skip && len(t.Seed) == 0 {
			f.Empty[t] = "no row could be made with all that it refers to"
		}
	}
	return nil
}

// lower makes later datasets easier for a table whose rows were refused beside each other: first it
// has them differ wherever rows may collide, then it has none made for the conditions of the schema,
// then none that refers to something by columns of which the constraint reads others too, then it
// allows two rows of it, then one, then none. Each of these happens to a table once, so it ends.
func (f *fitting) lower(t *model.Table, a *Answer, rows int) {
	switch most, limited := f.most[t]; {
	case !f.strict[t]:
		f.strict[t] = true
	case len(f.tables[t.ID].met()) > 0:
		f.tables[t.ID].askings = nil
	case f.unrefer(t, a.Constraint):
	case !limited && rows > 2:
		f.most[t] = 2
	case most > 1 || !limited && rows > 1:
		f.most[t] = 1
	default:
		if a.Constraint != "" {
			f.Empty[t] = fmt.Sprintf("constraint %s refused the rows of every dataset", a.Constraint)
		} else {
			f.Empty[t] = "Postgres refused the rows of every dataset: " + a.Message
		}
		for range f.Order {
			for _, t := range f.Order {
				f.cascade(t)
			}
		}
	}
}

// unrefer leaves the columns of a constraint the combinations in which no reference among them has a
// value: whether a row fits may follow from which row it refers to. It reports whether some of its
// combinations are left out, and others stay.
func (f *fitting) unrefer(t *model.Table, constraint string) bool {
	at := slices.IndexFunc(t.Checks, func(c model.Check) bool { return c.Name == constraint })
	if at < 0 || len(t.Checks[at].Columns) < 2 {
		return false
	}
	columns, some := t.Checks[at].Columns, false
	for n := range f.tables[t.ID].groups {
		g := &f.tables[t.ID].groups[n]
		if !model.Contains(g.columns, columns[0]) {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(g.tuples), func(made tuple) bool {
			for j, i := range g.columns {
				if made[j].given && model.Contains(columns, i) && isReference(t, i) {
					return true
				}
			}
			return false
		})
		if len(kept) > 0 && len(kept) < len(g.tuples) {
			g.tuples, some = kept, true
		}
	}
	return some
}
