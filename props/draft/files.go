package draft

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// Files finds the SQL files of sources, in the order in which they run: files and
// patterns as they are written; a folder's own, or those of its folder migrations, or
// those below it. Files that undo a migration, and tests, are left out of a folder.
func Files(sources []string) ([]string, error) {
	var out []string
	for _, s := range sources {
		found, err := filesOf(s)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// filesOf is the files of one source.
func filesOf(source string) ([]string, error) {
	info, err := os.Stat(source)
	if err != nil || !info.IsDir() {
		return script.Expand("", []string{source})
	}
	for _, dir := range []string{source, filepath.Join(source, "migrations")} {
		if found := forward(glob(filepath.Join(dir, "*.sql"))); len(found) > 0 {
			return found, nil
		}
	}
	var found []string
	err = filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != source && aside.MatchString(d.Name()):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, ".sql"):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found = forward(found); len(found) == 0 {
		return nil, fmt.Errorf("%s: no .sql file in it or below it; name the files, or the folder that holds them", source)
	}
	return found, nil
}

// aside is folders whose SQL is no part of the schema.
var aside = regexp.MustCompile(`^(revert|verify|tests?|seeds?|down|rollback|\..*|node_modules)$`)

// backward is files that undo a migration, as golang-migrate, Flyway and others call them.
var backward = regexp.MustCompile(`(?:[._-]|^)(down|undo|rollback)\.sql$|^U[0-9.]+__`)

// glob is the files that match a pattern.
func glob(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	return found
}

// forward leaves out files that undo a migration, and sorts the others as tools of migrations do:
// by the numbers in their names, not digit by digit.
func forward(files []string) []string {
	out := slices.DeleteFunc(files, func(f string) bool { return backward.MatchString(filepath.Base(f)) })
	slices.SortStableFunc(out, natural)
	return out
}

// digits takes a text apart into numbers and what is between them.
var digits = regexp.MustCompile(`[0-9]+|[^0-9]+`)

// natural compares paths with the numbers in them as numbers: 9 comes before 10.
func natural(a, b string) int {
	x, y := digits.FindAllString(a, -1), digits.FindAllString(b, -1)
	for i := range min(len(x), len(y)) {
		m, n := strings.TrimLeft(x[i], "0"), strings.TrimLeft(y[i], "0")
		number := x[i][0] >= '0' && x[i][0] <= '9' && y[i][0] >= '0' && y[i][0] <= '9'
		switch {
		case x[i] == y[i]:
		case number && len(m) != len(n):
			return cmp.Compare(len(m), len(n))
		case number && m != n:
			return cmp.Compare(m, n)
		default:
			return cmp.Compare(x[i], y[i])
		}
	}
	return cmp.Compare(len(x), len(y))
}

// Written is the files as a contract in folder names them: relative, with slashes; as one
// pattern where that gives the same files in the same order.
func Written(folder string, files []string) []string {
	var out []string
	for _, f := range files {
		out = append(out, disk.Relative(folder, f))
	}
	if len(out) < 2 {
		return out
	}
	dir := filepath.Dir(out[0])
	for _, f := range out {
		if filepath.Dir(f) != dir {
			return out
		}
	}
	pattern := filepath.ToSlash(filepath.Join(dir, "*.sql"))
	if found, err := script.Expand(folder, []string{pattern}); err == nil && len(found) == len(files) {
		same := true
		for i := range found {
			same = same && disk.Relative(folder, found[i]) == out[i]
		}
		if same {
			return []string{pattern}
		}
	}
	return out
}
