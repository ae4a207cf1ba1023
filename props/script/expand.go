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
// they run in, and notes what all of them leave out. A pattern is a file, a folder or a
// glob (** is any number of folders). The files of one pattern run in the order
// of the tool whose names they have, without those that undo a migration: by the
// numbers in their names, as Flyway does, or by a plan of Sqitch. A file that
// several patterns match runs once, at the first. A pattern that matches nothing
// is an error which names it and wraps fs.ErrNotExist.
func Expand(base string, patterns []string) (files, notes []string, err error) {
	var left []omission
	for _, pattern := range patterns {
		f := &finder{}
		path := pattern
		if !filepath.IsAbs(path) {
			path = filepath.Join(base, path)
		}
		found, err := f.matches(path)
		if err != nil {
			return nil, nil, &PatternError{Pattern: pattern, Err: err}
		}
		if len(found) == 0 {
			return nil, nil, &PatternError{pattern, fmt.Errorf("no .sql file matches it: %w", fs.ErrNotExist), sentences(f.left, files)}
		}
		for _, one := range found {
			if !slices.Contains(files, one) {
				files = append(files, one)
			}
		}
		left = append(left, f.left...)
	}
	return files, sentences(left, files), nil
}

// PatternError says that a file, a folder or a pattern of files cannot be used.
type PatternError struct {
	Pattern string // as it was given
	Err     error
	Notes   []string // what it leaves out, where that is all
}

// Error names the pattern.
func (e *PatternError) Error() string {
	said := fmt.Sprintf("schema %q: %v", e.Pattern, e.Err)
	return strings.Join(append([]string{said}, e.Notes...), "; ")
}

// Unwrap gives the reason.
func (e *PatternError) Unwrap() error { return e.Err }

// matches lists the files that one path or pattern stands for.
func (f *finder) matches(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return f.folder(path)
	case err == nil:
		return []string{path}, nil
	case !strings.ContainsAny(path, `*?[`):
		return nil, err
	}
	before, after, deep := strings.Cut(path, "**")
	if deep {
		found, err := below(filepath.Clean(before), strings.TrimPrefix(filepath.ToSlash(after), "/"))
		if err != nil {
			return nil, err
		}
		return f.ordered(found, false)
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, err
	}
	return f.inTurn(found)
}

// inTurn takes files and folders by their names. Files with no folder between them are put in order
// together.
func (f *finder) inTurn(found []string) ([]string, error) {
	slices.SortFunc(found, natural)
	var out []string
	for len(found) > 0 {
		n := slices.IndexFunc(found, isFolder)
		if n < 0 {
			n = len(found)
		}
		files, err := f.ordered(found[:n], false)
		if n == 0 {
			n = 1
			files, err = f.folder(found[0])
		}
		if err != nil {
			return nil, err
		}
		out, found = append(out, files...), found[n:]
	}
	return out, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
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
	return out, err
}
