package contract

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// ownCode adds, for each routine that runs with its owner's rights and finds tables or views by its
// caller's search path, a path in which a session puts views of its own in their place. The views
// run the session's code with the owner's rights, and so tell the rows of a table that the owner may
// read (manual: Writing SECURITY DEFINER Functions Safely). The session calls the routine, or
// inserts a row where it is a trigger's. What policies ask is deceived with a table as well: see
// shadows.
func (r *resolver) ownCode() {
	for _, m := range r.schema.Routines {
		if m.Unfit != "" {
			continue
		}
		called := func(role string) bool { return slices.Contains(m.Callers, role) }
		r.trap(m, "own code in function "+m.Label(), called, func() *model.Path { return calling(m) })
	}
	for _, t := range r.schema.Tables {
		v := r.part(t, t)
		for i := range t.Triggers {
			tr := &t.Triggers[i]
			at := slices.IndexFunc(r.schema.Firing, func(m *model.Routine) bool { return m.Label() == tr.Function })
			if at < 0 || !tr.On.Insert || tr.Replica || t.Parent != "" {
				continue
			}
			puts := func(role string) bool { return v.Writers[role].Insert }
			r.trap(r.schema.Firing[at], "own code in trigger "+tr.Name+" on "+t.Label(), puts, func() *model.Path { return r.puts(v) })
		}
	}
}

// trap adds a path in which sessions run code of their own in a routine. way makes the path that
// reaches the routine, nil for none; may says which roles can take it.
func (r *resolver) trap(m *model.Routine, name string, may func(role string) bool, way func() *model.Path) {
	if !m.Definer || m.Pinned {
		return
	}
	taken := r.taken(m)
	if len(taken) == 0 {
		return
	}
	told := r.told(m)
	if told == nil {
		return
	}
	p := way()
	if p == nil {
		return
	}
	p.Name, p.Leaky = name, true
	p.Shadow = &model.Shadow{Taken: taken[0].Relation, Deceived: []*model.Routine{m}, Read: []*model.Table{told}}
	p.Shadow.Put, p.Shadow.Away = traps(told, taken)
	for i := range p.SQL {
		p.SQL[i].Statements = slices.Concat(p.Shadow.Put, p.SQL[i].Statements, p.Shadow.Away)
	}
	var roles []string // sessions of one role can do the same
	for _, s := range r.contract.Sessions {
		role, sees := r.actor(s), s.Sees[told.ID].Rule
		hides := sees == nil || sees.Kind != model.RuleAll
		if hides && role != m.Owner && !slices.Contains(roles, role) && r.schema.Roles[role].Temporary && may(role) {
			roles = append(roles, role)
			r.use(p, s, nil)
		}
	}
	r.add(p)
}

// original is a table or a view with the definitions of its columns, and of its keys.
type original struct {
	model.Relation
	columns []string
}

// taken lists the tables and views, up to mostAsking, that a routine takes from the search path.
func (r *resolver) taken(m *model.Routine) []original {
	var out []original
	see := func(schema, name string, columns []string) {
		if len(out) < mostAsking && sql.Takes(m.Source, name) {
			out = append(out, original{model.Relation{Schema: schema, Name: name}, columns})
		}
	}
	for _, t := range r.schema.Tables {
		columns := make([]string, len(t.Columns))
		for i := range columns {
			columns[i] = model.Quote(t.Columns[i].Name) + " " + t.Columns[i].Type.Name
		}
		for i := range t.Unique { // for ON CONFLICT
			if u := &t.Unique[i]; !u.Partial {
				key := make([]string, len(u.Columns))
				for n, c := range u.Columns {
					key[n] = model.Quote(t.Columns[c].Name)
				}
				columns = append(columns, "UNIQUE ("+strings.Join(key, ", ")+")")
			}
		}
		see(t.Schema, t.Name, columns)
	}
	for _, v := range r.schema.Views {
		columns := make([]string, len(v.Columns))
		for i := range columns {
			columns[i] = model.Quote(v.Columns[i]) + " " + v.Types[i]
		}
		see(v.Schema, v.Name, columns)
	}
	return out
}

// told is the table whose rows are told: one of tenants that the routine takes, else the first; nil
// where no table is any tenant's.
func (r *resolver) told(m *model.Routine) *model.Table {
	var first *model.Table
	for _, t := range r.schema.Tables {
		switch owned := r.contract.Belongs[t.ID].How == model.Owned; {
		case owned && sql.Takes(m.Source, t.Name):
			return t
		case owned && first == nil:
			first = t
		}
	}
	return first
}

// traps puts views in the place of some relations, and takes them away again. Whatever is done with
// one of them fails, and the error tells the rows of a table: that arrives, whatever else the routine
// would do. The condition of a view is asked before any row is looked for, and the trigger of the
// table beneath it fires even if no row is written.
func traps(told *model.Table, taken []original) (put, away []model.PathStatement) {
	bare := func(list *[]model.PathStatement, text string) {
		*list = append(*list, model.PathStatement{Text: text, Bare: true})
	}
	const tells, fires, beneath = "pg_temp.rlsfuzz_tells", "pg_temp.rlsfuzz_fires", "pg_temp.rlsfuzz_beneath_"
	for i, t := range taken {
		table, view := beneath+string(rune('a'+i)), "pg_temp."+model.Quote(t.Name)
		bare(&put, "CREATE TEMPORARY TABLE "+table+" ("+strings.Join(t.columns, ", ")+")")
		if i == 0 { // there is a schema of temporary objects now
			bare(&put, "CREATE FUNCTION "+tells+"() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"+
				" RAISE EXCEPTION 'told: %', (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM "+told.SQL()+" x); END $$")
			bare(&put, "CREATE FUNCTION "+fires+"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "+tells+"(); RETURN NULL; END $$")
		}
		bare(&put, "CREATE TRIGGER fires BEFORE INSERT OR UPDATE OR DELETE ON "+table+" FOR EACH STATEMENT EXECUTE FUNCTION "+fires+"()")
		bare(&put, "CREATE TEMPORARY VIEW "+model.Quote(t.Name)+" AS SELECT * FROM "+table+" WHERE (SELECT "+tells+"())")
		bare(&put, "GRANT ALL ON "+view+" TO PUBLIC")
		bare(&away, "DROP VIEW "+view)
		bare(&away, "DROP TABLE "+table)
	}
	bare(&put, "DISCARD PLANS") // what is planned already, took the others
	bare(&away, "DROP FUNCTION "+fires+"(), "+tells+"()")
	return put, away
}
