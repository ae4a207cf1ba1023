package carrier

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

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
