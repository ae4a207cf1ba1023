package carrier

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// intent is what the contract's rules want of a table, as expressions of a policy.
type intent struct {
	c     *model.Contract
	table *model.Table
	full  bool // names have their schemas, public too
}

// name is a table as the expressions name it.
func (in intent) name(t *model.Table) string {
	if in.full {
		return full(t)
	}
	return name(t)
}

// predicate is the expressions of a policy: which old rows it takes, and which new ones.
type predicate struct{ using, check string }

// never is the expression of a policy that lets nothing through.
const never = "false"

// of is the predicate that lets the sessions of some roles do what any of their rules allows
// by a command. It reports false where a rule cannot be said in SQL of a policy: that knows of
// the session only what its settings and its role tell.
func (in intent) of(roles []string, command string) (predicate, bool) {
	var old, now []string
	for _, s := range in.c.Sessions {
		if !in.uses(s, roles) {
			continue
		}
		using, check := Rules(s, in.table, command)
		for _, r := range using {
			if e, ok := in.say(s, r); !ok {
				return predicate{}, false
			} else if e != never {
				old = append(old, e)
			}
		}
		for _, r := range check {
			if e, ok := in.put(s, r); !ok {
				return predicate{}, false
			} else if e != never {
				now = append(now, e)
			}
		}
	}
	return predicate{using: either(old), check: either(now)}, true
}

// Rules lists what the contract allows a session by a command of a policy (SELECT, INSERT,
// UPDATE, DELETE, ALL): of the rows that are there, as USING decides, and of new ones, as WITH
// CHECK does.
func Rules(s *model.Session, table *model.Table, command string) (using, check []*model.Rule) {
	sees, w := s.Sees[table.ID].Rule, &s.Writes[table.ID]
	switch command {
	case "SELECT":
		return []*model.Rule{sees}, nil
	case "INSERT":
		return nil, []*model.Rule{w.Insert}
	case "UPDATE":
		return []*model.Rule{w.From}, []*model.Rule{w.To}
	case "DELETE":
		return []*model.Rule{w.Delete}, nil
	}
	return []*model.Rule{sees, w.From, w.Delete}, []*model.Rule{w.Insert, w.To}
}

// wants reports whether the rules allow a session anything by a command of a policy.
func (in intent) wants(s *model.Session, command string) bool {
	using, check := Rules(s, in.table, command)
	return slices.ContainsFunc(slices.Concat(using, check), func(r *model.Rule) bool { return r != nil && r.Kind != model.RuleNone })
}

// uses reports whether statements of a session run with the rights of one of the roles, or
// may: where its role follows from the tenant.
func (in intent) uses(s *model.Session, roles []string) bool {
	role := Acting(s)
	if role == "" || slices.Contains(roles, "public") {
		return true
	}
	return slices.ContainsFunc(Inherited(in.c.Schema, role), func(r string) bool { return slices.Contains(roles, r) })
}

// either joins expressions with OR, and leaves out those that another one covers.
func either(list []string) string {
	var out []string
	for i, e := range list {
		covered := slices.Contains(list[:i], e)
		for _, o := range list {
			covered = covered || o == "true" && e != o || strings.HasPrefix(e, o+" AND ")
		}
		if !covered {
			out = append(out, e)
		}
	}
	switch len(out) {
	case 0:
		return never
	case 1:
		return out[0]
	}
	return "(" + strings.Join(out, ") OR (") + ")"
}

// put is a rule of a session for new rows as say says it. Of rows with several ways to a tenant own is
// said another way: that one of these is not another's cannot be told where row security hides it.
func (in intent) put(s *model.Session, r *model.Rule) (string, bool) {
	if r == nil || r.Kind != model.RuleOwn || s.TenantsSQL != "" || !in.several() {
		return in.say(s, r)
	}
	tenant, ok := in.variable(s, 0)
	return in.own(s, model.OwnNew, tenant), ok
}

// several reports whether rows have several ways to a tenant.
func (in intent) several() bool { return len(in.c.Belongs[in.table.ID].Paths) > 1 }

// own is the word own for a session of one tenant, which an expression tells.
func (in intent) own(s *model.Session, use model.OwnUse, tenant string) string {
	base, typed := ident(in.table.Name), "::"+in.c.Tenancy.Type.Name
	if use == model.OwnNew && in.several() {
		return strings.ReplaceAll(in.short(in.c.OwnSeenSQL(in.table, base)), "$tenant", tenant+typed)
	}
	text := strings.ReplaceAll(in.c.OwnSQL(in.table, base, "", use), "$tenant", "$1"+typed)
	return strings.ReplaceAll(in.short(in.plain(s, text)), "$1", tenant)
}

// say is a rule of a session as an expression of a policy, which asks the settings of the
// session for its tenant and its user.
func (in intent) say(s *model.Session, r *model.Rule) (string, bool) {
	switch {
	case r == nil || r.Kind == model.RuleNone:
		return never, true
	case r.Kind == model.RuleAll:
		return "true", true
	}
	text := in.short(strings.ReplaceAll(in.plain(s, r.SQL), in.table.SQL()+".", ident(in.table.Name)+"."))
	var b strings.Builder
	for i := 0; i < len(text); {
		if n := sql.Skip(text, i); n > 0 {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		end := i + 1
		for text[i] == '$' && end < len(text) && '0' <= text[end] && text[end] <= '9' {
			end++
		}
		if end == i+1 {
			b.WriteByte(text[i])
			i++
			continue
		}
		n, err := strconv.Atoi(text[i+1 : end])
		if err != nil || n < 1 || n > len(r.Args) {
			return "", false
		}
		e, ok := in.variable(s, r.Args[n-1])
		if !ok {
			return "", false
		}
		b.WriteString(e)
		i = end
	}
	return b.String(), true
}
