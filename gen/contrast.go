package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Contrasts lists values of a column that are made of parts (a document, an array, a range, a
// composite) that have no part in common with those of its pool: none, or ones of their own. It
// is empty for other columns, and for those of which Others lists nothing.
func (p *Plan) Contrasts(t *model.Table, i int, old model.Value) []model.Value {
	if !p.replaceable(t, i) {
		return nil
	}
	var out []model.Value
	for _, v := range p.tables[t.ID].columns[i].contrasts {
		if v != old {
			out = append(out, v)
		}
	}
	return out
}

// contrasts keeps, of the contrasting values of a table's columns, those that fit into a row.
func (f *fitting) contrasts(t *model.Table, base model.Row) error {
	for i := range t.Columns {
		list := f.types.contrasts(&t.Columns[i].Type)
		if len(list) == 0 || !f.replaceable(t, i) {
			continue
		}
		printed, err := f.print(&t.Columns[i].Type, texts(list...))
		if err != nil {
			return err
		}
		col := &f.tables[t.ID].columns[i]
		if col.contrasts, err = f.fitting(t, i, base, printed); err != nil {
			return err
		}
	}
	return nil
}

// ownPart is the place, among the values of a part's type, of those that pools do not use.
const ownPart = 20

// contrasts is values of a type that is made of parts: without any, and with other parts than
// pools have.
func (y types) contrasts(ty *model.Type) []string {
	if ty.Array {
		list := y.many(ty, ownPart)
		return append([]string{"{}"}, list[max(len(list)-1, 0):]...)
	}
	switch ty.Base {
	case "json", "jsonb":
		return []string{`{}`, `{"any": 7001}`, `[]`}
	case "hstore":
		return []string{"", `"any"=>"7001"`}
	}
	if element := y.element(ty); element != nil {
		out := []string{"empty", "(,)"}
		if s := span(element, ownPart); s != "" {
			out = append(out, s)
		}
		if shape := y.shapes[ty.Plain]; strings.HasSuffix(ty.Base, "multirange") || shape != nil && shape.Multi {
			out[0] = ""
			for i := range out {
				out[i] = "{" + out[i] + "}"
			}
		}
		return out
	}
	shape := y.shapes[ty.Plain]
	if shape == nil || len(shape.Fields) == 0 {
		return nil
	}
	items := make([]string, len(shape.Fields))
	out := []string{"(" + strings.Repeat(",", len(items)-1) + ")"}
	for i := range items {
		items[i] = nth(&shape.Fields[i].Type, ownPart)
	}
	if !slices.Contains(items, "") {
		out = append(out, composite(items))
	}
	return out
}
