package script

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Expand turns patterns, relative to the folder base, into files in the order
// they run in. A pattern is a file, a folder (its *.sql, by name) or a glob
// (what it matches, by name; ** is any number of folders). A file that several
// patterns match runs once, at the first. A pattern that matches nothing is an
// error which names it and wraps fs.ErrNotExist.
func Expand(base string, patterns []string) ([]string, error) {
	var out []string
	for _, pattern := range patterns {
		path := pattern
		if !filepath.IsAbs(path) {
			path = filepath.Join(base, path)
		}
		files, err := matches(path)
		if err != nil {
			return nil, &PatternError{pattern, err}
		}
		if len(files) == 0 {
			return nil, &PatternError{pattern, fmt.Errorf("no .sql file matches it: %w", fs.ErrNotExist)}
		}
		for _, f := range files {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// PatternError says that a file, a folder or a pattern of files cannot be used.
type PatternError struct {
	Pattern string // as it was given
	Err     error
}

// Error names the pattern.
func (e *PatternError) Error() string { return fmt.Sprintf("schema %q: %v", e.Pattern, e.Err) }

// Unwrap gives the reason.
func (e *PatternError) Unwrap() error { return e.Err }

// matches lists the files that one path or pattern stands for.
func matches(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folder(path)
	case err == nil:
		return []string{path}, nil
	case !strings.ContainsAny(path, `*?[`):
		return nil, err
	}
	before, after, deep := strings.Cut(path, "**")
	if deep {
		return below(filepath.Clean(before), strings.TrimPrefix(filepath.ToSlash(after), "/"))
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	var out []string
	for _, one := range found {
		files, err := matches(one)
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	return out, nil
}

// folder is a folder's SQL files by name.
func folder(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".sql") {
			out = append(out, filepath.Join(path, e.Name()))
		}
	}
	return out, nil
}

// below is the files at any depth of a folder whose path ends as a pattern says: as
// many of its last parts as the pattern has.
func below(path, pattern string) ([]string, error) {
	var out []string
	n := strings.Count(pattern, "/") + 1
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		parts := strings.Split(filepath.ToSlash(file), "/")
		ok, err := filepath.Match(pattern, strings.Join(parts[max(0, len(parts)-n):], "/"))
		if ok {
			out = append(out, file)
		}
		return err
	})
	slices.Sort(out)
	return out, err
}
