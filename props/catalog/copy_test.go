package catalog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// belongings is what belongs to a database apart from what is in it.
type belongings struct {
	Owner    string
	ACL      []string
	Comment  string
	Settings []string
}

func belongingsOf(t *testing.T, conn *pgx.Conn, name string) belongings {
	t.Helper()
	var b belongings
	err := conn.QueryRow(t.Context(), `
SELECT pg_get_userbyid(datdba)::text,
       ARRAY(SELECT format('%s %s %s', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, privilege_type, is_grantable)
             FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) ORDER BY 1),
       coalesce(shobj_description(oid, 'pg_database'), ''),
       ARRAY(SELECT format('%s %s', CASE setrole WHEN 0 THEN '-' ELSE pg_get_userbyid(setrole) END, c)
             FROM pg_db_role_setting s, unnest(setconfig) WITH ORDINALITY u (c, at) WHERE setdatabase = d.oid ORDER BY setrole, at)
FROM pg_database d WHERE datname = $1`, name).Scan(&b.Owner, &b.ACL, &b.Comment, &b.Settings)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCopySettings(t *testing.T) {
	s := require.Postgres(t)
	roles(t, s, "catalog owner", "Catalog Guest", "catalog_former")
	conn, from := database(t, s)
	_, to := database(t, s)
	control := connect(t, s, "")
	f, d := model.Quote(from), model.Quote(to)
	run(t, conn, `CREATE ROLE "catalog owner"; CREATE ROLE "Catalog Guest"; CREATE ROLE catalog_former;
CREATE SCHEMA "odd, ""name""";
ALTER DATABASE `+f+` OWNER TO "catalog owner";
REVOKE ALL ON DATABASE `+f+` FROM PUBLIC;
GRANT CONNECT ON DATABASE `+f+` TO "Catalog Guest" WITH GRANT OPTION;
COMMENT ON DATABASE `+f+` IS 'it''s $1 %I';
ALTER DATABASE `+f+` SET search_path = '$user', "odd, ""name""", public;
ALTER DATABASE `+f+` SET datestyle = 'German, DMY';
ALTER DATABASE `+f+` SET app."Mode" = 'a=b, ''c'' \ "d"';
ALTER DATABASE `+f+` SET app.empty = '';
ALTER DATABASE `+f+` SET statement_timeout = '5min';
ALTER ROLE "Catalog Guest" IN DATABASE `+f+` SET search_path = '';
ALTER ROLE "Catalog Guest" IN DATABASE `+f+` SET row_security = off;`)
	run(t, control, `COMMENT ON DATABASE `+d+` IS NULL;
GRANT CREATE ON DATABASE `+d+` TO catalog_former;
ALTER DATABASE `+d+` SET work_mem = '1MB';
ALTER ROLE catalog_former IN DATABASE `+d+` SET work_mem = '2MB'`)

	for range 2 { // the second time changes nothing
		if err := catalog.CopySettings(t.Context(), control, from, to); err != nil {
			t.Fatal(err)
		}
		want := belongingsOf(t, control, from)
		if diff := cmp.Diff(want, belongingsOf(t, control, to)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if want.Owner != "catalog owner" || len(want.ACL) != 4 || len(want.Settings) != 7 {
			t.Errorf("the model is not what the test made: %+v", want)
		}
	}

	// A login there has them.
	fresh := connect(t, s, to)
	for name, value := range map[string]string{
		"search_path": `"$user", "odd, ""name""", public`, "datestyle": "German, DMY",
		"app.Mode": `a=b, 'c' \ "d"`, "app.empty": "", "statement_timeout": "5min",
	} {
		var got string
		if err := fresh.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != value {
			t.Errorf("%s is %q, not %q (%v)", name, got, value, err)
		}
	}
}

// A database without anything of its own takes away what the other has, but for
// its comment, by which rlsfuzz knows its own databases.
func TestCopySettingsOfNothing(t *testing.T) {
	s := require.Postgres(t)
	roles(t, s, "catalog_former")
	_, from := database(t, s)
	conn, to := database(t, s)
	d := model.Quote(to)
	run(t, conn, `CREATE ROLE catalog_former;
COMMENT ON DATABASE `+model.Quote(from)+` IS 'its own';
COMMENT ON DATABASE `+d+` IS 'a tag';
ALTER DATABASE `+d+` OWNER TO catalog_former;
REVOKE CONNECT ON DATABASE `+d+` FROM PUBLIC;
ALTER DATABASE `+d+` SET work_mem = '1MB'`)
	if err := catalog.CopySettings(t.Context(), conn, from, to); err != nil {
		t.Fatal(err)
	}
	want := belongingsOf(t, conn, from)
	want.Comment = "a tag"
	if diff := cmp.Diff(want, belongingsOf(t, conn, to)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCopySettingsNotFound(t *testing.T) {
	s := require.Postgres(t)
	conn, name := database(t, s)
	for _, pair := range [][2]string{{name, "absent"}, {"absent", name}} {
		err := catalog.CopySettings(context.Background(), conn, pair[0], pair[1])
		var missing *catalog.NotFoundError
		if !errors.As(err, &missing) || missing.Object != "database" || missing.Name != "absent" {
			t.Errorf("%v: %v", pair, err)
		}
	}
}
