package props

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// SQLSTATEs that say what a failure is about.
const (
	syntaxError    = "42601"
	undefinedTable = "42P01"
	wrongNumber    = "08P01" // of parameters
	notNull        = "23502"
	noReferenced   = "23503"
	failsCheck     = "23514"
)

// misfit is why a case that does not show its leak is no sign of a fix: a step failed, and not since the
// session may not do that, but since the statement no longer fits the schema. Row security, a
// privilege, a constraint over the columns that say whose a row is, and a trigger or function
// that refuses this session are fixes. It is empty where each step gave an answer, as is any error
// of a sequence that was only explored, but that it no longer fits.
func (l *lab) misfit(ctx context.Context, k *finding.Case, s *model.Scenario, trace *model.Trace, v *judge.Verdict) (string, error) {
	if why := unread(k, trace); why != "" {
		return why, nil
	}
	if d := shown(l.Contract, k, v); d != nil && (k.Found == nil || d.Class != judge.Lockout || about(l.Contract, k.Found, d)) {
		return "", nil
	}
	if m := v.Misbound; m != nil && !idle(s, trace, m.Step) {
		return m.Why, nil
	}
	for _, f := range v.Failures {
		if k.Steps[f.Step].Expect != nil {
			continue
		}
		if f.Table != nil {
			if k.Found != nil && k.Found.Object == f.Table.Label() && unfit(f.Err) {
				return fmt.Sprintf("%s cannot be read after step %d: %s", f.Table.Label(), f.Step+1, said(f.Err)), nil
			}
			continue
		}
		answer, err := l.answered(ctx, k, s, &f)
		if err != nil {
			return "", err
		}
		if !answer {
			return fmt.Sprintf("step %d fails, and not since its session may not do that: %s", f.Step+1, said(f.Err)), nil
		}
	}
	return "", nil
}

// idle reports whether all steps before one left the rows alone, some of which were to write: what was
// to make its user one of its session was refused.
func idle(s *model.Scenario, trace *model.Trace, step int) bool {
	wrote := false
	for i := range s.Steps[:step] {
		for t, rows := range trace.Steps[i].After {
			if len(model.Without(rows, trace.Initial[t])) > 0 || len(rows) != len(trace.Initial[t]) {
				return false
			}
		}
		op := &s.Steps[i].Op
		reads := op.Shape != nil && op.Shape.Command == model.Select || op.Path == nil && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(op.Raw)), "SELECT")
		wrote = wrote || !reads
	}
	return wrote
}

func said(e *model.Failure) string { return "ERROR " + e.Code + ": " + e.Message }

// answered reports whether the failure of a step may be what a fix looks like.
func (l *lab) answered(ctx context.Context, k *finding.Case, s *model.Scenario, f *judge.Failure) (bool, error) {
	path := s.Steps[f.Step].Op.Path
	switch {
	case path != nil && f.Step > 0 && f.Err.Code == undefinedTable: // what an earlier step left is gone
		return true, nil
	case unfit(f.Err):
		return false, nil
	case k.Explored: // whatever it came to
		return true, nil
	case k.Found != nil && inErrors(k.Found.Class): // an error may be what it was saved for
		return true, nil
	case strings.HasPrefix(f.Err.Code, "23"):
		return l.ties(f.Err), nil
	case path != nil: // it refuses by itself
		return true, nil
	case strings.HasPrefix(f.Err.Code, "22"):
		return false, nil
	}
	anybody, err := l.anybody(ctx, k, s, f)
	return !anybody, err
}

// unfit reports whether an error says that a statement names what the schema does not have, has
// values of other types, or another number of them.
func unfit(e *model.Failure) bool {
	return strings.HasPrefix(e.Code, "42") && !e.Denied() || e.Code == wrongNumber
}

// inErrors reports whether errors can show what a class is about.
func inErrors(class string) bool {
	return slices.Contains([]string{judge.Existence.String(), judge.Canary.String(), judge.Interference.String()}, class)
}

// ties reports whether a constraint that refused a row reads the columns which say whose a row of
// its table is.
func (l *lab) ties(e *model.Failure) bool {
	i := slices.IndexFunc(l.Contract.Schema.Tables, func(t *model.Table) bool { return t.Label() == e.Table })
	if i < 0 {
		return false
	}
	t := l.Contract.Schema.Tables[i]
	var columns []int
	switch e.Code {
	case notNull:
		columns = []int{slices.IndexFunc(t.Columns, func(c model.Column) bool { return c.Name == e.Column })}
	case noReferenced:
		for i := range t.ForeignKeys {
			if t.ForeignKeys[i].Name == e.Constraint {
				columns = t.ForeignKeys[i].Columns
			}
		}
	case failsCheck:
		for i := range t.Checks {
			if t.Checks[i].Name == e.Constraint {
				columns = t.Checks[i].Columns
			}
		}
	}
	return slices.ContainsFunc(columns, func(c int) bool { return c >= 0 && l.says(t, c) })
}

