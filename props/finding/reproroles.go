package finding

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// roles writes the part that creates the roles which are missing. The script stops in a database
// that is not empty, and where a role exists with other attributes than the schema gives it.
func (r *repro) roles() {
	r.section("roles")
	r.text("BEGIN;")
	r.text(emptyDatabase)
	r.text("CREATE SCHEMA rlsfuzz_repro;")
	r.text("CREATE TABLE rlsfuzz_repro.role (name text, login boolean, super boolean, bypassrls boolean, inherit boolean, member_of text[], settings text[], checked boolean, existed boolean);")
	needed := r.needed()
	for _, role := range needed {
		r.line("INSERT INTO rlsfuzz_repro.role VALUES (%s, %t, %t, %t, %t, %s, %s, %t);", sql.Constant(role.Name), role.Login, role.Super, role.BypassRLS, role.Inherit,
			textArray(role.MemberOf), textArray(r.settings(role.Name)), !role.Bootstrap)
	}
	r.text("UPDATE rlsfuzz_repro.role r SET existed = EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r.name);")
	r.text(sameRoles)
	r.text(loginDefaults)
	for i, role := range needed {
		r.fresh[role.Name] = fmt.Sprintf("rlsfuzz_new_%d", i+1)
		r.line("SELECT NOT existed AS %s FROM rlsfuzz_repro.role WHERE name = %s \\gset", r.fresh[role.Name], sql.Constant(role.Name))
		if r.created(role.Name) {
			continue
		}
		r.line("\\if :%s\nCREATE ROLE %s%s;\n\\endif", r.fresh[role.Name], model.Quote(role.Name), attributes(role))
		for _, parent := range role.MemberOf {
			r.grants = append(r.grants, "GRANT "+model.Quote(parent)+" TO "+model.Quote(role.Name))
		}
	}
	r.text("COMMIT;")
}

// emptyDatabase stops the script where it is not run by a superuser in an empty database.
const emptyDatabase = `DO $rlsfuzz$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'repro.sql needs a superuser: it acts as several roles';
  END IF;
  IF EXISTS (SELECT FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) THEN
    RAISE EXCEPTION 'repro.sql needs an empty database, and % is not: make one with createdb', current_database();
  END IF;
END
$rlsfuzz$;`

// sameRoles stops the script where a role exists and is another.
const sameRoles = `DO $rlsfuzz$
DECLARE others text;
BEGIN
  SELECT string_agg(r.name, ', ' ORDER BY r.name) INTO others
  FROM rlsfuzz_repro.role r JOIN pg_roles p ON p.rolname = r.name
  WHERE r.checked AND ((p.rolcanlogin, p.rolsuper, p.rolbypassrls, p.rolinherit) <> (r.login, r.super, r.bypassrls, r.inherit)
    OR r.member_of <> ARRAY(SELECT DISTINCT g.rolname::text COLLATE "C" FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = p.oid ORDER BY 1)
    OR r.settings <> ARRAY(SELECT c COLLATE "C" FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = p.oid AND s.setdatabase = 0 ORDER BY 1));
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'this server has roles of these names with other attributes, memberships or settings than the schema gives them: %', others
      USING HINT = 'Use another server, or drop them.';
  END IF;
END
$rlsfuzz$;`

// loginDefaults makes a procedure that sets what a real login receives: the settings of the role
// and of the database, read when the script runs, so that a mended one shows.
const loginDefaults = `-- What a real login receives and SET SESSION AUTHORIZATION does not give: the settings of the role and of the database.
CREATE PROCEDURE rlsfuzz_repro.defaults(login text) LANGUAGE plpgsql AS $rlsfuzz$
DECLARE entry text;
BEGIN
  FOR entry IN
    SELECT c.entry FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY c (entry, at)
    WHERE s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = login)) AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY s.setrole <> 0, s.setdatabase <> 0, c.at
  LOOP
    IF split_part(entry, '=', 1) NOT IN ('role', 'session_authorization') THEN
      PERFORM set_config(split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1), true);
    END IF;
  END LOOP;
END
$rlsfuzz$;`

// textArray is a sorted list as an SQL array.
func textArray(texts []string) string {
	sorted := slices.Sorted(slices.Values(texts))
	quoted := make([]string, len(sorted))
	for i, s := range sorted {
		quoted[i] = sql.Constant(s)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}

// attributes is a role's attributes, as CREATE ROLE has them.
func attributes(r model.Role) string {
	var b strings.Builder
	for _, a := range []struct {
		is   bool
		text string
	}{{r.Login, "LOGIN"}, {r.Super, "SUPERUSER"}, {r.BypassRLS, "BYPASSRLS"}, {!r.Inherit, "NOINHERIT"}} {
		if a.is {
			b.WriteString(" " + a.text)
		}
	}
	return b.String()
}

// settings lists a role's own defaults, as pg_db_role_setting has them.
func (r *repro) settings(role string) []string {
	var out []string
	for _, d := range r.c.Schema.Defaults {
		if d.Role == role && !d.Local {
			out = append(out, d.Name+"="+d.Value)
		}
	}
	return out
}

// needed lists the roles that the schema's text names or that a step acts as, with
// those that they are members of, by name.
func (r *repro) needed() []model.Role {
	names := map[string]bool{}
	for name := range r.c.Schema.Roles {
		if r.mentioned(name) {
			names[name] = true
		}
	}
	for _, id := range r.ids {
		names[id.Login] = true
		if id.Role != "" {
			names[id.Role] = true
		}
	}
	pending := make([]string, 0, len(names))
	for name := range names {
		pending = append(pending, name)
	}
	for len(pending) > 0 {
		last := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		for _, parent := range r.c.Schema.Roles[last].MemberOf {
			if !names[parent] && !strings.HasPrefix(parent, "pg_") {
				names[parent] = true
				pending = append(pending, parent)
			}
		}
	}
	var out []model.Role
	for name := range names {
		role, ok := r.c.Schema.Roles[name]
		if !ok {
			role = model.Role{Name: name, Login: true, Inherit: true}
		}
		if !strings.HasPrefix(name, "pg_") {
			out = append(out, role)
		}
	}
	slices.SortFunc(out, func(a, b model.Role) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// mentioned reports whether the schema's text has a name as a word.
func (r *repro) mentioned(name string) bool {
	re := wholeWord(regexp.QuoteMeta(name))
	return slices.ContainsFunc(r.m.Statements, func(s script.Statement) bool { return re.MatchString(s.Text) })
}

// created reports whether some statement of the schema creates a role: by its name,
// or in a block of code that names it.
func (r *repro) created(name string) bool {
	plain := wholeWord(`create\s+(?:role|user|group)\s+"?` + regexp.QuoteMeta(name))
	named := wholeWord(regexp.QuoteMeta(name))
	return slices.ContainsFunc(r.m.Statements, func(s script.Statement) bool {
		return plain.MatchString(s.Text) || codeThatCreates.MatchString(s.Text) && named.MatchString(s.Text)
	})
}

// codeThatCreates is a block or a function in which a role is created.
var codeThatCreates = regexp.MustCompile(`(?is)^(?:do|create\s+(?:or\s+replace\s+)?(?:function|procedure))\b.*\bcreate\s+(?:role|user|group)\b`)

// wholeWord matches a pattern where it is no part of a longer name.
func wholeWord(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^\pL\pN_$])` + pattern + `(?:$|[^\pL\pN_$])`)
}
