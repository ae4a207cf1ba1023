package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// items is the values of an array of one dimension.
func items(v model.Value) []model.Value {
	all, _ := sql.Items(v.Text)
	return slices.DeleteFunc(all, func(one model.Value) bool { return one.Null })
}

// listing is an array of values, as Postgres prints it.
func listing(all []model.Value) model.Value {
	out := make([]string, len(all))
	for i, v := range all {
		if out[i] = v.Text; v.Text == "" || strings.ContainsAny(v.Text, `{},"\ `) || strings.EqualFold(v.Text, "null") {
			out[i] = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(v.Text) + `"`
		}
	}
	return text("{" + strings.Join(out, ",") + "}")
}

// enlist is a list with one more value.
func enlist(list, v model.Value) model.Value {
	all := items(list)
	if slices.Contains(all, v) {
		return list
	}
	return listing(append(all, v))
}
