package model

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// The values of the expression language.
type (
	// Value is the text that Postgres' output function prints for it, or NULL.
	Value = sql.Value
	// Row is the values of a table's columns, in their order.
	Row = sql.Row
	// Kind says what Go may compare.
	Kind = sql.Kind
)

// Schema is what the catalog of one database says about the tables that are judged.
type Schema struct {
	Version    int                    // server_version_num, such as 150018
	Tables     []*Table               // ordinary and partitioned tables, by schema and name; Table.ID is the index
	Roles      map[string]Role        // every role of the cluster that the schema's files made or that a table mentions
	Privileges map[string][]Privilege // by role name, then by Table.ID: what has_*_privilege says
	Defaults   []RoleSetting          // ALTER ROLE … SET and ALTER DATABASE … SET, in the order that a login applies them
	Extensions []string               // installed extensions, without plpgsql
	Sequences  []Sequence             // every sequence of the database that no extension made
	Owner      string                 // the owner of the database
	Shapes     []TypeShape            // composite and range types and domains, by name
	Guest      bool                   // the server was there before rlsfuzz, and may be others' too
	Texts      []Text                 // what functions, views and indexes say, for the constants in it
	Views      []*View                // views and materialized views of the judged schemas, in the order in which they were made
	Routines   []*Routine             // functions and procedures of the judged schemas, by schema, name and arguments
	// Helpers is the functions of other schemas that policies ask directly; no session calls
	// them. Texts has what they say, for what a schema means.
	Helpers []*Routine `json:"-"`
	// Firing is the functions of triggers that run with their owners' rights.
	Firing []*Routine `json:"-"`
	// Frozen is the functions that are marked IMMUTABLE though their text asks for what differs
	// between sessions: a plan that is kept keeps the result that it was made with. Only their
	// names, arguments and texts are known.
	Frozen []*Routine `json:",omitempty"`
}

// TypeShape is what a composite or range type is made of, or what a domain checks.
type TypeShape struct {
	Name    string   // as Type.Name writes it
	Fields  []Field  // of a composite type
	Element *Type    // of a range or a multirange
	Multi   bool     // a multirange
	Checks  []string // of a domain and those it stands on, over VALUE
}

// Field is one field of a composite type.
type Field struct {
	Name string
	Type Type
}

// Text is SQL that is part of the schema, to find constants in, never for predictions.
type Text struct {
	Kind string // function, view, index, trigger
	Name string // schema.name
	Body string
}

// Sequence is a sequence's state, to which a reset puts it back.
type Sequence struct {
	Schema string
	Name   string
	Last   int64 // last_value
	Called bool  // is_called: the next value is Last plus the increment, else Last itself
}

// SQL is the quoted, qualified name.
func (q Sequence) SQL() string { return Quote(q.Schema) + "." + Quote(q.Name) }

// Table is one ordinary or partitioned table.
type Table struct {
	ID          int
	Schema      string
	Name        string
	Columns     []Column
	Key         []int // column indexes of the primary key, in key order; empty without one
	Unique      []Unique
	ForeignKeys []ForeignKey
	Checks      []Check
	RowSecurity bool
	Force       bool
	Owner       string
	Policies    []Policy
	Triggers    []Trigger // user triggers and rules, enabled ones
	Partitioned bool      // relkind p
	Parent      string    // label of the table it inherits from or is a partition of; empty without one
	Exclusions  []Exclusion
	Bounds      []string // the constraints of a partitioned table's partitions: what a row must meet one of
	Stirs       []string // labels of the tables that its triggers, and functions that write in its policies, name; "*": perhaps any
	Fills       []string // labels of the tables into which its triggers' functions insert
	Seed        []Row    // rows that the schema's own files inserted, constants to the model
}

// Whole is the table of which a partition is a part, at whatever depth; nil for others.
func (s *Schema) Whole(t *Table) *Table {
	for t.Parent != "" {
		i := slices.IndexFunc(s.Tables, func(p *Table) bool { return p.Partitioned && p.Label() == t.Parent })
		if i < 0 {
			return nil
		}
		if t = s.Tables[i]; t.Parent == "" {
			return t
		}
	}
	return nil
}

// Column is one column, in attnum order without dropped ones.
type Column struct {
	Name      string
	Type      Type
	NotNull   bool
	Default   string // the default's expression; empty without one
	Identity  string // "a" always, "d" by default, "" none
	Generated bool   // GENERATED ALWAYS AS … STORED or VIRTUAL
	Formula   string // the expression of a generated column; its Default is empty
}

// Fillable reports whether a statement may give the column a value without OVERRIDING.
func (c *Column) Fillable() bool { return !c.Generated && c.Identity != "a" }

// Given is the columns that rows are given values of: all but the generated ones, which follow from
// the others. It is nil for all.
func (t *Table) Given() []bool {
	if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Generated }) {
		return nil
	}
	out := make([]bool, len(t.Columns))
	for i := range out {
		out[i] = !t.Columns[i].Generated
	}
	return out
}

// Type is a column's type.
type Type struct {
	Name   string   // as SQL writes it, qualified and quoted where needed, with its modifier: varchar(20)
	Base   string   // the type's own name without modifier and schema, domains resolved: int8, text, uuid, timestamptz
	Kind   Kind     // what Go may compare
	Enum   []string // labels in order, for an enum
	Length int      // character limit of varchar(n) and char(n); 0 without one
	Array  bool     // Base and Enum are then the element's type
	Plain  string   // like Name, domains resolved: numeric(12,2) for a domain over it; Name itself without a domain
}

