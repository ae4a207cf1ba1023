package script

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// A finder turns folders and patterns into files, and remembers what it leaves out.
type finder struct{ left []omission }

// omission is files that do not run, and why.
type omission struct {
	files []string
	why   string
}

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
	own, err := filepath.Glob(filepath.Join(disk.Literal(path), "*.sql"))
	if err != nil {
		return nil, err
	}
	packed, err := filepath.Glob(filepath.Join(disk.Literal(path), "*.sql.gz"))
	if err != nil {
		return nil, err
	}
	f.leftOut(packed, "it is packed: name it where it belongs to the schema")
	if len(own) > 0 && !slices.ContainsFunc(own, func(o string) bool { return !seeds.MatchString(filepath.Base(o)) }) && exists(filepath.Join(path, "migrations")) {
		f.leftOut(own, "it is taken for data to try with, beside migrations")
		own = nil
	}
	below, err := f.under(path, len(own) == 0 || flyway(own))
	if err != nil {
		return nil, err
	}
	inner := filepath.Join(path, "migrations") + string(filepath.Separator)
	migrations, others := parted(below, func(b string) bool { return strings.HasPrefix(b, inner) })
	switch {
	case flyway(own):
		own = append(own, below...)
	case len(own) > 0:
		f.leftOut(below, "it lies in a folder of its own: name that folder too where it belongs to the schema")
	case len(migrations) > 0:
		own = migrations
		f.leftOut(others, "migrations are in the folder migrations")
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
			found, err := filepath.Glob(filepath.Join(disk.Literal(file), "*.sql"))
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

// leftOut remembers files that do not run.
func (f *finder) leftOut(files []string, why string) {
	f.left = append(f.left, omission{files, why})
}

// sentences say of each file that is left out why, once: of those that run all the same, nothing.
func sentences(left []omission, run []string) []string {
	var out []string
	told := slices.Clone(run)
	for _, l := range left {
		_, files := parted(l.files, func(name string) bool { return slices.Contains(told, name) })
		told = append(told, files...)
		switch len(files) {
		case 0:
		case 1:
			out = append(out, fmt.Sprintf("%s is left out: %s", filepath.ToSlash(files[0]), l.why))
		default:
			out = append(out, fmt.Sprintf("%s and %d more are left out: %s", filepath.ToSlash(files[0]), len(files)-1, l.why))
		}
	}
	return out
}

// parted is the files of which something holds, and the others.
func parted(files []string, is func(string) bool) (yes, no []string) {
	for _, file := range files {
		if is(file) {
			yes = append(yes, file)
		} else {
			no = append(no, file)
		}
	}
	return yes, no
}

// archiveFile lies in a folder that pg_dump wrote, which is read as one file.
const archiveFile = "toc.dat"

// exists reports whether there is a file or folder.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
