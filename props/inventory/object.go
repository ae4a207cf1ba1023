package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Kind is what an object is.
type Kind uint8

// The kinds of objects.
const (
	Table Kind = iota
	ForeignTable
	View
	Materialized
	Function
	Procedure
	Aggregate
)

// routineKinds is the kinds of what is called.
var routineKinds = []string{Function.String(), Procedure.String(), Aggregate.String()}

func (k Kind) String() string {
	return [...]string{"table", "foreign table", "view", "materialized view", "function", "procedure", "aggregate"}[k]
}

// Catalog is what a database's catalog says of the ways into it.
type Catalog struct {
	Objects []*Object // by kind, schema, name and arguments
	Roles   map[string]*Role
}

// Object is a relation that holds or shows rows, or a routine.
type Object struct {
	Kind         Kind
	Schema, Name string
	Signature    string // of a routine: the types of its arguments, as SQL writes them
	Owner        string
	// Rights is what a role may do, by role; a role that may do nothing is missing. It
	// counts only with USAGE on the schema.
	Rights map[string]Rights

	RowSecurity, Force bool // of a table
	Policies           []Policy
	Parent             *Object // of a partition or a child
	Invoker            bool    // of a view: security_invoker

	Definer  bool // of a routine: SECURITY DEFINER
	Trigger  bool // it is called by triggers and event triggers only
	Language string
	// Uncertain is why Needs may lack something; empty when the catalog knows it all.
	Uncertain string

	Needs []Need
	// Print is a hash of the object's definition, owner and privileges.
	Print string

	overloaded bool
	oid        uint32
	source     string
	path       []string // search_path that the routine sets
}

// Rights is what a role may do with an object.
type Rights struct{ Select, Insert, Update, Delete, Truncate, Execute bool }

// Any reports whether there is any right.
func (r Rights) Any() bool { return r != Rights{} }

// Policy is a row-level security policy of a table.
type Policy struct {
	Name, Command string
	Permissive    bool
	Roles         []string // PUBLIC is "public"
}

// Via says how an object comes to touch another.
type Via uint8

// The ways in which an object touches another.
const (
	ByBody    Via = iota // a view's query, a routine's body
	ByPolicy             // a policy of the table asks it
	ByTrigger            // a write to the table fires it
	ByRule               // a rule of the table
	ByDefault            // a default, a generated column or a check of the table calls it
)

func (v Via) String() string {
	return [...]string{"body", "policy", "trigger", "rule", "default"}[v]
}

// Need is something that an object touches directly.
type Need struct {
	To   *Object
	Via  Via
	Name string // of the policy or the trigger
	// Guessed: the name stands in a text that only its language understands.
	Guessed bool
}

// Role is a role of the cluster.
type Role struct {
	Name                    string
	Login, Super, BypassRLS bool
	Bootstrap               bool     // the cluster's first superuser
	Has                     []string // roles whose privileges apply without SET ROLE, itself included
	Becomes                 []string // roles that it may SET ROLE to, itself left out
	Print                   string
}

// Label is the name for people: the schema is left out when it is public, the arguments
// where no other routine has the name.
func (o *Object) Label() string {
	label := o.Name
	if o.Schema != "public" {
		label = o.Schema + "." + o.Name
	}
	if o.overloaded {
		label += "(" + o.Signature + ")"
	}
	return label
}

// ID names the object among all ways: "table tickets", "function app.f".
func (o *Object) ID() string { return o.Kind.String() + " " + o.Label() }

// relation reports whether the object has rows of its own or shows some.
func (o *Object) relation() bool { return o.Kind < Function }

// has reports whether a role has the privileges of another.
func (c *Catalog) has(role, other string) bool {
	r := c.Roles[role]
	return role == other || r != nil && (r.Super || slices.Contains(r.Has, other))
}

// may is what a role may do with an object.
func (c *Catalog) may(role string, o *Object) Rights { return o.Rights[role] }

// Find is the relation of a model's table; nil when there is none.
func (c *Catalog) Find(t *model.Table) *Object {
	for _, o := range c.Objects {
		if o.Kind == Table && o.Schema == t.Schema && o.Name == t.Name {
			return o
		}
	}
	return nil
}

// fingerprint hashes texts.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}
