package contract

import (
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// words is the bare words of rules: own, all, none and shared.
type words struct {
	programs map[string]func(*sql.Frame) sql.Tri
	inGo     map[string]bool
	meanings map[string]string // as rule text
}

func (r *resolver) words(site ruleSite) words {
	out := words{
		programs: map[string]func(*sql.Frame) sql.Tri{
			"all":  func(*sql.Frame) sql.Tri { return sql.True },
			"none": func(*sql.Frame) sql.Tri { return sql.False },
		},
		inGo:     map[string]bool{"all": true, "none": true},
		meanings: map[string]string{"all": "TRUE", "none": "FALSE"},
	}
	for name, use := range map[string]model.OwnUse{"own": site.use, "shared": model.OwnShared} {
		program, ok := r.contract.Own(site.session, site.table, use)
		if !ok {
			program = func(*sql.Frame) sql.Tri { return sql.Unknown }
		}
		out.programs[name], out.inGo[name] = program, ok
		out.meanings[name] = r.contract.OwnSQL(site.table, model.Quote(label(site)), r.tenantsText(site.session), use)
	}
	return out
}

// tenantsText is the query of a session of several tenants as rule text, its tables
// qualified; empty for a session of one.
func (r *resolver) tenantsText(s *model.Session) string {
	d := r.file.sessions[s.ID].tenants
	if !d.given() {
		return ""
	}
	q, err := sql.ParseQuery(d.value)
	if err != nil {
		return ""
	}
	out, _ := sql.PrintQuery(q, sql.PrintOptions{Scope: &sql.Scope{Relations: r.relation}, Table: r.qualified, Named: true})
	return out
}

// reach collects what a rule reads: columns of its table, and other tables.
type reach struct {
	*resolver
	columns, tables map[int]bool
}

// own adds what the word own reads.
func (x reach) own(site ruleSite) {
	x.ways(site.table, x.columns, 0)
	if q, err := sql.ParseQuery(x.tenantsText(site.session)); err == nil {
		x.named(sql.QueryTables(q))
	}
}

// named adds tables that a query names, with their partitions and children.
func (x reach) named(tables []*sql.Table) {
	for _, t := range tables {
		if found := x.find(t.Schema, t.Name); found != nil {
			x.table(found)
		}
	}
}

func (x reach) table(t *model.Table) {
	if x.tables[t.ID] {
		return
	}
	x.tables[t.ID] = true
	for _, child := range x.schema.Tables {
		if x.families[t.ID] && x.parent(child) == t {
			x.table(child)
		}
	}
}

// ways adds what leads from a row to its tenants.
func (x reach) ways(t *model.Table, columns map[int]bool, depth int) {
	if depth > len(x.schema.Tables) {
		return
	}
	paths := x.contract.Belongs[t.ID].Paths
	for i := range paths {
		switch p := &paths[i]; {
		case p.Key != nil:
			for _, col := range p.Key.Columns {
				columns[col] = true
			}
			if p.Key.Target != nil {
				x.table(p.Key.Target)
				x.ways(p.Key.Target, map[int]bool{}, depth+1)
			}
		case p.Column >= 0:
			columns[p.Column] = true
		default:
			x.rowQuery(t, p, columns)
		}
	}
}

// rowQuery adds what the query of a row's tenants reads.
func (x reach) rowQuery(t *model.Table, p *model.TenantPath, columns map[int]bool) {
	q, err := sql.ParseQuery(p.Print(model.Quote(t.Name)))
	if err != nil {
		return
	}
	x.named(sql.QueryTables(q))
	uses, err := sql.InspectQuery(q, &sql.Scope{Base: x.relations[t.ID], Relations: x.relation})
	if err != nil {
		return
	}
	for _, col := range uses.Columns {
		columns[col] = true
	}
}

// label is what the rule calls its table.
func label(site ruleSite) string {
	if site.alias != "" {
		return site.alias
	}
	return site.table.Name
}
