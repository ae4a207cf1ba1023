package finding

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// given is one row of the case on its way to a model.Row.
type given struct {
	record *Record
	values map[string]model.Value
}

// data is the rows of the case by table, in the order of Schema.Tables, with the columns that it
// leaves out filled.
func (k *Case) data(c *model.Contract) ([][]model.Row, error) {
	rows := make([][]given, len(c.Schema.Tables))
	for i := range k.Rows {
		t := table(c.Schema, k.Rows[i].Table)
		if t == nil {
			return nil, k.stale(k.Rows[i].Pos, "the schema has no table %s", k.Rows[i].Table)
		}
		for j := range k.Rows[i].Records {
			g, err := k.given(t, &k.Rows[i].Records[j])
			if err != nil {
				return nil, err
			}
			rows[t.ID] = append(rows[t.ID], g)
		}
	}
	fill := k.Fill
	if fill == nil {
		fill = plainFill()
	}
	data := make([][]model.Row, len(c.Schema.Tables))
	order, _ := c.Schema.LoadOrder()
	for _, t := range order {
		for _, g := range rows[t.ID] {
			refer(t, g.values, data)
			if err := k.complete(t, g, fill); err != nil {
				return nil, err
			}
			data[t.ID] = append(data[t.ID], row(t, g.values))
		}
	}
	return data, nil
}

// given reads the values of one row.
func (k *Case) given(t *model.Table, r *Record) (given, error) {
	g := given{record: r, values: map[string]model.Value{}}
	for _, f := range r.Fields {
		i := t.Column(f.Column)
		if i < 0 {
			return g, k.stale(f.Pos, "table %s has no column %s", t.Label(), f.Column)
		}
		g.values[f.Column] = spelled(t.Columns[i].Type, f.Value)
	}
	return g, nil
}

// complete fills the columns that a row leaves out. A case that a run wrote leaves out none: a
// NOT NULL column that it lacks is new in the schema, and makes the case stale.
func (k *Case) complete(t *model.Table, g given, fill func(*model.Table, map[string]model.Value)) error {
	open := func(i int) bool {
		_, ok := g.values[t.Columns[i].Name]
		return !ok && fillable(&t.Columns[i])
	}
	missing := false
	for i := range t.Columns {
		if !open(i) {
			continue
		}
		if k.Found != nil && t.Columns[i].NotNull && t.Columns[i].Default == "" && t.Columns[i].Identity == "" {
			return k.stale(g.record.Pos, "column %s of table %s is new and NOT NULL, and the case gives it no value", t.Columns[i].Name, t.Label())
		}
		missing = true
	}
	if !missing {
		return nil
	}
	fill(t, g.values)
	for i := range t.Columns {
		if open(i) && t.Columns[i].NotNull {
			return k.stale(g.record.Pos, "table %s needs a value for column %s, of type %s", t.Label(), t.Columns[i].Name, t.Columns[i].Type.Name)
		}
	}
	return nil
}

// row puts values into the order of the columns; one that is missing is NULL.
func row(t *model.Table, values map[string]model.Value) model.Row {
	out := make(model.Row, len(t.Columns))
	for i := range out {
		v, ok := values[t.Columns[i].Name]
		if !ok || t.Columns[i].Generated {
			v = model.Value{Null: true}
		}
		out[i] = v
	}
	return out
}

// table finds a table by label or by schema.table.
func table(s *model.Schema, name string) *model.Table {
	for _, t := range s.Tables {
		if t.Label() == name || t.Schema+"."+t.Name == name {
			return t
		}
	}
	return nil
}

// spelled gives a value written by hand the text that Postgres prints for it.
func spelled(t model.Type, v model.Value) model.Value {
	if v.Null || t.Array {
		return v
	}
	switch t.Kind {
	case sql.Bool:
		switch strings.ToLower(v.Text) {
		case "t", "true", "yes", "on", "1":
			v.Text = "t"
		case "f", "false", "no", "off", "0":
			v.Text = "f"
		}
	case sql.UUID:
		v.Text = strings.ToLower(v.Text)
	default:
	}
	return v
}
