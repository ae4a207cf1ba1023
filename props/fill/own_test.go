package fill_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestOwnTree fills tables whose rows may be below another row of the same table, by a check that reads
// the key: that of the tenants, and one of theirs. No check keeps all rows from having a parent, unless
// nobody knows which rows it takes.
func TestOwnTree(t *testing.T) {
	for name, k := range map[string]struct {
		check  string
		parent bool // rows have one
	}{
		"differ":       {"parent_id <> id", true},
		"null":         {"parent_id IS NULL OR parent_id <> id", true},
		"the same":     {"NOT id = parent_id", true},
		"distinct":     {"parent_id IS DISTINCT FROM id", true},
		"by a formula": {"coalesce(parent_id, 0) <> id", true},
		"below":        {"parent_id < id AND id > 0", false},
	} {
		t.Run(name, func(t *testing.T) {
			conn := load(t, require.Postgres(t), source{text: "CREATE TABLE tenants (id bigint PRIMARY KEY, parent_id bigint REFERENCES tenants, CHECK (" + k.check + `));
CREATE TABLE notes (id bigint PRIMARY KEY, parent_id bigint REFERENCES notes, tenant_id bigint NOT NULL REFERENCES tenants, CHECK (` + k.check + "))"})
			p := plan(t, conn, "tenants", "public")
			for table, why := range p.Empty {
				t.Errorf("%s is empty: %s", table.Label(), why)
			}
			if m := measureDatasets(t, conn, p); len(m.empty) > 0 {
				t.Errorf("without rows of two tenants: %q", m.empty)
			}
			for _, table := range p.Contract.Schema.Tables {
				if with, without := parents(p, table); without == 0 || k.parent && with == 0 {
					t.Errorf("%s: %d rows with a parent, %d without", table.Label(), with, without)
				}
			}
		})
	}
}

// parents counts the rows of datasets with a value in the column parent_id, and those without.
func parents(p *gen.Plan, t *model.Table) (with, without int) {
	for n := range datasets {
		d := p.Dataset(&gen.Counted{N: uint64(1+n) * 1_000_003}, gen.Options{})
		for _, row := range d.Data[t.ID] {
			if row[t.Column("parent_id")].Null {
				without++
			} else {
				with++
			}
		}
	}
	return with, without
}

// TestOwnRefused leaves the tenants' table empty, and what refers to it, where a constraint takes no row
// of it, or no row but the first.
func TestOwnRefused(t *testing.T) {
	for constraint, want := range map[string]string{
		"CONSTRAINT never CHECK (length(name) < 0)":                                              "constraint never refused each of",
		"parent_id bigint NOT NULL REFERENCES tenants, CONSTRAINT never CHECK (parent_id <> id)": "no row could be made",
	} {
		conn := load(t, require.Postgres(t), source{text: "CREATE TABLE tenants (id bigint PRIMARY KEY, name text NOT NULL, " + constraint + "); CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants)"})
		p := plan(t, conn, "tenants", "public")
		for _, table := range p.Contract.Schema.Tables {
			if why := p.Empty[table]; table.Label() == "tenants" && !strings.HasPrefix(why, want) || why == "" {
				t.Errorf("%s: %s: %q", constraint, table.Label(), why)
			}
		}
	}
}
