package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// YAML is the contract. Comments with a question mark are what only a person can say.
func (d *Draft) YAML() string {
	w := &writer{}
	w.comment(0, "", "Drafted by rlsfuzz init from the schema's structure. It says what should be, not what the policies do: read it, answer the questions (# ?), and make may: rules exact where you are sure.")
	if d.options.Database != "" {
		w.line(0, "database: "+scalar(d.options.Database))
	} else {
		w.line(0, "schema: "+flowList(d.options.Files))
	}
	if d.options.Preset != "" && d.options.Preset != "plain" {
		w.line(0, "preset: "+d.options.Preset)
	}
	w.line(0, "schemas: "+flowList(d.schemas()))
	w.line(0, "")
	for _, q := range d.asks {
		w.comment(0, "? ", q)
	}
	w.comment(0, "", d.tenancy.why)
	w.line(0, "tenant: "+d.tenant())
	w.line(0, "")
	d.tables(w)
	if len(d.secrets) > 0 {
		var list, said []string
		for _, c := range d.secrets {
			if list = append(list, c.column.place()); !slices.Contains(said, c.why) {
				said = append(said, c.why)
				w.comment(0, "? ", c.why)
			}
		}
		w.line(0, "secrets: "+flowList(list))
		w.line(0, "")
	}
	w.line(0, "sessions:")
	for _, s := range d.sessions {
		d.session(w, s)
	}
	d.ways(w)
	d.lines = w.lines
	return w.b.String()
}

// schemas is what the contract judges: schemas with tables, of a preset's own the single tables,
// and schemas that hold views or functions alone which sessions may use. It is written out, so
// that what is added there later is not missed.
func (d *Draft) schemas() []string {
	var out []string
	add := func(schema string, roles []string) {
		name := contractName(schema)
		if !slices.Contains(out, name) && !slices.Contains(d.survey.Own, schema) && slices.ContainsFunc(d.sessions, func(s *session) bool { return slices.Contains(roles, s.acts) }) {
			out = append(out, name)
		}
	}
	for _, t := range d.survey.Schema.Tables {
		name := contractName(t.Schema)
		if slices.Contains(d.survey.Own, t.Schema) {
			name = tableName(t)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, v := range d.survey.Views {
		add(v.Schema, v.Readers)
	}
	for _, f := range d.survey.Functions {
		if !f.Trigger && !slices.Contains(d.inner, f.Schema) {
			add(f.Schema, f.Callers)
		}
	}
	return out
}

// tenant is the value of the contract's tenant.
func (d *Draft) tenant() string {
	t := d.tenancy.home()
	if t == nil {
		return "{values: " + scalar(d.tenancy.typeName()) + "}"
	}
	return "{table: " + scalar(tableName(t)) + ", key: " + scalar(columnName(t.Columns[d.tenancy.tenants.key].Name)) + "}"
}

// tables writes the tables with their places.
func (d *Draft) tables(w *writer) {
	w.line(0, "tables:")
	for _, p := range d.places {
		w.about = p
		w.remarks(1, p.notes, p.asks)
		if p.inherits {
			w.comment(1, "", p.table.Label()+" is placed as "+p.table.Parent+", whose rows it holds")
			continue
		}
		w.line(1, scalar(tableName(p.table))+": "+p.yaml())
	}
	w.about = nil
	w.line(0, "")
}

// remarks writes notes and questions as comments.
func (w *writer) remarks(indent int, notes, asks []string) {
	for _, n := range notes {
		w.comment(indent, "", n)
	}
	for _, q := range asks {
		w.comment(indent, "? ", q)
	}
}

// yaml is the entry of a table.
func (p *place) yaml() string {
	switch p.how {
	case model.Shared:
		return "{tenant: shared}"
	case model.Internal:
		return "{tenant: internal}"
	case model.Owned:
	}
	var parts []string
	if len(p.ways) > 0 {
		parts = append(parts, "tenant: "+flow(p.ways))
	}
	if p.query != "" {
		parts = append(parts, "tenants: "+scalar(p.query))
	}
	if p.global {
		parts = append(parts, "null: shared")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// session writes a session.
func (d *Draft) session(w *writer, s *session) {
	if s.stranger && len(s.asks) == 0 {
		w.comment(1, "", "a session whose tenant was never set: a broken job, a request without a token")
	}
	w.remarks(1, s.notes, s.asks)
	w.line(1, scalar(s.name)+":")
	w.line(2, "login: "+scalar(s.login))
	if s.role != "" {
		w.line(2, "role: "+scalar(s.role))
	}
	if s.user != nil {
		where := ""
		if s.where != "" {
			where = ", where: " + scalar(s.where)
		}
		w.line(2, "user: {table: "+scalar(tableName(s.user))+where+"}")
	}
	if len(s.claims.names) > 0 {
		w.line(2, "claims: "+s.claims.yaml())
	}
	if len(s.settings) > 0 {
		w.line(2, "settings:")
		for _, e := range s.settings {
			text := e.text
			if e.keys != nil {
				text = e.keys.json()
			}
			w.line(3, scalar(e.name)+": "+scalar(text))
		}
	}
	if s.tenants != "" {
		w.line(2, "tenants: "+scalar(s.tenants))
	}
	w.entries("sees", s.sees)
	w.entries("writes", s.writes)
}

// entries writes the rules of a session under sees or writes.
func (w *writer) entries(key string, list []entry) {
	if len(list) == 1 {
		w.line(2, key+": {\"*\": "+list[0].rule+"}")
		return
	}
	w.line(2, key+":")
	for _, e := range list {
		if e.note != "" {
			w.comment(3, "", e.note)
		}
		name := `"*"`
		if e.table != nil {
			name = scalar(tableName(e.table))
		}
		w.line(3, name+": "+e.rule)
	}
}

// ways writes the paths.
func (d *Draft) ways(w *writer) {
	if len(d.paths) == 0 {
		return
	}
	w.line(0, "")
	w.comment(0, "", "views and functions that these sessions may use; add exports, jobs, searches and reports")
	if slices.ContainsFunc(d.paths, func(p *path) bool { return p.implied == "" && d.dropped[p] == "" }) {
		w.line(0, "paths:")
	} else {
		w.line(0, "paths: {}")
	}
	for _, p := range d.paths {
		w.about = p
		w.remarks(1, p.notes, p.asks)
		if why, ok := d.dropped[p]; ok {
			w.comment(1, "? ", p.name+" cannot be said: "+why)
			continue
		}
		if p.implied != "" {
			w.comment(1, "", p.name+": "+p.implied)
			continue
		}
		w.line(1, scalar(p.name)+":")
		w.line(2, "kind: "+p.kind)
		w.line(2, "as: "+flowList(p.as))
		w.line(2, "run: "+scalar(p.run))
		if len(p.args) > 0 {
			w.line(2, "args: "+flowArgs(p.args))
		}
	}
}

// flowArgs writes arguments: a constant that is a number stays one.
func flowArgs(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = scalar(s)
		if s == "1" {
			out[i] = s
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}
