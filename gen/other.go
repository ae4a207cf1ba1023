package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Others lists up to most values that a column takes besides one, NULL first. It is empty
// for what names a row, keys and references, for generated columns, and where there are
// no others. nth keeps those of different rows apart.
func (p *Plan) Others(t *model.Table, i int, old model.Value, nth, most int) []model.Value {
	if !p.replaceable(t, i) {
		return nil
	}
	col := &p.tables[t.ID].columns[i]
	var out []model.Value
	add := func(v model.Value) {
		if len(out) < most && v != old && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if !t.Columns[i].NotNull {
		add(null)
	}
	c := &t.Columns[i]
	for n := range most {
		at := 1 + nth*most + n
		switch {
		case col.canary && !old.Null:
			prefix, _, _ := strings.Cut(old.Text, model.TokenPrefix)
			add(text(prefix + Token(t, 7000+at)))
		case plainText(t, i) && !col.cycle && !c.Type.Array:
			add(text(limit("any-"+strconv.Itoa(at), c.Type.Length)))
		case c.Type.Kind == sql.Int && !checked(t, i) && !col.cycle:
			add(text(strconv.Itoa(7000 + at)))
		}
	}
	for n := range col.pool {
		if v := col.pool[(n+nth)%len(col.pool)]; !v.Null || !c.NotNull {
			add(v)
		}
	}
	return out
}

// replaceable reports whether a column's values name no row, and are given to it.
func (p *Plan) replaceable(t *model.Table, i int) bool {
	return p.tables[t.ID].columns[i].how == fromPool && !slices.Contains(t.Key, i) && !isReference(t, i) && !p.referred(t, i)
}
