package finding_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

func explained() finding.Explanation {
	return finding.Explanation{
		Carrier:    finding.Carrier{Object: "policy leak on tickets", SQL: "CREATE POLICY leak ON tickets USING (true)", File: "db/schema.sql", Line: 12},
		Fix:        finding.Fix{SQL: []string{"DROP POLICY leak ON tickets"}, Checks: 40},
		Reproduced: 5, Times: 5,
		Free: []finding.Free{{Table: "help.tickets", Row: 0, Column: "subject"}, {Table: "users", Row: 0, Column: "email"}},
	}
}

// TestExplained looks for what experiments told in each file of a finding, and reads the
// case again: comments change nothing.
func TestExplained(t *testing.T) {
	c, f := leak()
	plain := finding.CaseOf(f, finding.Material{Contract: c, ContractPath: "db/rlsfuzz.yaml"})
	f.Cause, f.Explanation = "policy leak lets it through", explained()
	m := finding.Material{Contract: c, ContractPath: "db/rlsfuzz.yaml"}
	files, err := finding.Files(f, m)
	if err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		finding.CaseFile:  {"# cause: policy leak on tickets (schema.sql:12)\n", "# fix: DROP POLICY leak ON tickets\n", "# sure: reproduced 5 of 5 with", "}  # any: subject\n", "}  # any: email\n"},
		finding.ReproFile: {"-- The cause: policy leak on tickets\n", "-- A fix: DROP POLICY leak ON tickets;\n", "; -- any: subject\n"},
		finding.PageFile:  {"| Cause | policy leak lets it through (db/schema.sql:12) |", "| Fix, tried in 40 checks | DROP POLICY leak ON tickets |", "°", "may be anything", "Reproduced 5 of 5"},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[name]), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, files[name])
			}
		}
	}
	block := finding.Block(f)
	for _, want := range []string{"(db/schema.sql:12)", "  fix      DROP POLICY leak ON tickets\n", "  sure     reproduced 5 of 5", "  any      subject of help.tickets; email of users\n"} {
		if !strings.Contains(block, want) {
			t.Errorf("the block lacks %q:\n%s", want, block)
		}
	}
	k, err := finding.ParseCase("case.yaml", files[finding.CaseFile])
	if err != nil {
		t.Fatal(err)
	}
	k.Name, k.Contract = "", plain.Contract
	if diff := cmp.Diff(string(plain.Format()), string(k.Format())); diff != "" {
		t.Errorf("read again (-want +got)\n%s", diff)
	}
}
