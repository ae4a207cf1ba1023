package model

import (
	"iter"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Identity is a session of one tenant and one user.
type Identity struct {
	Session *Session
	Tenant  Value // NULL for a session without a tenant
	User    Value // key of the user's row; NULL without one
	Vars    []Value
	Login   string      // the role that connects
	Role    string      // the role of SET ROLE; empty without one
	Rights  []Privilege // of the role that statements run as, by Table.ID; nil when unknown
}

// Acts is the role that the identity's statements run as.
func (id *Identity) Acts() string {
	if id.Role != "" {
		return id.Role
	}
	return id.Login
}

// TenantsArgs is the arguments of the query for the session's tenants.
func (id *Identity) TenantsArgs() []Value {
	out := make([]Value, len(id.Session.TenantsArgs))
	for i, v := range id.Session.TenantsArgs {
		out[i] = id.Vars[v]
	}
	return out
}

// Unset reports whether the identity is a session that should have a tenant, and whose tenant was
// never set. Settings that follow from a tenant are not set then.
func (id *Identity) Unset() bool {
	return id.Tenant.Null && id.User.Null && !id.Session.Tenantless
}

// Settings is the settings that the application makes for the identity.
func (id *Identity) Settings() iter.Seq[*Setting] {
	return func(yield func(*Setting) bool) {
		unset := id.Unset()
		for i := range id.Session.Settings {
			if s := &id.Session.Settings[i]; !(unset && s.Follows()) && !yield(s) {
				return
			}
		}
	}
}

// Bind makes the identity of a session for a tenant and a user, taking the values
// of its variables from the state. Without either it is the session whose tenant
// was never set. It fails when the tenant's or the user's row that a variable needs
// is not there.
func (c *Contract) Bind(s *Session, tenant, user Value, st *State) (*Identity, bool) {
	if tenant.Null && user.Null {
		id := c.unbound(s)
		return id, id != nil
	}
	id := &Identity{Session: s, Tenant: tenant, User: user, Vars: make([]Value, len(s.Vars))}
	var tenantRow, userRow Row
	if c.Tenancy.Table != nil && !tenant.Null {
		tenantRow = find(st, c.Tenancy.Table.ID, c.Tenancy.Key, tenant)
	}
	if s.User != nil && !user.Null {
		userRow = find(st, s.User.Table.ID, s.User.Table.Key[0], user)
	}
	for i, v := range s.Vars {
		switch v.Source {
		case FromTenant:
			id.Vars[i] = tenant
		case FromTenantRow:
			if tenantRow == nil {
				return nil, false
			}
			id.Vars[i] = tenantRow[v.Column]
		case FromOther:
			id.Vars[i] = c.other(tenant, v.Column, st)
		case FromUserRow:
			if userRow == nil {
				return nil, false
			}
			id.Vars[i] = userRow[v.Column]
		case FromArgument: // of a path: known when it is called
		}
	}
	if s.User != nil && userRow == nil {
		return nil, false
	}
	id.Login, id.Role = c.Name(s.Login, tenant, tenantRow), c.Name(s.Role, tenant, tenantRow)
	if id.Login == "" || !c.exists(id.Login) || id.Role != "" && !c.exists(id.Role) {
		return nil, false
	}
	id.Rights = c.Schema.Privileges[id.Acts()]
	return id, true
}

// other is the first tenant other than a session's, or what its row has in a column (-1: the tenant
// itself): a value for claims that users write themselves. It is NULL where there is none.
func (c *Contract) other(tenant Value, column int, st *State) Value {
	out := Value{Null: true}
	if root := c.Tenancy.Table; root != nil {
		for _, row := range st.Rows(root.ID) {
			if key := row[c.Tenancy.Key]; key.Text != tenant.Text {
				if column < 0 {
					return key
				}
				return row[column]
			}
		}
		return out
	}
	for _, t := range c.Schema.Tables {
		for _, row := range st.Rows(t.ID) {
			c.Tenants(st, t, row, func(v Value) bool {
				if v.Text != tenant.Text && (out.Null || v.Text < out.Text) {
					out = v
				}
				return true
			})
		}
	}
	return out
}

func find(st *State, table, column int, key Value) Row {
	for _, row := range st.Rows(table) {
		if !row[column].Null && row[column].Text == key.Text {
			return row
		}
	}
	return nil
}

// Candidates returns the keys of the rows that may be the session's user for a tenant.
func (c *Contract) Candidates(s *Session, tenant Value, st *State) []Value {
	if s.User == nil {
		return nil
	}
	t := s.User.Table
	var keys []Value
	for _, row := range st.Rows(t.ID) {
		id, ok := c.Bind(s, tenant, row[t.Key[0]], st)
		if !ok || !c.belongs(st, t, row, tenant) {
			continue
		}
		if w := s.User.Where; w != nil && w.Kind != RuleAll && (w.Program == nil || !id.meets(w, row, st)) {
			continue
		}
		keys = append(keys, row[t.Key[0]])
	}
	return keys
}

func (id *Identity) meets(r *Rule, row Row, st *State) bool {
	return r.Program.Eval(&sql.Frame{World: st, Row: row, Vars: id.Vars}) == sql.True
}

// Admits reports whether the user of an identity is one that its session may have: who left
// the tenant, or lost what the session asks, may well get nothing.
func (c *Contract) Admits(id *Identity, st *State) bool {
	u := id.Session.User
	if u == nil || id.Tenant.Null || id.User.Null {
		return true
	}
	row := find(st, u.Table.ID, u.Table.Key[0], id.User)
	return row != nil && c.belongs(st, u.Table, row, id.Tenant) && (u.Where == nil || u.Where.Program == nil || id.meets(u.Where, row, st))
}

// belongs reports whether a row is of the tenant; a row of a table that is shared
// or has no tenants belongs to every one.
func (c *Contract) belongs(st *State, t *Table, row Row, tenant Value) bool {
	if c.Belongs[t.ID].How != Owned {
		return true
	}
	found := false
	c.Tenants(st, t, row, func(v Value) bool {
		found = v.Text == tenant.Text
		return !found
	})
	return found
}

// Setting is the text of one setting for the identity, its parts joined. A part that is NULL
// is empty text; as JSON it is null.
func (id *Identity) Setting(s *Setting) string {
	var b strings.Builder
	for _, p := range s.Value {
		switch {
		case p.Var < 0:
			b.WriteString(p.Text)
		case p.Key:
			b.WriteString(jsonValue(sql.Text, Value{Text: id.Vars[p.Var].Text}))
		case p.JSON:
			b.WriteString(jsonValue(id.Session.Vars[p.Var].Type.Kind, id.Vars[p.Var]))
		default:
			b.WriteString(id.Vars[p.Var].Text)
		}
	}
	return b.String()
}

// Name is the text of a role's name for a tenant and its row.
func (c *Contract) Name(n Name, tenant Value, tenantRow Row) string {
	if n.Tenant {
		return tenant.Text
	}
	if n.Text != "" || n.Column < 0 || tenantRow == nil {
		return n.Text
	}
	return tenantRow[n.Column].Text
}

// exists reports whether a role is known to the catalog; a schema made by hand, without
// roles, knows all.
func (c *Contract) exists(role string) bool {
	_, ok := c.Schema.Roles[role]
	return ok || len(c.Schema.Roles) == 0
}

// Label names the identity for people: member of tenant 1 (user 7).
func (id *Identity) Label() string {
	var b strings.Builder
	b.WriteString(id.Session.Name)
	if !id.Tenant.Null {
		b.WriteString(" of tenant " + id.Tenant.Text)
	}
	if !id.User.Null {
		b.WriteString(" (user " + id.User.Text + ")")
	}
	return b.String()
}