// Dated reports whether the type is a day, or a moment of one.
func (t *Type) Dated() bool {
	return !t.Array && (t.Base == "timestamptz" || t.Base == "timestamp" || t.Base == "date")
}

// Unique is a unique or primary key constraint or index without expressions.
type Unique struct {
	Name    string
	Columns []int
	Partial bool   // has a predicate
	Where   string // the predicate
	// NullsEqual is NULLS NOT DISTINCT: two NULLs collide.
	NullsEqual bool
	// Deferrable keys are no arbiters of ON CONFLICT.
	Deferrable bool
}

// Drop is the statements that drop a table's key, which is a constraint or an index, with what
// stands on it.
func (u *Unique) Drop(t *Table) []string {
	return []string{
		"ALTER TABLE " + t.SQL() + " DROP CONSTRAINT IF EXISTS " + Quote(u.Name) + " CASCADE",
		"DROP INDEX IF EXISTS " + Quote(t.Schema) + "." + Quote(u.Name) + " CASCADE",
	}
}

// Exclusion is a constraint between rows other than a plain unique key: EXCLUDE, or a
// unique index over expressions. Two rows collide only if every Same agrees, every
// Differ differs, every Overlap overlaps, and what the expressions over Reads say.
type Exclusion struct {
	Name    string
	Same    []int
	Differ  []int
	Overlap []int
	Reads   []int // columns of expressions, and of other operators
}

// ForeignKey is one reference to another table, which may lie outside the judged schemas.
type ForeignKey struct {
	Name       string
	Columns    []int
	Target     *Table // nil when the referenced table is not judged
	TargetName string // schema.table, for messages
	Targets    []int  // columns of Target, nil without Target
	OnDelete   string // pg_constraint.confdeltype: a no action, r restrict, c cascade, n set null, d set default
	OnUpdate   string
	Deferred   bool // INITIALLY DEFERRED
	Full       bool // MATCH FULL
}

// Takes reports whether a row that has the reference is removed or changed when the row that it
// names is deleted.
func (k *ForeignKey) Takes() bool {
	return k.OnDelete == "c" || k.OnDelete == "n" || k.OnDelete == "d"
}

// Check is one CHECK constraint, domain constraints of the columns included.
type Check struct {
	Name    string
	Expr    string   // pg_get_expr
	Columns []int    // columns that it reads
	Values  []string // for col IN ('a','b',…): the list; nil when the form is another
	Differ  [][2]int // for a <> b, perhaps with others: the columns that may not be the same; nil when the form is another
}

// Policy is one row-level security policy, for reasons and experiments, never for predictions.
type Policy struct {
	Name       string
	Command    string // SELECT, INSERT, UPDATE, DELETE, ALL
	Permissive bool
	Roles      []string // PUBLIC is "public"
	Using      string
	Check      string
}

// Trigger is one enabled user trigger, or a rule that rewrites writes.
type Trigger struct {
	Name   string
	Rule   bool
	Always bool // ENABLE ALWAYS: fires under the replica role too
	// Replica is ENABLE REPLICA: fires under the replica role only.
	Replica bool
	// Definer is that it runs with its owner's rights: its function is SECURITY DEFINER, or it is
	// a rule, which acts as the table's owner.
	Definer bool
	// Function is the label of its function; empty for a rule.
	Function string
	On       ViewWrite // the commands at which it fires
	// Body is what its function says, or the rule. Schema.Texts has functions too, for what a schema means.
	Body string `json:"-"`
}

// Kind is what SQL calls it.
func (t *Trigger) Kind() string {
	if t.Rule {
		return "rule"
	}
	return "trigger"
}

// Role is one role of the cluster.
type Role struct {
	Name      string
	Login     bool
	Super     bool
	BypassRLS bool
	Inherit   bool
	Temporary bool     // it may make temporary objects in the database
	MemberOf  []string // direct memberships
	// Grants are the same memberships with their options, in the same order.
	Grants []Membership
	// Bootstrap is the cluster's first superuser, whose name differs from server to server.
	Bootstrap bool
}

// Membership is one role that another is a direct member of.
type Membership struct {
	Role    string
	Inherit bool // its privileges apply without SET ROLE; before Postgres 16 an attribute of the member
	Set     bool // SET ROLE to it is allowed; always before Postgres 16
	Admin   bool
}

// Privilege is what one role may do with one table, by its own rights and those it inherits.
type Privilege struct {
	Select []bool // by column
	Insert []bool
	Update []bool
	Delete bool
	Usage  bool // USAGE on the schema
	// Truncate is TRUNCATE, which no policy stops.
	Truncate bool
}

// RoleSetting is a default that a login receives.
type RoleSetting struct {
	Role  string // empty: every role
	Local bool   // only in this database
	Name  string
	Value string
}

// Table returns the table of that name, or nil. An empty schema finds the first
// table of that name in the order of the schema.
func (s *Schema) Table(schema, name string) *Table {
	for _, t := range s.Tables {
		if t.Name == name && (schema == "" || t.Schema == schema) {
			return t
		}
	}
	return nil
}

// Label is the name for people and for contracts: the schema is left out when it is public.
func (t *Table) Label() string {
	return Label(t.Schema, t.Name)
}

// SQL is the quoted, qualified name.
func (t *Table) SQL() string { return Quote(t.Schema) + "." + Quote(t.Name) }

// Column returns the index of the column of that name, or -1.
func (t *Table) Column(name string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// Quote writes an identifier in double quotes.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
