package judge

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// call judges what one call of a path shows by itself. What depends on hidden rows
// takes a second world.
func (j *judge) call(step *model.Step) {
	p := step.Op.Path
	cell := PathCell(j.id.Session.ID, p)
	o := j.trace.Output
	if o != nil && o.Unclear != "" {
		if j.half { // whole runs say what is clear
			return
		}
		if j.verdict.Unclear == nil {
			j.verdict.Unclear = map[Cell]string{}
		}
		j.verdict.Unclear[cell] = o.Unclear
		return
	}
	j.errored(cell, j.trace.Err)
	if p.Channel != nil {
		j.heard(step, cell)
		return
	}
	j.writes()
	j.canaries()
	if !j.half { // half of a run need not log itself
		j.refuses(p, cell)
		j.audit(p, cell)
	}
	j.verdict.Stakes = append(j.verdict.Stakes, Stake{Cell: cell, Allowed: len(j.trace.Rows), Silent: o != nil && o.Silent()})
}

// refuses judges calls that must fail: without a tenant, or with a wildcard.
func (j *judge) refuses(p *model.Path, cell Cell) {
	if j.trace.Err != nil {
		return
	}
	if p.MustFail && j.id.Tenant.Null && !j.id.Session.Tenantless {
		j.found(Divergence{Class: Open, Cell: cell, Column: -1, Rule: MustFail, Cross: true})
	}
	if p.Wildcards && len(j.trace.Rows) > 0 && Wildcard(p, j.op.Args) {
		j.found(Divergence{Class: Open, Cell: cell, Column: -1, Rule: RefuseWildcards, Cross: true})
	}
}

// Rules of paths that a divergence names.
const (
	MustFail        = "without a tenant it must fail"
	RefuseWildcards = "wildcards must be refused"
)

// LeftBehind is the rule of calls that tell what an earlier session left.
const LeftBehind = "what an earlier session left may not reach it"

// Inherits marks a divergence as coming from what earlier steps left, which makes its class
// Residue; that of a session without a tenant stays Open.
func (d *Divergence) Inherits() {
	d.Left = true
	if d.Class == Open {
		return
	}
	d.Class = Residue
	if d.Worlds != nil {
		d.Rule = LeftBehind
	}
}

// Sort puts the divergences in their order: by class, then step.
func (v *Verdict) Sort() {
	slices.SortStableFunc(v.Divergences, func(a, b Divergence) int { return int(a.Class) - int(b.Class) })
}

// Wildcard reports whether an argument of a call that is drawn from the data is a wildcard.
func Wildcard(p *model.Path, args []model.Value) bool {
	for i, a := range p.Args {
		if i < len(args) && a.Column.Column >= 0 && (args[i].Null || slices.Contains([]string{"%", "_", ""}, args[i].Text)) {
			return true
		}
	}
	return false
}

// Interferes adds what a second world showed of a call. It has one class: a token that the
// same call gave is the same leak, and so is one that an earlier step showed.
func (v *Verdict) Interferes(d *Divergence) {
	v.Divergences = slices.DeleteFunc(v.Divergences, func(o Divergence) bool { return o.Cell == d.Cell && o.Token() })
	if slices.ContainsFunc(v.Divergences, func(o Divergence) bool { return o.Target() == d.Target() && o.Step == d.Step }) {
		return
	}
	v.Divergences = append(v.Divergences, *d)
	v.Sort()
}
