package dump

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// FileError says that a file holds no SQL that can be read, and what to do.
type FileError struct {
	Path, Why, Remedy string
}

// Error is one sentence with its remedy.
func (e *FileError) Error() string {
	return fmt.Sprintf("%s: %s\n  remedy: %s", filepath.ToSlash(e.Path), e.Why, e.Remedy)
}

// Reader reads files of a schema as SQL.
type Reader struct {
	Context context.Context
	Bin     string // a folder where pg_restore may be; may be empty
	Notes   []string
}

// mostText bounds what a packed file may hold, in bytes.
const mostText = 1 << 30

// ReadFile gives a file's SQL in UTF-8: as it is, unpacked (gzip), from UTF-16 with its mark, or as
// pg_restore writes it of an archive of pg_dump, which may be a folder. Anything else that is known
// to be no text is a *FileError.
func (r *Reader) ReadFile(path string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(path, "toc.dat")); err == nil {
		return r.restore(path, path, "a folder")
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(src, []byte("\x1f\x8b")) {
		if src, err = gunzip(src); err != nil {
			return nil, &FileError{path, "it begins as gzip does and cannot be unpacked: " + err.Error(), "check that it is whole (gzip -t)"}
		}
		if archive(src) != "" {
			return r.restoreText(path, src)
		}
	}
	switch {
	case archive(src) != "":
		return r.restore(path, path, archive(src))
	case bytes.HasPrefix(src, []byte{0xff, 0xfe}):
		return wide(path, src[2:], binary.LittleEndian)
	case bytes.HasPrefix(src, []byte{0xfe, 0xff}):
		return wide(path, src[2:], binary.BigEndian)
	}
	for mark, how := range packed {
		if bytes.HasPrefix(src, []byte(mark)) {
			return nil, &FileError{path, "it is packed (" + how[0] + "), and no SQL file", "unpack it (" + how[1] + ") and name what is in it"}
		}
	}
	return src, nil
}

// packed is how other packed files begin, what they are and what unpacks them.
var packed = map[string][2]string{
	"\x28\xb5\x2f\xfd": {"zstd", "zstd -d"}, "\xfd7zXZ\x00": {"xz", "unxz"}, "BZh": {"bzip2", "bunzip2"},
	"PK\x03\x04": {"zip", "unzip"}, "\x04\x22\x4d\x18": {"lz4", "lz4 -d"},
}

// archive is what form of pg_dump's archives a text has; empty for any other text.
func archive(src []byte) string {
	switch {
	case bytes.HasPrefix(src, []byte("PGDMP")):
		return "the custom format"
	case bytes.HasPrefix(src, []byte("toc.dat\x00")):
		return "the tar format"
	}
	return ""
}

func gunzip(src []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, mostText+1))
	if err == nil && len(out) > mostText {
		err = fmt.Errorf("it holds more than %d MiB", mostText>>20)
	}
	return out, err
}

// wide is UTF-16 as UTF-8.
func wide(path string, src []byte, order binary.ByteOrder) ([]byte, error) {
	if len(src)%2 != 0 {
		return nil, &FileError{path, "it begins as UTF-16 does, and ends in the middle of a character", "write it in UTF-8 (iconv -f UTF-16 -t UTF-8)"}
	}
	units := make([]uint16, len(src)/2)
	for i := range units {
		units[i] = order.Uint16(src[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}

// restoreText restores an archive that was packed once more.
func (r *Reader) restoreText(path string, src []byte) ([]byte, error) {
	f, err := os.CreateTemp("", "rlsfuzz-archive-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(src)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return r.restore(path, f.Name(), archive(src))
}

// restore is the SQL that pg_restore writes of an archive, which it finds at a place.
func (r *Reader) restore(path, at, form string) ([]byte, error) {
	what := "it is an archive of pg_dump (" + form + ")"
	byHand := "pg_restore --file=schema.sql " + filepath.ToSlash(path)
	candidates := programs("pg_restore", r.Bin)
	said := ""
	for _, program := range candidates {
		full, err := filepath.Abs(at) // a name may begin with a dash
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(r.Context, program, "--file=-", full)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaint
		err = cmd.Run()
		if err == nil {
			r.Notes = append(r.Notes, fmt.Sprintf("%s is an archive of pg_dump: what %s writes of it runs, and its lines are counted", filepath.ToSlash(path), program))
			return out.Bytes(), nil
		}
		if r.Context.Err() != nil {
			return nil, r.Context.Err()
		}
		if said == "" {
			said = firstOf(complaint.String(), err.Error())
		}
	}
	if len(candidates) == 0 {
		return nil, &FileError{path, what + ", and there is no pg_restore", "where there is one, run " + byHand + " and name schema.sql; or install PostgreSQL's client programs"}
	}
	return nil, &FileError{path, what + ", and pg_restore cannot read it: " + said, "with the pg_restore of the version that wrote it, run " + byHand + " and name schema.sql"}
}

// firstOf is the first line of a text; where it is empty, another text.
func firstOf(text, other string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return other
	}
	return strings.ReplaceAll(line, "\r", "")
}
