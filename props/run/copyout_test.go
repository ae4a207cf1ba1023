package run_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/run"
)

func TestCopyFields(t *testing.T) {
	tests := []struct {
		line string
		want []string // "NULL" stands for NULL
	}{
		{line: "1\ta b\t\n", want: []string{"1", "a b", ""}},
		{line: "\\N\tx\n", want: []string{"NULL", "x"}},
		{line: "a\\tb\tc\\\\d\te\\nf\n", want: []string{"a\tb", `c\d`, "e\nf"}},
		{line: "\n", want: []string{""}},
	}
	for _, test := range tests {
		var got []string
		for _, v := range run.CopyFields([]byte(test.line)) {
			if v == nil {
				got = append(got, "NULL")
			} else {
				got = append(got, string(v))
			}
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%q: %s", test.line, d)
		}
	}
}
