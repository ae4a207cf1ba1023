package contract

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// ownCode adds, for each routine with its owner's rights that takes tables from its caller's search
// path, a session's putting views in their place that run code of the session's own: it tells the
// rows of a table that the routine's owner may read. Of the routines that policies ask, a table in
// that place is tried too, see shadows (manual: Writing SECURITY DEFINER Functions Safely).
func (r *resolver) ownCode() {
	for _, m := range r.schema.Routines {
		if !m.Definer || m.Pinned || m.Unfit != "" {
			continue
		}
		var taken []*model.Table
		for _, t := range r.schema.Tables {
			if t.Parent == "" && sql.Takes(m.Source, t.Name) && len(taken) < mostAsking {
				taken = append(taken, t)
			}
		}
		if len(taken) == 0 {
			continue
		}
		told := taken[0]
		for _, t := range slices.Concat(taken, r.schema.Tables) {
			if r.contract.Belongs[t.ID].How == model.Owned {
				told = t
				break
			}
		}
		p := &model.Path{Name: "own code in function " + m.Label(), Kind: "function", Routine: m, Leaky: true}
		p.Shadow = &model.Shadow{Table: taken[0], Deceived: []*model.Routine{m}, Read: []*model.Table{told}}
		p.Shadow.Put, p.Shadow.Away = traps(told, taken)
		for range m.Args {
			p.Args = append(p.Args, model.PathArg{Column: model.ColumnRef{Table: -1, Column: -1}})
		}
		var roles []string // sessions of one role can do the same
		for _, s := range r.contract.Sessions {
			role, sees := r.actor(s), s.Sees[told.ID].Rule
			hides := sees == nil || sees.Kind != model.RuleAll
			if hides && role != m.Owner && !slices.Contains(roles, role) && r.schema.Roles[role].Temporary && slices.Contains(m.Callers, role) {
				roles = append(roles, role)
				r.use(p, s, nil)
			}
		}
		r.add(p)
	}
}

// traps puts views in the place of some tables, and takes them away again. Whatever is done with one
// of them fails, and the error tells the rows of a table: that arrives, whatever else the routine
// would do. The condition of a view is asked before any row is looked for, and the trigger of the
// table beneath it fires even if no row is written.
func traps(told *model.Table, taken []*model.Table) (put, away []model.PathStatement) {
	bare := func(list *[]model.PathStatement, text string) {
		*list = append(*list, model.PathStatement{Text: text, Bare: true})
	}
	const tells, fires, beneath = "pg_temp.rlsfuzz_tells", "pg_temp.rlsfuzz_fires", "pg_temp.rlsfuzz_beneath_"
	for i, t := range taken {
		var columns []string
		for c := range t.Columns {
			columns = append(columns, model.Quote(t.Columns[c].Name)+" "+t.Columns[c].Type.Name)
		}
		table, view := beneath+string(rune('a'+i)), "pg_temp."+model.Quote(t.Name)
		bare(&put, "CREATE TEMPORARY TABLE "+table+" ("+strings.Join(columns, ", ")+")")
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
	bare(&put, "DISCARD PLANS") // what is planned already, took the tables
	bare(&away, "DROP FUNCTION "+fires+"(), "+tells+"()")
	return put, away
}
