package gen

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Server answers while a plan is fitted to it.
type Server interface {
	// Cast casts each text to a type by itself. An answer that is no refusal has the
	// text that Postgres prints for the value as its only column.
	Cast(typ string, list []string) ([]Answer, error)
	// Insert inserts each row by itself, without triggers and foreign keys, and undoes it.
	Insert(t *model.Table, rows []model.Row) ([]Answer, error)
	// Ask inserts as Insert does, and tells of each row that fits which conditions hold for it:
	// SQL over the table's columns.
	Ask(t *model.Table, rows []model.Row, conditions []string) ([]Answer, error)
	// Load inserts a whole dataset in the same way, and undoes it.
	Load(data [][]model.Row) (Answer, error)
}

// Answer is what Postgres made of one attempt: the row that it stored, or why not.
type Answer struct {
	Row                      model.Row
	Table                    *model.Table // that refused, of a Load
	Constraint, Column, Code string
	Message                  string
	Holds                    []bool // which conditions do, of an Ask
}

// Refused reports whether Postgres did not take it.
func (a *Answer) Refused() bool { return a.Code != "" }

func (a *Answer) blame() string {
	if a.Constraint != "" {
		return a.Constraint
	}
	return a.Code + " " + a.Column
}

// Fit adapts a plan to what a server accepts: it has every value printed by Postgres,
// finds a row that fits each table, then which values of each column fit in it, and
// combinations of columns that constraints tie together. Whole datasets come last. It
// depends on the schema and the server alone. A table of which no row fits is Empty from
// then on, and so is one that must refer to it.
func (p *Plan) Fit(s Server) error {
	f := &fitting{Plan: p, server: s, printed: map[[2]string]string{}}
	p.types.valid = f.valid
	defer func() { p.types.valid = nil }()
	for _, t := range p.Order {
		p.cascade(t)
		if p.Empty[t] != "" || p.tables[t.ID].skip {
			continue
		}
		if err := f.table(t); err != nil {
			return fmt.Errorf("fit %s: %w", t.Label(), err)
		}
	}
	for range p.Order { // what refers in a circle
		for _, t := range p.Order {
			p.cascade(t)
		}
	}
	sought := f.sought()
	if err := f.together(); err != nil {
		return err
	}
	return f.unmet(sought)
}

// cascade empties a table that must refer to an empty one.
func (p *Plan) cascade(t *model.Table) {
	if p.Empty[t] != "" {
		return
	}
	for _, k := range p.tables[t.ID].keys {
		if k.Target != t && notNull(t, k) && p.Empty[k.Target] != "" && len(k.Target.Seed) == 0 {
			p.Empty[t] = "it refers to " + k.Target.Label() + ", which could not be filled"
		}
	}
}

// fitting is a plan being fitted.
type fitting struct {
	*Plan
	server  Server
	printed map[[2]string]string // by type and text; "\x00": refused
	tries   int                  // rows of the present table
	failed  error                // of asking for the parts of a value
}

// valid leaves of some texts those that a type takes, as Postgres prints them.
func (f *fitting) valid(ty *model.Type, list []string) []string {
	kept, err := f.print(ty, texts(list...))
	if err != nil && f.failed == nil {
		f.failed = err
	}
	out := make([]string, len(kept))
	for i := range kept {
		out[i] = kept[i].Text
	}
	return out
}

// insert tries rows of a table, each by itself. A row that collides with one of the
// schema's own fits: datasets avoid it.
func (f *fitting) insert(t *model.Table, rows []model.Row) ([]Answer, error) {
	f.tries += len(rows)
	answers, err := f.server.Insert(t, rows)
	for i := range answers {
		if a := &answers[i]; a.Code == "23505" || a.Code == "23P01" {
			*a = Answer{Row: rows[i]}
		}
	}
	return answers, err
}

