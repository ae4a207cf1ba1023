package contract_test

import (
	"strings"
	"testing"
)

// TestUnpicked has users that only Postgres could pick: the contract is refused, once, at that part of
// where.
func TestUnpicked(t *testing.T) {
	for _, k := range []struct{ name, where, at, says string }{
		{"a function", "admin is not true and lower(email) = 'x'", "lower(email)", "function lower"},
		{"of another table", "exists (select 1 from memberships m where m.user_id = users.id and length(email) > 3)", "length(email)", "function length"},
		{"in Go", "role = 'member' and exists (select 1 from memberships m where m.user_id = users.id and m.account_id = $tenant)", "", ""},
		{"own", "own", "", ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			src := strings.Replace(shopContract, "where: role = 'member'}", `where: "`+k.where+`"}`, 1)
			_, _, err := resolve(t, shop(t), src)
			if k.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || strings.Count(err.Error(), "expected") != 1 || !strings.Contains(err.Error(), k.says) {
				t.Fatalf("%v, want one mistake about %s", err, k.says)
			}
			text, caret, _ := strings.Cut(err.Error()[strings.Index(err.Error(), "\n")+1:], "\n")
			if caret, _, _ = strings.Cut(caret, "^"); !strings.HasPrefix(text[len(caret):], k.at) {
				t.Errorf("%v\nis not at %s", err, k.at)
			}
		})
	}
}
