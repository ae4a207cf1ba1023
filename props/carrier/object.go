package carrier

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Kind is what an object is.
type Kind uint8

// The kinds of objects.
const (
	Unknown      Kind = iota
	Policy            // one policy
	Policies          // several policies of a table, for one command
	RowSecurity       // row security of a table is off
	Force             // row security of a table is not forced: it does not hold for the owner
	BypassRLS         // a role's attribute: row security does not hold for it
	Superuser         // a role's attribute: nothing holds for it
	Setting           // a default that a login or a database gives
	Membership        // a role is a member of another
	ColumnGrant       // a privilege on a column
	Routine           // a function or procedure with its owner's rights
	Helper            // a function that policies call
	SearchPath        // a function that takes tables from its caller's search path
	Frozen            // a function that claims to be IMMUTABLE, and is not
	Leaves            // a function that leaves something on the connection for the next session
	Body              // a function whose own text is wrong
	View              // a view with its owner's rights
	Barrier           // a view without security_barrier
	Materialized      // materialized views
	Trigger           // a trigger or rule of a table or view
	Default           // a column's default
	Reference         // a foreign key that takes rows along
	Unique            // a unique key without the tenant, which tells of others' rows
	PathText          // a path of the contract whose own text is wrong
	Table             // a table, of which nobody knows what of it is wrong
)

// Object is one object of a schema. Which fields are set follows from its kind.
type Object struct {
	Kind      Kind
	Table     *model.Table
	Taken     model.Relation  // for SearchPath: the table or view in whose place the caller may put another
	Policies  []*model.Policy // for Policy: that one
	Command   model.Command   // for Policies: the command that they are for
	Role      string          // that has the attribute, the setting (empty: the database), the membership
	Of        string          // for Membership: the role that Role is a member of
	Roles     []string        // for ColumnGrant: from which the privilege may come, "" is PUBLIC; for Materialized: who reads it
	Setting   model.RoleSetting
	Column    int    // of Table
	Privilege string // for ColumnGrant: SELECT or UPDATE
	Routine   *model.Routine
	Asked     []Question // for Helper: what policies ask it directly
	View      *model.View
	Trigger   *model.Trigger
	Key       *model.ForeignKey // for Reference
	Unique    *model.Unique     // for Unique
	Path      *model.Path
}

// Name names the object in full; empty for an unknown one.
func (o *Object) Name() string {
	switch o.Kind {
	case Unknown:
		return ""
	case Policy:
		return "policy " + o.Policies[0].Name + " on " + o.Table.Label()
	case Policies:
		names := make([]string, len(o.Policies))
		for i, p := range o.Policies {
			names[i] = p.Name
		}
		return "policies " + strings.Join(names, ", ") + " on " + o.Table.Label()
	case RowSecurity, Force, Table:
		return "table " + o.Table.Label()
	case BypassRLS, Superuser:
		return "role " + o.Role
	case Setting:
		if o.Role == "" {
			return "setting " + o.Setting.Name + " of the database"
		}
		return "setting " + o.Setting.Name + " of role " + o.Role
	case Membership:
		return "membership of role " + o.Role + " in " + o.Of
	case ColumnGrant:
		return fmt.Sprintf("grant %s (%s) on %s", o.Privilege, o.Table.Columns[o.Column].Name, o.Table.Label())
	case Routine, Helper, SearchPath, Frozen, Leaves, Body:
		return o.Routine.Kind() + " " + o.called()
	case View, Barrier:
		return "view " + o.View.Label()
	case Materialized:
		return "materialized view " + o.View.Label()
	case Trigger:
		return o.Trigger.Kind() + " " + o.Trigger.Name + " on " + o.on()
	case Default:
		return "default of column " + o.Table.Label() + "." + o.Table.Columns[o.Column].Name
	case Reference:
		return "foreign key " + o.Key.Name + " on " + o.Table.Label()
	case Unique:
		return "key " + o.Unique.Name + " of " + o.Table.Label()
	case PathText:
		return "path " + o.Path.Name
	}
	return ""
}

// called is a routine with the types of its arguments, for people.
func (o *Object) called() string { return o.Routine.Label() + "(" + o.Routine.Signature + ")" }

// alterRoutine begins a statement that alters a routine.
func (o *Object) alterRoutine() string {
	return "ALTER " + strings.ToUpper(o.Routine.Kind()) + " " + qualified(o.Routine.Schema, o.Routine.Name) + "(" + o.Routine.Signature + ") "
}

