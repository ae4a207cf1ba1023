package model_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestOwnSeenSQL asks of each way from a row to a tenant that it leads to the session's, and of a row
// that may have none that there is one.
func TestOwnSeenSQL(t *testing.T) {
	text := model.Type{Name: "text", Base: "text"}
	column := func(name string, notNull bool) model.Column {
		return model.Column{Name: name, Type: text, NotNull: notNull}
	}
	sites := &model.Table{ID: 0, Schema: "public", Name: "sites", Columns: []model.Column{column("id", true), column("org", true)}}
	visits := &model.Table{ID: 1, Schema: "public", Name: "visits", Columns: []model.Column{column("org", false), column("Site", false), column("host", true)}}
	key := &model.ForeignKey{Columns: []int{1}, Target: sites, Targets: []int{0}}
	org, site, host := model.TenantPath{Column: 0}, model.TenantPath{Key: key, Column: -1}, model.TenantPath{Column: 2}
	const there = `EXISTS (SELECT 1 FROM ONLY "public"."sites" AS own1 WHERE own1.id = v."Site" AND own1.org = $tenant)`
	for _, test := range []struct {
		paths []model.TenantPath
		want  string
	}{
		{[]model.TenantPath{org}, `v.org = $tenant`},
		{[]model.TenantPath{site}, there},
		{[]model.TenantPath{host, site}, `v.host = $tenant AND (v."Site" IS NULL OR ` + there + `)`},
		{[]model.TenantPath{org, site}, `(v.org IS NULL OR v.org = $tenant) AND (v."Site" IS NULL OR ` + there + `) AND (v.org IS NOT NULL OR v."Site" IS NOT NULL)`},
		{nil, `FALSE`},
	} {
		c := &model.Contract{
			Schema:  &model.Schema{Tables: []*model.Table{sites, visits}},
			Belongs: []model.Belonging{{How: model.Owned, Paths: []model.TenantPath{{Column: 1}}}, {How: model.Owned, Paths: test.paths}},
		}
		if test.paths == nil {
			c.Belongs[1].How = model.Internal
		}
		if got := c.OwnSeenSQL(visits, "v"); got != test.want {
			t.Errorf("%s\nwant %s", got, test.want)
		}
	}
}
