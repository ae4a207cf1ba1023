package carrier

import (
	"encoding/json"
	"maps"
	"regexp"
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
			if e, ok := in.say(s, r); !ok {
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

// Acting is the role that a session acts as; empty where that follows from the tenant.
func Acting(s *model.Session) string {
	switch {
	case s.Role.Text != "":
		return s.Role.Text
	case s.Role.Follows():
		return ""
	}
	return s.Login.Text
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

// The pieces of a rule's SQL that plain leaves out or simplifies: that each further tenant of
// the row is the session's too (alsoEvery in a sub-select, everyOne in a column), IS TRUE, and
// parentheses.
var (
	alsoEvery = regexp.MustCompile(` AND NOT EXISTS \(SELECT 1 FROM [^()]* WHERE [^()]* AND \([^()]* IS NOT NULL AND NOT \([^()]*\) IS TRUE\)\)`)
	everyOne  = regexp.MustCompile(` AND NOT \([^()]* IS NOT NULL AND NOT \([^()]*\) IS TRUE\)`)
	isTrue    = regexp.MustCompile(`\(([^()]*)\) IS TRUE`)
	twice     = regexp.MustCompile(`\(\(([^()]*)\)\)`)
	whole     = regexp.MustCompile(`^\(([^()]*)\)$`)
	first     = regexp.MustCompile(`^\(([^()]*)\) AND `)
	equals    = regexp.MustCompile(`( = \$\d+::[\w ]+?) IS TRUE`)
)

// plain writes a rule's SQL as a person would. It applies where a row has one way to its
// tenant: then "some tenant of the row is the session's" and "every one is" say the same, and
// IS TRUE is not needed, since NULL counts as false in a policy.
func (in intent) plain(s *model.Session, text string) string {
	if len(in.c.Belongs[in.table.ID].Paths) != 1 || s.TenantsSQL != "" {
		return text
	}
	text = everyOne.ReplaceAllString(alsoEvery.ReplaceAllString(text, ""), "")
	if strings.Contains(strings.ReplaceAll(text, "IS NOT NULL", ""), "NOT ") { // where NULL is not false
		return text
	}
	text = twice.ReplaceAllString(isTrue.ReplaceAllString(text, "$1"), "($1)")
	text = equals.ReplaceAllString(text, "$1")
	return unwrapped(first.ReplaceAllString(whole.ReplaceAllString(text, "$1"), "$1 AND "))
}

// short leaves out what a person would not write: the schema public, and ONLY where a table
// has no partitions.
func (in intent) short(text string) string {
	for _, t := range in.c.Schema.Tables {
		parts := slices.ContainsFunc(in.c.Schema.Tables, func(o *model.Table) bool { return o.Parent == t.Label() })
		plain := qualified(t.Schema, t.Name)
		for _, written := range []string{t.SQL(), ident(t.Schema) + "." + ident(t.Name)} {
			if !parts {
				text = strings.ReplaceAll(text, "FROM ONLY "+written+" AS ", "FROM "+plain+" ")
			}
			text = strings.ReplaceAll(text, "FROM "+written+" ", "FROM "+plain+" ")
		}
	}
	return text
}

// unwrapped drops the parentheses around an EXISTS with which an expression begins.
func unwrapped(text string) string {
	if !strings.HasPrefix(text, "(EXISTS (") {
		return text
	}
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		switch {
		case depth == 1 && text[i] == ')' && !strings.HasPrefix(text[i+1:], ")"): // it is no EXISTS alone
			return text
		case depth == 0:
			return text[1:i] + text[i+1:]
		}
	}
	return text
}

// variable is a value that a session brings, by the slot of its variable, as SQL of a policy:
// the setting or claim that holds it, or current_user where the role tells it. It reports false
// where nothing of the kind does.
func (in intent) variable(s *model.Session, slot int) (string, bool) {
	for i := range s.Settings {
		set := &s.Settings[i]
		value := "nullif(current_setting(" + sql.Constant(set.Name) + ", true), '')"
		if len(set.Value) == 1 && set.Value[0].Var == slot && !set.Value[0].JSON {
			return value, true
		}
		if path := Claim(set.Value, slot); path != nil {
			return "(" + value + "::jsonb #>> " + sql.Constant("{"+strings.Join(path, ",")+"}") + ")", true
		}
	}
	v := &s.Vars[slot]
	root := in.c.Tenancy.Table
	for _, n := range []model.Name{s.Role, s.Login} {
		switch {
		case n.Tenant && v.Source == model.FromTenant:
			return "current_user", true
		case n.Column < 0 || root == nil || n.Text != "":
		case v.Source == model.FromTenantRow && v.Column == n.Column:
			return "current_user", true
		case v.Source == model.FromTenant:
			return "(SELECT r." + ident(root.Columns[in.c.Tenancy.Key].Name) + " FROM " + root.SQL() + " r WHERE r." + ident(root.Columns[n.Column].Name) + " = current_user)", true
		}
	}
	return "", false
}

// Claim is the path of keys to a variable, by its slot, in the JSON object that a setting
// holds; nil where the setting holds no object, or none with the variable.
func Claim(parts []model.Part, slot int) []string {
	const mark = "\uE000"
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.Var < 0:
			b.WriteString(p.Text)
		case p.Key:
			b.WriteString(`""`)
		case p.Var == slot && p.JSON:
			b.WriteString(`"` + mark + `"`)
		case p.Var == slot:
			b.WriteString(mark)
		case p.JSON:
			b.WriteString("null")
		}
	}
	var object map[string]any
	if json.Unmarshal([]byte(b.String()), &object) != nil {
		return nil
	}
	return leaf(object, mark)
}

// leaf is the path to the text mark in an object.
func leaf(object map[string]any, mark string) []string {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch v := object[key].(type) {
		case string:
			if v == mark {
				return []string{key}
			}
		case map[string]any:
			if path := leaf(v, mark); path != nil {
				return append([]string{key}, path...)
			}
		}
	}
	return nil
}
