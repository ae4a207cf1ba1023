package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Login is SQL that makes a login for roles that none of the schema's can take; without
// such roles, one with the usual privileges of an application. Where policies compare
// current_user it makes two, so that there are two tenants.
func Login(s *Survey, login string, roles []string) string {
	var b strings.Builder
	names, inherits := []string{login}, "NOINHERIT"
	if roleWord.MatchString(s.policies()) {
		names, inherits = append(names, login+"_2"), "INHERIT"
	}
	if len(roles) > 0 {
		b.WriteString("-- Made by rlsfuzz init: no role of the schema has LOGIN and may take the roles that\n-- have privileges. Put the application's own login in its place.\n")
	} else {
		b.WriteString("-- Made by rlsfuzz init: no role of the schema has privileges. This one has those that an\n-- application usually has, and owns nothing. Put the application's own role in its place.\n")
	}
	for _, one := range names {
		name := sql.QuoteName(one)
		if len(roles) > 0 {
			b.WriteString("CREATE ROLE " + name + " LOGIN " + inherits + ";\n")
			for _, r := range roles {
				b.WriteString("GRANT " + sql.QuoteName(r) + " TO " + name + ";\n")
			}
			continue
		}
		b.WriteString("CREATE ROLE " + name + " LOGIN;\n")
		for _, schema := range tableSchemas(s.Schema) {
			if slices.Contains(s.Own, schema) {
				continue
			}
			at := sql.QuoteName(schema)
			b.WriteString("GRANT USAGE ON SCHEMA " + at + " TO " + name + ";\n")
			b.WriteString("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + at + " TO " + name + ";\n")
			b.WriteString("GRANT USAGE ON ALL SEQUENCES IN SCHEMA " + at + " TO " + name + ";\n")
		}
	}
	return b.String()
}
