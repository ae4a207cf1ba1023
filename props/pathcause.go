package props

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// pathCause finds what carries the leak of a path: a role or a setting, a table that
// leaks by itself, a view or a routine that runs with its owner's rights, else the path.
func (l *lab) pathCause(ctx context.Context, s *model.Scenario, d *judge.Divergence, id *model.Identity, known []leak) (Cause, error) {
	if d.Class == judge.Audit { // what hinders the call would hide it too
		return Cause{
			Key: "audit " + d.Cell.Path.Name, Text: fmt.Sprintf("%s does not log its use as it must", d.Cell.Path.Name),
			object: l.logs(d.Cell.Path),
		}, nil
	}
	if d.Cell.Path.Channel != nil {
		return l.notifies(ctx, s, d)
	}
	var plain []Cause // what says by itself why it leaks goes first
	switch p := d.Cell.Path; {
	case p.Shadow != nil:
		plain = deceived(p.Shadow)
	case d.Class == judge.Existence:
		plain = l.keys(p)
	}
	if c, err := l.carrier(ctx, s, d, plain, run.Variant{}, l.off); err != nil || c.Key != "" {
		return c, err
	}
	observed := s.Steps[d.Step].Observed() // then who calls it may see all, whatever its role is
	for _, c := range l.roleCauses(id) {
		if observed {
			break
		}
		if s.Real() && (c.try.Roles || len(c.try.Without) > 0) { // real logins share these
			continue
		}
		if gone, err := l.without(ctx, s, d, c); err != nil || gone {
			return c, err
		}
	}
	st := s.Initial(l.Contract.Schema)
	if c, ok, err := l.ofTable(ctx, s, d, id, st, known); err != nil || ok {
		return c, err
	}
	program := l.programText(d.Cell.Path)
	helpers := l.helpers(func(name string) bool { return l.reads(d.Cell.Path, program, name) }, id, st)
	// what is known to carry something else goes first: what a trigger does to its rows follows from that
	already := slices.DeleteFunc(slices.Concat(helpers, l.partCauses(d, id), l.objectCauses(d.Cell.Path)), func(c Cause) bool {
		return !slices.ContainsFunc(known, func(k leak) bool { return k.cause.Key == c.Key })
	})
	if c, err := l.carrier(ctx, s, d, slices.Concat(already, l.fired(d.Cell.Path, program)), run.Variant{}, l.off); err != nil || c.Key != "" {
		return c, err
	}
	if c, err := l.carrier(ctx, s, d, l.guards(d.Cell.Path, helpers), run.Variant{}, l.off); err != nil || c.Key != "" {
		return c, err
	}
	for _, c := range slices.Concat(l.partCauses(d, id), l.objectCauses(d.Cell.Path), l.presetRoles(s, observed), l.onlyWriters(d)) {
		if gone, err := l.without(ctx, s, d, c); err != nil || gone {
			return c, err
		}
	}
	if !observed {
		if c, err := l.beneathPath(ctx, s, d, id, st); err != nil || c.Key != "" {
			return c, err
		}
	}
	return l.itself(ctx, s, d)
}

// ofTable is the known cause of what a table shows, where the path's leak is gone once that table
// shows an identity only what it may see. ok is false where there is none.
func (l *lab) ofTable(ctx context.Context, s *model.Scenario, d *judge.Divergence, id *model.Identity, st *model.State, known []leak) (c Cause, ok bool, err error) {
	tried := map[int]bool{} // by Table.ID
	for _, k := range known {
		if k.target.Cell.Path != nil || tried[k.target.Cell.Table] {
			continue
		}
		tried[k.target.Cell.Table] = true
		v, ok := intended(l.Contract, l.Contract.Schema.Tables[k.target.Cell.Table], id, st)
		if !ok {
			continue
		}
		if gone, err := l.without(ctx, s, d, Cause{try: v}); err != nil || gone {
			return k.cause, gone, err
		}
	}
	return Cause{}, false, nil
}

// itself is the cause that the path, or the one function that it calls, does what it must not.
func (l *lab) itself(ctx context.Context, s *model.Scenario, d *judge.Divergence) (Cause, error) {
	p := d.Cell.Path
	c := Cause{Key: "path " + p.Name, Text: fmt.Sprintf("%s itself", p.Name), object: l.does(p, carrier.Body)}
	if d.Rule == judge.MustFail || d.Rule == judge.RefuseWildcards {
		c.Text = fmt.Sprintf("%s does not refuse it", p.Name)
	}
	if r := l.routineOf(p); d.Rule == judge.MustFail && c.object.Kind == carrier.PathText && r != nil {
		if answers, err := l.answersNobody(ctx, s, d, r); err != nil {
			return Cause{}, err
		} else if answers {
			c.object = carrier.Object{Kind: carrier.Body, Routine: r}
		}
	}
	return c, nil
}

