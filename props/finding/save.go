package finding

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// The files of a finding's folder.
const (
	CaseFile  = "case.yaml"
	ReproFile = "repro.sql"
	PageFile  = "README.md"
)

// SaveError says that a finding could not be kept. The caller prints the case to the
// terminal then, so that it is not lost.
type SaveError struct {
	Dir  string // where it should have been
	What string // the finding, in a few words
	Err  error
}

// Error names the finding, the place and the cause.
func (e *SaveError) Error() string {
	return fmt.Sprintf("save finding %s in %s: %v", e.What, e.Dir, e.Err)
}

// Unwrap gives the cause, such as a full disk.
func (e *SaveError) Unwrap() error { return e.Err }

// Save writes a finding into <dir>/findings/<key>, sets its Dir and Contract, and returns the
// folder. The folder is there whole or not at all: it is written beside its place,
// synced, and renamed. Of one with the same key the files are replaced, each whole.
// Errors are a *SaveError.
func Save(dir string, f *Finding, m Material) (string, error) {
	path := filepath.Join(dir, "findings", f.Key)
	if err := save(path, f, m); err != nil {
		return "", &SaveError{Dir: path, What: f.Key + " (" + f.Class.String() + ": " + f.Session + " " + f.Action() + " " + f.Object() + ")", Err: err}
	}
	f.Dir, f.Contract = path, m.Contract
	return path, nil
}

// save writes the files of a finding into a folder, which is made if it is missing.
func save(path string, f *Finding, m Material) error {
	at := *f
	at.Dir = path
	files, err := render(&at, m)
	if err != nil {
		return err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		return renew(path, files)
	case err == nil:
		return fmt.Errorf("%s is in the way: it is no folder; move it away", path)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	return create(path, files)
}

// names is the files of a folder in the order in which they are written.
var names = []string{CaseFile, ReproFile, PageFile}

// renew replaces the files of a folder one by one, so that it is there at every moment:
// what has the same key shows the same.
func renew(path string, files map[string][]byte) error {
	for _, name := range names {
		at := filepath.Join(path, name)
		if files[name] == nil {
			if err := os.RemoveAll(at); err != nil {
				return err
			}
			continue
		}
		if err := disk.Replace(at, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// create writes a folder beside its place, waits for the disk, and renames it.
func create(path string, files map[string][]byte) (err error) {
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, disk.Temporary+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if files[name] == nil { // no SQL shows what a program does
			continue
		}
		if err := write(filepath.Join(temp, name), files[name]); err != nil {
			return err
		}
	}
	if err := disk.Sync(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return errors.Join(disk.Sync(parent), disk.Sync(filepath.Dir(parent))) // either may be new
}

// Files are the contents of a finding's folder, by name; for a terminal when the
// disk is full.
func Files(f *Finding, m Material) (map[string][]byte, error) { return render(f, m) }

// render is the files of a finding by name. One about a program has no repro.sql.
func render(f *Finding, m Material) (map[string][]byte, error) {
	k := CaseOf(f, m)
	k.Contract = disk.Relative(f.Dir, m.ContractPath)
	var repro, page bytes.Buffer
	if err := Page(&page, f, m); err != nil {
		return nil, err
	}
	files := map[string][]byte{CaseFile: k.Format(), PageFile: page.Bytes()}
	if f.programmed() {
		return files, nil
	}
	if err := Repro(&repro, f, m); err != nil {
		return nil, err
	}
	files[ReproFile] = repro.Bytes()
	return files, nil
}

// CaseOf is the case of a finding, with what it showed. Its Contract is the
// material's path as it stands.
func CaseOf(f *Finding, m Material) *Case {
	k := FromScenario(m.Contract, f.Scenario)
	k.Contract = m.ContractPath
	k.Found = &Found{
		Key: f.Key, Class: f.Class.String(), Scope: f.Scope(), Session: f.Session, Command: f.Command, Object: f.Table, Path: f.Path, Column: f.Column, Rule: f.Rule, State: f.State, Fix: f.Explanation.Fix.Unsought,
	}
	k.explain(f, m.ContractPath)
	return k
}

// explain adds what experiments told as comments.
func (k *Case) explain(f *Finding, contract string) {
	add := func(name, text string) {
		if text != "" {
			k.Comment = append(k.Comment, name+": "+oneLine(text))
		}
	}
	if f.Carrier.Object != "" {
		at := f.Carrier.at(contract)
		add("cause", strings.TrimSuffix(f.Carrier.Object+" ("+at+")", " ()"))
	}
	add("fix", f.Fixed())
	add("sure", f.Sure())
	for i := range k.Rows {
		for j := range k.Rows[i].Records {
			k.Rows[i].Records[j].Any = f.free(k.Rows[i].Table, j)
		}
	}
	for i := range k.Steps {
		k.Steps[i].Any = f.freeArgs(i)
	}
}

// write creates a file and waits until the disk has it.
func write(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
