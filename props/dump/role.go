package dump

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// mentioned is the roles that objects of the database depend on, its owner, what these
// are members of, and who is a member of them.
const mentioned = `
WITH RECURSIVE direct AS (
  SELECT refobjid AS oid FROM pg_shdepend
  WHERE refclassid = 'pg_authid'::regclass AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION SELECT datdba FROM pg_database WHERE datname = current_database()
), above AS (
  SELECT oid FROM direct
  UNION SELECT m.roleid FROM above a JOIN pg_auth_members m ON m.member = a.oid
), all_roles AS (
  SELECT oid FROM above
  UNION SELECT m.member FROM all_roles a JOIN pg_auth_members m ON m.roleid = a.oid
)
`

const roleQuery = mentioned + `
SELECT r.rolname::text, r.rolcanlogin, r.rolinherit, r.rolbypassrls, r.rolsuper, r.rolcreaterole
FROM pg_roles r WHERE r.rolname !~ '^pg_' AND r.oid IN (SELECT oid FROM all_roles) ORDER BY r.rolname::text COLLATE "C"`

const settingQuery = mentioned + `
SELECT coalesce(r.rolname::text, ''), s.setdatabase <> 0, split_part(c.entry, '=', 1), substr(c.entry, strpos(c.entry, '=') + 1)
FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY c (entry, at)
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (s.setrole = 0 AND s.setdatabase <> 0 OR s.setrole IN (SELECT oid FROM all_roles) AND r.rolname !~ '^pg_')
ORDER BY r.rolname::text COLLATE "C", s.setdatabase, c.at`

// memberQuery reads memberships among these roles. Since Postgres 16 each grant has options of
// its own, and there may be several of one pair.
func memberQuery(version int) string {
	options := "m.admin_option, u.rolinherit, u.rolinherit, true"
	if version >= 160000 {
		options = "bool_or(m.admin_option), u.rolinherit, bool_or(m.inherit_option), bool_or(m.set_option)"
	}
	group := ""
	if version >= 160000 {
		group = " GROUP BY g.rolname, u.rolname, u.rolinherit"
	}
	return mentioned + `
SELECT g.rolname::text, u.rolname::text, ` + options + `
FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
WHERE m.roleid IN (SELECT oid FROM all_roles) AND m.member IN (SELECT oid FROM all_roles)` + group + `
ORDER BY 1, 2`
}

// read reads the roles in one read-only transaction.
func (s *Schema) read(ctx context.Context, conn *pgx.Conn) (version int, err error) {
	tx := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, conn, tx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
			return err
		}
		var b strings.Builder
		for _, part := range []func(context.Context, pgx.Tx, *strings.Builder, int) error{s.roles, s.members, s.settings} {
			if err := part(ctx, tx, &b, version); err != nil {
				return err
			}
		}
		s.Roles = b.String()
		return nil
	})
	return version, err
}

// roles writes CREATE ROLE for each role.
func (s *Schema) roles(ctx context.Context, tx pgx.Tx, b *strings.Builder, _ int) error {
	rows, err := tx.Query(ctx, roleQuery)
	if err != nil {
		return err
	}
	var name string
	var login, inherit, bypass, super, create bool
	_, err = pgx.ForEachRow(rows, []any{&name, &login, &inherit, &bypass, &super, &create}, func() error {
		text := "CREATE ROLE " + model.Quote(name)
		for _, a := range []struct {
			has  bool
			word string
		}{{login, " LOGIN"}, {!inherit, " NOINHERIT"}, {bypass, " BYPASSRLS"}, {super, " SUPERUSER"}, {create, " CREATEROLE"}} {
			if a.has {
				text += a.word
			}
		}
		if super { // most servers have one of the name already
			text = "DO $role$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = " + sql.Constant(name) + ") THEN " + text + "; END IF; END $role$"
		}
		b.WriteString(text + ";\n")
		return nil
	})
	return err
}

// members writes GRANT for each membership.
func (s *Schema) members(ctx context.Context, tx pgx.Tx, b *strings.Builder, version int) error {
	rows, err := tx.Query(ctx, memberQuery(version))
	if err != nil {
		return err
	}
	var group, member string
	var admin, attribute, inherit, set bool
	_, err = pgx.ForEachRow(rows, []any{&group, &member, &admin, &attribute, &inherit, &set}, func() error {
		text := "GRANT " + model.Quote(group) + " TO " + model.Quote(member)
		switch {
		case attribute != inherit || !set: // the options of Postgres 16
			text += fmt.Sprintf(" WITH ADMIN %t, INHERIT %t, SET %t", admin, inherit, set)
		case admin:
			text += " WITH ADMIN OPTION"
		}
		b.WriteString(text + ";\n")
		return nil
	})
	return err
}

// private matches the names of settings whose values may be secrets, which are not copied.
var private = regexp.MustCompile(`(?i)secret|passw|key|token|credential`)

// meaning is the built-in settings that change what statements mean, and are copied. So are the
// application's own, with a dot in their names. The others only change how fast or how long.
var meaning = map[string]bool{
	"search_path": true, "row_security": true, "role": true, "timezone": true, "datestyle": true, "intervalstyle": true,
	"standard_conforming_strings": true, "quote_all_identifiers": true,
}

// lists is the settings whose stored value is SQL already: names in quotes, with commas.
var lists = map[string]bool{"search_path": true}

// settings writes ALTER ROLE and ALTER DATABASE for the defaults of settings.
func (s *Schema) settings(ctx context.Context, tx pgx.Tx, b *strings.Builder, _ int) error {
	rows, err := tx.Query(ctx, settingQuery)
	if err != nil {
		return err
	}
	var role, name, value string
	var local bool
	_, err = pgx.ForEachRow(rows, []any{&role, &local, &name, &value}, func() error {
		if !strings.Contains(name, ".") && !meaning[strings.ToLower(name)] {
			return nil
		}
		if private.MatchString(name) {
			s.Notes = append(s.Notes, "the setting "+name+" is not copied: its value may be a secret")
			return nil
		}
		text := "ALTER DATABASE scratch" // props/script takes it for whatever database the file runs in
		switch {
		case role != "" && local:
			text = "ALTER ROLE " + model.Quote(role) + " IN DATABASE scratch"
		case role != "":
			text = "ALTER ROLE " + model.Quote(role)
		}
		if !lists[name] {
			value = sql.Constant(value)
		}
		b.WriteString(text + " SET " + settingName(name) + " = " + value + ";\n")
		return nil
	})
	return err
}

// settingName quotes the parts of a setting's name.
func settingName(name string) string {
	parts := strings.Split(name, ".")
	for i := range parts {
		parts[i] = model.Quote(parts[i])
	}
	return strings.Join(parts, ".")
}
