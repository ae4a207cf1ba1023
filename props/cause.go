package props

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// Cause is the one object of the schema that carries a leak: with it switched off,
// the same case no longer leaks. It is found by experiment.
type Cause struct {
	Key  string // stable name: policy tickets read_tickets
	Text string // for people
	try  run.Variant
	// harmless demands that nothing allowed is lost with the object.
	harmless bool
	// spares demands that other sessions lose nothing either: one that may see nothing has nothing
	// to lose.
	spares bool
	// turned lists statements that, after try, bring the object back the other way round: a
	// permissive policy as a restrictive one.
	turned []string
	// answers lists statements for a function, each tried in place of try: one of them makes it
	// answer as the contract wants. To switch a function off would hide everything, and so show
	// nothing of it.
	answers []string
	guard   bool // it is asked whether to go on: who calls must still get what it asks of its own
	joint   bool // it is about several objects, and tried after single ones
	// succeeds demands that the statement does not fail without the object.
	succeeds bool
	// fails demands that it does, since nothing but the object does what it says.
	fails  bool
	object carrier.Object
}

// switches reports whether there is an experiment that switches the cause off.
func (c *Cause) switches() bool { return len(c.try.Before)+len(c.try.Without) > 0 }

// causes lists the experiments with what belongs to tables for a divergence, the most
// general object first.
func (t *Target) causes(d *judge.Divergence, op *model.Op, id *model.Identity) []Cause {
	var out []Cause
	table := t.Contract.Schema.Tables[d.Cell.Table]
	if d.Column >= 0 {
		out = append(out, t.columnGrant(table, d, id))
	}
	if op.Shape != nil && d.Became != nil {
		out = append(out, triggers(op.Shape.Table)...)
		if op.Shape.Table != table { // a consequence
			out = append(out, triggers(table)...)
			out = append(out, t.tableCauses(op.Shape.Table, op.Shape.Command, id)...)
		}
		out = append(out, t.columnDefaults(table, op.Shape)...)
	}
	if d.Cross {
		out = append(out, t.separators(table, d.Cell.Command)...)
	}
	return append(out, t.tableCauses(table, d.Cell.Command, id)...)
}

// separators lists the experiments with the restrictive policies that are there to keep tenants
// apart: what reaches another tenant came past them, whatever let it in.
func (t *Target) separators(table *model.Table, command model.Command) []Cause {
	var out []Cause
	for i := range table.Policies {
		p := &table.Policies[i]
		if !carrier.Separates(t.Contract, table, p) {
			continue
		}
		c := Cause{
			Key: "policy " + table.Label() + " " + p.Name, Text: fmt.Sprintf("restrictive policy %s on %s does not hold it back", p.Name, table.Label()), harmless: true,
			object: carrier.Object{Kind: carrier.Policy, Table: table, Policies: []*model.Policy{p}, Command: command},
		}
		if s := c.object.Separated(t.Contract); s != "" {
			c.try = run.Variant{Before: []string{s}}
			out = append(out, c)
		}
	}
	return out
}

// triggers is the experiments with the triggers and rules of a table that is written.
func triggers(table *model.Table) []Cause {
	var out []Cause
	for i := range table.Triggers {
		tr := &table.Triggers[i]
		off := "ALTER TABLE " + table.SQL() + " DISABLE " + strings.ToUpper(tr.Kind()) + " " + model.Quote(tr.Name)
		out = append(out, firing(tr, table.Label(), off, carrier.Object{Kind: carrier.Trigger, Table: table, Trigger: tr}))
	}
	return out
}

// viewTriggers is those with what a view has instead of writes to it.
func viewTriggers(v *model.View) []Cause {
	var out []Cause
	for i := range v.Triggers {
		tr := &v.Triggers[i]
		off := "DROP " + strings.ToUpper(tr.Kind()) + " " + model.Quote(tr.Name) + " ON " + v.SQL()
		out = append(out, firing(tr, v.Label(), off, carrier.Object{Kind: carrier.Trigger, View: v, Trigger: tr}))
	}
	return out
}

