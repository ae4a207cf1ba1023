package helpdesk

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The names of the example's files.
const (
	Contract = "rlsfuzz.yaml"
	Schema   = "schema.sql"
	Jobs     = "jobs.sql" // run after the schema
	LeaksDir = "leaks"    // its files end in .sql
)

//go:embed rlsfuzz.yaml schema.sql jobs.sql export-invoices.sh leaks/*.sql
var files embed.FS

// Files is the example: the contract, the schema, its programs and the folder of leaks.
func Files() fs.FS { return files }

// Write writes the example into a folder, which is made if it is not there. A file that exists is never
// overwritten: then nothing is written, and the error is an fs.ErrExist that names the file.
func Write(dir string) error {
	names, err := list()
	if err != nil {
		return err
	}
	for _, name := range names {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(to); err == nil {
			return fmt.Errorf("write the example: %w", &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist})
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("write the example: %w", err)
		}
	}
	for _, name := range names {
		if err := write(filepath.Join(dir, filepath.FromSlash(name)), name); err != nil {
			return fmt.Errorf("write the example: %w", err)
		}
	}
	return nil
}

// list is the names of all files, in order.
func list() (names []string, err error) {
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the example: %w", err)
	}
	return names, nil
}

func write(to, name string) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// Leak is one planted leak.
type Leak struct {
	Name  string // the file's name without its ending: tickets-read-true
	Title string // what is wrong, in a few words
	Class string // of the divergence that shows it, the first that holds: open, move, write, read, interference or audit
	SQL   string // the whole file, to be run after the schema
}

// Leaks are the planted leaks by name.
func Leaks() ([]Leak, error) {
	entries, err := files.ReadDir(LeaksDir)
	if err != nil {
		return nil, fmt.Errorf("list leaks: %w", err)
	}
	leaks := make([]Leak, 0, len(entries))
	for _, entry := range entries {
		text, err := files.ReadFile(path.Join(LeaksDir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read leak: %w", err)
		}
		leak := Leak{Name: strings.TrimSuffix(entry.Name(), ".sql"), SQL: string(text)}
		first, _, _ := strings.Cut(leak.SQL, "\n")
		head, isComment := strings.CutPrefix(first, "-- ")
		class, title, isHead := strings.Cut(head, ": ")
		if !isComment || !isHead || strings.Contains(class, " ") {
			return nil, fmt.Errorf("read leak %q: its first line is not `-- class: what is wrong`", leak.Name)
		}
		leak.Class, leak.Title = class, title
		leaks = append(leaks, leak)
	}
	return leaks, nil
}
