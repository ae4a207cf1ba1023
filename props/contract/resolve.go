package contract

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// resolver resolves one file against one schema.
type resolver struct {
	*source
	file      *File
	schema    *model.Schema
	contract  *model.Contract
	relations []*sql.Relation       // by Table.ID
	families  []bool                // by Table.ID: it has partitions or children, whose rows a query reads too
	decls     []*tableDecl          // by Table.ID; nil for a table that is not written
	opaque    map[*model.Rule]error // why only Postgres can evaluate a rule; none for others
}

// Resolve looks up what the contract names and gives its meaning over the schema.
// Mistakes are *Errors, as those of Load: unknown tables, columns and roles, rules
// that do not fit the columns, tables whose tenants cannot be inferred.
func (f *File) Resolve(s *model.Schema) (*model.Contract, error) {
	r := &resolver{
		source: f.again(), file: f, schema: s, decls: make([]*tableDecl, len(s.Tables)), opaque: map[*model.Rule]error{},
		contract: &model.Contract{Schema: s, Belongs: make([]model.Belonging, len(s.Tables))},
	}
	for _, t := range s.Tables {
		r.relations = append(r.relations, relation(t))
		r.families = append(r.families, t.Partitioned)
	}
	for _, t := range s.Tables {
		if p := r.parent(t); p != nil {
			r.families[p.ID] = true
		}
	}
	if len(s.Tables) == 0 {
		r.fail(place{1, 1}, "tables in the judged schemas: see schema and schemas", "the schema has no table")
		return nil, r.result()
	}
	r.judged()
	r.tenancy()
	if len(r.errs) == 0 {
		r.belongings()
	}
	if err := r.result(); err != nil {
		return nil, err
	}
	for i := range f.sessions {
		r.session(&f.sessions[i])
	}
	for i := range f.sessions {
		if len(r.errs) == 0 {
			r.anyRole(&f.sessions[i], r.contract.Sessions[i])
		}
	}
	for i := range f.paths {
		if len(r.errs) == 0 { // its sessions are whole
			r.path(&f.paths[i])
		}
	}
	for _, t := range f.secrets {
		if ref, ok := r.columnRef(t); ok {
			r.contract.Secrets = append(r.contract.Secrets, ref)
		}
	}
	if len(r.errs) == 0 {
		r.found()
		r.stored()
		r.outside()
	}
	r.exceptions()
	r.services()
	if err := r.result(); err != nil {
		return nil, err
	}
	return r.contract, nil
}

// judged checks that the schemas that are judged hold something.
func (r *resolver) judged() {
	var have []string
	for _, t := range r.schema.Tables {
		have = append(have, t.Schema)
	}
	for _, v := range r.schema.Views {
		have = append(have, v.Schema)
	}
	for _, m := range r.schema.Routines {
		have = append(have, m.Schema)
	}
	have = sorted(have)
	for _, t := range r.file.schemas {
		parts := splitNames(t.value, '.')
		switch {
		case len(parts) == 1 && !contains(have, parts[0].text):
			r.fail(t.place(), oneOf(t.value, have), "no tables, views or functions in schema %q", t.value)
		case len(parts) == 2 && r.schema.Table(parts[0].text, parts[1].text) == nil:
			r.fail(t.place(), "a schema, or SCHEMA.TABLE", "no table %q", short(t.value))
		}
	}
}

// relation is a table as the expression language knows it.
func relation(t *model.Table) *sql.Relation {
	out := &sql.Relation{ID: t.ID, Schema: t.Schema, Name: t.Name}
	for i := range t.Columns {
		typ := &t.Columns[i].Type
		out.Columns = append(out.Columns, sql.RelColumn{Name: t.Columns[i].Name, Kind: typ.Kind, Type: plainType(typ), Labels: typ.Enum})
	}
	return out
}

// plainType is the name of a type, domains resolved.
func plainType(t *model.Type) string {
	if t.Plain != "" {
		return t.Plain
	}
	return t.Name
}