// taken lists the experiments with the foreign keys that remove or change rows of a table together
// with those they refer to (ON DELETE CASCADE and its like). They are the cause where the
// statement itself did only what it may.
func taken(table *model.Table) []Cause {
	var out []Cause
	for i := range table.ForeignKeys {
		k := &table.ForeignKeys[i]
		if k.Target == nil || !k.Takes() {
			continue
		}
		out = append(out, Cause{
			Key:  "foreign key " + table.Label() + " " + k.Name,
			Text: fmt.Sprintf("foreign key %s on %s takes its rows along (ON DELETE %s)", k.Name, table.Label(), carrier.Action(k.OnDelete)), succeeds: true,
			try:    run.Variant{Before: []string{"ALTER TABLE " + table.SQL() + " DROP CONSTRAINT " + model.Quote(k.Name)}},
			object: carrier.Object{Kind: carrier.Reference, Table: table, Key: k},
		})
	}
	return out
}

func firing(tr *model.Trigger, on, off string, object carrier.Object) Cause {
	text := fmt.Sprintf("%s %s on %s does it", tr.Kind(), tr.Name, on)
	if tr.Function != "" {
		text += fmt.Sprintf(" (function %s)", tr.Function)
	}
	return Cause{
		Key: tr.Kind() + " " + on + " " + tr.Name, Text: text, succeeds: true,
		try: run.Variant{Before: []string{off}}, object: object,
	}
}

// columnDefaults is the experiments with the defaults from which a new row has its tenant.
func (t *Target) columnDefaults(table *model.Table, s *model.Shape) []Cause {
	if s.Command != model.Insert || s.Table != table {
		return nil
	}
	var out []Cause
	for _, p := range t.Contract.Belongs[table.ID].Paths {
		for _, c := range p.Columns() {
			if table.Columns[c].Default == "" || slices.Contains(s.Columns, c) {
				continue
			}
			name := table.Columns[c].Name
			out = append(out, Cause{
				Key: "default " + table.Label() + "." + name, Text: fmt.Sprintf("the default of %s.%s says whose a new row is", table.Label(), name),
				try:    run.Variant{Before: []string{"ALTER TABLE " + table.SQL() + " ALTER COLUMN " + model.Quote(name) + " DROP DEFAULT"}},
				object: carrier.Object{Kind: carrier.Default, Table: table, Column: c},
			})
		}
	}
	return out
}

// opened lists the experiments for a lockout: a policy that lets everything through,
// first of the tables that other policies ask, then of the table itself.
func (t *Target) opened(d *judge.Divergence, op *model.Op) []Cause {
	tables := []*model.Table{}
	self := t.Contract.Schema.Tables[d.Cell.Table]
	for _, o := range t.Contract.Schema.Tables {
		if o != self && (op.Shape == nil || o != op.Shape.Table) {
			tables = append(tables, o)
		}
	}
	var out []Cause
	for _, o := range append(tables, self) {
		for i := range o.Policies {
			p := &o.Policies[i]
			if d.Cell.Command == model.Select && p.Command != "SELECT" && p.Command != "ALL" { // no look asks it
				continue
			}
			before := []string{}
			if p.Using != "" {
				before = append(before, "USING (true)")
			}
			if p.Check != "" {
				before = append(before, "WITH CHECK (true)")
			}
			out = append(out, Cause{
				Key: "policy " + o.Label() + " " + p.Name, Text: fmt.Sprintf("policy %s on %s refuses what the contract allows", p.Name, o.Label()),
				try:    run.Variant{Before: []string{"ALTER POLICY " + model.Quote(p.Name) + " ON " + o.SQL() + " " + strings.Join(before, " ")}},
				object: carrier.Object{Kind: carrier.Policy, Table: o, Policies: []*model.Policy{p}, Command: d.Cell.Command},
			})
		}
	}
	return out
}

