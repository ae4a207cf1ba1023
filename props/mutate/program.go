package mutate

import (
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// longestScript is the size up to which a program's file is read.
const longestScript = 1 << 20

// scripts reads the programs of a contract that are scripts with SQL in them: their words,
// by path. What a program does whose files name nothing of the schema is not seen.
func scripts(c *model.Contract, dir string) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, p := range c.Paths {
		if p.Program == nil {
			continue
		}
		words := map[string]bool{}
		for _, arg := range p.Program.Args {
			for _, piece := range arg {
				note(words, piece.Text)
				note(words, script(filepath.Join(dir, piece.Text)))
			}
		}
		if namesSchema(c.Schema, words) {
			out[p.Name] = words
		}
	}
	return out
}

// script is the text of a file; empty where it is none.
func script(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > longestScript {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil || !utf8.Valid(text) {
		return ""
	}
	return string(text)
}

// note adds the words of a text, in whatever language it is.
func note(words map[string]bool, text string) {
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && r < utf8.RuneSelf
	}) {
		words[word] = true
	}
}

func namesSchema(s *model.Schema, words map[string]bool) bool {
	for _, t := range s.Tables {
		if words[strings.ToLower(t.Name)] {
			return true
		}
	}
	for _, v := range s.Views {
		if words[strings.ToLower(v.Name)] {
			return true
		}
	}
	for _, r := range s.Routines {
		if words[strings.ToLower(r.Name)] {
			return true
		}
	}
	return false
}
