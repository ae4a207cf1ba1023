package contract

import "github.com/rlsfuzz/rlsfuzz/model"

// asks keeps a statement that Postgres must be able to prepare, the rule that it stands for (nil:
// none), and where the contract says it.
func (r *resolver) asks(d text, statement string, rule *model.Rule) {
	at := d.place()
	r.contract.Written = append(r.contract.Written, model.Written{SQL: statement, Rule: rule, Line: at.line, Col: at.col})
}

// RefusedSetting is the error, an *Errors, that a session cannot make a setting, for a reason.
func (f *File) RefusedSetting(at *model.Setting, expected, reason string) error {
	s := f.again()
	s.fail(place{at.Line, at.Col}, expected, "%s", reason)
	return s.result()
}

// Refused is the error, an *Errors, that a text of the contract cannot be used, for a reason.
func (f *File) Refused(t *model.Written, reason string) error {
	s := f.again()
	expected := "SQL that Postgres understands"
	if t.Rule != nil {
		expected = "a condition that Postgres can tell of every row"
	}
	s.fail(place{t.Line, t.Col}, expected, "%s", reason)
	return s.result()
}
