package draft

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// arrow writes a foreign key as a contract does.
func arrow(t *model.Table, k *model.ForeignKey) string {
	var cols []string
	for _, c := range k.Columns {
		cols = append(cols, columnName(t.Columns[c].Name))
	}
	text := strings.Join(cols, ", ")
	if len(cols) > 1 {
		text = "(" + text + ")"
	}
	return text + " -> " + tableName(k.Target)
}

// tableName is a table as a contract names it: without its schema where that is public.
func tableName(t *model.Table) string {
	name := contractName(t.Name)
	if t.Schema == "public" {
		return name
	}
	return contractName(t.Schema) + "." + name
}

// columnName is a column as a contract names it.
func columnName(name string) string { return contractName(name) }

// contractName is a name as a contract writes it, in double quotes where needed.
func contractName(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") == "" && name != "shared" && name != "internal" {
		return name
	}
	return model.Quote(name)
}

// sqlName is a table as SQL names it.
func sqlName(t *model.Table) string { return sql.QuoteName(t.Schema) + "." + sql.QuoteName(t.Name) }
