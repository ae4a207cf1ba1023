package mutate_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

// A role lends what it may do, itself or through those that it inherits from, and what
// policies let it do.
func TestPoor(t *testing.T) {
	reads, nothing := []bool{true}, []bool{false}
	for _, test := range []struct {
		name    string
		lender  model.Role
		group   []bool // what the group reads, of which the lender is a member
		own     []bool // what the lender reads
		policy  string
		borrows []bool // what the borrower reads
		want    bool
	}{
		{name: "nothing", group: nothing, own: nothing, borrows: nothing, want: true},
		{name: "a privilege", group: nothing, own: reads, borrows: nothing},
		{name: "one that the other has", group: nothing, own: reads, borrows: reads, want: true},
		{name: "named by a policy", group: nothing, own: nothing, policy: "lender", borrows: reads},
		{name: "its group is named", lender: model.Role{Grants: []model.Membership{{Role: "group", Inherit: true}}}, group: nothing, own: nothing, policy: "group", borrows: reads},
		{name: "only SET ROLE leads to its group", lender: model.Role{Grants: []model.Membership{{Role: "group", Set: true}}}, group: reads, own: nothing, policy: "group", borrows: nothing, want: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			privilege := func(reads []bool) []model.Privilege {
				return []model.Privilege{{Select: reads, Insert: nothing, Update: nothing}}
			}
			table := &model.Table{Name: "t", Owner: "owner"}
			if test.policy != "" {
				table.Policies = []model.Policy{{Name: "p", Roles: []string{test.policy}}}
			}
			c := &model.Contract{Schema: &model.Schema{
				Tables: []*model.Table{table}, Roles: map[string]model.Role{"lender": test.lender, "borrower": {}, "group": {}},
				Privileges: map[string][]model.Privilege{"lender": privilege(test.own), "borrower": privilege(test.borrows), "group": privilege(test.group)},
			}}
			if got := mutate.Poor(c, "borrower", "lender"); (got != "") != test.want {
				t.Errorf("the rule is %q", got)
			}
		})
	}
}
