package script

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// backward is files that undo a migration, as golang-migrate, Flyway, diesel and others call them.
var backward = regexp.MustCompile(`(?:[._-]|^)(down|undo|rollback)\.sql$|^U[0-9][0-9._]*__`)

// ordered leaves out what undoes migrations, and sorts the others as the tools do that wrote them:
// by the numbers in their names, not digit by digit; where one folder holds all of them, by a plan
// of Sqitch; as Flyway does where names are Flyway's.
func (f *finder) ordered(files []string, whole bool) ([]string, error) {
	undo, out := parted(files, func(name string) bool { return backward.MatchString(filepath.Base(name)) })
	f.leftOut(undo, "it undoes a migration")
	if dir := oneFolder(out); filepath.Base(dir) == deployFolder {
		if p := filepath.Join(filepath.Dir(dir), planFile); exists(p) {
			return f.planned(p, out)
		}
	}
	if flyway(out) {
		return f.flywayOrder(out, whole), nil
	}
	slices.SortStableFunc(out, natural)
	return out, nil
}

// oneFolder is the folder of all files; empty where they lie in several, or there are none.
func oneFolder(files []string) string {
	for _, f := range files {
		if filepath.Dir(f) != filepath.Dir(files[0]) {
			return ""
		}
	}
	if len(files) == 0 {
		return ""
	}
	return filepath.Dir(files[0])
}

// pieces takes a text apart into numbers and single other characters: a.sql comes before a2.sql.
var pieces = regexp.MustCompile(`[0-9]+|[^0-9]`)

// natural compares paths, folder by folder, with the numbers in them as numbers: 9 comes before 10.
func natural(a, b string) int {
	x, y := strings.Split(filepath.ToSlash(a), "/"), strings.Split(filepath.ToSlash(b), "/")
	for i := range min(len(x), len(y)) {
		if c := numbered(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

// numbered compares names with the numbers in them as numbers.
func numbered(a, b string) int {
	x, y := pieces.FindAllString(a, -1), pieces.FindAllString(b, -1)
	for i := range min(len(x), len(y)) {
		c := 0
		if isNumber(x[i]) && isNumber(y[i]) {
			c = byNumber(x[i], y[i])
		}
		if c = cmp.Or(c, cmp.Compare(x[i], y[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

// isNumber reports whether a piece is a number.
func isNumber(piece string) bool { return piece[0] >= '0' && piece[0] <= '9' }

// byNumber compares what digits say, however many there are; no digits say 0.
func byNumber(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
