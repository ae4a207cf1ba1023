package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// Postgres 16 moved INHERIT from the member to the membership.
func TestMembershipOptions(t *testing.T) {
	s := require.Postgres(t)
	require.Version(t, s, 16)
	roles(t, s, "catalog_a", "catalog_b", "catalog_member")
	conn, _ := database(t, s)
	run(t, conn, `CREATE ROLE catalog_a; CREATE ROLE catalog_b; CREATE ROLE catalog_member LOGIN;
GRANT catalog_a TO catalog_member WITH INHERIT FALSE;
GRANT catalog_b TO catalog_member WITH SET FALSE;
CREATE TABLE a (id int); GRANT SELECT ON a TO catalog_a;
CREATE TABLE b (id int); GRANT SELECT ON b TO catalog_b`)
	got := read(t, conn, catalog.Options{Roles: []string{"catalog_member"}})
	want := []model.Membership{{Role: "catalog_a", Set: true}, {Role: "catalog_b", Inherit: true}}
	if diff := cmp.Diff(want, got.Roles["catalog_member"].Grants); diff != "" {
		t.Errorf("memberships (-want +got):\n%s", diff)
	}
	if p := got.Privileges["catalog_member"]; p[0].Select[0] || !p[1].Select[0] {
		t.Errorf("privileges: %+v", p)
	}
}

// Postgres 18 has virtual generated columns and constraints that are not enforced.
func TestVirtualColumns(t *testing.T) {
	s := require.Postgres(t)
	require.Version(t, s, 18)
	conn, _ := database(t, s)
	run(t, conn, `CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) VIRTUAL,
up int REFERENCES t NOT ENFORCED, CONSTRAINT loose CHECK (id > 5) NOT ENFORCED, CONSTRAINT firm CHECK (id > 0));
INSERT INTO t VALUES (1, DEFAULT, 7)`)
	got := read(t, conn, catalog.Options{}).Tables[0]
	want := &model.Table{
		Schema: "public", Name: "t", Owner: conn.Config().User, Key: []int{0},
		Columns: []model.Column{
			needed("id", integer), {Name: "twice", Type: integer, Generated: true, Formula: "(id * 2)"}, column("up", integer),
		},
		Unique: []model.Unique{{Name: "t_pkey", Columns: []int{0}}},
		Checks: []model.Check{{Name: "firm", Expr: "(id > 0)", Columns: []int{0}}},
		Seed:   seed([]string{"1", "2", "7"}),
	}
	if diff := cmp.Diff(want, got, labels); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
