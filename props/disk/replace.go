package disk

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// Replace writes a file beside its place, waits for the disk, and renames it. Folders that
// are missing are made. After an error the file is as it was.
func Replace(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, Temporary+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return Sync(dir)
}

// Temporary begins the names of what is not in its place yet.
const Temporary = ".new-"

// Sweep removes from a folder what killed processes left that were writing to it: what is
// not in its place yet and was begun longer ago than any writing takes.
func Sweep(dir string, now time.Time) error {
	left, err := filepath.Glob(filepath.Join(Literal(dir), Temporary+"*"))
	for _, path := range left {
		if info, serr := os.Lstat(path); serr == nil && now.Sub(info.ModTime()) > writing {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// writing is longer than it takes to write a file.
const writing = 10 * time.Minute

// Literal keeps a path from being read as a pattern.
func Literal(path string) string {
	var out []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// Sync waits until the disk has the names in a folder.
func Sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
