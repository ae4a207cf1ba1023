package model

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Command is what a statement does to its table.
type Command uint8

// The commands. Upsert and Merge insert or update; which one, their effect tells.
const (
	Select Command = iota
	Insert
	Update
	Delete
	Upsert
	Merge
	Call // of a path
)

// Commands lists the commands that cells of the matrix have, in their order.
var Commands = []Command{Select, Insert, Update, Delete}

func (c Command) String() string {
	return [...]string{"select", "insert", "update", "delete", "upsert", "merge", "call"}[c]
}

// Form is how a query is written. CTE, SubSelect, Cursor and Copy return the rows of the
// plain form; Locking those that the session may also update; the others something else.
type Form uint8

// The forms of SELECT. Join, Exists and Totals are queries that the model does not
// evaluate: a superuser runs them over copies of the predicted rows.
const (
	Plain Form = iota
	Count
	CTE
	SubSelect
	Locking // FOR UPDATE
	Cursor
	Copy
	Join
	Exists
	Totals
)

func (f Form) String() string {
	return [...]string{"plain", "count", "cte", "subselect", "locking", "cursor", "copy", "join", "exists", "totals"}[f]
}

// Evaluated reports whether the model predicts the rows of the form itself.
func (f Form) Evaluated() bool { return f < Join }

// Match is the kind of a statement's condition on one column.
type Match uint8

// The conditions. Equal may compare several columns: those of the primary key.
const (
	Every   Match = iota // no WHERE
	Equal                // column = $n
	AnyOf                // column = ANY (ARRAY[$n, $m])
	IsNull               // column IS NULL
	NotNull              // column IS NOT NULL
)

// Where is a statement's condition.
type Where struct {
	Match   Match
	Columns []int // those compared: none for Every, one or more for Equal, else one
}

// Shape is a statement with parameters in the place of constants. Few shapes exist
// for each session and table; each is prepared once.
type Shape struct {
	Command   Command
	Form      Form
	Table     *Table
	Columns   []int // selected, inserted or, for UPDATE, set
	Where     Where
	Returning []int       // nil without
	Other     *ForeignKey // of Join and Exists: the key that is followed
	OtherCols []int       // of Join: columns of the other table
	Child     *Table      // of Exists: the table whose rows refer to Table
	Nothing   bool        // of Upsert: DO NOTHING
	Text      string      // the statement
	CopyText  string      // the query over the copies, for the forms that the model does not evaluate
	Params    []Param     // what $1, $2, … stand for
}

// Param is a parameter of a shape.
type Param struct {
	Column int  // of the shape's table
	Set    bool // a new value; otherwise one that is compared
}

// Op is what a step does: a statement over a table (Shape), a call of a path (Path),
// or a statement written by hand (Raw), which the model does not predict. Exactly one
// of the three is set.
type Op struct {
	Shape *Shape
	Path  *Path
	Raw   string
	Args  []Value
}

// Reads reports whether the statement reads a column of its target, so that
// SELECT policies apply to it too (manual, CREATE POLICY).
func (s *Shape) Reads() bool {
	return s.Command == Select || s.Command == Upsert || s.Command == Merge || s.Where.Match != Every || len(s.Returning) > 0
}

// Tables lists the tables that the statement reads or writes.
func (s *Shape) Tables() []*Table {
	switch s.Form {
	case Join:
		return []*Table{s.Table, s.Other.Target}
	case Exists:
		return []*Table{s.Table, s.Child}
	default:
		return []*Table{s.Table}
	}
}

// Matches reports whether a row meets the statement's condition.
func (o *Op) Matches(row Row) bool {
	w := &o.Shape.Where
	at := o.Shape.setParams()
	switch w.Match {
	case Every:
		return true
	case Equal:
		for i, c := range w.Columns {
			if row[c].Null || o.Args[at+i].Null || row[c].Text != o.Args[at+i].Text {
				return false
			}
		}
		return true
	case AnyOf:
		v := row[w.Columns[0]]
		return !v.Null && (!o.Args[at].Null && v.Text == o.Args[at].Text || !o.Args[at+1].Null && v.Text == o.Args[at+1].Text)
	case IsNull:
		return row[w.Columns[0]].Null
	case NotNull:
		return !row[w.Columns[0]].Null
	}
	panic(fmt.Sprintf("match %d", w.Match))
}

