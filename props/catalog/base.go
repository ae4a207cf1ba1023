package catalog

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// origin is the column that a column of a query is, as it stands there; relation 0: it is an
// expression, or of something else than a relation.
type origin struct {
	relation uint32
	column   int16 // attnum
}

// readBases finds the table beneath each view that somebody may write to, through other views too.
func (r *reader) readBases(ctx context.Context, views map[uint32]*model.View) error {
	known := map[uint32][]origin{}
	for oid, v := range views {
		if v.Writable == (model.ViewWrite{}) {
			continue
		}
		list, err := r.origins(ctx, oid, known)
		if err != nil {
			return err
		}
		r.settle(v, list)
	}
	return nil
}

// origins follows the columns of a view to those of tables. Postgres says of each column of a query
// whose it is, when it is described (manual: Message Formats, RowDescription).
func (r *reader) origins(ctx context.Context, view uint32, known map[uint32][]origin) ([]origin, error) {
	if list, ok := known[view]; ok {
		return list, nil
	}
	text, err := query[struct{ Definition string }](ctx, r, "SELECT pg_get_viewdef(oid) FROM pg_class WHERE oid = $1 AND relkind = 'v'", view)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	d, err := r.conn.PgConn().Prepare(ctx, "", text[0].Definition, nil)
	if err != nil {
		return nil, err
	}
	list := make([]origin, len(d.Fields))
	for i, f := range d.Fields {
		list[i] = origin{f.TableOID, int16(f.TableAttributeNumber)}
		if r.tables[f.TableOID] != nil || f.TableOID == 0 {
			continue
		}
		below, err := r.origins(ctx, f.TableOID, known)
		if err != nil {
			return nil, err
		}
		list[i] = origin{}
		if n := int(f.TableAttributeNumber); n <= len(below) { // a view's columns are never dropped
			list[i] = below[n-1]
		}
	}
	known[view] = list
	return list, nil
}

// settle says which table a view shows: the one of most of its columns. Where a trigger or a rule does
// what is written, the names stand for the columns too, of any table that the view's text names.
func (r *reader) settle(v *model.View, list []origin) {
	for _, t := range r.schema.Tables {
		named := len(v.Triggers) > 0 && sql.Mentions(v.Definition, t.Name)
		fills := make([]int, len(v.Columns))
		for i := range fills {
			fills[i] = -1
			if i < len(list) && r.tables[list[i].relation] == t {
				fills[i] = r.indexes[list[i].relation][list[i].column]
			}
		}
		for i, name := range v.Columns {
			if c := t.Column(name); named && fills[i] < 0 && !slices.Contains(fills, c) {
				fills[i] = c
			}
		}
		base := t
		if whole := r.schema.Whole(t); whole != nil {
			base = whole
		}
		for i, c := range fills {
			switch {
			case c >= 0 && !t.Columns[c].Fillable():
				fills[i] = -1
			case c >= 0:
				fills[i] = base.Column(t.Columns[c].Name)
			}
		}
		if filled(fills) > filled(v.Fills) {
			v.Base, v.Fills = base, fills
		}
	}
}

// filled counts the columns that are known.
func filled(fills []int) int {
	n := 0
	for _, c := range fills {
		if c >= 0 {
			n++
		}
	}
	return n
}