// columnGrant is the privilege on a column that must stay hidden.
func (t *Target) columnGrant(table *model.Table, d *judge.Divergence, id *model.Identity) Cause {
	col := table.Columns[d.Column].Name
	what, kind := "SELECT", "read"
	if d.Cell.Command == model.Update {
		what, kind = "UPDATE", "write"
	}
	var before []string
	roles := append(carrier.Inherited(t.Contract.Schema, id.Acts()), "")
	for _, role := range roles {
		name := "PUBLIC"
		if role != "" {
			name = model.Quote(role)
		}
		before = append(before, fmt.Sprintf("REVOKE %s ON %s FROM %s", what, table.SQL(), name),
			fmt.Sprintf("REVOKE %s (%s) ON %s FROM %s", what, model.Quote(col), table.SQL(), name))
	}
	return Cause{
		Key:  "grant " + strings.ToLower(what) + " " + table.Label() + "." + col,
		Text: fmt.Sprintf("%s may %s column %s of %s", id.Acts(), kind, col, table.Label()), try: run.Variant{Before: before},
		object: carrier.Object{Kind: carrier.ColumnGrant, Table: table, Column: d.Column, Privilege: what, Roles: roles},
	}
}

// tableCauses is what of a table itself may carry a leak: row security that is off,
// that its owner is not subject to, or one policy.
func (t *Target) tableCauses(table *model.Table, command model.Command, id *model.Identity) []Cause {
	if !table.RowSecurity {
		return []Cause{{
			Key: "table " + table.Label() + " row security", Text: "row security of " + table.Label() + " is off",
			try:    run.Variant{Before: []string{"ALTER TABLE " + table.SQL() + " ENABLE ROW LEVEL SECURITY", "ALTER TABLE " + table.SQL() + " FORCE ROW LEVEL SECURITY"}},
			object: carrier.Object{Kind: carrier.RowSecurity, Table: table, Command: command},
		}}
	}
	var out []Cause
	if !table.Force && slices.Contains(carrier.Inherited(t.Contract.Schema, id.Acts()), table.Owner) {
		out = append(out, Cause{
			Key: "table " + table.Label() + " force", Text: fmt.Sprintf("%s does not FORCE row security, and %s has the rights of its owner", table.Label(), id.Acts()),
			try:    run.Variant{Before: []string{"ALTER TABLE " + table.SQL() + " FORCE ROW LEVEL SECURITY"}},
			object: carrier.Object{Kind: carrier.Force, Table: table, Command: command},
		})
	}
	name := strings.ToUpper(command.String())
	var own, all, other []Cause // of the command, of all commands, and of others, such as SELECT, by which an UPDATE finds its rows
	for i := range table.Policies {
		p := &table.Policies[i]
		if !p.Permissive { // it lets nothing through
			continue
		}
		c := Cause{
			Key: "policy " + table.Label() + " " + p.Name, Text: fmt.Sprintf("policy %s on %s lets it through", p.Name, table.Label()),
			try:    run.Variant{Before: []string{"DROP POLICY " + model.Quote(p.Name) + " ON " + table.SQL()}},
			object: carrier.Object{Kind: carrier.Policy, Table: table, Policies: []*model.Policy{p}, Command: command},
		}
		c.turned = []string{restrictive(table, p)}
		switch p.Command {
		case name:
			own = append(own, c)
		case "ALL":
			all = append(all, c)
		default:
			other = append(other, c)
		}
	}
	out = slices.Concat(out, own, all, other)
	if len(own) > 1 { // several that let the same row through
		joint := Cause{joint: true, Key: "policies " + table.Label() + " " + name, Text: "several policies on " + table.Label() + " let it through"}
		joint.object = carrier.Object{Kind: carrier.Policies, Table: table, Command: command}
		for _, c := range own {
			joint.object.Policies = append(joint.object.Policies, c.object.Policies...)
			joint.try.Before = append(joint.try.Before, c.try.Before...)
		}
		out = append(out, joint)
	}
	return out
}

// restrictive creates a policy that restricts by the same expressions.
func restrictive(table *model.Table, p *model.Policy) string {
	roles := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		if roles[i] = model.Quote(r); r == "public" {
			roles[i] = "PUBLIC"
		}
	}
	text := fmt.Sprintf("CREATE POLICY %s ON %s AS RESTRICTIVE FOR %s TO %s", model.Quote(p.Name), table.SQL(), p.Command, strings.Join(roles, ", "))
	if p.Using != "" {
		text += " USING (" + p.Using + ")"
	}
	if p.Check != "" {
		text += " WITH CHECK (" + p.Check + ")"
	}
	return text
}
