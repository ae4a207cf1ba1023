package model

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Contract is the intent, resolved against a schema.
type Contract struct {
	Schema   *Schema
	Tenancy  Tenancy
	Belongs  []Belonging // by Table.ID
	Sessions []*Session  // in the order of the contract; Session.ID is the index
	Paths    []*Path
	Unheard  []string // what notifies on channels whose names are put together, where no path listens
	Secrets  []ColumnRef
	Accept   []*Accept
	Written  []Written // all that Postgres has to understand of it: queries of tenants first, then what uses them
}

// Written is what the contract says in SQL, as a statement that can be prepared, not run.
type Written struct {
	SQL       string
	Rule      *Rule // that it says; nil for others
	Line, Col int   // where the contract says it, from 1
}

// Tenancy says what a tenant is.
type Tenancy struct {
	Table *Table // one row per tenant; nil when tenants are values of columns
	Key   int    // column of Table
	Type  Type   // type of a tenant's value
}

// ColumnRef names a column.
type ColumnRef struct{ Table, Column int }

// Belonging says how a table's rows belong to tenants.
type Belonging struct {
	How        How
	Paths      []TenantPath   // for Owned; a row belongs to every tenant that any path gives
	NullShared bool           // a row without any tenant is everybody's
	Inferred   bool           // not written in the contract
	Text       string         // as written or inferred, for people: "account_id", "invoice_id -> invoices"
	Generators map[int]string // by column: a generator's name
}

// How is the way in which rows belong to tenants.
type How uint8

// The ways in which a table's rows belong to tenants.
const (
	Owned    How = iota // by Paths
	Shared              // everybody's to read, nobody's to write
	Internal            // no session may see it
)

// TenantPath is one way from a row to its tenants: a column, a foreign key to a
// row that has tenants, or a query.
type TenantPath struct {
	Column int               // the tenant's value; -1 for the others
	Key    *ForeignKey       // the tenants of the referenced row
	Query  *sql.QueryProgram // the query's values; nil with SQL set when only Postgres can evaluate it
	SQL    string            // the query as SQL over the row's table, which is named by its own name
	// Print renders the query for a row of another name, quoted where needed; nil without a query.
	Print func(row string) string
}

// Columns is the columns of the row by which the way goes: indexes, none of a query.
func (p *TenantPath) Columns() []int {
	switch {
	case p.Key != nil:
		return p.Key.Columns
	case p.Column >= 0:
		return []int{p.Column}
	}
	return nil
}

// Session is a kind of session: who connects, and how it is bound to a tenant and a user.
type Session struct {
	ID         int
	Name       string
	Login      Name
	Role       Name // empty: no SET ROLE
	User       *UserSource
	Settings   []Setting         // claims are settings too: request.jwt.claims and request.jwt.claim.*
	Tenants    *sql.QueryProgram // the tenants of a session of several; nil: the one
	TenantsSQL string            // the same as SQL with $1… for TenantsArgs; empty: the one
	// TenantsArgs are indexes in Vars. Vars[0] is always the tenant.
	TenantsArgs []int
	Bind        string   // local, session or first
	Release     string   // none, DISCARD ALL, or SQL
	Via         string   // host:port of the pooler that it connects through; empty: none
	Tenantless  bool     // neither settings nor login depend on a tenant or a user, and none is its login's; see PathUser.Rules
	Vars        []Var    // the slots of sql.Frame.Vars for this session's rules
	Sees        []Sees   // by Table.ID
	Writes      []Writes // by Table.ID
}

// AsksTenants reports whether only Postgres can tell the session's tenants.
func (s *Session) AsksTenants() bool { return s.Tenants == nil && s.TenantsSQL != "" }

// Brings reports whether the session says itself which tenant it is of: a setting, its login or its
// role follows from that.
func (s *Session) Brings() bool {
	return s.Login.Follows() || s.Role.Follows() || slices.ContainsFunc(s.Settings, func(set Setting) bool {
		return slices.ContainsFunc(set.Value, func(p Part) bool {
			return p.Var >= 0 && (s.Vars[p.Var].Source == FromTenant || s.Vars[p.Var].Source == FromTenantRow)
		})
	})
}

// Local reports whether the session's settings end with each transaction, and not with the
// checkout of its connection.
func (s *Session) Local() bool { return !s.Before() && !s.Within() }

// Before reports whether the session is bound once for a checkout, before its transactions.
func (s *Session) Before() bool { return s.Bind == "session" }

