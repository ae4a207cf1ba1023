package fill_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// circles is tables whose rows refer to each other in a circle through keys of two columns, and to a
// tenant whose own key is part of one.
const circles = `
CREATE TABLE tenants (id bigint PRIMARY KEY, head bigint);
CREATE TABLE a (tenant_id bigint NOT NULL REFERENCES tenants, id bigint, b bigint NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE b (tenant_id bigint NOT NULL REFERENCES tenants, id bigint, a bigint NOT NULL, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, a) REFERENCES a DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE a ADD FOREIGN KEY (tenant_id, b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE tenants ADD FOREIGN KEY (id, head) REFERENCES a (tenant_id, id);
`

// TestCircles fills them: each row refers to one that is there, of its own tenant.
func TestCircles(t *testing.T) {
	conn := load(t, require.Postgres(t), source{text: circles})
	p := plan(t, conn, "tenants", "public")
	m := measureDatasets(t, conn, p)
	for table, why := range p.Empty {
		t.Errorf("%s is empty: %s", table.Label(), why)
	}
	if len(m.empty) > 0 {
		t.Errorf("without rows of two tenants: %q", m.empty)
	}
}
