package carrier

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// name is a table as a person would write it, quoted where needed.
func name(t *model.Table) string { return qualified(t.Schema, t.Name) }

// full is a table with its schema, public too.
func full(t *model.Table) string { return ident(t.Schema) + "." + ident(t.Name) }

// qualified is a name with its schema, which is left out when it is public.
func qualified(schema, name string) string {
	if schema == "public" {
		return ident(name)
	}
	return ident(schema) + "." + ident(name)
}

// ident is a name, quoted where needed.
func ident(s string) string { return sql.QuoteName(s) }

// setting is a setting's name, each part of it quoted where needed.
func setting(s string) string {
	parts := strings.Split(s, ".")
	for i := range parts {
		parts[i] = ident(parts[i])
	}
	return strings.Join(parts, ".")
}
