package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// Verdict is the judgement of one trace.
type Verdict struct {
	Divergences []Divergence // by class, then step
	Stakes      []Stake
	// Errors is what ended statements and looks that were neither done nor denied.
	Errors map[Cell]string
	// Failures is the same, with its step.
	Failures []Failure
	// Unjudged says what could not be judged, and why.
	Unjudged []string
	// Unclear is why calls of paths show nothing, by cell.
	Unclear map[Cell]string
	// Misbound is the first step that is none of its session; nil: none is. Neither it nor what
	// follows is judged.
	Misbound *Misbound
}

// Failure is an error that ended a statement, a call or a look, and is no denial.
type Failure struct {
	Step  int          // index
	Table *model.Table // that the session looked at after the step; nil: the step itself
	Err   *model.Failure
}

// Stake is what was at stake in a step or an observation.
type Stake struct {
	Cell               Cell
	Allowed, Forbidden int
	Silent             bool // a call gave nothing at all
}

// Judge judges a trace of a scenario.
func Judge(c *model.Contract, s *model.Scenario, t *model.Trace) *Verdict {
	j := &judge{contract: c, scenario: s, verdict: &Verdict{}}
	j.predict.Contract = c
	initial := model.NewState(c.Schema, arrange(c.Schema, s, t.Initial))
	before := initial
	j.states, j.steps = []*model.State{initial}, t.Steps
	for i := range t.Steps {
		step := &s.Steps[i]
		id, ok := c.BindStep(step, initial)
		if !ok {
			j.verdict.Unjudged = append(j.verdict.Unjudged, fmt.Sprintf("step %d: no such tenant or user", i+1))
			break
		}
		if m := misbound(c, s, i, j.states); m != nil {
			j.verdict.Misbound = m
			j.verdict.Unjudged = append(j.verdict.Unjudged, m.Why)
			break
		}
		after := model.NewState(c.Schema, arrange(c.Schema, s, t.Steps[i].After))
		j.states = append(j.states, after)
		j.step(i, id, step, &t.Steps[i], before, after)
		before = after
	}
	j.verdict.Sort()
	return j.verdict
}

// judge goes through a trace step by step.
type judge struct {
	contract *model.Contract
	scenario *model.Scenario
	predict  model.Predictor
	verdict  *Verdict
	states   []*model.State    // before the first step, and after each so far
	steps    []model.StepTrace // of the whole trace

	// of the current step
	at     int
	id     *model.Identity
	op     *model.Op
	trace  *model.StepTrace
	before *model.State
	after  *model.State
	undone bool         // the step was rolled back
	half   bool         // it ended half-way, or its call goes on in a later step
	since  int          // the step that began to listen, where this one looks what came; else at
	own    []string     // tenants of the session
	lacks  map[int]bool // by Table.ID: the session got fewer rows than it may see
}

func (j *judge) step(i int, id *model.Identity, step *model.Step, t *model.StepTrace, before, after *model.State) {
	j.at, j.id, j.op, j.trace, j.before, j.after = i, id, &step.Op, t, before, after
	j.own, j.lacks, j.since = j.tenants(), map[int]bool{}, i
	j.undone, j.half = step.Undone, step.Undone || step.Cut > 0
	j.failed(nil, t.Err)
	if step.Op.Path != nil {
		j.call(step)
		return
	}
	if s := step.Op.Shape; s != nil {
		j.errored(j.cell(s.Table, commandOf(s)), t.Err)
	}
	for k := range t.Seen {
		table := j.contract.Schema.Tables[t.Seen[k].Table]
		j.failed(table, t.Seen[k].Err)
		j.errored(j.cell(table, model.Select), t.Seen[k].Err)
	}
	j.writes()
	j.reads()
	j.result()
	j.canaries()
	j.stakes()
}

// tenants lists the tenants of the session.
func (j *judge) tenants() []string {
	if j.id.Session.AsksTenants() && j.trace.Tenants != nil {
		return j.trace.Tenants
	}
	var own []string
	j.contract.SessionTenants(j.id, j.before, func(v model.Value) bool {
		own = append(own, v.Text)
		return true
	})
	return own
}

// holds evaluates a rule in the state before the step or after it.
func (j *judge) holds(r *model.Rule, st *model.State, row model.Row) (holds, known bool) {
	j.predict.Ask = j.trace.Answers.Holds
	switch {
	case st == j.after:
		j.predict.Ask = j.trace.Later.Holds
	case j.since < j.at && st == j.states[j.since+1]: // Postgres was asked for this session then, too
		j.predict.Ask = j.steps[j.since].Later.Holds
	}
	return j.predict.Holds(r, j.id, st, row)
}

