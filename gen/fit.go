package gen

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Try inserts one row by itself and undoes it. It returns the name of the constraint
// that refused the row, or what Postgres said; both empty when the row fits.
type Try func(t *model.Table, row model.Row) (constraint, message string, err error)

// Fit leaves out what a table's constraints refuse: it tries a row of the simplest
// values, then every value of every column in it. Columns that one constraint ties
// together keep the values of the row that fits. A table of which no row fits is
// Empty from then on, and so is one that must refer to it.
func (p *Plan) Fit(try Try) error {
	for _, t := range p.Order {
		if p.Empty[t] != "" || p.tables[t.ID].skip {
			continue
		}
		for _, k := range p.tables[t.ID].keys {
			if k.Target != t && notNull(t, k) && p.Empty[k.Target] != "" && len(k.Target.Seed) == 0 {
				p.Empty[t] = "it refers to " + k.Target.Label() + ", which could not be filled"
			}
		}
		if p.Empty[t] != "" {
			continue
		}
		if err := p.fitTable(t, try); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) fitTable(t *model.Table, try Try) error {
	row := p.plainRow(t)
	message, err := p.mend(t, row, try)
	if err != nil {
		return err
	}
	if message != "" {
		p.Empty[t] = message
		return nil
	}
	for i := range t.Columns {
		col := &p.tables[t.ID].columns[i]
		if col.how != fromPool || isReference(t, i) {
			continue
		}
		if tied(t, i) {
			if row[i].Null {
				col.pool, col.null = nil, true
			} else {
				col.pool, col.null = []model.Value{row[i]}, false
			}
			col.cycle, col.canary = false, false
			continue
		}
		if err := p.fitColumn(t, i, row, try); err != nil {
			return err
		}
	}
	return nil
}

// fitColumn keeps the values of a column that fit.
func (p *Plan) fitColumn(t *model.Table, i int, row model.Row, try Try) error {
	col := &p.tables[t.ID].columns[i]
	fits := func(v model.Value) (bool, error) {
		changed := slices.Clone(row)
		changed[i] = v
		constraint, message, err := try(t, changed)
		return constraint == "" && message == "", err
	}
	var kept []model.Value
	for _, v := range col.pool {
		ok, err := fits(v)
		if err != nil {
			return err
		}
		if ok {
			kept = append(kept, v)
		}
	}
	if col.null {
		ok, err := fits(null)
		if err != nil {
			return err
		}
		col.null = ok
	}
	if col.canary && len(t.Checks) > 0 {
		ok, err := fits(text(Token(t, 1)))
		if err != nil {
			return err
		}
		col.canary = ok
	}
	col.pool = kept
	col.cycle = col.cycle && len(kept) > 0
	return nil
}

// tied reports whether a constraint reads the column together with others.
func tied(t *model.Table, i int) bool {
	for j := range t.Checks {
		if c := t.Checks[j].Columns; len(c) > 1 && slices.Contains(c, i) {
			return true
		}
	}
	return false
}

// plainRow is a row of the simplest values.
func (p *Plan) plainRow(t *model.Table) model.Row {
	row := make(model.Row, len(t.Columns))
	for i := range row {
		col := &p.tables[t.ID].columns[i]
		switch {
		case col.how == counted || isReference(t, i) && t.Columns[i].NotNull && col.how != absent && len(col.pool) == 0:
			row[i] = key(&t.Columns[i], p.first[t.ID])
		case col.null || col.how == absent || len(col.pool) == 0:
			row[i] = null
		default:
			row[i] = col.pool[0]
		}
		if slices.Contains(p.tables[t.ID].tenant, i) && row[i].Null {
			row[i] = tenantValue(t.Columns[i].Type, 1)
		}
	}
	return row
}

// mendings bounds the rows that are tried for one table.
const mendings = 400

// mend changes the columns that a refusing constraint reads, one after the other,
// until the row fits. It returns why it does not, if so.
func (p *Plan) mend(t *model.Table, row model.Row, try Try) (string, error) {
	constraint, message, err := try(t, row)
	for n := 0; err == nil && constraint+message != "" && n < mendings; {
		better := false
		for _, i := range p.suspects(t, constraint) {
			old := row[i]
			for _, v := range append([]model.Value{null}, p.tables[t.ID].columns[i].pool...) {
				if v == old || v.Null && t.Columns[i].NotNull {
					continue
				}
				n++
				row[i] = v
				next, text, terr := try(t, row)
				if terr != nil {
					return "", terr
				}
				if next == "" && text == "" {
					return "", nil
				}
				if next != constraint {
					constraint, message, better = next, text, true
					break
				}
				row[i] = old
			}
			if better {
				break
			}
		}
		if !better {
			break
		}
	}
	if err != nil || constraint+message == "" {
		return "", err
	}
	if constraint != "" {
		return fmt.Sprintf("constraint %s refuses every row that was tried", constraint), nil
	}
	return "Postgres refuses every row that was tried: " + message, nil
}

// suspects is the columns that may be to blame: those of the constraint, else all.
func (p *Plan) suspects(t *model.Table, constraint string) []int {
	for i := range t.Checks {
		if t.Checks[i].Name == constraint {
			return t.Checks[i].Columns
		}
	}
	var all []int
	for i := range t.Columns {
		if p.tables[t.ID].columns[i].how == fromPool && !isReference(t, i) {
			all = append(all, i)
		}
	}
	return all
}
