package props

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// restrict is the experiment that shows a table to an identity as the rules want it:
// where a leak of another table goes away with it, that table's leak is the cause.
func restrict(c *model.Contract, table *model.Table, id *model.Identity, st *model.State) (run.Variant, bool) {
	using, ok := where(c, table, id.Session.Sees[table.ID].Rule, id, st)
	if !ok {
		return run.Variant{}, false
	}
	return run.Variant{Before: []string{"CREATE POLICY rlsfuzz_intent ON " + table.SQL() + " AS RESTRICTIVE FOR SELECT TO PUBLIC USING (" + using + ")"}}, true
}

// intended is the experiment that shows a table, to whoever reads it, as the rules want it
// for an identity: where a leak goes away with it, that table's leak is the cause.
func intended(c *model.Contract, table *model.Table, id *model.Identity, st *model.State) (run.Variant, bool) {
	v, ok := restrict(c, table, id, st)
	if !ok {
		return v, false
	}
	v.Before = append(v.Before, "ALTER TABLE "+table.SQL()+" FORCE ROW LEVEL SECURITY")
	if !table.RowSecurity {
		v.Before = append(v.Before, "ALTER TABLE "+table.SQL()+" ENABLE ROW LEVEL SECURITY",
			"CREATE POLICY rlsfuzz_open ON "+table.SQL()+" USING (true) WITH CHECK (true)")
	}
	return v, true
}

// where is the condition for the rows of a table for which a rule holds; ok is false where that is
// not known.
func where(c *model.Contract, table *model.Table, r *model.Rule, id *model.Identity, st *model.State) (using string, ok bool) {
	keys, ok := holding(c, table, r, id, st)
	if !ok {
		return "", false
	}
	if len(keys) == 0 {
		return "false", true
	}
	for i, k := range keys {
		keys[i] = sql.Constant(k)
	}
	return fmt.Sprintf("%s::text IN (%s)", model.Quote(table.Columns[table.Key[0]].Name), strings.Join(keys, ", ")), true
}

// seen is the keys of the rows of a table that an identity may see by the rules, and
// whether all of them are known; of a table whose key is one column.
func seen(c *model.Contract, table *model.Table, id *model.Identity, st *model.State) ([]string, bool) {
	return holding(c, table, id.Session.Sees[table.ID].Rule, id, st)
}

// holding is the keys of the rows for which a rule holds, likewise.
func holding(c *model.Contract, table *model.Table, r *model.Rule, id *model.Identity, st *model.State) ([]string, bool) {
	if len(table.Key) != 1 {
		return nil, false
	}
	p := model.Predictor{Contract: c}
	var keys []string
	for _, row := range st.Rows(table.ID) {
		ok, known := p.Holds(r, id, st, row)
		if !known {
			return nil, false
		}
		if ok {
			keys = append(keys, row[table.Key[0]].Text)
		}
	}
	return keys, true
}
