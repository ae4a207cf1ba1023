package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Present gives a call what is its session's own, in place of what was drawn for another: its
// variables, and the secrets of rows that it may see, which nobody else has.
func (p *Plan) Present(step *model.Step, st *model.State) {
	id, ok := p.Contract.BindStep(step, st)
	if !ok {
		return
	}
	anywhere, _ := p.Contract.Bind(step.Session, step.Tenant, step.User, st)
	step.Op.Args = slices.Clone(step.Op.Args)
	for _, c := range p.calls[step.Session.ID] {
		if c.path != step.Op.Path {
			continue
		}
		for i := range step.Op.Args {
			if i < len(step.Op.Path.Args) && step.Op.Path.Args[i].Variable != "" {
				if v, err := id.Value(model.PathParam{Arg: -1, Var: step.Op.Path.Args[i].Variable}, nil); err == nil {
					step.Op.Args[i] = v
				}
				continue
			}
			if anywhere == nil || i >= len(c.args) || !slices.Contains(p.Contract.Secrets, c.args[i].column) {
				continue
			}
			if v, found := p.presented(c.args[i].column, anywhere, st); found {
				step.Op.Args[i] = v
			}
		}
	}
}

// presented is the value that a secret has in the first row that a session may see; false without
// one, and where only Postgres can tell.
func (p *Plan) presented(ref model.ColumnRef, id *model.Identity, st *model.State) (model.Value, bool) {
	predictor := model.Predictor{Contract: p.Contract}
	for _, row := range st.Rows(ref.Table) {
		holds, known := predictor.Holds(id.Session.Sees[ref.Table].Rule, id, st, row)
		if holds && known && !row[ref.Column].Null {
			return row[ref.Column], true
		}
	}
	return model.Value{}, false
}
