package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// teller says in words what a finding shows. For rows of another table than the divergence's,
// see of.
type teller struct {
	f     *Finding
	c     *model.Contract
	d     *judge.Divergence
	table *model.Table
	state *model.State // in which the scenario begins
}

func newTeller(f *Finding, c *model.Contract) *teller {
	return &teller{f: f, c: c, d: f.Divergence, table: tableOf(c, f.Divergence), state: f.Scenario.Initial(c.Schema)}
}

// of is the teller for rows of another table.
func (t *teller) of(table *model.Table) *teller {
	o := *t
	o.table = table
	return &o
}

// who is the session of a step: support of tenant 1 (user 7). It may end in a comma, where more
// is said of the session; a verb has to follow then.
func (t *teller) who(st *model.Step) string {
	id := model.Identity{Session: st.Session, Tenant: st.Tenant, User: st.User}
	if id.Unset() {
		return st.Session.Name + " without a tenant"
	}
	if st.Session.User == nil {
		id.User.Null = true
	}
	return id.Label() + t.elsewhere(&id)
}

// actor is who at the end of a phrase, without the comma.
func (t *teller) actor(st *model.Step) string { return strings.TrimSuffix(t.who(st), ",") }

// sees is who may see what a step makes, in the form of who: its observer, else the session that
// runs it.
func (t *teller) sees(st *model.Step) string {
	if st.Observed() {
		look := st.Observer.Step()
		st = &look
	}
	return t.who(st)
}

// looker is sees at the end of a phrase.
func (t *teller) looker(st *model.Step) string { return strings.TrimSuffix(t.sees(st), ",") }

// elsewhere says to whom a session of several tenants belongs, where that is not the one that
// its step names.
func (t *teller) elsewhere(id *model.Identity) string {
	if id.Session.Tenants == nil {
		return ""
	}
	bound, ok := t.c.Bind(id.Session, id.Tenant, id.User, t.state)
	if !ok {
		return ""
	}
	var list []string
	own := false
	t.c.SessionTenants(bound, t.state, func(v model.Value) bool {
		own = own || v == id.Tenant
		list = append(list, v.Text)
		return true
	})
	switch {
	case own:
		return ""
	case len(list) == 0:
		return ", who is in no tenant,"
	}
	return ", who is in " + tenantText(list) + ","
}

// ending is how a step ends, where it does not just commit.
func (t *teller) ending(i int) string {
	st, resumed := &t.f.Scenario.Steps[i], model.Resumed(t.f.Scenario.Steps, i) >= 0
	switch {
	case st.Op.Path != nil && st.Op.Path.Channel != nil && st.From > 0:
		return ", which listened meanwhile"
	case st.Op.Path != nil && st.Op.Path.Channel != nil && resumed:
		return ", which listens from now on"
	case st.From > 0:
		return ", which goes on with its call"
	case st.Cut > 0 && st.Runs():
		return ", and after " + noun.Count(st.Cut, "statement") + " of it the server is gone"
	case st.Cut > 0 && !st.Undone && resumed:
		return ", which comes half-way"
	case st.Cut > 0 && !st.Undone:
		return ", and the connection breaks there"
	case st.Undone && st.Op.Path != nil:
		return ", and the last transaction is rolled back, as after an error"
	case st.Undone:
		return ", rolled back, as after an error"
	case st.Prepared:
		return ", as a statement that stays prepared on the connection"
	}
	return ""
}

// sentence says who saw or changed what of whom.
func (t *teller) sentence() string {
	st := &t.f.Scenario.Steps[t.d.Step]
	who := t.who(st)
	switch {
	case t.d.Worlds != nil:
		return t.interferes(who)
	case t.d.Rule == judge.MustFail || t.d.Rule == judge.RefuseWildcards:
		return t.failing(who)
	case t.d.Class == judge.Audit:
		return t.unlogged(who)
	case t.table == nil && t.d.Of != nil: // a canary
		return who + " received through " + t.f.Path + " the token of " + t.of(t.d.Of).rows(t.d.Rows)
	case t.f.Path != "" && t.d.Became != nil:
		return who + " " + t.changed() + " through " + t.f.Path
	}
	if t.d.Class == judge.Lockout {
		return who + t.refused()
	}
	if t.d.Became != nil {
		return who + " " + t.changed()
	}
	what := t.rows(t.d.Rows)
	if t.d.Column >= 0 {
		return fmt.Sprintf("%s received the hidden column %s of %s", who, t.f.Column, what)
	}
	return who + " " + t.verb() + " " + what
}

