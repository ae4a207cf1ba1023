package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Fingerprint is a hash of what a schema means, 64 hexadecimal digits: the same
// for the same files on any server. The server's version and the name of its
// first superuser are left out.
func Fingerprint(s *model.Schema) string {
	c := *s
	c.Version = 0
	f := fingerprint{bootstrap: map[string]bool{}}
	for name, role := range s.Roles {
		f.bootstrap[name] = role.Bootstrap
	}
	c.Owner = f.role(s.Owner)
	c.Tables = make([]*model.Table, len(s.Tables))
	for i, t := range s.Tables {
		c.Tables[i] = f.table(t)
	}
	c.Views, c.Routines = f.views(s.Views), f.routines(s.Routines)
	c.Roles, c.Privileges = maps.Clone(s.Roles), maps.Clone(s.Privileges)
	for name, first := range f.bootstrap {
		if first {
			delete(c.Roles, name)
			delete(c.Privileges, name)
		}
	}
	text, err := json.Marshal(&c)
	if err != nil {
		panic(fmt.Sprintf("catalog: fingerprint: %v", err)) // a schema is plain values
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

type fingerprint struct{ bootstrap map[string]bool }

// role is a role's name; the first superuser, whatever it is called, is a space.
func (f fingerprint) role(name string) string {
	if f.bootstrap[name] {
		return " "
	}
	return name
}

// table is a copy without pointers to other tables, which TargetName names.
func (f fingerprint) table(t *model.Table) *model.Table {
	c := *t
	c.Owner = f.role(t.Owner)
	c.ForeignKeys = slices.Clone(t.ForeignKeys)
	for i := range c.ForeignKeys {
		c.ForeignKeys[i].Target = nil
	}
	c.Policies = slices.Clone(t.Policies)
	for i, p := range c.Policies {
		roles := make([]string, len(p.Roles))
		for j, name := range p.Roles {
			roles[j] = f.role(name)
		}
		c.Policies[i].Roles = roles
	}
	return &c
}

// views is copies without the first superuser.
func (f fingerprint) views(list []*model.View) []*model.View {
	var out []*model.View
	for _, v := range list {
		c := *v
		c.Owner = f.role(v.Owner)
		c.Readers, c.Writers, c.Updates = maps.Clone(v.Readers), maps.Clone(v.Writers), maps.Clone(v.Updates)
		for name, first := range f.bootstrap {
			if first {
				delete(c.Readers, name)
				delete(c.Writers, name)
				delete(c.Updates, name)
			}
		}
		out = append(out, &c)
	}
	return out
}

func (f fingerprint) routines(list []*model.Routine) []*model.Routine {
	var out []*model.Routine
	for _, r := range list {
		c := *r
		c.Owner = f.role(r.Owner)
		c.Callers = slices.DeleteFunc(slices.Clone(r.Callers), func(name string) bool { return f.bootstrap[name] })
		out = append(out, &c)
	}
	return out
}
