package catalog_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestRoles(t *testing.T) {
	conn := rich(t)
	super := conn.Config().User
	got := read(t, conn, catalog.Options{Skip: []string{"preset"}, Roles: richRoles[2:]})
	member := func(r model.Role, inherit bool) model.Role {
		r.MemberOf = []string{"catalog_group"}
		r.Grants = []model.Membership{{Role: "catalog_group", Inherit: inherit, Set: true, Admin: true}}
		return r
	}
	want := map[string]model.Role{
		"catalog_owner":  {Name: "catalog_owner", Inherit: true, Temporary: true}, // owns a table
		"catalog_group":  {Name: "catalog_group", Inherit: true, Temporary: true}, // has members
		"catalog_reader": member(model.Role{Name: "catalog_reader", Login: true, Inherit: true, Temporary: true}, true),
		"Catalog Writer": member(model.Role{Name: "Catalog Writer", Login: true, BypassRLS: true, Temporary: true}, false),
		"catalog_nobody": {Name: "catalog_nobody", Login: true, Inherit: true, Temporary: true},
		super:            got.Roles[super],
	}
	if diff := cmp.Diff(want, got.Roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	if r := got.Roles[super]; !r.Super || !r.Login {
		t.Errorf("the owner of tables is %+v", r)
	}
	if got.Owner != super {
		t.Errorf("the database's owner is %q, not %q", got.Owner, super)
	}
}

func TestSettings(t *testing.T) {
	conn := rich(t)
	got := read(t, conn, catalog.Options{Roles: richRoles})
	want := []model.RoleSetting{
		{Local: true, Name: "app.mode", Value: "test"},
		{Role: "catalog_reader", Name: "search_path", Value: `"$user", "Sales Dept", public`},
		{Role: "catalog_reader", Name: "app.tenant", Value: "a=b, c"},
		{Role: "catalog_reader", Local: true, Name: "app.tenant", Value: "local"},
	}
	if diff := cmp.Diff(want, got.Defaults); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestSequences(t *testing.T) {
	got := read(t, rich(t), catalog.Options{Roles: richRoles})
	want := []model.Sequence{
		{Schema: "Sales Dept", Name: "Types_id_seq", Last: 2, Called: true},
		{Schema: "Sales Dept", Name: "Types_small_seq", Last: 2, Called: true},
		{Schema: "public", Name: "Used", Last: 2, Called: true},
		{Schema: "public", Name: "fresh", Last: 7},
	}
	if diff := cmp.Diff(want, got.Sequences); diff != "" {
		t.Errorf("sequences (-want +got):\n%s", diff)
	}
}

func TestPrivileges(t *testing.T) {
	conn := rich(t)
	super := conn.Config().User
	got := read(t, conn, catalog.Options{Skip: []string{"preset"}, Roles: append([]string{super}, richRoles...)})
	no, all := []bool{false, false, false}, []bool{true, true, true}
	columns := model.Privilege{
		Select: []bool{true, true, false}, Insert: []bool{true, false, false}, Update: []bool{false, true, false}, Usage: true,
	}
	inherited := columns
	inherited.Delete = true
	owner := model.Privilege{Select: all, Insert: all, Update: all, Delete: true, Truncate: true, Usage: true}
	want := map[string]model.Privilege{
		"catalog_group":  columns,
		"catalog_reader": inherited,
		"Catalog Writer": {Select: all, Insert: no, Update: no, Truncate: true, Usage: true},
		"catalog_nobody": {Select: no, Insert: no, Update: no, Usage: true},
		"catalog_owner":  owner,
		super:            owner,
	}
	guarded := got.Table("public", "guarded").ID
	found := map[string]model.Privilege{}
	for role, list := range got.Privileges {
		if len(list) != len(got.Tables) {
			t.Errorf("%s has privileges on %d of %d tables", role, len(list), len(got.Tables))
			continue
		}
		found[role] = list[guarded]
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("privileges on guarded (-want +got):\n%s", diff)
	}
	sales := got.Table("Sales Dept", "Types").ID
	for role, usage := range map[string]bool{"catalog_reader": true, "Catalog Writer": false, "catalog_nobody": false, super: true} {
		if p := got.Privileges[role][sales]; p.Usage != usage {
			t.Errorf("%s: USAGE on the schema is %v", role, p.Usage)
		}
	}
}

func TestSchemas(t *testing.T) {
	conn := rich(t)
	super := conn.Config().User
	tests := []struct {
		name    string
		options catalog.Options
		want    map[string]bool
	}{
		{"usable by nobody but PUBLIC", catalog.Options{Roles: []string{"catalog_nobody"}}, map[string]bool{"public": true, "preset": true}},
		{"usable by a member", catalog.Options{Roles: []string{"catalog_reader"}, Skip: []string{"preset"}}, map[string]bool{"public": true, "Sales Dept": true}},
		{"a superuser by name", catalog.Options{Roles: []string{super}}, map[string]bool{"public": true, "preset": true, "Sales Dept": true, "hidden": true}},
		{"every role", catalog.Options{Skip: []string{"preset", "public"}}, map[string]bool{"Sales Dept": true}},
		{"by name", catalog.Options{Schemas: []string{"hidden"}, Roles: []string{"catalog_nobody"}}, map[string]bool{"hidden": true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]bool{}
			for _, table := range read(t, conn, test.options).Tables {
				got[table.Schema] = true
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("schemas (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	conn := rich(t)
	for _, o := range []catalog.Options{{Schemas: []string{"absent"}}, {Roles: []string{"absent"}}} {
		_, err := catalog.Read(t.Context(), conn, o)
		var missing *catalog.NotFoundError
		if !errors.As(err, &missing) || missing.Name != "absent" {
			t.Errorf("%+v: %v", o, err)
		}
	}
	run(t, conn, "BEGIN")
	if _, err := catalog.Read(t.Context(), conn, catalog.Options{}); err == nil {
		t.Error("a connection in a transaction was read")
	}
	run(t, conn, "ROLLBACK")
}

func TestExtensionMembers(t *testing.T) {
	conn, _ := database(t, require.Postgres(t))
	run(t, conn, `CREATE TABLE own (id int); CREATE TABLE theirs (id int); CREATE SEQUENCE theirs_too;
CREATE SCHEMA extra; GRANT USAGE ON SCHEMA extra TO PUBLIC; CREATE TABLE extra.inside (id int);
ALTER EXTENSION plpgsql ADD TABLE theirs; ALTER EXTENSION plpgsql ADD SEQUENCE theirs_too; ALTER EXTENSION plpgsql ADD SCHEMA extra`)
	got := read(t, conn, catalog.Options{})
	if len(got.Tables) != 1 || got.Tables[0].Name != "own" || got.Sequences != nil || got.Extensions != nil {
		t.Errorf("%d tables, sequences %v, extensions %v", len(got.Tables), got.Sequences, got.Extensions)
	}
}
