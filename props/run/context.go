package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// contexts knows the statements that make a rolled-back connection be a session:
// session_authorization, the defaults of its login, the role, the settings. It is
// the same order in which a login receives them.
type contexts struct {
	contract *model.Contract
	super    string
	names    []string          // every setting that any session or login has
	given    int               // so many first ones of names no session makes: they are logins' defaults alone
	skip     []string          // settings whose defaults are left out
	base     map[string]string // their values on a fresh connection of nobody in particular; missing: a placeholder
}

// pinned settings decide how values are printed; a login's own choice of them would
// make equal rows look different.
var pinned = []string{"datestyle", "intervalstyle", "timezone", "extra_float_digits", "bytea_output"}

func newContexts(c *model.Contract, super string, base map[string]string) *contexts {
	x := &contexts{contract: c, super: super, base: base}
	note := func(name string) {
		if !slices.Contains(pinned, strings.ToLower(name)) && !slices.Contains(x.names, name) {
			x.names = append(x.names, name)
		}
	}
	made := map[string]bool{}
	for _, s := range c.Sessions {
		for i := range s.Settings {
			made[s.Settings[i].Name] = true
		}
	}
	for _, d := range c.Schema.Defaults {
		if !made[d.Name] {
			note(d.Name)
		}
	}
	x.given = len(x.names)
	for _, s := range c.Sessions {
		for i := range s.Settings {
			note(s.Settings[i].Name)
		}
	}
	return x
}

// superuser is the statement that goes back to the superuser. Settings that any
// session has get their base values, so that nothing of it bends what is observed.
func (x *contexts) superuser() string {
	parts := []string{"set_config('session_authorization', " + literal(x.super) + ", true)", "set_config('role', 'none', true)"}
	for _, n := range x.names {
		if v, ok := x.base[n]; ok {
			parts = append(parts, fmt.Sprintf("set_config(%s, %s, true)", literal(n), literal(v)))
		}
	}
	return "SELECT " + strings.Join(parts, ", ")
}

// loginAs is the part of a statement that makes the connection be a login.
const loginAs = "set_config('session_authorization', $1, true)"

// text is the statement that makes the connection be some session; args are its values.
func (x *contexts) text() string {
	var parts []string
	if x.given > 0 { // a superuser may give a login defaults that it could not set itself
		parts = append(parts, "set_config('session_authorization', "+literal(x.super)+", true)")
	}
	for i, n := range x.names {
		if i == x.given {
			parts = append(parts, loginAs)
		}
		parts = append(parts, fmt.Sprintf("set_config(%s, $%d, true)", literal(n), i+3))
	}
	if x.given == len(x.names) {
		parts = append(parts, loginAs)
	}
	parts = append(parts, "set_config('role', $2, true)")
	return "SELECT " + strings.Join(parts, ", ")
}

func (x *contexts) args(id *model.Identity) []model.Value {
	role := id.Role
	if role == "" {
		role = "none"
	}
	args := make([]model.Value, 0, len(x.names)+2)
	args = append(args, model.Value{Text: id.Login}, model.Value{Text: role})
	for _, n := range x.names {
		args = append(args, model.Value{Text: x.value(n, id)})
	}
	return args
}

// value is what a setting is for an identity: what the contract binds, else the
// login's default, else what it is without either.
func (x *contexts) value(name string, id *model.Identity) string {
	for s := range id.Settings() {
		if s.Name == name {
			return id.Setting(s)
		}
	}
	v, skipped := x.base[name], slices.Contains(x.skip, name)
	for _, d := range x.contract.Schema.Defaults {
		switch {
		case d.Name != name:
		case skipped && d.Role == "" && strings.Contains(name, "."): // this connection has it too
			v = ""
		case !skipped && (d.Role == "" || d.Role == id.Login):
			v = d.Value
		}
	}
	return v
}

func literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// without leaves out the defaults of settings until the returned function is called.
func (x *contexts) without(names ...[]string) func() {
	x.skip = slices.Concat(names...)
	return func() { x.skip = nil }
}
