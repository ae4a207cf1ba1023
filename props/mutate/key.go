package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// keys takes the tenant out of keys that keep tenants apart.
func keys(c *model.Contract, t *model.Table) []Mutant {
	tenant := tenantColumns(c, t)
	var out []Mutant
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		columns, targets := less(k.Columns, k.Targets, tenant)
		if len(columns) == 0 || len(columns) == len(k.Columns) {
			continue
		}
		m := Mutant{Kind: ForeignKey, Object: "key " + k.Name + " of " + t.Label(), Change: "dropped", Do: []string{"ALTER TABLE " + t.SQL() + " DROP CONSTRAINT " + model.Quote(k.Name)}}
		if k.Target != nil && isUnique(k.Target, targets) {
			m.Change = "(" + columnNames(t, columns) + ") for (" + columnNames(t, k.Columns) + ")"
			m.Do = append(m.Do, "ALTER TABLE "+t.SQL()+" ADD FOREIGN KEY ("+columnNames(t, columns)+") REFERENCES "+k.Target.SQL()+" ("+columnNames(k.Target, targets)+")")
		}
		if !writes(c, t) {
			m.Equivalent = "no session may write " + t.Label() + ", and only new rows meet a key"
		}
		out = append(out, m)
	}
	known := slices.ContainsFunc(c.Paths, func(p *model.Path) bool { return p.Keyed != nil && p.Puts == t })
	for i := range t.Unique {
		u := &t.Unique[i]
		columns, _ := less(u.Columns, nil, tenant)
		if len(columns) == 0 || len(columns) == len(u.Columns) || u.Partial || isUnique(t, columns) || referenced(c.Schema, t, u.Columns) {
			continue
		}
		m := Mutant{
			Kind: UniqueKey, Object: "key " + u.Name + " of " + t.Label(), Change: "(" + columnNames(t, columns) + ") for (" + columnNames(t, u.Columns) + ")",
			Do:     append(u.Drop(t), "ALTER TABLE "+t.SQL()+" ADD UNIQUE ("+columnNames(t, columns)+")"),
			strict: !known,
		}
		if !writes(c, t) {
			m.Equivalent = "no session may write " + t.Label() + ", and only who writes hears of a key"
		}
		out = append(out, m)
	}
	return out
}

// tenantColumns are the columns that hold a table's tenant.
func tenantColumns(c *model.Contract, t *model.Table) []int {
	var out []int
	for i := range c.Belongs[t.ID].Paths {
		if p := &c.Belongs[t.ID].Paths[i]; p.Column >= 0 {
			out = append(out, p.Column)
		}
	}
	return out
}

// less is columns, and those of the same places in another list, without some.
func less(columns, others, without []int) (rest, also []int) {
	for i, c := range columns {
		if slices.Contains(without, c) {
			continue
		}
		rest = append(rest, c)
		if others != nil {
			also = append(also, others[i])
		}
	}
	return rest, also
}

func isUnique(t *model.Table, columns []int) bool {
	same := func(key []int) bool {
		return len(key) == len(columns) && !slices.ContainsFunc(key, func(c int) bool { return !slices.Contains(columns, c) })
	}
	return same(t.Key) || slices.ContainsFunc(t.Unique, func(u model.Unique) bool { return !u.Partial && same(u.Columns) })
}

// referenced reports whether a foreign key stands on a unique key.
func referenced(s *model.Schema, t *model.Table, columns []int) bool {
	return slices.ContainsFunc(s.Tables, func(o *model.Table) bool {
		return slices.ContainsFunc(o.ForeignKeys, func(k model.ForeignKey) bool {
			return k.Target == t && len(k.Targets) == len(columns) && !slices.ContainsFunc(k.Targets, func(c int) bool { return !slices.Contains(columns, c) })
		})
	})
}

func anySession(*model.Session) bool { return true }

// writes reports whether some session has the privilege to insert or update.
func writes(c *model.Contract, t *model.Table) bool {
	return reached(c, t, "INSERT", anySession) || reached(c, t, "UPDATE", anySession)
}

func columnNames(t *model.Table, columns []int) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = model.Quote(t.Columns[c].Name)
	}
	return strings.Join(out, ", ")
}

// triggers disables those that say something of the tenant: they name a column that tells
// whose a row is, or a setting that binds a session.
func triggers(c *model.Contract, t *model.Table) []Mutant {
	var out []Mutant
	m := marksOf(c, anySession)
	for i := range t.Triggers {
		tr := &t.Triggers[i]
		if tr.Replica || !m.setting(tr.Body) && !slices.ContainsFunc(sql.Scan(tr.Body, false), func(n sql.Mention) bool { return m.columns[n.Parts[len(n.Parts)-1]] }) {
			continue
		}
		mutant := Mutant{
			Kind: Trigger, Object: tr.Kind() + " " + tr.Name + " on " + t.Label(), Change: "DISABLE " + strings.ToUpper(tr.Kind()),
			Do: []string{"ALTER TABLE " + t.SQL() + " DISABLE " + strings.ToUpper(tr.Kind()) + " " + model.Quote(tr.Name)},
		}
		if !writes(c, t) && !reached(c, t, "DELETE", anySession) {
			mutant.Equivalent = "no session may write " + t.Label() + ": the trigger never fires"
		}
		out = append(out, mutant)
	}
	return out
}
