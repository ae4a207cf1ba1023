package gen

import (
	"fmt"

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
// then it allows two rows of it, then one, then none.
func (f *fitting) lower(t *model.Table, a *Answer, rows int) {
	switch most, limited := f.most[t]; {
	case !f.strict[t]:
		f.strict[t] = true
	case len(f.tables[t.ID].met()) > 0:
		f.tables[t.ID].askings = nil
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
