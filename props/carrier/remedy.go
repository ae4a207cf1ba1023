package carrier

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Remedy is statements that might mend a leak.
type Remedy struct {
	SQL []string // to be run as an owner of the objects, or a superuser
	// Simulated is a setting; empty for other remedies. To try the remedy, the setting's
	// default is left out of the login: SQL names a database that is not the scratch one.
	Simulated string
	Roles     bool // it changes roles, which all databases of a server share
	// Closes says that it takes privileges away that the contract's rules do not need: what uses them
	// and is no path of the contract's own may be refused after it.
	Closes bool
}

// Cell is a session, an object and a command that leak.
type Cell struct {
	Session *model.Session
	Table   *model.Table // nil for a path
	Command model.Command
	Wrote   bool // the leak is that something was written, not read
	Lockout bool // it is that too little is allowed, not too much
}

// Remedies lists what might mend the cells that the object makes leak, the least intrusive
// first. It is empty where no statement could: what a path says must be written anew.
func (o *Object) Remedies(c *model.Contract, cells []Cell) []Remedy {
	switch o.Kind {
	case Policy, Policies:
		return o.policies(c, cells)
	case RowSecurity:
		return o.enable(c, cells)
	case Force:
		return statements("ALTER TABLE " + name(o.Table) + " FORCE ROW LEVEL SECURITY")
	case BypassRLS:
		return []Remedy{{SQL: []string{"ALTER ROLE " + ident(o.Role) + " NOBYPASSRLS"}, Roles: true}}
	case Superuser:
		return []Remedy{{SQL: []string{"ALTER ROLE " + ident(o.Role) + " NOSUPERUSER NOBYPASSRLS"}, Roles: true}}
	case Setting:
		return []Remedy{{SQL: []string{o.owner() + " RESET " + setting(o.Setting.Name)}, Simulated: o.Setting.Name}}
	case Membership:
		return []Remedy{{SQL: []string{"REVOKE " + ident(o.Of) + " FROM " + ident(o.Role)}, Roles: true, Closes: true}}
	case ColumnGrant:
		return o.revoke(c)
	case Routine:
		return append(statements(o.alterRoutine()+"SECURITY INVOKER"), o.narrow(c, cells)...)
	case Helper:
		return o.rewrite(c)
	case SearchPath:
		return statements(o.Pin())
	case Frozen:
		return statements(o.Stable())
	case View:
		view := "ALTER VIEW " + qualified(o.View.Schema, o.View.Name)
		return append([]Remedy{{SQL: []string{view + " SET (security_invoker = true)"}}, {SQL: []string{view + " SET (check_option = cascaded)"}}}, o.narrow(c, cells)...)
	case Barrier:
		return statements("ALTER VIEW " + qualified(o.View.Schema, o.View.Name) + " SET (security_barrier = true)")
	case Materialized:
		return o.unread()
	case Default:
		return statements(o.column() + " DROP DEFAULT")
	case Unknown, Leaves, Body, Trigger, Reference, Unique, PathText, Table:
	}
	return nil
}

// Stable is the statement that declares a function STABLE: its result follows from the
// session, so that it must not be computed once for all.
func (o *Object) Stable() string { return o.alterRoutine() + "STABLE" }

// Pin is the statement that gives a function a search path of its own, in which temporary tables
// come last.
func (o *Object) Pin() string {
	schemas := []string{ident(o.Routine.Schema)}
	if o.Taken.Schema != o.Routine.Schema {
		schemas = append(schemas, ident(o.Taken.Schema))
	}
	return o.alterRoutine() + "SET search_path = " + strings.Join(append(schemas, "pg_temp"), ", ")
}

// statements is one remedy: these statements, one after the other.
func statements(list ...string) []Remedy { return []Remedy{{SQL: list}} }

// unread takes a materialized view from those who read it: row security does not reach it.
func (o *Object) unread() []Remedy {
	var out []Remedy
	for _, role := range o.Roles {
		out = append(out, Remedy{SQL: []string{"REVOKE SELECT ON " + qualified(o.View.Schema, o.View.Name) + " FROM " + grantee(role)}})
	}
	return out
}

// revoke takes a column's privilege away: first from each role that may have it for the
// column, then, where it comes with the privilege on the whole table, that one, and gives the
// other columns again.
func (o *Object) revoke(c *model.Contract) []Remedy {
	var out []Remedy
	for _, role := range o.Roles {
		out = append(out, Remedy{SQL: []string{o.grant("REVOKE", "FROM", role)}})
	}
	for _, role := range o.Roles {
		var kept []string
		rights := c.Schema.Privileges[role]
		for i := range o.Table.Columns {
			if i == o.Column || rights == nil {
				continue
			}
			p := &rights[o.Table.ID]
			if o.Privilege == "UPDATE" && p.Update[i] || o.Privilege == "SELECT" && p.Select[i] {
				kept = append(kept, ident(o.Table.Columns[i].Name))
			}
		}
		if len(kept) == 0 {
			continue
		}
		out = append(out, Remedy{SQL: []string{
			"REVOKE " + o.Privilege + " ON " + name(o.Table) + " FROM " + grantee(role),
			"GRANT " + o.Privilege + " (" + strings.Join(kept, ", ") + ") ON " + name(o.Table) + " TO " + grantee(role),
		}})
	}
	return out
}
