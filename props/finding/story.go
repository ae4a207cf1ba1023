package finding

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Story is a finding in words and rows, for reports that have no database at hand.
type Story struct {
	What    string `json:"what"`    // who saw or changed what of whom
	Allowed string `json:"allowed"` // what the contract allows
	Did     string `json:"did"`     // what Postgres answered
	Via     string `json:"via"`     // the table and command, or the path
	Step    int    `json:"step"`    // that shows it, from 1
	// Concerned is the rows that were seen, missing, or changed; Became what writes made of
	// them, where null stands for a row that is gone. Null among Concerned is a row that was
	// not there before.
	Concerned *Table `json:"concerned,omitempty"`
	Became    *Table `json:"became,omitempty"`
	// Before and After are what a path returned only before, or only after, hidden rows
	// became others.
	Hidden string   `json:"hidden,omitempty"` // those rows
	Before []string `json:"before,omitempty"`
	After  []string `json:"after,omitempty"`

	Widens  string   `json:"widens,omitempty"` // what a forbidden write made readable
	Rows    []Table  `json:"rows"`             // that the case begins with
	Steps   []Told   `json:"steps"`
	Commits bool     `json:"commits,omitempty"` // each step commits on a real connection
	Referee string   `json:"referee,omitempty"`
	State   string   `json:"state,omitempty"` // why the case is not the least one
	Apply   []string `json:"apply,omitempty"` // files of SQL that ran after the schema
	Again   []string `json:"again"`           // lines of the command that replays it
}

// Table is rows of a table: the columns in which some row has a value. A row is null where
// there was none, a value where it is NULL.
type Table struct {
	Name    string      `json:"name"`
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"`
}

// Told is one step.
type Told struct {
	Who   string   `json:"who"`
	Fresh bool     `json:"fresh,omitempty"` // on a fresh connection
	Path  string   `json:"path,omitempty"`
	SQL   []string `json:"sql"` // statements, or the line that starts a program
}

// Tell tells a finding, which must have its Contract.
func Tell(f *Finding) *Story {
	t := newTeller(f, f.Contract)
	s := &Story{
		What: oneLine(t.sentence()), Allowed: oneLine(t.allows()), Did: oneLine(t.d.Did), Via: t.via(), Step: t.d.Step + 1,
		Widens: f.escalated(), Commits: f.Scenario.Committed, Referee: f.Referee, State: f.State, Apply: f.Apply, Again: f.again(),
		Rows: t.data(), Steps: []Told{},
	}
	if w := t.d.Worlds; w != nil {
		s.Hidden, s.Before, s.After = t.hidden()+" "+t.wasDone(), t.gave(w.First), t.gave(w.Second)
	}
	about := t.table
	if about == nil {
		about = t.d.Of
	}
	if about != nil && len(t.d.Rows) > 0 {
		columns := filled(about, append(append([]model.Row{}, t.d.Rows...), t.d.Became...))
		s.Concerned = tabled(about, columns, t.d.Rows)
		if t.d.Became != nil {
			s.Became = tabled(about, columns, t.d.Became)
		}
	}
	for i := range f.Scenario.Steps {
		s.Steps = append(s.Steps, t.told(&f.Scenario.Steps[i]))
	}
	return s
}

// told tells one step.
func (t *teller) told(st *model.Step) Told {
	out := Told{Who: oneLine(t.actor(st)), Fresh: st.Fresh, SQL: []string{Statement(&st.Op)}}
	if st.Op.Path != nil {
		out.Path, out.SQL = st.Op.Path.Name, append([]string{}, t.calls(st)...)
	}
	return out
}

// via is what the session used: a call of the path, or the command on the table.
func (t *teller) via() string {
	if t.f.Path != "" {
		return t.f.Action() + " " + t.f.Path
	}
	return t.f.Command + " on " + t.f.Table
}

// data is the rows that the case begins with, targets of foreign keys first.
func (t *teller) data() []Table {
	out := []Table{}
	order, _ := t.c.Schema.LoadOrder()
	for _, table := range order {
		if table.ID < len(t.f.Scenario.Data) && len(t.f.Scenario.Data[table.ID]) > 0 {
			rows := t.f.Scenario.Data[table.ID]
			out = append(out, *tabled(table, filled(table, rows), rows))
		}
	}
	return out
}

// tabled is rows as a Table of some columns.
func tabled(t *model.Table, columns []int, rows []model.Row) *Table {
	out := &Table{Name: t.Label(), Columns: []string{}, Rows: [][]*string{}}
	for _, c := range columns {
		out.Columns = append(out.Columns, t.Columns[c].Name)
	}
	for _, row := range rows {
		var values []*string
		if row != nil {
			values = []*string{}
		}
		for _, c := range columns {
			if row == nil {
				break
			}
			var v *string
			if !row[c].Null {
				text := row[c].Text
				v = &text
			}
			values = append(values, v)
		}
		out.Rows = append(out.Rows, values)
	}
	return out
}
