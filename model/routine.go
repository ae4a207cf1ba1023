package model

import (
	"slices"
	"strconv"
	"strings"
)

// View is a view or a materialized view that the catalog knows.
type View struct {
	Schema, Name string
	Materialized bool
	Invoker      bool   // security_invoker: it reads with its caller's rights
	Barrier      bool   // security_barrier: its conditions come before its caller's
	Check        string // LOCAL or CASCADED: what is written through it must be seen through it; empty: it need not
	Owner        string
	Columns      []string
	Types        []string // of the columns, as SQL writes them
	Definition   string
	// Base is the table whose rows it shows, through other views too; nil: none is known. Fills is, by
	// column, the column of Base that a value written there fills; -1: none. Both follow from Definition.
	Base  *Table `json:"-"`
	Fills []int  `json:"-"`
	// Readers is the columns that a role may select, by role; a role that may select
	// none is missing.
	Readers map[string][]bool
	// Writers is what a role may do with the view besides reading, by role.
	Writers map[string]ViewWrite
	// Writable is what may be done with its rows at all, by whoever has the privilege.
	Writable ViewWrite
	// Updates is the columns that a role may update, by role; a role that may update none is missing.
	Updates map[string][]bool
	// Triggers is those of what is written to the view: INSTEAD OF, and rules.
	Triggers []Trigger
}

// ViewWrite is commands that write: what a role may do with the rows of an updatable view, or at
// which of them a trigger fires.
type ViewWrite struct{ Insert, Update, Delete bool }

// Filling is the view's name for a column of Base, to write to; empty where nothing fills it.
func (v *View) Filling(column int) string {
	if i := slices.Index(v.Fills, column); i >= 0 {
		return v.Columns[i]
	}
	return ""
}

// SQL is the quoted, qualified name.
func (v *View) SQL() string { return Quote(v.Schema) + "." + Quote(v.Name) }

// Label is the name for people: the schema is left out when it is public.
func (v *View) Label() string { return Label(v.Schema, v.Name) }

// Label is the name of an object for people: the schema is left out when it is public.
func Label(schema, name string) string {
	if schema == "public" {
		return name
	}
	return schema + "." + name
}

// Routine is a function, a procedure or an aggregate that the catalog knows.
type Routine struct {
	Schema, Name string
	Signature    string // the types of its arguments, as SQL writes them
	Procedure    bool
	Aggregate    *Aggregate // nil for a function or procedure
	Definer      bool       // SECURITY DEFINER: it runs with its owner's rights
	Pinned       bool       // no temporary table of its caller's comes before those that it names
	Volatile     bool
	Set          bool // it returns rows
	Owner        string
	Language     string
	Source       string // its body; of an aggregate, calls of the functions that it is made of
	Head         string `json:"-"` // the statement that makes it, up to the body
	Args         []RoutineArg
	Defaults     int    // how many of the last arguments have defaults
	Returns      string // the type, as SQL writes it
	// Record is returned without column names: they must be asked as one value.
	Record bool
	// Results is the columns that it returns, where some of them are cursors.
	Results []ResultColumn
	// Callers are the roles that may execute it and use its schema.
	Callers []string
	Unfit   string // why it is no path or cannot be called; empty when it can
}

// Aggregate is how an aggregate is called.
type Aggregate struct {
	Ordered bool // by WITHIN GROUP (ORDER BY …)
	Direct  int  // how many of its first arguments are given once, before WITHIN GROUP
}

// RoutineArg is one argument that a caller gives.
type RoutineArg struct {
	Name     string
	Type     Type
	Variadic bool // the array of a VARIADIC argument
	Out      bool // of a procedure: a placeholder
	// Row is the table whose row type the argument has, as schema.table; empty for others.
	Row string
}

// SQL is the quoted, qualified name with the types of its arguments.
func (r *Routine) SQL() string {
	return Quote(r.Schema) + "." + Quote(r.Name) + "(" + r.Signature + ")"
}

// Kind is what it is, for people.
func (r *Routine) Kind() string {
	switch {
	case r.Procedure:
		return "procedure"
	case r.Aggregate != nil:
		return "aggregate"
	}
	return "function"
}

// Label is the name for people.
func (r *Routine) Label() string { return Label(r.Schema, r.Name) }

// Least is the fewest arguments of a call.
func (r *Routine) Least() int { return len(r.Args) - r.Defaults }

// call is the statements that call the routine with its first n arguments, and read the
// cursors that it was given names for.
func (r *Routine) call(n int) []PathStatement {
	var args []string
	var more []PathStatement
	s := PathStatement{Bare: r.Procedure}
	for i := range r.Args[:min(n, len(r.Args))] {
		a := &r.Args[i]
		if a.Type.Base == "refcursor" && !a.Type.Array {
			name := "c" + strconv.Itoa(i+1)
			args = append(args, "'"+name+"'::refcursor")
			if r.Procedure && !a.Out {
				more = append(more, PathStatement{Text: "FETCH ALL FROM " + name, Bare: true})
			}
			continue
		}
		s.Params = append(s.Params, PathParam{Arg: i})
		text := "$" + strconv.Itoa(len(s.Params)) + "::" + a.Type.Name
		if a.Variadic {
			text = "VARIADIC " + text
		}
		args = append(args, text)
	}
	call := Quote(r.Schema) + "." + Quote(r.Name) + "(" + strings.Join(args, ", ") + ")"
	switch {
	case r.Procedure:
		s.Text = "CALL " + call
	case r.Aggregate != nil:
		s.Text = "SELECT " + r.Aggregate.call(Quote(r.Schema)+"."+Quote(r.Name), args) + " FROM (VALUES (1), (2)) AS twice"
	case r.Returns == "refcursor" || len(r.Results) > 0:
		s.Text = ReadCursors(call, r.Results)
	case r.Record:
		s.Text = "SELECT " + call + "::text"
	default:
		s.Text = "SELECT * FROM " + call
	}
	return append([]PathStatement{s}, more...)
}

// call is the call with some arguments. A strict aggregate takes the first row's argument for its
// state, and calls nothing for it: whoever wants its functions called gives it two rows (manual:
// CREATE AGGREGATE).
func (a *Aggregate) call(name string, args []string) string {
	switch {
	case a.Ordered:
		return name + "(" + strings.Join(args[:a.Direct], ", ") + ") WITHIN GROUP (ORDER BY " + strings.Join(args[a.Direct:], ", ") + ")"
	case len(args) == 0:
		return name + "(*)"
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}