// Within reports whether the session is bound once for a checkout, in the first of its
// transactions: a ROLLBACK puts its settings back to what they were.
func (s *Session) Within() bool { return s.Bind == "first" }

// Name is a role's name: fixed, a column of the tenant's row, or the tenant itself.
type Name struct {
	Text   string
	Column int  // column of the tenants' table when Text is empty; -1 for none
	Tenant bool // the tenant's value, where no table lists the tenants
}

// IsZero reports whether there is no name at all.
func (n Name) IsZero() bool { return n.Text == "" && !n.Follows() }

// Follows reports whether the name follows from the tenant.
func (n Name) Follows() bool { return n.Column >= 0 || n.Tenant }

// UserSource says which rows may be a session's user.
type UserSource struct {
	Table *Table
	Where *Rule // nil: any row of the session's tenant
}

// Var is a variable of rules and settings: the tenant, a column of its row, or a column of the user's row.
type Var struct {
	Name   string // tenant, tenant.db_role, user.id
	Source VarSource
	Column int // of the tenants' table or the users' table
	Type   Type
}

// VarSource says where a variable's value is found.
type VarSource uint8

// The sources of variables.
const (
	FromTenant    VarSource = iota // the tenant's value itself
	FromTenantRow                  // a column of the tenant's row
	FromUserRow                    // a column of the user's row
	FromOther                      // another tenant's value; with a column, what its row has there
	FromArgument                   // an argument of a path: Column counts from 0
)

// Setting is one setting that binds a session.
type Setting struct {
	Name string
	// Value is the parts of the text: a setting has one part, claims one for each leaf
	// of the JSON object. Parts are joined; JSON parts are encoded.
	Value     []Part
	Line, Col int // where the contract says it, from 1
}

// Follows reports whether the setting depends on who the session is.
func (s *Setting) Follows() bool {
	return slices.ContainsFunc(s.Value, func(p Part) bool { return p.Var >= 0 })
}

// Part is literal text or a variable.
type Part struct {
	Text string
	Var  int  // index in Session.Vars; -1 for text
	JSON bool // the variable's value is written as JSON: numbers and booleans bare, NULL as null, others as strings
	Key  bool // it is the key of a JSON object: a string, whatever it holds
}

// Sees is what a session may see of one table.
type Sees struct {
	Rule    *Rule
	Columns []bool // by column
	Exact   bool   // written, and not as an upper bound: less is a lockout
	Written bool
}

// Writes is what a session may change of one table. A nil rule is none.
type Writes struct {
	Insert        *Rule
	InsertColumns []bool // nil: all
	From, To      *Rule  // of an update: the old row, the new row
	UpdateColumns []bool // nil: all
	Delete        *Rule
	Written       bool
	// MayInsert and its like mark written rules that are upper bounds: less is no lockout.
	MayInsert, MayUpdate, MayDelete bool
}

// Exact reports whether the rules of a command are written, and not as upper bounds:
// less is a lockout.
func (w *Writes) Exact(c Command) bool {
	switch c {
	case Insert:
		return w.Written && !w.MayInsert
	case Update:
		return w.Written && !w.MayUpdate
	case Delete:
		return w.Written && !w.MayDelete
	case Upsert, Merge:
		return w.Written && !w.MayInsert && !w.MayUpdate
	default:
		return false
	}
}

// Rule is a condition over a row, an identity and the other tables.
type Rule struct {
	Text string // as written: own and deleted_at is null
	Kind RuleKind
	// Program evaluates it in Go; nil when only Postgres can.
	Program *sql.Program
	// SQL is the condition over the table, named by its own qualified name, with
	// $1… for Args, each cast to its type.
	SQL     string
	Args    []int // index in Session.Vars of $1, $2, …
	Uses    []int // Table.IDs of the tables that it reads besides its own
	Columns []int // columns of its own table that it reads
}

// RuleKind tells the plain rules from conditions.
type RuleKind uint8

// The kinds of rules.
const (
	RuleNone RuleKind = iota
	RuleAll
	RuleOwn // nothing but own
	RuleCondition
)

// Accept is an intended exception.
type Accept struct {
	Path, Table, Session, Command, Class, Untested, Key, Reason, Link string
	Line                                                              int
}

// Told is the reason of an exception, with its link.
func (a *Accept) Told() string {
	if a.Link == "" {
		return a.Reason
	}
	return a.Reason + " (" + a.Link + ")"
}