// verb is what a session did to the rows that a divergence names.
func (t *teller) verb() string {
	switch {
	case t.d.Class == judge.Lockout:
		return "did not get"
	case t.d.Class == judge.Canary:
		return "received the token of"
	case t.d.Became == nil:
		return "received"
	case t.d.Class == judge.Move:
		return "moved"
	case t.d.Cell.Command == model.Insert:
		return "added"
	case t.d.Cell.Command == model.Delete:
		return "removed"
	}
	return "changed"
}

// refused says of a lockout what the session did not get.
func (t *teller) refused() string {
	if len(t.d.Rows) > 0 {
		return " did not get " + t.rows(t.d.Rows) + ", which the contract allows"
	}
	return fmt.Sprintf(" may %s rows of %s by the contract, and Postgres let it not", t.f.Command, t.f.Table)
}

// changed says which rows the session changed.
func (t *teller) changed() string {
	labels := t.changedLabels()
	return t.verb() + " " + list(labels)
}

// changedLabels names each changed row, and where a moved one went.
func (t *teller) changedLabels() []string {
	labels := make([]string, 0, len(t.d.Rows))
	for i, old := range t.d.Rows {
		became := t.d.Became[i]
		if old == nil {
			labels = append(labels, t.label(became))
			continue
		}
		text := t.label(old)
		if t.d.Class == judge.Move && became != nil {
			text += " to " + tenantText(t.tenants(became))
		}
		labels = append(labels, text)
	}
	return labels
}

func (t *teller) rows(rows []model.Row) string {
	labels := make([]string, len(rows))
	for i, r := range rows {
		labels[i] = t.label(r)
	}
	return list(labels)
}

// list joins labels, and counts those beyond the first four.
func list(labels []string) string {
	labels = slices.Compact(labels)
	const most = 4
	switch n := len(labels); {
	case n > most:
		return strings.Join(labels[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	case n > 1:
		return strings.Join(labels[:n-1], ", ") + " and " + labels[n-1]
	}
	return strings.Join(labels, ", ")
}

// label is a row in words: user 7 of tenant 2.
func (t *teller) label(row model.Row) string { return t.name(row) + t.owner(row) }

// name is a row without whose it is.
func (t *teller) name(row model.Row) string {
	name := noun.Singular(t.table.Name)
	if row == nil {
		return "a row of " + t.table.Label() + " that nobody has"
	}
	switch keys := t.table.Key; {
	case len(keys) == 1:
		name += " " + row[keys[0]].Text
	case len(keys) > 1:
		parts := make([]string, len(keys))
		for i, k := range keys {
			parts[i] = row[k].Text
		}
		name += " (" + strings.Join(parts, ", ") + ")"
	default:
		name = noun.A(name)
	}
	return name
}

// owner is whose a row is: of tenant 2, after a blank; empty for nobody's, and for a tenant itself.
func (t *teller) owner(row model.Row) string {
	if row == nil || t.table == t.c.Tenancy.Table {
		return ""
	}
	if tenants := t.tenants(row); len(tenants) > 0 {
		return " of " + tenantText(tenants)
	}
	return ""
}

// tenants is the tenants of a row, each once.
func (t *teller) tenants(row model.Row) []string {
	var out []string
	t.c.Tenants(t.state, t.table, row, func(v model.Value) bool {
		if !slices.Contains(out, v.Text) {
			out = append(out, v.Text)
		}
		return true
	})
	return out
}

// tenantText is tenants for people.
func tenantText(tenants []string) string {
	switch len(tenants) {
	case 0:
		return "no tenant"
	case 1:
		return "tenant " + tenants[0]
	}
	return "tenants " + strings.Join(tenants, " and ")
}

// allows is what the contract allows the session: to do with the table, or to learn from the
// path.
func (t *teller) allows() string {
	if t.d.Worlds != nil || t.table == nil {
		return t.allowsPath()
	}
	verb := t.f.Command
	if t.f.Command == model.Select.String() {
		verb = "see"
	}
	switch {
	case t.f.Rule == "columns":
		return fmt.Sprintf("%s may not %s column %s of %s", t.f.Session, verb, t.f.Column, t.f.Table)
	case t.f.Rule == "none" || t.f.Rule == "":
		return fmt.Sprintf("%s may %s no row of %s", t.f.Session, verb, t.f.Table)
	}
	if to, ok := strings.CutPrefix(t.f.Rule, "to "); ok && t.d.Became != nil {
		return fmt.Sprintf("%s may %s rows of %s only so that they are: %s", t.f.Session, verb, t.f.Table, to)
	}
	return fmt.Sprintf("%s may %s rows of %s: %s", t.f.Session, verb, t.f.Table, t.f.Rule)
}
