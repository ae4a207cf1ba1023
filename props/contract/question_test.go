package contract_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/contract"
)

func TestQuestions(t *testing.T) {
	f, err := contract.Parse("dir/rlsfuzz.yaml", []byte(`# Read it.
# ? a session without a tenant may call find_note: is it
#   meant?
schema: schema.sql
tenant: {table: accounts, key: id}
tables:
  # ? everybody's, or whose?
  # policy "open" shows rows of any tenant: meant?
  notes: {tenant: account_id}
  # no question
  app.tasks: {tenant: account_id}
sessions:
  # ? is this session right?
  member:
    login: member
    sees:
      "*": own
      # ? all of them?
      app.tasks: all
paths:
  # ? who runs it?
  export: {kind: export, as: member, run: "SELECT 1"}
`))
	if err != nil {
		t.Fatal(err)
	}
	const whose, policy = "rlsfuzz.yaml:7: everybody's, or whose?", `rlsfuzz.yaml:8: policy "open" shows rows of any tenant: meant?`
	for _, test := range []struct {
		session, table, path string
		objects, want        []string
	}{
		{session: "member", table: "notes", want: []string{whose, policy}},
		{session: "other", table: "notes", want: []string{whose, policy}},
		{session: "member", table: "app.tasks", want: []string{"rlsfuzz.yaml:18: all of them?"}},
		{session: "other", table: "app.tasks"},
		{session: "member", table: "accounts"},
		{session: "member", path: "export", want: []string{"rlsfuzz.yaml:21: who runs it?"}},
		{session: "member", path: "function find_note", objects: []string{"find_note"}, want: []string{"rlsfuzz.yaml:2: a session without a tenant may call find_note: is it meant?"}},
		{session: "member", path: "function find", objects: []string{"find"}},
	} {
		if d := cmp.Diff(test.want, f.Questions(test.session, test.table, test.path, test.objects...)); d != "" {
			t.Errorf("%s, %s%s (-want +got):\n%s", test.session, test.table, test.path, d)
		}
	}
}
