package helpdesk_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestContractResolves resolves the contract against the catalog. Every rule is one that Go evaluates: the
// example needs no help of Postgres.
func TestContractResolves(t *testing.T) {
	resolved := resolve(t)
	var sessions []string
	for _, session := range resolved.Sessions {
		sessions = append(sessions, session.Name)
		for i, table := range resolved.Schema.Tables {
			sees, writes := session.Sees[i], session.Writes[i]
			if !sees.Written || !sees.Exact || !writes.Written {
				t.Errorf("%s: %s: what it may do is not written", session.Name, table.Name)
			}
			for _, rule := range []*model.Rule{sees.Rule, writes.Insert, writes.From, writes.To, writes.Delete} {
				if rule != nil && rule.Program == nil {
					t.Errorf("%s: %s: Go cannot evaluate %q", session.Name, table.Name, rule.Text)
				}
			}
		}
		if session.Tenantless != (session.Name == "stranger") {
			t.Errorf("%s: tenantless: %v", session.Name, session.Tenantless)
		}
	}
	if diff := cmp.Diff([]string{"member", "admin", "billing", "support", "exporter", "stranger"}, sessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	for i, table := range resolved.Schema.Tables {
		if len(table.Key) == 0 {
			t.Errorf("table %s has no primary key", table.Name)
		}
		if resolved.Belongs[i].Inferred && table.Name != "accounts" {
			t.Errorf("table %s: how its rows belong to tenants is not written", table.Name)
		}
	}
}

func resolve(t *testing.T) *model.Contract {
	t.Helper()
	file, err := contract.Parse(helpdesk.Contract, []byte(text(t, helpdesk.Contract)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{helpdesk.Schema, helpdesk.Jobs}, file.SchemaFiles); diff != "" {
		t.Errorf("schema files (-want +got):\n%s", diff)
	}
	conn, err := require.Postgres(t).Connect(t.Context(), database(t, ""), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	schema, err := catalog.Read(t.Context(), conn, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := file.Resolve(schema)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}
