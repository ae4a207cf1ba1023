package model

import (
	"fmt"
	"slices"
)

// Path is a way to the data other than a table.
type Path struct {
	ID      int // index in Contract.Paths
	Name    string
	Kind    string // query, search, export, job, … in the contract; view, function or partition where only the catalog has it
	As      []string
	Users   []PathUser  // parallel to As
	Run     []string    // SQL as written, one transaction each; empty for a program
	Command []string    // a program and its arguments
	Go      string      // the name of a Go function, which a test hands over
	Args    []PathArg   // for $1…; where none are written and $1 is used, the tenant
	Env     [][2]string // names and values of environment variables, variables in them
	Output  []string    // files that it leaves
	Convert [][2]string // file endings and filters
	// Wildcards are refused: %, _, '' and NULL must fail or return nothing.
	Wildcards bool
	// MustFail says that without a tenant it must end in an error.
	MustFail bool
	Audit    *Audit
	// Enqueue puts work into the queue that the path works off; nil: nothing does. It is a
	// path of its own, with the arguments of this one.
	Enqueue *Path

	// Program is Command, Env and Output taken apart; nil for SQL.
	Program *Program
	// SQL is Run taken apart; of a routine it is made by the number of arguments.
	SQL []Transaction
	// View and Routine are what the catalog knows of a path that the contract does
	// not name; both are nil for one of the contract's.
	View    *View
	Routine *Routine
	// Table is the table over which the path is one plain statement: what that changes there is
	// judged by the table's own rules. Nil: it is no such path.
	Table *Table
	// Puts is the table into which it puts a row: its arguments are a new one. Nil: none.
	Puts *Table
	// Keyed is the unique keys of Puts in which the row collides with a hidden one, where the path is
	// there to try that. It runs with the session's own rights, so nothing else that it tells
	// counts. Only the walk calls it. Nil: it is no such path.
	Keyed []*Unique
	// Leaky says that the path is SQL which the session writes itself to learn what it is not shown:
	// it queries a view with a condition that notes each row it is asked about, puts a table of its
	// own in the place of another, or listens to a channel. Only the walk calls it.
	Leaky bool
	// Shadow is the session's own table, and Channel the channel, of a Leaky path; nil: none.
	Shadow  *Shadow
	Channel *Channel
	// Stored says that it may read a materialized view, which must be refreshed before each call.
	Stored bool
	// Untried is why the path cannot be called at all; empty when it can.
	Untried string
}

// Relation is the name of a table or a view.
type Relation struct{ Schema, Name string }

// Label is the name for people.
func (r Relation) Label() string { return Label(r.Schema, r.Name) }

// Shadow is a temporary table of a session's own, where functions take another one from their
// caller's search path.
type Shadow struct {
	Taken    Relation   // in whose place
	Deceived []*Routine // that take it
	Read     []*Table   // whose policies ask them, or whose rows they tell
	// Put and Away surround the statements of a path that comes to what stands in that place, where it
	// runs code of the session's own with the routine's rights.
	Put, Away []PathStatement
}

// Channel is a channel of NOTIFY, to which any session of the database may listen. A path that
// listens has two transactions, and what others do comes between them: what they notified is
// there when the second one ends.
type Channel struct {
	Name  string
	Fired []Notifier // what notifies when a table is written
	Paths []*Path    // that notify otherwise
}

// Notifier is a trigger or rule of a table that notifies.
type Notifier struct {
	Table   *Table
	Trigger *Trigger
}

// Transaction is some statements of a path that commit together.
type Transaction struct {
	Statements []PathStatement
	Undone     bool // it ends in ROLLBACK
}

// PathStatement is one statement of a path, with parameters for its variables.
type PathStatement struct {
	Text   string
	Params []PathParam // of $1, $2, …
	// Bare takes no parameters, as COPY and CALL inside of it: they are written as constants.
	Bare bool
}

// PathParam is the value of a parameter: an argument of the call, or a variable of
// the session.
type PathParam struct {
	Arg int    // from 0; -1 for a variable
	Var string // tenant, user.id
}

// PathUser is a session that uses a path, with the rules that hold there.
type PathUser struct {
	Session *Session
	Vars    []Var    // the session's, then those that only the path names
	Sees    []Sees   // by Table.ID
	Writes  []Writes // by Table.ID
	// Said marks, by Table.ID, the tables for which the contract says at the path what may be
	// written. A change of any other is a consequence. Nil: for none.
	Said []bool
	// Brings says that the session or the path says which tenant the run is of, where the session has several.
	Brings bool
	// Rules is the session as it is on this path: its variables, sees and writes. It has a tenant
	// where the path hands one over, even if nothing else of the session follows from one.
	Rules *Session
	// SQL is what this session runs, where it differs from the path's. Of a view it is
	// the columns that the session may read.
	SQL []Transaction
}