// answersNobody reports whether a routine that a path calls does not fail without a tenant when it
// is called by itself: what a program sets before is not to blame then.
func (l *lab) answersNobody(ctx context.Context, s *model.Scenario, d *judge.Divergence, r *model.Routine) (bool, error) {
	at := &s.Steps[d.Step]
	for _, p := range l.Contract.Paths {
		if p.Routine != r || p.User(at.Session) == nil || r.Least() > 0 {
			continue
		}
		step := model.Step{Session: at.Session, Tenant: at.Tenant, User: at.User, Op: model.Op{Path: p}}
		t, err := l.trace(ctx, &model.Scenario{Data: s.Data, Steps: []model.Step{step}}, run.Variant{})
		if errors.Is(err, run.ErrInvalid) {
			return false, nil
		}
		return err == nil && t.Steps[0].Err == nil, err
	}
	return false, nil
}

// beneathPath finds the object of a table that a path uses and that shows its session more
// than the rules allow, where the path says nothing else than the session's rules do.
func (l *lab) beneathPath(ctx context.Context, s *model.Scenario, d *judge.Divergence, id *model.Identity, st *model.State) (Cause, error) {
	p := d.Cell.Path
	u := p.User(s.Steps[d.Step].Session)
	if s.Runs() || u == nil {
		return Cause{}, nil
	}
	for i, table := range l.Contract.Schema.Tables {
		if u.Rules.Sees[i].Rule != u.Session.Sees[i].Rule || !l.reads(p, "", table.Name) {
			continue
		}
		v, ok := intended(l.Contract, table, id, st)
		if !ok {
			continue
		}
		if more, err := l.readsMore(ctx, s, d, table); err != nil {
			return Cause{}, err
		} else if !more {
			continue
		}
		if gone, err := l.without(ctx, s, d, Cause{try: v}); err != nil {
			return Cause{}, err
		} else if !gone {
			continue
		}
		if c, err := l.carrier(ctx, s, d, l.tableCauses(table, model.Select, id), run.Variant{}, l.off); err != nil || c.Key != "" {
			return c, err
		}
	}
	return Cause{}, nil
}

// readsMore reports whether the session of a step gets rows of a table that it may not see when
// it reads the table itself.
func (l *lab) readsMore(ctx context.Context, s *model.Scenario, d *judge.Divergence, table *model.Table) (bool, error) {
	who := &s.Steps[d.Step]
	step := model.Step{Session: who.Session, Tenant: who.Tenant, User: who.User, Op: model.Op{Shape: l.Plan.Reading(who.Session, table)}}
	v, err := l.under(ctx, &model.Scenario{Data: s.Data, Steps: []model.Step{step}}, run.Variant{})
	return err == nil && slices.ContainsFunc(v.Divergences, func(o judge.Divergence) bool {
		return o.Cell.Table == table.ID && o.Cell.Path == nil && o.Class <= judge.Read
	}), err
}

// keys lists the experiments with the keys of what a path uses: each unique one, each foreign one, and
// all together.
func (t *Target) keys(p *model.Path) []Cause {
	var out []Cause
	program := t.programText(p)
	for _, table := range t.Contract.Schema.Tables {
		if !t.reads(p, program, table.Name) {
			continue
		}
		for i := range table.Unique {
			u := &table.Unique[i]
			object := carrier.Object{Kind: carrier.Unique, Table: table, Unique: u}
			out = append(out, Cause{
				Key: object.Name(), Text: object.Name() + t.reach(table, u),
				try: run.Variant{Before: u.Drop(table)}, object: object,
			})
		}
		for i := range table.ForeignKeys {
			k := &table.ForeignKeys[i]
			if k.Target == nil {
				continue
			}
			object := carrier.Object{Kind: carrier.Reference, Table: table, Key: k}
			out = append(out, Cause{
				Key: object.Name(), Text: object.Name() + " is held against the rows of all tenants",
				try: run.Variant{Before: []string{dropReference(table, k)}}, object: object,
			})
		}
	}
	return append(out, Cause{Key: "keys", Text: "unique and foreign keys are held against the rows of all tenants", try: run.Variant{Before: dropKeys(t.Contract.Schema)}})
}

// reach says which rows a unique key is held against: those of all tenants; where the tenant is part
// of it, what it tells is of rows that the session does not see, whoever has them.
func (t *Target) reach(table *model.Table, u *model.Unique) string {
	if slices.ContainsFunc(t.Contract.Belongs[table.ID].Paths, func(p model.TenantPath) bool {
		return slices.ContainsFunc(p.Columns(), func(c int) bool { return model.Contains(u.Columns, c) })
	}) {
		return " is held against rows that the session does not see"
	}
	return " is one for all tenants"
}

// fired lists the experiments with the triggers and rules of what a path writes to.
func (t *Target) fired(p *model.Path, program string) []Cause {
	var out []Cause
	for _, v := range t.Contract.Schema.Views {
		if len(v.Triggers) > 0 && t.reads(p, program, v.Name) {
			out = append(out, viewTriggers(v)...)
		}
	}
	for _, table := range t.Contract.Schema.Tables {
		if len(table.Triggers) > 0 && t.reads(p, program, table.Name) {
			out = append(out, triggers(table)...)
		}
	}
	return out
}

