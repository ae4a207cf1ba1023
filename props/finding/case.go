package finding

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Case is the readable form of a scenario. What FromScenario makes, Format writes,
// ParseCase reads and Scenario turns back into the same scenario.
type Case struct {
	Name      string   // the file, for messages
	Contract  string   // path of the contract, relative to the file; empty: the caller's
	Found     *Found   // what it showed; nil in a case written by hand
	Comment   []string // lines about it; reading does not set them
	Committed bool     // real logins and real commits
	Explored  bool     // a session kept it since it came to something new: errors are answers
	Rows      []Rows
	Steps     []Step
	// Fill gives values to the columns of a row that the case does not name and that
	// are NOT NULL or have a default. Defaults to plain values by type.
	Fill func(t *model.Table, row map[string]model.Value)
}

// Found says what a case showed when it was written. It is information: editing it changes
// nothing but whether a run that finds the case saved reduces and explains it again.
type Found struct {
	Key, Class, Scope, Session, Command, Object, Path, Column, Rule string
	// State is empty for a case that is the least of its kind, and was confirmed.
	State string
	// Fix is why no fix was looked for; empty where one was.
	Fix string
}

// Rows are rows of one table.
type Rows struct {
	Table   string // label, or schema.table
	Records []Record
	Pos     Pos
}

// Record is one row: the columns that are given.
type Record struct {
	Fields []Field
	Pos    Pos
	// Any is the columns whose values may be anything, for a comment: reading does not set it.
	Any []string
}

// Field is a value of one column. Column is empty where values are listed without names.
type Field struct {
	Column string
	Value  model.Value
	Pos    Pos
}

// Step is one statement of one session, or one call of a path.
type Step struct {
	Session string
	Tenant  model.Value // NULL: none
	User    model.Value // NULL: none, or the first that fits
	Fresh   bool        // on a new connection
	Cut     int         // the call ends after so many transactions, or statements of a program; 0: at its end
	From    int         // the call goes on after so many transactions, where an earlier step was cut; 0: it begins
	// Undone and Prepared are those of [model.Step].
	Undone, Prepared bool
	Observer         *Observer // nil: nobody
	SQL              string
	Call             string // the name of a path; SQL is empty then
	Args             []model.Value
	Expect           *Expect // nil: nothing is expected
	Pos              Pos
	Any              []string // arguments that may be anything, as $1, for a comment: reading does not set it
	untold           bool     // the file has no entry tenant at all, not even null
}

// Observer is who may see what a step makes, if that is not who runs it.
type Observer struct {
	Session string
	Tenant  model.Value // NULL: none
	User    model.Value // NULL: none, or the first that fits
	Pos     Pos
}

// Pos is a place in a case file, both from 1; the zero value is no place.
type Pos struct{ Line, Column int }

// FromScenario makes the case of a scenario.
func FromScenario(c *model.Contract, s *model.Scenario) *Case {
	k := &Case{Committed: s.Committed}
	order, _ := c.Schema.LoadOrder()
	for _, t := range order {
		if t.ID >= len(s.Data) || len(s.Data[t.ID]) == 0 {
			continue
		}
		rows := s.Data[t.ID]
		table := Rows{Table: t.Label()}
		for _, row := range rows {
			table.Records = append(table.Records, record(t, row))
		}
		k.Rows = append(k.Rows, table)
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		step := Step{Session: st.Session.Name, Tenant: st.Tenant, User: st.User, Fresh: st.Fresh, Cut: st.Cut, From: st.From, Undone: st.Undone, Prepared: st.Prepared, SQL: st.Op.Raw, Args: st.Op.Args}
		if st.Op.Shape != nil {
			step.SQL = st.Op.Shape.Text
		}
		if st.Op.Path != nil {
			step.Call = st.Op.Path.Name
		}
		if o := &st.Observer; st.Observed() {
			step.Observer = &Observer{Session: o.Session.Name, Tenant: o.Tenant, User: o.User}
		}
		k.Steps = append(k.Steps, step)
	}
	return k
}

// record is a row as a case has it. It leaves out what reading the case brings back by itself:
// generated columns, and NULL in a column that is not filled.
func record(t *model.Table, row model.Row) Record {
	var r Record
	for i, v := range row {
		c := &t.Columns[i]
		if c.Generated || v.Null && !fillable(c) {
			continue
		}
		r.Fields = append(r.Fields, Field{Column: c.Name, Value: v})
	}
	return r
}

// fillable reports whether a column that a case does not name is filled.
func fillable(c *model.Column) bool {
	return !c.Generated && (c.NotNull || c.Default != "" || c.Identity != "")
}
