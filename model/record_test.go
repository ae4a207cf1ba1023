package model_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/model"
)

func TestRecordText(t *testing.T) {
	v := func(s string) model.Value { return model.Value{Text: s} }
	null := model.Value{Null: true}
	tests := []struct {
		name string
		row  model.Row
		mask []bool
		want string
	}{
		{name: "plain", row: model.Row{v("1"), v("a")}, want: "(1,a)"},
		{name: "null and empty", row: model.Row{null, v("")}, want: `(,"")`},
		{name: "one null", row: model.Row{null}, want: "()"},
		{name: "white space", row: model.Row{v("a b"), v("c\td")}, want: "(\"a b\",\"c\td\")"},
		{name: "quotes", row: model.Row{v(`a"b`), v(`c\d`)}, want: `("a""b","c\\d")`},
		{name: "comma and parentheses", row: model.Row{v("a,b"), v("(c)")}, want: `("a,b","(c)")`},
		{name: "masked", row: model.Row{v("1"), v("2"), v("3")}, mask: []bool{true, false, true}, want: "(1,3)"},
	}
	for _, test := range tests {
		if got := string(model.AppendRecord(nil, test.row, test.mask)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) model.Value {
		if rapid.Bool().Draw(t, "null") {
			return model.Value{Null: true}
		}
		return model.Value{Text: rapid.StringMatching(`[a-c"\\(), \té]{0,4}`).Draw(t, "text")}
	})
	rapid.Check(t, func(t *rapid.T) {
		row := model.Row(rapid.SliceOfN(value, 1, 5).Draw(t, "row"))
		text := string(model.AppendRecord(nil, row, nil))
		got, err := model.ParseRecord(text, len(row))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if d := cmp.Diff(row, got); d != "" {
			t.Fatalf("%s: %s", text, d)
		}
	})
}

func TestParseRecordRefuses(t *testing.T) {
	for _, text := range []string{"", "(", "1,2", "(1,2", `("1,2)`, "(1)"} {
		if row, err := model.ParseRecord(text, 2); err == nil {
			t.Errorf("%q is read as %v", text, row)
		}
	}
}
