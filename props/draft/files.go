package draft

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// Files finds the SQL files of sources, in the order in which they run, as script.Expand does, and
// notes what it leaves out.
func Files(sources []string) (files, notes []string, err error) {
	files, notes, err = script.Expand("", sources)
	var bad *script.PatternError
	if !errors.As(err, &bad) || !errors.Is(err, fs.ErrNotExist) {
		return files, notes, err
	}
	if info, serr := os.Stat(bad.Pattern); serr == nil && info.IsDir() {
		said := append([]string{bad.Pattern + ": no .sql file in it or below it"}, bad.Notes...)
		err = errors.New(strings.Join(append(said, "name the files, or the folder that holds them"), "; "))
	}
	return nil, nil, err
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
	if found, _, err := script.Expand(folder, []string{pattern}); err == nil && len(found) == len(files) {
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
