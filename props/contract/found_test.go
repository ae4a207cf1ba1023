package contract_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestFoundRoutines says which routines are paths of their own beside a path that names one:
// others of its name, and one of whose arguments the path leaves some out, or NULL, with the path's rules
// and a name of their own.
func TestFoundRoutines(t *testing.T) {
	text := model.Type{Name: "text", Base: "text"}
	routine := func(name, signature string, args, defaults int) *model.Routine {
		m := &model.Routine{Schema: "public", Name: name, Signature: signature, Defaults: defaults, Callers: []string{"member"}}
		for range args {
			m.Args = append(m.Args, model.RoutineArg{Type: text})
		}
		return m
	}
	s := shop(t)
	s.Routines = []*model.Routine{
		routine("search", "text", 1, 0), routine("search", "text, text", 2, 0),
		routine("report", "", 0, 0), routine("export", "text, text", 2, 1), routine("other", "", 0, 0),
		routine("listing", "text, text", 2, 0), routine("audit", "text, text", 2, 0),
	}
	c := mustResolve(t, s, shopContract+`
paths:
  search: {kind: search, as: [member], run: 'SELECT * FROM search($1)', args: [users.email]}
  report: {kind: report, as: [member], run: SELECT * FROM Report()}
  export: {kind: export, as: [member], run: 'SELECT * FROM public.export(upper(concat($1, $1)))', args: [users.email], sees: {invoices: none}}
  function listing: {kind: report, as: [member], run: "SELECT * FROM listing($1, NULL::text)", args: [users.email], sees: {invoices: none}}
  audit: {kind: report, as: [member], run: "SELECT * FROM audit($1, coalesce(NULL, $1))", args: [users.email]}
`)
	own := map[string]bool{} // by path: its rules are the session's own
	for _, p := range c.Paths {
		if p.Routine != nil {
			own[p.Name] = p.Users[0].Rules == p.Users[0].Session
		}
	}
	want := map[string]bool{"function search(text, text)": true, "function export": false, "function listing(text, text)": false, "function other": true}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
