package judge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

func TestRepeated(t *testing.T) {
	const id, a, b = "00000000-0000-4000-8000-000000000001", "6f0d3f6a-3c51-4b2e-9a57-0d7c8a1e2b11", "0b1e5a3c-94d2-4f0f-8f61-5b7d9c3e4a22"
	known := func(s string) bool { return s == id }
	one := func(texts ...string) (out [][]string) {
		for _, text := range texts {
			out = append(out, []string{text})
		}
		return out
	}
	tests := []struct {
		name            string
		first, second   [][]string
		differ, repeats bool
	}{
		{"the same", one("x", "x"), one("x", "x"), false, true},
		{"another", one("x", "x"), one("y", "y"), true, true},
		{"new each time", one("at 2024-01-02 03:04:05.6+00", "at 2024-01-02 03:04:05.7+00"), one("at 2024-01-02 03:04:05.8+00", "at 2024-01-02 03:04:05.9+00"), false, true},
		{"new each time, and another", one(a+" 1", b+" 1"), one(a+" 2", b+" 2"), true, true},
		{"the same each time, like a hash", one("sum "+a, "sum "+a), one("sum "+b, "sum "+b), true, true},
		{"a known id is no news", one(a+" "+id, b+" "+id), one(a, b), true, true},
		{"chance", one("x", "y"), one("y", "x"), false, false},
		{"chance in one world", one("x", "x"), one("x", "y"), false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			compared := judge.Repeated(test.first, test.second, known)
			repeats := compared != nil
			differ := repeats && !slices.Equal(compared(test.first[0]), compared(test.second[0]))
			if differ != test.differ || repeats != test.repeats {
				t.Errorf("differ %v, repeats %v, want %v, %v", differ, repeats, test.differ, test.repeats)
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		differ []gen.Variant
		want   string
	}{
		{[]gen.Variant{gen.Remove, gen.Change}, judge.Content},
		{[]gen.Variant{gen.Remove, gen.Multiply, gen.Half}, judge.Count},
		{[]gen.Variant{gen.Multiply}, judge.Count},
		{[]gen.Variant{gen.Half}, judge.Count},
		{[]gen.Variant{gen.Remove, gen.Half}, judge.Presence},
		{[]gen.Variant{gen.Rekey}, judge.Presence},
		{[]gen.Variant{gen.Columns}, judge.Column},
	}
	for _, test := range tests {
		if got := judge.KindOf(test.differ); got != test.want {
			t.Errorf("%v: %s, want %s", test.differ, got, test.want)
		}
	}
}

func TestOnly(t *testing.T) {
	got := judge.Only(strings.Fields("a b b c"), strings.Fields("b c d"))
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Errorf("only in the first (-want +got):\n%s", diff)
	}
}

// TestMask masks what is new in each run, and tells a world that could not be made from one
// in which nothing came out.
func TestMask(t *testing.T) {
	tests := []struct {
		name        string
		lines, want []string
	}{
		{"a new key", []string{"b 6f0d3f6a-3c51-4b2e-9a57-0d7c8a1e2b11", "a"}, []string{"a", "b …"}},
		{"nothing came out", []string{}, []string{}},
		{"no world", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := judge.Mask(test.lines, func(string) bool { return false })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
