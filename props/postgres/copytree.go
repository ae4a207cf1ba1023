package postgres

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// copier copies a tree of folders, files and symbolic links, files by several goroutines.
type copier struct {
	as      account // gets the copies
	workers int
	shared  bool                       // everybody may read the copies
	skip    func(relative string) bool // leaves a file out
	still   func(relative string) bool // of a file that nobody writes to: a hard link is copy enough
}

// job is one file to copy.
type job struct {
	from, to string
	mode     fs.FileMode
}

func (c copier) copy(from, to string) error {
	jobs := make(chan job, 64)
	var group sync.WaitGroup
	failed := make([]error, max(c.workers, 1)+1)
	for i := range len(failed) - 1 {
		group.Go(func() {
			buffer := make([]byte, 256<<10)
			for j := range jobs {
				if err := c.file(j, buffer); err != nil {
					failed[i] = err
				}
			}
		})
	}
	failed[len(failed)-1] = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return c.entry(path, filepath.Join(to, relative), relative, entry, jobs)
	})
	close(jobs)
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("copy %q: %w", from, err)
	}
	return nil
}

// entry makes folders and links at once, and hands files on.
func (c copier) entry(path, target, relative string, entry fs.DirEntry, jobs chan<- job) error {
	info, err := entry.Info()
	switch {
	case err != nil:
		return err
	case entry.IsDir():
		return c.folder(target, info.Mode().Perm())
	case c.skip != nil && c.skip(relative):
		return nil
	case entry.Type()&fs.ModeSymlink != 0:
		return link(path, target)
	case c.still != nil && c.still(relative) && os.Link(path, target) == nil:
		return nil
	}
	jobs <- job{path, target, info.Mode().Perm()}
	return nil
}

func (c copier) folder(path string, mode fs.FileMode) error {
	if err := os.Mkdir(path, mode|0o700); err != nil {
		return err
	}
	if c.shared {
		return os.Chmod(path, 0o755)
	}
	return c.as.own(path)
}

func link(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

func (c copier) file(j job, buffer []byte) error {
	source, err := os.Open(j.from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(j.to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, j.mode)
	if err != nil {
		return err
	}
	err = c.as.ownFile(target)
	if c.shared {
		err = errors.Join(err, target.Chmod(readable(j.mode)))
	}
	for err == nil {
		var n int
		n, err = source.Read(buffer)
		if n > 0 {
			if _, failed := target.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, target.Close())
}

// readable lets everybody read a file, and run it where its owner may.
func readable(mode fs.FileMode) fs.FileMode {
	if mode&0o100 != 0 {
		mode |= 0o111
	}
	return mode | 0o444
}