// relation finds the table that a query names. One with partitions or children is
// for Postgres: the model keeps their rows apart.
func (r *resolver) relation(schema, name string) *sql.Relation {
	t := r.find(schema, name)
	switch {
	case t == nil:
		return nil
	case r.families[t.ID]:
		out := *r.relations[t.ID]
		out.ID = -1
		return &out
	}
	return r.relations[t.ID]
}

// find looks a table up; without a schema, public comes first.
func (r *resolver) find(schema, name string) *model.Table {
	if schema == "" {
		if t := r.schema.Table("public", name); t != nil {
			return t
		}
	}
	return r.schema.Table(schema, name)
}

// table finds the table that a text names; nil after a mistake.
func (r *resolver) table(t text) *model.Table {
	if !t.given() {
		return nil
	}
	return r.tableNamed(t, t.value)
}

func (r *resolver) tableNamed(t text, name string) *model.Table {
	parts := splitNames(name, '.')
	found := r.schema.Table("public", name) // as it is, whatever characters it has
	switch {
	case found != nil:
	case len(parts) == 1:
		found = r.find("", parts[0].text)
		r.ambiguous(t, found, parts[0].text)
	case len(parts) == 2:
		found = r.find(parts[0].text, parts[1].text)
	}
	if found == nil {
		names := make([]string, len(r.schema.Tables))
		for i, x := range r.schema.Tables {
			names[i] = x.Label()
		}
		r.fail(t.place(), oneOfMany("a table of the judged schemas", name, names), "no table %q", short(name))
	}
	return found
}

// ambiguous refuses a bare name that several schemas have, none of them public.
func (r *resolver) ambiguous(at text, found *model.Table, name string) {
	if found == nil || found.Schema == "public" {
		return
	}
	for _, t := range r.schema.Tables {
		if t != found && t.Name == name {
			r.fail(at.place(), found.Label()+" or "+t.Label(), "table %q is in several schemas", name)
			return
		}
	}
}

// oneOfMany lists names unless there are too many, and says which was probably meant.
func oneOfMany(what, got string, names []string) string {
	if len(names) <= 12 {
		return what + ": " + oneOf(got, sorted(names))
	}
	if meant := nearest(got, names); meant != "" {
		return what + "; did you mean " + meant + "?"
	}
	return what
}

// column finds a column of a table; -1 after a mistake.
func (r *resolver) column(t *model.Table, name string, at place) int {
	i := t.Column(name)
	if i < 0 {
		if parts := splitNames(name, '.'); len(parts) == 1 {
			i = t.Column(parts[0].text)
		}
	}
	if i < 0 {
		r.fail(at, oneOfMany("a column of "+t.Label(), name, columnNames(t)), "table %q has no column %q", t.Label(), short(name))
	}
	return i
}

func columnNames(t *model.Table) []string {
	out := make([]string, len(t.Columns))
	for i := range t.Columns {
		out[i] = t.Columns[i].Name
	}
	return out
}

// columnRef finds TABLE.COLUMN.
func (r *resolver) columnRef(t text) (model.ColumnRef, bool) {
	parts := splitNames(t.value, '.')
	if len(parts) < 2 || len(parts) > 3 {
		r.fail(t.place(), "TABLE.COLUMN", "%q is no column", short(t.value))
		return model.ColumnRef{}, false
	}
	var quoted []string
	for _, p := range parts[:len(parts)-1] {
		quoted = append(quoted, model.Quote(p.text))
	}
	table := r.tableNamed(t, strings.Join(quoted, "."))
	if table == nil {
		return model.ColumnRef{}, false
	}
	i := r.column(table, parts[len(parts)-1].text, t.place())
	return model.ColumnRef{Table: table.ID, Column: i}, i >= 0
}

// lastDot is the last dot outside double quotes, or -1.
func lastDot(s string) int {
	last, inQuotes := -1, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			inQuotes = !inQuotes
		case s[i] == '.' && !inQuotes:
			last = i
		}
	}
	return last
}
