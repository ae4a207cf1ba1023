package contract

import (
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// binding is whom a rule speaks of: a session, perhaps on a path. Variables get
// their slots in order of appearance; the first is always the tenant.
type binding struct {
	session *model.Session
	vars    *[]model.Var
	args    []model.Type // of a path's arguments; nil elsewhere
}

// variable says what a name is: tenant, tenant.column, user, user.column or the
// number of an argument; else what is wrong, and what would be right.
func (r *resolver) variable(name string, in binding) (v model.Var, problem, expected string) {
	first, column, dotted := strings.Cut(name, ".")
	n, err := strconv.Atoi(first)
	switch {
	case first == "tenant" && !dotted:
		return model.Var{Name: name, Source: model.FromTenant, Type: r.contract.Tenancy.Type}, "", ""
	case first == "tenant":
		t := r.contract.Tenancy.Table
		if t == nil {
			return v, "$" + name + ": no table lists the tenants", "$tenant, or tenant: {table: …}"
		}
		return columnVar(name, column, t, folded(t, column), model.FromTenantRow)
	case first == "other" && !dotted:
		return model.Var{Name: name, Source: model.FromOther, Column: -1, Type: r.contract.Tenancy.Type}, "", ""
	case first == "other" && r.contract.Tenancy.Table == nil:
		return v, "$" + name + ": no table lists the tenants", "$other, or tenant: {table: …}"
	case first == "other":
		t := r.contract.Tenancy.Table
		return columnVar(name, column, t, folded(t, column), model.FromOther)
	case first == "user" && in.session.User == nil:
		return v, "$" + name + ": session " + in.session.Name + " has no user", "user: {table: …} in the session"
	case first == "user":
		t := in.session.User.Table
		i := t.Key[0]
		if dotted {
			i = folded(t, column)
		}
		return columnVar(name, column, t, i, model.FromUserRow)
	case err == nil && in.args == nil:
		return v, "$" + name + " stands outside of a path with args", "$tenant, $tenant.column, $user or $user.column"
	case err == nil && (n < 1 || n > len(in.args)):
		return v, "$" + name + " has no argument", "args with " + first + " entries"
	case err == nil:
		return model.Var{Name: name, Source: model.FromArgument, Column: n - 1, Type: in.args[n-1]}, "", ""
	}
	return v, "unknown variable $" + name, oneOf("$"+first, []string{"$tenant", "$tenant.column", "$user", "$user.column", "$other", "$other.column"})
}

// folded is the column of a name that is written without quotes, and so in lower case: one
// of exactly this name, else the only one that differs in case.
func folded(t *model.Table, name string) int {
	if i := t.Column(name); i >= 0 {
		return i
	}
	found := -1
	for i := range t.Columns {
		switch {
		case !strings.EqualFold(t.Columns[i].Name, name):
		case found >= 0:
			return -1
		default:
			found = i
		}
	}
	return found
}

func columnVar(name, column string, t *model.Table, i int, from model.VarSource) (v model.Var, problem, expected string) {
	if i < 0 {
		return v, "$" + name + ": table " + t.Label() + " has no column " + column, oneOfMany("a column of "+t.Label(), column, columnNames(t))
	}
	first, _, _ := strings.Cut(name, ".")
	return model.Var{Name: first + "." + t.Columns[i].Name, Source: from, Column: i, Type: t.Columns[i].Type}, "", ""
}

// slot is the place of a variable among the session's, which grow by it if need be.
func (r *resolver) slot(name string, in binding) (slot int, problem, expected string) {
	v, problem, expected := r.variable(name, in)
	if problem != "" {
		return 0, problem, expected
	}
	for i := range *in.vars {
		if (*in.vars)[i].Name == v.Name {
			return i, "", ""
		}
	}
	*in.vars = append(*in.vars, v)
	return len(*in.vars) - 1, "", ""
}

// variables gives the variables of an expression their slots, and the session's
// tenant its own; wrong ones are mistakes at their places.
func (r *resolver) variables(t text, e sql.Expr, in binding) (map[string]sql.VarType, bool) {
	out, ok := map[string]sql.VarType{}, true
	add := func(name string, at int) {
		slot, problem, expected := r.slot(name, in)
		if problem != "" {
			r.fail(r.inside(t.at, at), expected, "%s", problem)
			ok = false
			return
		}
		typ := &(*in.vars)[slot].Type
		out[name] = sql.VarType{Slot: slot, Kind: typ.Kind, Type: plainType(typ), Labels: typ.Enum}
	}
	add("tenant", 0)
	for _, name := range r.tenantsVars(in.session) {
		add(name, 0)
	}
	sql.Walk(e, func(e sql.Expr) bool {
		if v, is := e.(*sql.Var); is {
			if _, known := out[v.Name]; !known {
				add(v.Name, v.Offset())
			}
		}
		return true
	})
	return out, ok
}

// tenantsVars is the variables of a session's query for its tenants, which the word
// own brings into rules.
func (r *resolver) tenantsVars(s *model.Session) []string {
	if s.TenantsSQL == "" {
		return nil
	}
	q, err := sql.ParseQuery(r.file.sessions[s.ID].tenants.value)
	if err != nil {
		return nil
	}
	return sql.QueryVars(q)
}