// PathArg is where an argument is drawn from: a column, a variable of the session,
// or a constant.
type PathArg struct {
	Column   ColumnRef
	Variable string // tenant, user.id: as rules name it; empty for the others
	Constant bool
	Text     string // of a constant
	Sets     bool   // the path sets the column to it: to show, it must differ from the value that is there
}

// Audit is the log entry that each use of a path must leave.
type Audit struct {
	Table             *Table
	Where             []*Rule // parallel to the path's users; nil: every row
	Tenant, Actor, At int     // columns; -1 where not written
	When              int     // argument, from 0, whose value makes an entry due; -1: none does
	Given             bool    // an entry is due only when the call gives something
	Require           []int   // columns that must not be empty
}

// Named reports whether the contract names a path: it is none of the catalog's, and not nil.
func (p *Path) Named() bool { return p != nil && p.View == nil && p.Routine == nil }

// User finds what holds for a session on the path; nil when it does not use it.
func (p *Path) User(s *Session) *PathUser {
	for i := range p.Users {
		if p.Users[i].Session == s || p.Users[i].Rules == s {
			return &p.Users[i]
		}
	}
	return nil
}

// transactions is what a call with some arguments does.
func (u *PathUser) transactions(p *Path, args int) []Transaction {
	switch {
	case p.Routine != nil:
		call := p.Routine.call(args)
		if p.Shadow != nil {
			call = slices.Concat(p.Shadow.Put, call, p.Shadow.Away)
		}
		return []Transaction{{Statements: call}}
	case u.SQL != nil:
		return u.SQL
	}
	return p.SQL
}

// Transactions is what a step that calls a path runs.
func (s *Step) Transactions() []Transaction {
	u := s.Op.Path.User(s.Session)
	if u == nil {
		return nil
	}
	list := u.transactions(s.Op.Path, len(s.Op.Args))
	from, n := min(s.From, len(list)), len(list)
	if s.Cut > 0 {
		n = max(from, min(n, s.Cut))
	}
	if !s.Undone || from == len(list) {
		return list[from:n]
	}
	if s.Cut == 0 {
		n = from
	}
	n = min(n, len(list)-1)
	list = slices.Clone(list[from : n+1])
	list[len(list)-1].Undone = true
	return list
}

// BindStep makes the identity of a step: on a path, with the rules that hold there,
// and without a tenant with no value at all.
func (c *Contract) BindStep(step *Step, st *State) (*Identity, bool) {
	p := step.Op.Path
	if p == nil {
		return c.Bind(step.Session, step.Tenant, step.User, st)
	}
	u := p.User(step.Session)
	if u == nil {
		return nil, false
	}
	var id *Identity
	if step.Tenant.Null && !u.Rules.Tenantless {
		id = c.unbound(u.Rules)
	} else {
		id, _ = c.Bind(u.Rules, step.Tenant, step.User, st)
	}
	if id == nil {
		return nil, false
	}
	for i, v := range u.Vars {
		if v.Source == FromArgument && v.Column < len(step.Op.Args) {
			id.Vars[i] = step.Op.Args[v.Column]
		}
	}
	return id, true
}

// unbound is a session whose tenant was never set; nil when its roles follow from it.
func (c *Contract) unbound(s *Session) *Identity {
	id := &Identity{Session: s, Tenant: Value{Null: true}, User: Value{Null: true}, Vars: make([]Value, len(s.Vars))}
	for i := range id.Vars {
		id.Vars[i].Null = true
	}
	id.Login, id.Role = s.Login.Text, s.Role.Text
	if id.Login == "" || s.Role.Follows() && id.Role == "" {
		return nil
	}
	id.Rights = c.Schema.Privileges[id.Acts()]
	return id
}

// Value is the value of a path's parameter for a call.
func (id *Identity) Value(p PathParam, args []Value) (Value, error) {
	if p.Arg >= 0 {
		if p.Arg >= len(args) {
			return Value{}, fmt.Errorf("the call has no argument $%d", p.Arg+1)
		}
		return args[p.Arg], nil
	}
	for i := range id.Session.Vars {
		if id.Session.Vars[i].Name == p.Var {
			return id.Vars[i], nil
		}
	}
	return Value{}, fmt.Errorf("the session %s has no $%s", id.Session.Name, p.Var)
}
