package fill_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestFeatures fills a schema that has one of everything: each table but two, each
// column with several values.
func TestFeatures(t *testing.T) {
	conn := load(t, require.Postgres(t), source{path: "testdata/features.sql"})
	p := plan(t, conn, "tenants", "public")
	m := measureDatasets(t, conn, p)
	want := map[string]string{
		"refused":    "constraint never refused",
		"orphans":    "it refers to refused, which could not be filled",
		"events_eu":  "it is a part of events_new",
		"events_new": "it is a part of events",
		"events_old": "it is a part of events",
	}
	for table, why := range p.Empty {
		if !strings.Contains(why, want[table.Label()]) || want[table.Label()] == "" {
			t.Errorf("%s is empty: %s", table.Label(), why)
		}
	}
	if len(m.empty) != 2 {
		t.Errorf("without rows of two tenants: %q", m.empty)
	}
	for ref, why := range p.Void {
		t.Errorf("%s.%s is always NULL: %s", p.Contract.Schema.Tables[ref.Table].Label(), p.Contract.Schema.Tables[ref.Table].Columns[ref.Column].Name, why)
	}
	seen := values(p)
	for _, table := range p.Contract.Schema.Tables {
		if p.Empty[table] != "" {
			continue
		}
		for i := range table.Columns {
			c := &table.Columns[i]
			if c.Generated {
				continue
			}
			got := seen[table.Label()+"."+c.Name]
			if got["NULL"] {
				delete(got, "NULL")
			} else if !c.NotNull && table.Label()+"."+c.Name != "types.po1" { // its domain is NOT NULL
				t.Logf("%s.%s is never NULL", table.Label(), c.Name)
			}
			if len(got) < 2 {
				t.Errorf("%s.%s has the values %v, want several", table.Label(), c.Name, got)
			}
		}
	}
	for column, list := range map[string][]string{
		"users.role":       {"owner", "member", "admin", "robot"},
		"users.status":     {"active", "banned"},
		"checks.kind":      {"card", "bank"},
		"called.level":     {"bronze", "silver", "gold"},
		"tenants.plan":     {"free", "pro", "enterprise"},
		"profiles.prefs":   {`{"visibility": "public"}`, `{"flags": {"beta": true}}`, `{"listed": "b"}`},
		"events.region":    {"eu", "uk"},
		"users.deleted_at": {"2019-12-31 23:59:59+00"},
	} {
		for _, v := range list {
			if !seen[column][v] {
				t.Errorf("%s is never %s: %v", column, v, seen[column])
			}
		}
	}
}

// values is the values of every column over some datasets; NULL stands for itself.
func values(p *gen.Plan) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for n := range 60 {
		d := p.Dataset(&gen.Counted{N: uint64(n) * 4099}, gen.Options{})
		for _, table := range p.Contract.Schema.Tables {
			for _, row := range d.Data[table.ID] {
				for i, v := range row {
					name := table.Label() + "." + table.Columns[i].Name
					if out[name] == nil {
						out[name] = map[string]bool{}
					}
					if v.Null {
						v.Text = "NULL"
					}
					out[name][v.Text] = true
				}
			}
		}
	}
	return out
}

// TestDerived fills tables with generated columns that refer to something: what they are
// made of leads to rows of the same tenant, which are there.
func TestDerived(t *testing.T) {
	conn := load(t, require.Postgres(t), source{path: "testdata/derived.sql"})
	p := plan(t, conn, "tenants", "public")
	m := measureDatasets(t, conn, p)
	for table, why := range p.Empty {
		if table.Label() != "mirrors" || !strings.Contains(why, "column other is generated from id, and no value of that is known") {
			t.Errorf("%s is empty: %s", table.Label(), why)
		}
	}
	if len(m.empty) != 1 {
		t.Errorf("without rows of two tenants: %q", m.empty)
	}
}

// TestFitRepeats fits the same schema twice: the datasets are the same.
func TestFitRepeats(t *testing.T) {
	conn := load(t, require.Postgres(t), source{path: "testdata/features.sql"})
	a, b := plan(t, conn, "tenants", "public"), plan(t, conn, "tenants", "public")
	for n := range 10 {
		x, y := a.Dataset(&gen.Counted{N: uint64(n) * 97}, gen.Options{}), b.Dataset(&gen.Counted{N: uint64(n) * 97}, gen.Options{})
		if diff := cmp.Diff(x.Data, y.Data); diff != "" {
			t.Fatalf("dataset %d differs (-first +second):\n%s", n, diff)
		}
	}
}

// TestTriggersRows looks for a profile of each user, which a trigger makes.
func TestTriggersRows(t *testing.T) {
	conn := load(t, require.Postgres(t), source{path: "testdata/features.sql"})
	p := plan(t, conn, "tenants", "public")
	users, profiles := p.Contract.Schema.Table("public", "users"), p.Contract.Schema.Table("public", "profiles")
	for n := range 20 {
		d := p.Dataset(&gen.Counted{N: uint64(n) * 13}, gen.Options{})
		have := map[model.Value]bool{}
		for _, row := range d.Data[profiles.ID] {
			have[row[0]] = true
		}
		for _, row := range d.Data[users.ID] {
			if !have[row[0]] {
				t.Errorf("dataset %d: user %s has no profile", n, row[0].Text)
			}
		}
	}
}
