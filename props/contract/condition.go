package contract

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// condition adds a query of a view whose own condition tells of each row that it is asked about.
// A view that reads with its owner's rights and is no security barrier lets Postgres ask its readers'
// conditions before its own, the cheapest first (manual: Rules and Privileges; CREATE FUNCTION, COST).
func (r *resolver) condition(v *model.View) {
	if v.Invoker || v.Barrier {
		return
	}
	p := &model.Path{Name: "condition on view " + v.Label(), Kind: "view", View: v, Leaky: true}
	for _, s := range r.contract.Sessions {
		role := r.actor(s)
		if columns := readable(v, role); len(columns) > 0 && r.schema.Roles[role].Temporary {
			r.use(p, s, []model.Transaction{{Statements: telling(v, columns)}})
		}
	}
	r.add(p)
}

// telling has a function of the session's note what it is asked about, and reads that. No index
// answers the view's condition in its place.
func telling(v *model.View, columns []string) []model.PathStatement {
	asked := make([]string, len(columns))
	for i, c := range columns {
		asked[i] = "pg_temp.rlsfuzz_told(" + c + ")"
	}
	texts := []string{
		"SET LOCAL enable_indexscan = off",
		"SET LOCAL enable_indexonlyscan = off",
		"SET LOCAL enable_bitmapscan = off",
		"CREATE OR REPLACE FUNCTION pg_temp.rlsfuzz_told(value anyelement) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 " +
			"AS 'BEGIN PERFORM set_config(''rlsfuzz.told'', concat(current_setting(''rlsfuzz.told'', true), value, '' | ''), true); RETURN true; END'",
		"SELECT " + strings.Join(columns, ", ") + " FROM " + v.SQL() + " WHERE " + strings.Join(asked, " AND "),
		"SELECT unnest(string_to_array(current_setting('rlsfuzz.told', true), ' | ')) AS told",
	}
	out := make([]model.PathStatement, len(texts))
	for i, text := range texts {
		out[i] = model.PathStatement{Text: text, Bare: true}
	}
	return out
}