// holdsNew evaluates a rule for a new row: in the state before the step, so that the
// row cannot entitle itself. What only Postgres can evaluate was asked after the step.
func (j *judge) holdsNew(r *model.Rule, row model.Row) (holds, known bool) {
	return j.holdsThen(r, j.before, row)
}

// holdsThen evaluates a rule in some state; what only Postgres can evaluate was asked after the step.
func (j *judge) holdsThen(r *model.Rule, st *model.State, row model.Row) (holds, known bool) {
	j.predict.Ask = j.trace.Later.Holds
	return j.predict.Holds(r, j.id, st, row)
}

// without is the state after the step, but for a table, which is as it was before.
func (j *judge) without(t *model.Table) *model.State {
	rows := make([][]model.Row, len(j.contract.Schema.Tables))
	for i := range rows {
		if rows[i] = j.after.Rows(i); i == t.ID {
			rows[i] = j.before.Rows(i)
		}
	}
	return model.NewState(j.contract.Schema, rows)
}

func (j *judge) found(d Divergence) {
	d.Step = j.at
	if d.Class == Lockout && j.id.Unset() { // the contract promises nothing to who lost its tenant
		return
	}
	if d.Class != Lockout && (j.id.Session.Tenantless || j.id.Unset() || j.op.Path != nil && j.id.Tenant.Null) {
		d.Class = Open
	}
	if d.Did == "" {
		d.Did = j.did()
	}
	j.inOrder(&d)
	for i := range j.verdict.Divergences {
		if o := &j.verdict.Divergences[i]; o.Target() == d.Target() && o.Step == d.Step {
			return
		}
	}
	j.verdict.Divergences = append(j.verdict.Divergences, d)
}

// did is Postgres' answer in a few words.
func (j *judge) did() string {
	if e := j.trace.Err; e != nil {
		return "ERROR " + e.Code + ": " + e.Message
	}
	if o := j.trace.Output; o != nil && o.Did != "" {
		return o.Did
	}
	if o := j.trace.Output; o != nil {
		if n := o.Affected(); o.Rows() == 0 && n > 0 {
			return noun.Count(n, "row") + " affected"
		}
		return noun.Count(o.Rows(), "row")
	}
	if j.op.Shape == nil {
		return noun.Count(j.trace.Count, "row")
	}
	return fmt.Sprintf("%s %d", strings.ToUpper(j.op.Shape.Command.String()), j.trace.Count)
}

// foreign reports whether a row has a tenant that is not the session's.
func (j *judge) foreign(st *model.State, t *model.Table, row model.Row) bool {
	found := false
	j.contract.Tenants(st, t, row, func(v model.Value) bool {
		found = !slices.Contains(j.own, v.Text)
		return !found
	})
	return found
}

// denied reports whether an error kept the session from what it asked for, by row
// security or a privilege; or, of a session without a tenant, because a policy asked for
// the setting that was never set: undefined_object names it where it does not exist, and
// where it is empty, as on a connection that was used before, it is no value of its type.
func (j *judge) denied(e *model.Failure) bool {
	if e.Denied() || e == nil || !j.id.Session.Tenantless && !j.id.Unset() {
		return e.Denied()
	}
	if e.Code == "22P02" {
		return strings.HasSuffix(e.Message, `: ""`)
	}
	return e.Code == "42704" && slices.ContainsFunc(j.contract.Sessions, func(s *model.Session) bool {
		return slices.ContainsFunc(s.Settings, func(set model.Setting) bool { return strings.Contains(e.Message, `"`+set.Name+`"`) })
	})
}

// errored notes an error that is no denial: the cell was tried, and shows nothing.
func (j *judge) errored(cell Cell, e *model.Failure) {
	if e == nil || j.denied(e) {
		return
	}
	if j.verdict.Errors == nil {
		j.verdict.Errors = map[Cell]string{}
	}
	j.verdict.Errors[cell] = "ERROR " + e.Code + ": " + e.Message
}

// failed notes the same for the step.
func (j *judge) failed(look *model.Table, e *model.Failure) {
	if e != nil && !j.denied(e) {
		j.verdict.Failures = append(j.verdict.Failures, Failure{Step: j.at, Table: look, Err: e})
	}
}

func (j *judge) cell(t *model.Table, c model.Command) Cell {
	return Cell{Session: j.id.Session.ID, Table: t.ID, Command: c, Path: j.op.Path}
}

func text(r *model.Rule) string {
	if r == nil {
		return "none"
	}
	return r.Text
}
