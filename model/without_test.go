package model_test

import (
	"slices"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
)

func TestWithout(t *testing.T) {
	row := func(text string) model.Row { return model.Row{{Text: text}} }
	null := model.Row{{Null: true}}
	got := model.Without([]model.Row{row("a"), row("b"), row("a"), row(""), null}, []model.Row{row("a"), row("c"), null})
	want := []model.Row{row("b"), row("a"), row("")}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("Without gives %v, want %v", got, want)
	}
}
