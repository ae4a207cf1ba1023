package contract

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// A session whose settings and login name no tenant has one on the paths that hand it one: a job
// whose role bypasses row security is told for whom it runs. A session that may see and change
// nothing of any tenant stays one whose tenant was never set, whatever its paths hand over.

// hands reports whether a path passes on the session's tenant or user, or a column of their rows,
// as $tenant and the like. A Go function always gets both.
func hands(d *pathDecl, p *model.Path) bool {
	return p.Go != "" || variables(p.Args, passed(d), handed...)
}

// brings reports whether a path passes on which tenant it is for.
func brings(d *pathDecl, p *model.Path) bool {
	return p.Go != "" || variables(p.Args, passed(d), "tenant")
}

// handed is what variables of a session begin with.
var handed = []string{"tenant", "user", "other"}

// passed is the texts of a path, in pieces.
func passed(d *pathDecl) [][]piece {
	texts := sqlTexts(d.run)
	for _, t := range slices.Concat(d.command, d.output) {
		texts = append(texts, parts(t.value))
	}
	for _, e := range d.env {
		texts = append(texts, parts(e.value.value))
	}
	return texts
}

func sqlTexts(list []text) [][]piece {
	var out [][]piece
	for _, t := range list {
		out = append(out, sqlParts(t.value))
	}
	return out
}

// variables reports whether one of the arguments, or of the texts, is a variable of the session's of
// some names.
func variables(args []model.PathArg, texts [][]piece, names ...string) bool {
	own := func(variable string) bool {
		name, _, _ := strings.Cut(variable, ".")
		return slices.Contains(names, name)
	}
	return slices.ContainsFunc(args, func(a model.PathArg) bool { return own(a.Variable) }) ||
		slices.ContainsFunc(texts, func(list []piece) bool { return slices.ContainsFunc(list, func(p piece) bool { return own(p.name) }) })
}

// follows reports whether some rule of a session, over a table that tenants own, depends on its
// tenant or user, or lets through the rows of all tenants.
func (r *resolver) follows(s *model.Session) bool {
	for _, t := range r.schema.Tables {
		w := &s.Writes[t.ID]
		for _, rule := range []*model.Rule{s.Sees[t.ID].Rule, w.Insert, w.From, w.Delete} {
			if rule == nil || r.contract.Belongs[t.ID].How != model.Owned {
				continue
			}
			if rule.Kind == model.RuleAll || rule.Kind == model.RuleOwn ||
				slices.ContainsFunc(rule.Args, func(i int) bool { return s.Vars[i].Source != model.FromArgument }) {
				return true
			}
		}
	}
	return false
}