// table fits one table: the values of each column first, then rows of them.
func (f *fitting) table(t *model.Table) error {
	f.tries = 0
	if known, err := f.pools(t); err != nil || !known {
		return err
	}
	base, refusal, err := f.mend(t, f.plainRow(t), nil)
	if err != nil {
		return err
	}
	if refusal != nil {
		f.Empty[t] = f.refusal(refusal)
		return nil
	}
	if err := f.singles(t, base); err != nil {
		return err
	}
	if err := f.contrasts(t, base); err != nil {
		return err
	}
	if err := f.names(t, base); err != nil {
		return err
	}
	if err := f.unlike(t, base); err != nil {
		return err
	}
	why, err := f.derive(t, base)
	if err != nil {
		return err
	}
	if why != "" {
		f.Empty[t] = why
		return nil
	}
	met, err := f.satisfy(t, base)
	if err != nil {
		return err
	}
	if err := f.combinations(t, base, met); err != nil {
		return err
	}
	return f.land(t, base)
}

// pools has Postgres print the values of each column of a table. It reports false, and says why the
// table stays empty, where no value is known for a column that needs one.
func (f *fitting) pools(t *model.Table) (known bool, err error) {
	tp := &f.tables[t.ID]
	for i := range t.Columns {
		col := &tp.columns[i]
		if col.how != fromPool {
			continue
		}
		if f.types.composed(&t.Columns[i].Type) {
			for _, s := range f.types.pool(&t.Columns[i].Type, words(&t.Columns[i], ""), 0) {
				if v := text(s); !slices.Contains(col.pool, v) {
					col.pool = append(col.pool, v)
				}
			}
		}
		list, err := f.print(&t.Columns[i].Type, col.pool)
		if err == nil {
			err = f.failed
		}
		if err != nil {
			return false, err
		}
		if len(list) == 0 {
			if list, err = f.print(&t.Columns[i].Type, texts(col.spare...)); err != nil {
				return false, err
			}
		}
		if col.pool = list; len(list) == 0 {
			if t.Columns[i].NotNull && !isReference(t, i) {
				f.Empty[t] = "no value of type " + t.Columns[i].Type.Name + " is known for column " + t.Columns[i].Name
				return false, nil
			}
			f.Void[model.ColumnRef{Table: t.ID, Column: i}] = "no value of type " + t.Columns[i].Type.Name + " is known"
			col.cycle = false
		}
	}
	return true, nil
}

func (f *fitting) refusal(a *Answer) string {
	if a.Constraint != "" {
		return fmt.Sprintf("constraint %s refused each of %d rows that were tried", a.Constraint, f.tries)
	}
	return fmt.Sprintf("Postgres refused each of %d rows that were tried: %s", f.tries, a.Message)
}