// setParams is the number of parameters before those of the condition.
func (s *Shape) setParams() int {
	switch s.Command {
	case Insert, Update, Upsert, Merge:
		return len(s.Columns)
	default:
		return 0
	}
}

// NewShape completes a shape: it writes its text and its parameters. copies names a
// table's copy for CopyText; nil leaves it out.
func NewShape(s Shape, copies func(*Table) string) *Shape {
	s.Params = nil
	w := writer{shape: &s, name: (*Table).SQL}
	switch s.Command {
	case Select:
		s.Text = w.query()
		if !s.Form.Evaluated() && copies != nil {
			params := s.Params
			c := writer{shape: &s, name: copies}
			s.Params = nil
			s.CopyText = c.query()
			s.Params = params
		}
	case Insert:
		s.Text = w.insert("") + w.returning()
	case Upsert:
		s.Text = w.insert(w.conflict()) + w.returning()
	case Update:
		s.Text = w.update() + w.returning()
	case Delete:
		s.Text = "DELETE FROM " + s.Table.SQL() + w.where("") + w.returning()
	case Merge:
		s.Text = w.merge()
	case Call: // of a path, which has no shape
	}
	return &s
}

// writer writes the text of a shape.
type writer struct {
	shape *Shape
	name  func(*Table) string
}

func (w *writer) param(column int, set bool) string {
	w.shape.Params = append(w.shape.Params, Param{Column: column, Set: set})
	return fmt.Sprintf("$%d::%s", len(w.shape.Params), w.shape.Table.Columns[column].Type.Name)
}

func (w *writer) columns(t *Table, columns []int, qualifier string) string {
	if len(columns) == 0 {
		return "1"
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = qualifier + Quote(t.Columns[c].Name)
	}
	return strings.Join(names, ", ")
}

func (w *writer) condition(qualifier string) string {
	m := w.shape.Where
	var parts []string
	for _, c := range m.Columns {
		name := qualifier + Quote(w.shape.Table.Columns[c].Name)
		switch m.Match {
		case Every:
		case Equal:
			parts = append(parts, name+" = "+w.param(c, false))
		case AnyOf:
			parts = append(parts, name+" = ANY (ARRAY["+w.param(c, false)+", "+w.param(c, false)+"])")
		case IsNull:
			parts = append(parts, name+" IS NULL")
		case NotNull:
			parts = append(parts, name+" IS NOT NULL")
		}
	}
	return strings.Join(parts, " AND ")
}

func (w *writer) where(qualifier string) string {
	if w.shape.Where.Match == Every {
		return ""
	}
	return " WHERE " + w.condition(qualifier)
}

func (w *writer) returning() string {
	if len(w.shape.Returning) == 0 {
		return ""
	}
	return " RETURNING " + w.columns(w.shape.Table, w.shape.Returning, "")
}

func (w *writer) query() string {
	s, t := w.shape, w.shape.Table
	from := " FROM " + w.name(t)
	switch s.Form {
	case Plain:
		return "SELECT " + w.columns(t, s.Columns, "") + from + w.where("")
	case Count:
		return "SELECT count(*)" + from + w.where("")
	case CTE:
		return "WITH q AS MATERIALIZED (SELECT " + w.columns(t, s.Columns, "") + from + w.where("") + ") SELECT * FROM q"
	case SubSelect:
		return "SELECT * FROM (SELECT " + w.columns(t, s.Columns, "") + from + w.where("") + " OFFSET 0) q"
	case Locking:
		return "SELECT " + w.columns(t, s.Columns, "") + from + w.where("") + " FOR UPDATE"
	case Cursor:
		return "DECLARE rlsfuzz_c CURSOR FOR SELECT " + w.columns(t, s.Columns, "") + from + w.where("")
	case Copy:
		return "COPY (SELECT " + w.columns(t, s.Columns, "") + from + w.where("") + ") TO STDOUT"
	case Join:
		return "SELECT " + w.columns(t, s.Columns, "t.") + ", " + w.columns(s.Other.Target, s.OtherCols, "o.") +
			from + " t JOIN " + w.name(s.Other.Target) + " o ON " + w.on("t.", s.Other.Columns, t, "o.", s.Other.Targets, s.Other.Target) + w.where("t.")
	case Exists:
		return "SELECT " + w.columns(t, s.Columns, "t.") + from + " t WHERE EXISTS (SELECT 1 FROM " + w.name(s.Child) + " o WHERE " +
			w.on("o.", s.Other.Columns, s.Child, "t.", s.Other.Targets, t) + ")"
	case Totals:
		c := Quote(t.Columns[s.Columns[0]].Name)
		return "SELECT " + c + ", count(*), min(" + c + "::text), max(" + c + "::text)" + from + w.where("") + " GROUP BY " + c
	}
	panic(fmt.Sprintf("form %d", s.Form))
}

