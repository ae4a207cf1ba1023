package model_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
)

func TestRewrites(t *testing.T) {
	t.Parallel()
	update := model.ViewWrite{Update: true}
	for _, test := range []struct {
		name    string
		trigger model.Trigger
		want    bool
	}{
		{name: "assigned", trigger: model.Trigger{On: update, Body: "BEGIN NEW.name := btrim(NEW.name); RETURN NEW; END"}, want: true},
		{name: "assigned by =", trigger: model.Trigger{On: update, Body: "BEGIN IF true THEN new.\"name\" = ''; END IF; RETURN NEW; END"}, want: true},
		{name: "selected into", trigger: model.Trigger{On: update, Body: "BEGIN SELECT 'x' INTO NEW.name; RETURN NEW; END"}, want: true},
		{name: "compared", trigger: model.Trigger{On: update, Body: "BEGIN IF NEW.name = OLD.name THEN RETURN NULL; END IF; RETURN NEW; END"}},
		{name: "another column", trigger: model.Trigger{On: update, Body: "BEGIN NEW.names := 'x'; RETURN NEW; END"}},
		{name: "of inserts", trigger: model.Trigger{On: model.ViewWrite{Insert: true}, Body: "BEGIN NEW.name := 'x'; RETURN NEW; END"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := &model.Table{Columns: []model.Column{integer("id", true), varchar("name")}, Triggers: []model.Trigger{test.trigger}}
			if got := table.Rewrites(1); got != test.want {
				t.Errorf("rewrites: %t, want %t", got, test.want)
			}
			if table.Rewrites(0) {
				t.Error("rewrites the key")
			}
		})
	}
}
