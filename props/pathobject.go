package props

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// logs is what must log the use of a path: the one function that it calls, unless the path
// names the log itself.
func (t *Target) logs(p *model.Path) carrier.Object {
	text := strings.Join(p.Run, "\n") + t.programText(p)
	if r := t.routineOf(p); r != nil && !(p.Audit != nil && sql.Mentions(text, p.Audit.Table.Name)) {
		return carrier.Object{Kind: carrier.Body, Routine: r}
	}
	return carrier.Object{Kind: carrier.PathText, Path: p}
}

// does is what of a path does something: the one function that it calls, as an object of a
// kind, where a query by itself could not do it; else the path.
func (t *Target) does(p *model.Path, kind carrier.Kind) carrier.Object {
	if p.Routine != nil {
		return carrier.Object{Kind: kind, Routine: p.Routine}
	}
	r := t.routineOf(p)
	if r == nil || slices.ContainsFunc(t.texts(p), func(text string) bool { return sql.Mentions(text, "set_config") }) {
		return carrier.Object{Kind: carrier.PathText, Path: p}
	}
	return carrier.Object{Kind: kind, Routine: r}
}

// routineOf is the one function that a path calls; nil where it calls several, or does more than
// that by itself.
func (t *Target) routineOf(p *model.Path) *model.Routine {
	if p.Go != "" || p.View != nil {
		return nil
	}
	var out []*model.Routine
	for _, text := range t.texts(p) {
		if len(p.Command) == 0 && !sql.Queries(text) && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "call ") {
			return nil
		}
		for _, r := range t.Contract.Schema.Routines {
			if !slices.Contains(out, r) && sql.Mentions(text, r.Name) {
				out = append(out, r)
			}
		}
	}
	if len(out) != 1 {
		return nil
	}
	return out[0]
}

// materialized is the materialized view that a path reads, or the first one: all of them are
// refreshed in an experiment, or none.
func (t *Target) materialized(p *model.Path, program string) []*model.View {
	var out []*model.View
	for _, v := range t.Contract.Schema.Views {
		if v.Materialized {
			out = append(out, v)
		}
	}
	if i := slices.IndexFunc(out, func(v *model.View) bool { return t.reads(p, program, v.Name) }); i > 0 {
		out = out[i:]
	}
	return out[:min(len(out), 1)]
}