// onlyWriters lists the experiments with the triggers and rules of a view that nothing else writes
// to: without them, the statement fails.
func (t *Target) onlyWriters(d *judge.Divergence) []Cause {
	p := d.Cell.Path
	if p.View == nil || d.Worlds != nil {
		return nil
	}
	out := viewTriggers(p.View)
	for i := range out {
		out[i].succeeds, out[i].fails = false, true
	}
	return out
}

// statementOf is the command of the one statement that a path is; Select for any other path.
func statementOf(p *model.Path) model.Command {
	if len(p.SQL) != 1 || len(p.SQL[0].Statements) != 1 {
		return model.Select
	}
	tokens := sql.Tokens(p.SQL[0].Statements[0].Text)
	for _, c := range []model.Command{model.Insert, model.Update, model.Delete} {
		if len(tokens) > 0 && strings.EqualFold(tokens[0].Text, c.String()) {
			return c
		}
	}
	return model.Select
}

// partCauses lists the experiments with a partition that a session uses directly.
func (t *Target) partCauses(d *judge.Divergence, id *model.Identity) []Cause {
	p := d.Cell.Path
	if p.View == nil {
		return nil
	}
	part := t.Contract.Schema.Table(p.View.Schema, p.View.Name)
	if part == nil {
		return nil
	}
	var out []Cause
	if d.Cross {
		out = t.separators(part, statementOf(p))
	}
	return append(out, t.tableCauses(part, statementOf(p), id)...)
}

// objectCauses lists the experiments with the views and routines that a path names.
func (t *Target) objectCauses(p *model.Path) []Cause {
	var out []Cause
	if p.Leaky && p.View != nil && p.Shadow == nil {
		out = append(out, Cause{
			Key: "barrier " + p.View.Label(), Text: fmt.Sprintf("view %s has no security_barrier: conditions of its readers are asked before its own", p.View.Label()),
			try:    run.Variant{Before: []string{"ALTER VIEW " + p.View.SQL() + " SET (security_barrier = true)"}},
			object: carrier.Object{Kind: carrier.Barrier, View: p.View},
		})
	}
	program := t.programText(p)
	named := func(direct bool, name string) bool {
		return uses(p, program, name) == direct && t.reads(p, program, name)
	}
	for _, direct := range []bool{true, false} { // what the path itself names goes first
		out = append(out, t.definers(func(name string) bool { return named(direct, name) })...)
	}
	for _, v := range t.materialized(p, program) {
		object := carrier.Object{Kind: carrier.Materialized, View: v}
		if p.View == v {
			object.Roles = append(slices.Sorted(maps.Keys(v.Readers)), "")
		}
		out = append(out, Cause{
			Key: "view " + v.Label(), Text: fmt.Sprintf("materialized view %s holds the rows of every tenant, and row security does not reach it", v.Label()),
			try:    run.Variant{Stale: true},
			object: object,
		})
	}
	return out
}

// deceived lists the experiments with the functions that take a session's own table for another.
func deceived(s *model.Shadow) []Cause {
	does := ", where temporary tables come first"
	if len(s.Put) > 0 {
		does = ", and runs what its caller put there with its owner's rights"
	}
	var out []Cause
	var all []string
	for _, r := range s.Deceived {
		object := carrier.Object{Kind: carrier.SearchPath, Routine: r, Taken: s.Taken}
		all = append(all, object.Pin())
		out = append(out, Cause{
			Key: "search path of " + r.Label() + "(" + r.Signature + ")", Text: fmt.Sprintf("function %s takes %s from its caller's search path%s", r.Label(), s.Taken.Label(), does),
			try:    run.Variant{Before: []string{object.Pin()}},
			object: object,
		})
	}
	if len(all) > 1 { // none of them alone
		several := out[0]
		several.try = run.Variant{Before: all}
		out = append(out, several)
	}
	return out
}

// definers lists the experiments with the routines and views of some names that run with
// their owners' rights.
func (t *Target) definers(named func(string) bool) []Cause {
	var out []Cause
	for _, r := range t.Contract.Schema.Routines {
		if r.Definer && named(r.Name) {
			out = append(out, Cause{
				Key: "routine " + r.Label() + "(" + r.Signature + ")", Text: fmt.Sprintf("function %s runs with the rights of its owner (SECURITY DEFINER) and lets it through", r.Label()),
				try:    run.Variant{Before: []string{"ALTER ROUTINE " + r.SQL() + " SECURITY INVOKER"}},
				object: carrier.Object{Kind: carrier.Routine, Routine: r},
			})
		}
	}
	for _, v := range t.Contract.Schema.Views {
		if !v.Invoker && !v.Materialized && named(v.Name) {
			out = append(out, Cause{
				Key: "view " + v.Label(), Text: fmt.Sprintf("view %s reads with the rights of its owner (no security_invoker)", v.Label()),
				try:    run.Variant{Before: []string{"ALTER VIEW " + v.SQL() + " SET (security_invoker = on)"}},
				object: carrier.Object{Kind: carrier.View, View: v},
			})
		}
	}
	return out
}
