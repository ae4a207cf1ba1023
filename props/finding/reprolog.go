package finding

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// watchLog watches the entries that the call adds to its log: that there is none, or a wrong
// one.
func (r *repro) watchLog() {
	w := watched{label: r.d.Of.Label(), log: r.entry()}
	if r.d.Rule == judge.MustLog {
		w.label = "no entry in " + w.label
		w.other = ":'rlsfuzz_state' = '00000' AND before = after"
	} else {
		w.log += " AND (" + r.wrong() + ")"
	}
	r.watches = append(r.watches, w)
}

// entry is the condition that a row of the log is an entry of the path.
func (r *repro) entry() string {
	p, id := r.d.Cell.Path, r.ids[r.d.Step]
	for i := range p.Audit.Where {
		rule := p.Audit.Where[i]
		if p.Users[i].Rules != id.Session || rule.SQL == "" {
			continue
		}
		values := make([]model.Value, len(rule.Args))
		for k, at := range rule.Args {
			values[k] = id.Vars[at]
		}
		return "(" + sql.Bind(rule.SQL, values) + ")"
	}
	return "true"
}

// wrong is the condition that an entry is wrong, by the rule that it breaks.
func (r *repro) wrong() string {
	id := r.ids[r.d.Step]
	col := r.d.Of.SQL() + "." + model.Quote(r.d.Of.Columns[r.d.Column].Name)
	switch r.d.Rule {
	case judge.LogTenant:
		return fmt.Sprintf("%s::text IS DISTINCT FROM %s", col, sql.Constant(id.Tenant.Text))
	case judge.LogTenants:
		if id.Session.AsksTenants() {
			return fmt.Sprintf("(%s IN (%s)) IS NOT TRUE", col, sql.Bind(id.Session.TenantsSQL, id.TenantsArgs()))
		}
		var own []string
		r.c.SessionTenants(id, r.state, func(v model.Value) bool {
			own = append(own, sql.Constant(v.Text))
			return true
		})
		if len(own) == 0 {
			return "true"
		}
		return fmt.Sprintf("%s IS NULL OR %s::text NOT IN (%s)", col, col, strings.Join(own, ", "))
	case judge.LogActor:
		return fmt.Sprintf("%s::text IS DISTINCT FROM %s", col, sql.Constant(id.User.Text))
	case judge.LogTime:
		return fmt.Sprintf("%s IS NULL OR %s NOT BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp() + interval '1 hour'", col, col)
	}
	return fmt.Sprintf("coalesce(btrim(%s::text), '') = ''", col)
}