// says reports whether a column says whose a row of its table is.
func (l *lab) says(t *model.Table, column int) bool {
	if root := l.Contract.Tenancy.Table; t == root && column == l.Contract.Tenancy.Key {
		return true
	}
	return slices.ContainsFunc(l.Contract.Belongs[t.ID].Paths, func(p model.TenantPath) bool {
		return slices.Contains(p.Columns(), column) || p.SQL != "" && sql.Mentions(p.SQL, t.Columns[column].Name)
	})
}

// anybody reports whether a step is refused whoever it is that asks, although the contract lets its
// sessions do such things: what raises that is no guard of tenants.
func (l *lab) anybody(ctx context.Context, k *finding.Case, s *model.Scenario, f *judge.Failure) (bool, error) {
	step := &s.Steps[f.Step]
	if !l.permits(k, step) {
		return false, nil
	}
	m, err := l.commits(ctx)
	if err != nil {
		return false, err
	}
	tried, initial := false, s.Initial(l.Contract.Schema)
	for _, tenant := range l.tenantsOf(initial) {
		if tenant.Text == step.Tenant.Text {
			continue
		}
		other := *step
		other.Tenant = tenant
		if users := l.Contract.Candidates(step.Session, tenant, initial); len(users) > 0 {
			other.User = users[0]
		}
		if _, ok := l.Contract.BindStep(&other, initial); !ok {
			continue
		}
		changed := *s
		changed.Steps = slices.Clone(s.Steps[:f.Step+1])
		changed.Steps[f.Step] = other
		trace, err := m.Run(ctx, &changed, !usesOver(s))
		if errors.Is(err, run.ErrInvalid) {
			continue
		}
		if err != nil {
			return false, err
		}
		if e := trace.Steps[f.Step].Err; e == nil || e.Code != f.Err.Code {
			return false, nil
		}
		tried = true
	}
	return tried, nil
}

// permits reports whether the contract lets a session do what its step does, to some rows.
func (l *lab) permits(k *finding.Case, step *model.Step) bool {
	var t *model.Table
	var command string
	switch {
	case step.Op.Shape != nil:
		t, command = step.Op.Shape.Table, step.Op.Shape.Command.String()
	case k.Found != nil:
		i := slices.IndexFunc(l.Contract.Schema.Tables, func(t *model.Table) bool { return t.Label() == k.Found.Object })
		if i < 0 {
			return false
		}
		t, command = l.Contract.Schema.Tables[i], k.Found.Command
	default:
		return false
	}
	writes := &step.Session.Writes[t.ID]
	rule := step.Session.Sees[t.ID].Rule
	switch command {
	case model.Insert.String():
		rule = writes.Insert
	case model.Update.String():
		rule = writes.From
	case model.Delete.String():
		rule = writes.Delete
	}
	return rule != nil && rule.Kind != model.RuleNone
}

// tenantsOf lists the tenants of a state, in the order of its rows.
func (l *lab) tenantsOf(st *model.State) []model.Value {
	var list []model.Value
	add := func(v model.Value) bool {
		if !v.Null && !slices.Contains(list, v) {
			list = append(list, v)
		}
		return true
	}
	for _, t := range l.Contract.Schema.Tables {
		for _, row := range st.Rows(t.ID) {
			if t == l.Contract.Tenancy.Table {
				add(row[l.Contract.Tenancy.Key])
			}
			l.Contract.Tenants(st, t, row, add)
		}
	}
	return list
}

// unread is why a step's SQL cannot be run at all; empty where each can, or where the error is
// expected. A function may raise the same error, so our own parser is asked too.
func unread(k *finding.Case, trace *model.Trace) string {
	for i := range min(len(k.Steps), len(trace.Steps)) {
		st := &k.Steps[i]
		if e := trace.Steps[i].Err; st.SQL == "" || st.Expect != nil || e == nil || e.Code != syntaxError {
			continue
		}
		switch list, err := sql.Split(st.SQL); {
		case err != nil:
			return fmt.Sprintf("step %d is not SQL: %v", i+1, err)
		case len(list) > 1:
			return fmt.Sprintf("step %d has %d statements: write a step for each", i+1, len(list))
		}
	}
	return ""
}