// print has Postgres print values of a type; those that it refuses are left out.
func (f *fitting) print(ty *model.Type, pool []model.Value) ([]model.Value, error) {
	var ask []string
	for _, v := range pool {
		if _, known := f.printed[[2]string{ty.Name, v.Text}]; !known && !v.Null {
			ask = append(ask, v.Text)
		}
	}
	if len(ask) > 0 {
		answers, err := f.server.Cast(ty.Name, ask)
		if err != nil {
			return nil, err
		}
		for i := range answers {
			text := "\x00"
			if a := &answers[i]; !a.Refused() && !a.Row[0].Null {
				text = a.Row[0].Text
			}
			f.printed[[2]string{ty.Name, ask[i]}] = text
		}
	}
	var out []model.Value
	for _, v := range pool {
		s := f.printed[[2]string{ty.Name, v.Text}]
		if v.Null || s == "\x00" {
			continue
		}
		if v := text(s); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out, nil
}

// singles keeps the values that fit of columns that no constraint ties to others.
// Rows of all first, all second, … values tell quickly when all of them do.
func (f *fitting) singles(t *model.Table, base model.Row) error {
	tp := &f.tables[t.ID]
	var free []int
	longest := 0
	for i := range t.Columns {
		if col := &tp.columns[i]; col.how == fromPool && !isReference(t, i) && !tp.tied(i) {
			free = append(free, i)
			longest = max(longest, len(col.pool))
		}
	}
	rows := make([]model.Row, 0, longest)
	for n := range longest {
		row := slices.Clone(base)
		for _, i := range free {
			if pool := tp.columns[i].pool; len(pool) > 0 {
				row[i] = pool[n%len(pool)]
			}
		}
		rows = append(rows, row)
	}
	answers, err := f.insert(t, rows)
	if err != nil {
		return err
	}
	all := !slices.ContainsFunc(answers, func(a Answer) bool { return a.Refused() })
	for _, i := range free {
		if err := f.single(t, i, base, all); err != nil {
			return err
		}
	}
	return nil
}

// enough is how many values of a column end the search for more.
const enough = 3

// single keeps the values of a column that fit into a row. all says that every value
// of its pool is known to.
func (f *fitting) single(t *model.Table, i int, base model.Row, all bool) error {
	col := &f.tables[t.ID].columns[i]
	if !all {
		kept, err := f.fitting(t, i, base, col.pool)
		if err != nil {
			return err
		}
		if len(kept) == 0 && !base[i].Null {
			kept = []model.Value{base[i]}
		}
		if len(kept) < enough {
			more, err := f.print(&t.Columns[i].Type, texts(col.spare...))
			if err != nil {
				return err
			}
			if more, err = f.fitting(t, i, base, more); err != nil {
				return err
			}
			for _, v := range more {
				if len(kept) < enough && !slices.Contains(kept, v) {
					kept = append(kept, v)
				}
			}
		}
		if len(kept) == 0 && f.Void[model.ColumnRef{Table: t.ID, Column: i}] == "" {
			f.Void[model.ColumnRef{Table: t.ID, Column: i}] = fmt.Sprintf("none of its %d values fits", len(col.pool)+len(col.spare))
		}
		col.pool, col.cycle = kept, col.cycle && len(kept) > 0
	}
	if col.null && !base[i].Null {
		kept, err := f.fitting(t, i, base, []model.Value{null})
		if err != nil {
			return err
		}
		col.null = len(kept) > 0
	}
	if col.canary && (checked(t, i) || len(t.Triggers) > 0) {
		token := text(Token(t, 1))
		kept, err := f.fitting(t, i, base, []model.Value{token})
		if err != nil {
			return err
		}
		col.canary = len(kept) > 0 && kept[0] == token
	}
	return nil
}

// fitting returns the values of a column that fit into a row, as Postgres stores them.
func (f *fitting) fitting(t *model.Table, i int, base model.Row, pool []model.Value) ([]model.Value, error) {
	rows := make([]model.Row, len(pool))
	for n, v := range pool {
		rows[n] = slices.Clone(base)
		rows[n][i] = v
	}
	answers, err := f.insert(t, rows)
	if err != nil {
		return nil, err
	}
	var kept []model.Value
	for n := range answers {
		if a := &answers[n]; !a.Refused() && !slices.Contains(kept, a.Row[i]) {
			kept = append(kept, a.Row[i])
		}
	}
	return kept, nil
}

// plainRow is a row of the simplest values.
func (f *fitting) plainRow(t *model.Table) model.Row {
	row := make(model.Row, len(t.Columns))
	tp := &f.tables[t.ID]
	for i := range row {
		col := &tp.columns[i]
		holds := f.holds(t, i)
		switch {
		case col.how == counted && !isReference(t, i):
			row[i] = key(&t.Columns[i], f.first[t.ID])
		case col.how == absent || col.how == nowhere:
			row[i] = null
		case isReference(t, i) && !(col.null && !holds):
			row[i] = f.placeholder(t, i)
		case holds:
			row[i] = f.tenantValue(t.Columns[i].Type, 1)
		case col.null || len(col.pool) == 0:
			row[i] = null
		default:
			row[i] = col.pool[0]
		}
	}
	return row
}

// placeholder is a value that a reference may have, other than the row's own key.
func (f *fitting) placeholder(t *model.Table, i int) model.Value {
	for _, k := range f.tables[t.ID].keys {
		for j, col := range k.Columns {
			if col != i {
				continue
			}
			if target := &f.tables[k.Target.ID].columns[k.Targets[j]]; target.how == fromPool && len(target.pool) > 0 && !isReference(k.Target, k.Targets[j]) {
				return target.pool[len(target.pool)-1]
			}
		}
	}
	if keyKind(&t.Columns[i]) && !limited(t, i) {
		return key(&t.Columns[i], f.first[t.ID]+7+i)
	}
	if pool := f.tables[t.ID].columns[i].pool; len(pool) > 0 {
		return pool[len(pool)-1]
	}
	return key(&t.Columns[i], f.first[t.ID]+7+i)
}