// SQL is the statement that makes the object what it is, by the catalog: about what pg_dump
// would write, with … for what does not matter. It is empty where no statement does.
func (o *Object) SQL() string {
	switch o.Kind {
	case Unknown, PathText, Table:
		return ""
	case Policy, Policies:
		var parts []string
		for _, p := range o.Policies {
			parts = append(parts, policySQL(o.Table, p))
		}
		return strings.Join(parts, ";\n")
	case RowSecurity:
		return "ALTER TABLE " + name(o.Table) + " DISABLE ROW LEVEL SECURITY"
	case Force:
		return "ALTER TABLE " + name(o.Table) + " NO FORCE ROW LEVEL SECURITY"
	case BypassRLS:
		return "ALTER ROLE " + ident(o.Role) + " BYPASSRLS"
	case Superuser:
		return "ALTER ROLE " + ident(o.Role) + " SUPERUSER"
	case Setting:
		return o.owner() + " SET " + setting(o.Setting.Name) + " = " + sql.Constant(o.Setting.Value)
	case Membership:
		return "GRANT " + ident(o.Of) + " TO " + ident(o.Role)
	case ColumnGrant:
		return o.grant("GRANT", "TO", o.Roles[0])
	case Routine:
		return "CREATE " + strings.ToUpper(o.Routine.Kind()) + " " + o.called() + " … SECURITY DEFINER"
	case Helper, SearchPath, Leaves, Body:
		return "CREATE " + strings.ToUpper(o.Routine.Kind()) + " " + o.called() + " … AS " + sql.Constant(strings.TrimSpace(o.Routine.Source))
	case Frozen:
		return "CREATE FUNCTION " + o.called() + " … IMMUTABLE AS " + sql.Constant(strings.TrimSpace(o.Routine.Source))
	case View, Barrier:
		return "CREATE VIEW " + o.View.Label() + " AS " + strings.TrimSpace(o.View.Definition)
	case Materialized:
		return "CREATE MATERIALIZED VIEW " + o.View.Label() + " AS " + strings.TrimSpace(o.View.Definition)
	case Trigger:
		if o.Trigger.Rule {
			return strings.TrimSpace(o.Trigger.Body)
		}
		return "CREATE TRIGGER " + ident(o.Trigger.Name) + " … ON " + o.on()
	case Default:
		return o.column() + " SET DEFAULT " + o.Table.Columns[o.Column].Default
	case Reference:
		return "ALTER TABLE " + name(o.Table) + " ADD FOREIGN KEY (" + ident(o.Table.Columns[o.Key.Columns[0]].Name) + ") REFERENCES " + name(o.Key.Target) + " ON DELETE " + Action(o.Key.OnDelete)
	case Unique:
		return "CREATE UNIQUE INDEX " + ident(o.Unique.Name) + " ON " + name(o.Table) + " (" + strings.Join(o.keyed(), ", ") + ")"
	}
	return ""
}

// keyed is the columns of a key.
func (o *Object) keyed() []string {
	var out []string
	for _, c := range o.Unique.Columns {
		out = append(out, ident(o.Table.Columns[c].Name))
	}
	return out
}

// Action is what a foreign key does when the row that it names is gone, by its letter in the catalog.
func Action(letter string) string {
	switch letter {
	case "c":
		return "CASCADE"
	case "n":
		return "SET NULL"
	case "d":
		return "SET DEFAULT"
	case "r":
		return "RESTRICT"
	}
	return "NO ACTION"
}

// on is the table or view of a trigger.
func (o *Object) on() string {
	if o.View != nil {
		return o.View.Label()
	}
	return o.Table.Label()
}

// column begins a statement that alters the column.
func (o *Object) column() string {
	return "ALTER TABLE " + name(o.Table) + " ALTER COLUMN " + ident(o.Table.Columns[o.Column].Name)
}

// owner begins a statement that alters the role, or the database, whose setting it is.
func (o *Object) owner() string {
	if o.Role == "" {
		return "ALTER DATABASE " + thisDatabase
	}
	if o.Setting.Local {
		return "ALTER ROLE " + ident(o.Role) + " IN DATABASE " + thisDatabase
	}
	return "ALTER ROLE " + ident(o.Role)
}

// thisDatabase is the database that psql is connected to: scratch databases have names of
// their own.
const thisDatabase = `:"DBNAME"`

// grant gives or takes the privilege on the column: verb and to are GRANT and TO, or REVOKE
// and FROM. The role is empty for PUBLIC.
func (o *Object) grant(verb, to, role string) string {
	return fmt.Sprintf("%s %s (%s) ON %s %s %s", verb, o.Privilege, ident(o.Table.Columns[o.Column].Name), name(o.Table), to, grantee(role))
}

// grantee is a role, empty for PUBLIC, as GRANT names it.
func grantee(role string) string {
	if role == "" {
		return "PUBLIC"
	}
	return ident(role)
}

// policySQL writes a policy as CREATE POLICY.
func policySQL(t *model.Table, p *model.Policy) string {
	var b strings.Builder
	b.WriteString("CREATE POLICY " + ident(p.Name) + " ON " + name(t))
	if !p.Permissive {
		b.WriteString(" AS RESTRICTIVE")
	}
	b.WriteString(" FOR " + p.Command + " TO " + rolesSQL(p.Roles))
	if p.Using != "" {
		b.WriteString(" USING " + enclosed(p.Using))
	}
	if p.Check != "" {
		b.WriteString(" WITH CHECK " + enclosed(p.Check))
	}
	return b.String()
}

// rolesSQL is the roles of a policy, as CREATE POLICY names them.
func rolesSQL(roles []string) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = ident(r)
		if r == "public" {
			out[i] = "PUBLIC"
		}
	}
	return strings.Join(out, ", ")
}

// enclosed puts an expression into parentheses, unless a pair encloses all of it already, as
// Postgres prints most.
func enclosed(e string) string {
	depth := 0
	for i, r := range e {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && i < len(e)-1 {
			return "(" + e + ")"
		}
	}
	if !strings.HasPrefix(e, "(") {
		return "(" + e + ")"
	}
	return e
}
