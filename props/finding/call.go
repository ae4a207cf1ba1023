package finding

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// callTexts is the SQL of a call by transaction, with the values of its parameters written into
// it.
func callTexts(id *model.Identity, st *model.Step) [][]string {
	var out [][]string
	for _, tx := range st.Transactions() {
		var list []string
		for i := range tx.Statements {
			s := &tx.Statements[i]
			values := make([]model.Value, len(s.Params))
			for k, p := range s.Params {
				if v, err := id.Value(p, st.Op.Args); err == nil {
					values[k] = v
				} else {
					values[k].Null = true
				}
			}
			list = append(list, sql.Bind(strings.TrimRight(s.Text, "; \t\r\n"), values))
		}
		out = append(out, list)
	}
	return out
}

// does is the SQL of a step, after the name of the path for a call.
func (t *teller) does(st *model.Step) string {
	p := st.Op.Path
	if p == nil {
		return Statement(&st.Op)
	}
	return p.Name + ": " + strings.Join(t.calls(st), "; ")
}

// calls is the statements of a call, or the line that starts its program; nil where the session
// cannot be bound.
func (t *teller) calls(st *model.Step) []string {
	id, ok := t.c.BindStep(st, t.state)
	if !ok {
		return nil
	}
	if st.Runs() {
		return []string{command(id, st)}
	}
	var out []string
	for _, tx := range callTexts(id, st) {
		out = append(out, tx...)
	}
	return out
}
