package script

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A finder turns folders and patterns into files, and notes what it leaves out.
type finder struct{ notes []string }

// aside is folders whose SQL is no part of the schema, and seed files of data to try with.
var (
	aside = regexp.MustCompile(`^(revert|verify|tests?|seeds?|down|rollback|\..*|node_modules)$`)
	seeds = regexp.MustCompile(`(?i)^seeds?\b.*\.sql$`)
)

// folder is the SQL files of a folder in the order in which they run: those that a plan of Sqitch
// names; its own; those of its folder migrations; or those below it, as Prisma and Flyway keep them.
func (f *finder) folder(path string) ([]string, error) {
	if exists(filepath.Join(path, archiveFile)) {
		return []string{path}, nil
	}
	if p := filepath.Join(path, planFile); exists(p) {
		return f.plan(p)
	}
	var own []string
	for _, pattern := range []string{"*.sql", "*.sql.gz"} {
		found, err := filepath.Glob(filepath.Join(escaped(path), pattern))
		if err != nil {
			return nil, err
		}
		own = append(own, found...)
	}
	if len(own) > 0 && !slices.ContainsFunc(own, func(o string) bool { return !seeds.MatchString(filepath.Base(o)) }) && exists(filepath.Join(path, "migrations")) {
		f.leftOut(own, "it is taken for data to try with, beside migrations")
		own = nil
	}
	below, err := f.under(path, len(own) == 0)
	if err != nil {
		return nil, err
	}
	inner := filepath.Join(path, "migrations") + string(filepath.Separator)
	switch {
	case flyway(own):
		own = append(own, below...)
	case len(own) > 0:
		f.leftOut(below, "it lies in a folder of its own: name that folder too where it belongs to the schema")
	case slices.ContainsFunc(below, func(b string) bool { return strings.HasPrefix(b, inner) }):
		own = slices.DeleteFunc(slices.Clone(below), func(b string) bool { return !strings.HasPrefix(b, inner) })
		f.leftOut(slices.DeleteFunc(below, func(b string) bool { return strings.HasPrefix(b, inner) }), "migrations are in the folder migrations")
	default:
		own = below
	}
	return f.ordered(own, true)
}

// under is the SQL files in the folders of a folder, at any depth. What lies in folders of tests,
// seeds and the like is left out; that is noted if it could be meant.
func (f *finder) under(path string, meant bool) ([]string, error) {
	var out, left []string
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != path && aside.MatchString(d.Name()):
			found, err := filepath.Glob(filepath.Join(escaped(file), "*.sql"))
			left = append(left, found...)
			if err != nil {
				return err
			}
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(file, ".sql") && filepath.Dir(file) != filepath.Clean(path):
			out = append(out, file)
		}
		return nil
	})
	if meant {
		f.leftOut(left, "its folder is of tests, seeds or the like")
	}
	return out, err
}

// leftOut notes files that do not run.
func (f *finder) leftOut(files []string, why string) {
	switch len(files) {
	case 0:
	case 1:
		f.notes = append(f.notes, fmt.Sprintf("%s is left out: %s", filepath.ToSlash(files[0]), why))
	default:
		f.notes = append(f.notes, fmt.Sprintf("%s and %d more are left out: %s", filepath.ToSlash(files[0]), len(files)-1, why))
	}
}

// archiveFile lies in a folder that pg_dump wrote, which is read as one file.
const archiveFile = "toc.dat"

// exists reports whether there is a file or folder.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// escaped is a path as a pattern that matches it alone.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
