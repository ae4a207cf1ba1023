package contract_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
)

// frugal checks that evaluating a rule in Go allocates nothing, whatever ways own takes.
func (e *evaluation) frugal(ref contract.RuleRef, vars []model.Value) {
	e.t.Helper()
	if ref.Rule.Program == nil {
		return
	}
	f := sql.Frame{World: e.world, Vars: vars}
	n := testing.AllocsPerRun(2, func() {
		for _, row := range e.world[ref.Table.ID] {
			f.Row = row
			ref.Rule.Program.Eval(&f)
		}
	})
	if n != 0 {
		e.t.Errorf("%s: %q allocates %v times for %d rows", ref.Place, ref.Rule.Text, n, len(e.world[ref.Table.ID]))
	}
}
