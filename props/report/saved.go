package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// File is the document that the last run left in its folder.
const File = "report.json"

// Save keeps the document in a folder, whole or not at all.
func (d *Document) Save(dir string) error {
	var b bytes.Buffer
	if err := d.JSON(&b); err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	if err := disk.Replace(filepath.Join(dir, File), b.Bytes()); err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	return nil
}

// Load reads the document of a folder, or of a file. An error names the remedy.
func Load(path string) (*Document, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, File)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: rlsfuzz check writes it when it ends; name the folder that its --out named", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	d := &Document{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("%s is no report of rlsfuzz: %w; the next check writes it anew", path, err)
	}
	if d.Verdict == "" || d.Matrix == nil {
		return nil, fmt.Errorf("%s is no report of this version of rlsfuzz; the next check writes it anew", path)
	}
	return d, nil
}
