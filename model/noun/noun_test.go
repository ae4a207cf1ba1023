package noun_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

func TestSingular(t *testing.T) {
	for plural, want := range map[string]string{
		"users": "user", "Companies": "Company", "addresses": "address", "boxes": "box", "branches": "branch", "statuses": "status",
		"cases": "case", "ties": "tie", "status": "status", "access": "access", "analysis": "analysis", "staff": "staff", "s": "s", "": "",
	} {
		if got := noun.Singular(plural); got != want {
			t.Errorf("%q: %q, want %q", plural, got, want)
		}
	}
}

func TestA(t *testing.T) {
	for word, want := range map[string]string{"invoice": "an invoice", "Account": "an Account", "user": "a user", "": "a "} {
		if got := noun.A(word); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows"} {
		if got := noun.Count(n, "row"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