func (w *writer) on(aq string, a []int, at *Table, bq string, b []int, bt *Table) string {
	parts := make([]string, len(a))
	for i := range a {
		parts[i] = aq + Quote(at.Columns[a[i]].Name) + " = " + bq + Quote(bt.Columns[b[i]].Name)
	}
	return strings.Join(parts, " AND ")
}

func (w *writer) insert(conflict string) string {
	s := w.shape
	values := make([]string, len(s.Columns))
	over := ""
	for i, c := range s.Columns {
		values[i] = w.param(c, true)
		if s.Table.Columns[c].Identity == "a" {
			over = " OVERRIDING SYSTEM VALUE"
		}
	}
	return "INSERT INTO " + s.Table.SQL() + " (" + w.columns(s.Table, s.Columns, "") + ")" + over +
		" VALUES (" + strings.Join(values, ", ") + ")" + conflict
}

func (w *writer) conflict() string {
	s := w.shape
	target := " ON CONFLICT (" + w.columns(s.Table, s.Table.Key, "") + ") DO "
	if s.Nothing {
		return target + "NOTHING"
	}
	return target + "UPDATE SET " + w.assign("EXCLUDED.")
}

// Assigned is the columns of an insert that an upsert or a MERGE sets where the row is there already:
// not those of the key, and no identity that is always generated.
func (t *Table) Assigned(inserted []int) []int {
	var out []int
	for _, c := range inserted {
		if !Contains(t.Key, c) && t.Columns[c].Identity != "a" {
			out = append(out, c)
		}
	}
	return out
}

// assign sets those columns to the row's that is inserted.
func (w *writer) assign(from string) string {
	t := w.shape.Table
	var parts []string
	for _, c := range t.Assigned(w.shape.Columns) {
		name := Quote(t.Columns[c].Name)
		parts = append(parts, name+" = "+from+name)
	}
	return strings.Join(parts, ", ")
}

func (w *writer) update() string {
	s := w.shape
	parts := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		parts[i] = Quote(s.Table.Columns[c].Name) + " = " + w.param(c, true)
	}
	return "UPDATE " + s.Table.SQL() + " SET " + strings.Join(parts, ", ") + w.where("")
}

func (w *writer) merge() string {
	s, t := w.shape, w.shape.Table
	values := make([]string, len(s.Columns))
	names := make([]string, len(s.Columns))
	over := ""
	for i, c := range s.Columns {
		values[i] = w.param(c, true)
		names[i] = "s." + Quote(t.Columns[c].Name)
		if t.Columns[c].Identity == "a" {
			over = " OVERRIDING SYSTEM VALUE"
		}
	}
	return "MERGE INTO " + t.SQL() + " t USING (VALUES (" + strings.Join(values, ", ") + ")) s (" + w.columns(t, s.Columns, "") + ") ON " +
		w.on("t.", t.Key, t, "s.", t.Key, t) + " WHEN MATCHED THEN UPDATE SET " + w.assign("s.") +
		" WHEN NOT MATCHED THEN INSERT (" + w.columns(t, s.Columns, "") + ")" + over + " VALUES (" + strings.Join(names, ", ") + ")"
}

// Contains reports whether the list holds the index.
func Contains(list []int, i int) bool {
	for _, v := range list {
		if v == i {
			return true
		}
	}
	return false
}

// Comparable reports whether statements may compare the column in Go and in Postgres alike.
func (c *Column) Comparable() bool { return c.Type.Kind != sql.Other && !c.Type.Array }
