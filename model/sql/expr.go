package sql

// Expr is an expression: one of the node types of this file.
type Expr interface {
	// Offset is where the node is in the source, in bytes; -1 for a node that was not parsed.
	Offset() int
	expr()
}

// Pos is a node's place in the source text, in bytes.
type Pos int

// Offset is the place.
func (p Pos) Offset() int { return int(p) }

func (Pos) expr() {}

// Column is a column, perhaps qualified: deleted_at, users.id, public.users.id.
// A bare name may turn out to be an atom (see Scope.Atoms).
type Column struct {
	Pos
	Schema    string // of the qualifier; mostly empty
	Qualifier string // a table's name or alias; empty for a bare name
	Name      string
}

// Var is a variable: $tenant, $user.id (named "user.id"), $1 (named "1").
type Var struct {
	Pos
	Name string
}

// Literal is a constant. Type is what its form says: "" for a quoted string or
// NULL, which take the type of the other side; "boolean", "integer", "bigint"
// or "numeric".
type Literal struct {
	Pos
	Value Value
	Type  string
}

// Compare is =, <>, <, <=, > or >=.
type Compare struct {
	Pos
	Op   string
	L, R Expr
}

// And is a conjunction of two or more.
type And struct {
	Pos
	Args []Expr
}

// Or is a disjunction of two or more.
type Or struct {
	Pos
	Args []Expr
}

// Not is a negation.
type Not struct {
	Pos
	X Expr
}

// IsNull is X IS [NOT] NULL.
type IsNull struct {
	Pos
	X   Expr
	Not bool
}

// IsDistinct is L IS DISTINCT FROM R, and with Not L IS NOT DISTINCT FROM R.
type IsDistinct struct {
	Pos
	L, R Expr
	Not  bool
}

// IsBool is X IS [NOT] TRUE, FALSE or UNKNOWN.
type IsBool struct {
	Pos
	X    Expr
	What Tri
	Not  bool
}

// In is X [NOT] IN (list).
type In struct {
	Pos
	X    Expr
	List []Expr
	Not  bool
}

// InQuery is X [NOT] IN (SELECT …), also written X = ANY (SELECT …).
type InQuery struct {
	Pos
	X     Expr
	Query *Query
	Not   bool
}

// AnyArray is X = ANY (array), and with Not X <> ALL (array).
type AnyArray struct {
	Pos
	X     Expr
	Array Expr
	Not   bool
}

// Array is ARRAY[…].
type Array struct {
	Pos
	Items []Expr
}

// Exists is EXISTS (SELECT …).
type Exists struct {
	Pos
	Query *Query
}

// Atom is a bare word whose meaning the scope gives: own, all, none, shared.
type Atom struct {
	Pos
	Name string
}

// Cast is X::Type. Type is as Postgres prints it: integer, text, public.status.
type Cast struct {
	Pos
	X    Expr
	Type string
}

// Field is X -> Key, X ->> Key, X #> Key or X #>> Key: a part of a JSON document, or of
// whatever else has such an operator.
type Field struct {
	Pos
	Op     string
	X, Key Expr
}

// Coalesce is COALESCE(…).
type Coalesce struct {
	Pos
	Args []Expr
}

// Opaque is any other valid SQL: it can be printed, with its columns,
// variables and tables, and only Postgres can evaluate it.
type Opaque struct {
	Pos
	Parts []Part // in order
	What  string // what it is, for people: "function lower", "operator ~~"

	closed bool            // needs no parentheses
	query  bool            // has a sub-select
	names  map[string]bool // names that it brings itself: aliases, common table expressions
	wild   bool            // brings columns that nobody can name here: functions in FROM and the like
}

// Part is a piece of an Opaque: exactly one of Text, Column, Var and Table.
type Part struct {
	Text   string
	Column *Column
	Var    *Var
	Table  *Table
}
