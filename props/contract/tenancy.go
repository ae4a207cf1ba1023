package contract

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// valueTypes are types of tenants' values where no table lists the tenants.
var valueTypes = map[string]model.Type{
	"text":              {Name: "text", Plain: "text", Base: "text", Kind: sql.Text},
	"varchar":           {Name: "character varying", Plain: "character varying", Base: "varchar", Kind: sql.Text},
	"character varying": {Name: "character varying", Plain: "character varying", Base: "varchar", Kind: sql.Text},
	"uuid":              {Name: "uuid", Plain: "uuid", Base: "uuid", Kind: sql.UUID},
	"bigint":            {Name: "bigint", Plain: "bigint", Base: "int8", Kind: sql.Int},
	"int8":              {Name: "bigint", Plain: "bigint", Base: "int8", Kind: sql.Int},
	"integer":           {Name: "integer", Plain: "integer", Base: "int4", Kind: sql.Int},
	"int":               {Name: "integer", Plain: "integer", Base: "int4", Kind: sql.Int},
	"int4":              {Name: "integer", Plain: "integer", Base: "int4", Kind: sql.Int},
	"smallint":          {Name: "smallint", Plain: "smallint", Base: "int2", Kind: sql.Int},
	"int2":              {Name: "smallint", Plain: "smallint", Base: "int2", Kind: sql.Int},
}

// tenancy resolves what a tenant is.
func (r *resolver) tenancy() {
	d := &r.file.tenant
	if d.values.given() {
		r.contract.Tenancy = model.Tenancy{Key: -1, Type: r.valueType(d.values)}
		return
	}
	t := r.table(d.table)
	if t == nil {
		return
	}
	out := model.Tenancy{Table: t, Key: -1}
	switch {
	case d.key.given():
		out.Key = r.column(t, d.key.value, d.key.place())
		if out.Key >= 0 && !unique(t, out.Key) {
			r.fail(d.key.place(), "a column with a primary key or a unique constraint of its own", "column %s of %s is not unique", t.Columns[out.Key].Name, t.Label())
		}
	case len(t.Key) == 1:
		out.Key = t.Key[0]
	default:
		r.fail(d.table.place(), "key: the column that other tables refer to", "table %s has no primary key of one column", t.Label())
	}
	if out.Key < 0 {
		return
	}
	out.Type = t.Columns[out.Key].Type
	r.contract.Tenancy = out
}

// unique reports whether no two rows have the same value of a column.
func unique(t *model.Table, column int) bool {
	if len(t.Key) == 1 && t.Key[0] == column {
		return true
	}
	for _, u := range t.Unique {
		if !u.Partial && len(u.Columns) == 1 && u.Columns[0] == column {
			return true
		}
	}
	return false
}

// valueType is a type by its name: a common one, or one that a column has.
func (r *resolver) valueType(t text) model.Type {
	name := strings.ToLower(strings.TrimSpace(t.value))
	if typ, ok := valueTypes[name]; ok {
		return typ
	}
	for _, table := range r.schema.Tables {
		for i := range table.Columns {
			if typ := &table.Columns[i].Type; typ.Name == t.value || typ.Plain == t.value || typ.Base == t.value && !typ.Array {
				return *typ
			}
		}
	}
	r.fail(t.place(), "text, uuid, bigint, or the type of some column", "no column has the type %q", short(t.value))
	return model.Type{Name: "text", Plain: "text", Base: "text", Kind: sql.Text}
}
