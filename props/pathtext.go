package props

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// texts is what a path runs, or what its program says.
func (t *Target) texts(p *model.Path) []string {
	if len(p.Command) > 0 {
		return []string{t.programText(p)}
	}
	return p.Run
}

// mostSource bounds what is read of a program's file.
const mostSource = 1 << 20

// programText is a program's command with the text of the files that it names, as far as they
// are text; empty of what is no program.
func (t *Target) programText(p *model.Path) string {
	out := strings.Join(p.Command, "\n")
	for _, name := range p.Command {
		at := filepath.Join(filepath.Dir(t.File.Path), name)
		if filepath.IsAbs(name) {
			at = name
		}
		info, err := os.Stat(at)
		if err != nil || !info.Mode().IsRegular() || info.Size() > mostSource {
			continue
		}
		if text, err := os.ReadFile(at); err == nil && utf8.Valid(text) {
			out += "\n" + string(text)
		}
	}
	return out
}

// uses reports whether what a path runs, or the text of its program, names an object.
func uses(p *model.Path, program, name string) bool {
	return p.View != nil && p.View.Name == name || p.Routine != nil && p.Routine.Name == name ||
		slices.ContainsFunc(p.Run, func(text string) bool { return sql.Mentions(text, name) }) ||
		program != "" && regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).MatchString(program)
}

// reads reports whether a path or its program, empty of what is none, names an object, or what it names does, and so on.
func (t *Target) reads(p *model.Path, program, name string) bool {
	if uses(p, program, name) {
		return true
	}
	seen := map[string]bool{}
	var within func(text string) bool
	within = func(text string) bool {
		if sql.Mentions(text, name) {
			return true
		}
		for _, x := range t.Contract.Schema.Texts {
			bare := x.Name[strings.LastIndexByte(x.Name, '.')+1:]
			if (x.Kind == "function" || x.Kind == "view") && !seen[x.Name] && sql.Mentions(text, bare) {
				seen[x.Name] = true
				if within(x.Body) {
					return true
				}
			}
		}
		return false
	}
	texts := slices.Clone(p.Run)
	if p.View != nil {
		texts = append(texts, p.View.Definition)
	}
	if p.Routine != nil {
		texts = append(texts, p.Routine.Source)
	}
	return slices.ContainsFunc(texts, within)
}
