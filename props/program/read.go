package program

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Part is what a program wrote to one place: stdout, a file, or a file in an archive.
type Part struct {
	Name string
	Rows [][]string // lines of text, records of CSV, elements of JSON
	Head bool       // it is a table: its first row names the columns
}

// reading reads what a program left.
type reading struct {
	command *Command
	dir     string
	run     *Run
	left    int64 // bytes that may still be unpacked
}

// Read reads what lies in some places, by their names, as what a program left there.
func Read(files map[string][]byte, convert [][2]string, limits Limits) *Run {
	if limits.Bytes <= 0 {
		limits.Bytes = DefaultBytes
	}
	if limits.Time <= 0 {
		limits.Time = DefaultTime
	}
	r := &reading{command: &Command{Convert: convert, Limits: limits, Home: os.TempDir()}, run: &Run{}, left: limits.Bytes}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if int64(len(files[name])) > limits.Bytes {
			r.untested("it wrote more than %d KiB", limits.Bytes>>10)
			break
		}
		r.content(name, files[name], 0)
	}
	return r.run
}

// mostNested is how deep archives may lie in archives.
const mostNested = 3

// untested notes the first reason.
func (r *reading) untested(format string, args ...any) {
	if r.run.Untested == "" {
		r.run.Untested = fmt.Sprintf(format, args...)
	}
}

// stream reads stdout, which is a place only when something was written to it.
func (r *reading) stream(name string, content []byte) {
	if len(content) > 0 {
		r.content(name, content, 0)
	}
}

// errors reads stderr line by line.
func (r *reading) errors(content []byte) {
	for line := range strings.Lines(r.clean(strings.ToValidUTF8(string(content), "\uFFFD"))) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			r.run.Errs = append(r.run.Errs, line)
		}
	}
}

// clean takes out what differs from run to run, and the password.
func (r *reading) clean(s string) string {
	if r.dir != "" {
		s = strings.ReplaceAll(s, r.dir, ".")
	}
	if r.command.Secret != "" {
		s = strings.ReplaceAll(s, r.command.Secret, "***")
	}
	return s
}

// files reads the files of the program's folder, and those elsewhere that it should leave.
func (r *reading) files(began time.Time) {
	err := filepath.WalkDir(r.dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(r.dir, at)
		if err != nil {
			return err
		}
		r.file(filepath.ToSlash(name), at)
		return nil
	})
	if err != nil {
		r.untested("its files cannot be read: %v", Reason(err))
	}
	for _, name := range r.command.Output {
		switch {
		case filepath.IsAbs(name):
			if info, err := os.Stat(name); err == nil && !info.ModTime().Before(began.Truncate(time.Second)) {
				r.file(name, name)
			}
		case !filepath.IsLocal(name):
			r.untested("its file %s lies outside of the folder in which it runs: name it by its whole path", name)
		}
	}
}

func (r *reading) file(name, at string) {
	info, err := os.Stat(at)
	switch {
	case err != nil:
		r.untested("its files cannot be read: %v", Reason(err))
		return
	case info.Size() > r.command.Limits.Bytes:
		r.untested("it wrote more than %d KiB", r.command.Limits.Bytes>>10)
		return
	}
	content, err := os.ReadFile(at)
	if err != nil {
		r.untested("its files cannot be read: %v", Reason(err))
		return
	}
	r.content(name, content, 0)
}

// content reads what lies in one place. A filter of the contract goes first: some formats
// that hide text are archives.
func (r *reading) content(name string, content []byte, depth int) {
	if filter := r.filter(name); filter != "" {
		text, err := r.convert(filter, content)
		if err != nil {
			r.untested("%s: its filter failed: %v", name, err)
			return
		}
		r.text(name, text)
		return
	}
	if r.left -= int64(len(content)); r.left < 0 && depth > 0 {
		r.untested("it wrote more than %d KiB, unpacked", r.command.Limits.Bytes>>10)
		return
	}
	switch {
	case depth < mostNested && bytes.HasPrefix(content, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err == nil {
			r.unpacked(strings.TrimSuffix(name, ".gz"), z, depth)
			return
		}
		r.untested("%s: %v", name, err)
	case depth < mostNested && bytes.HasPrefix(content, []byte("PK\x03\x04")):
		r.zip(name, content, depth)
	case !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0:
		r.untested("%s is binary: a filter that makes it text is missing, such as convert: {%s: …}", name, ending(name))
	default:
		r.text(name, content)
	}
}

func (r *reading) zip(name string, content []byte, depth int) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		r.untested("%s: %v", name, err)
		return
	}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		in, err := f.Open()
		if err != nil {
			r.untested("%s: %v", name, err)
			return
		}
		r.unpacked(name+"/"+f.Name, in, depth)
		_ = in.Close()
	}
}

func (r *reading) unpacked(name string, in io.Reader, depth int) {
	content, err := io.ReadAll(io.LimitReader(in, r.left+1))
	if err != nil {
		r.untested("%s: %v", name, err)
		return
	}
	r.content(name, content, depth+1)
}

// filter is the contract's filter for a place, by the ending of its name.
func (r *reading) filter(name string) string {
	for _, f := range r.command.Convert {
		if strings.EqualFold(strings.TrimPrefix(f[0], "."), ending(name)) {
			return f[1]
		}
	}
	return ""
}

// ending is the ending of a name, or the name of a stream.
func ending(name string) string {
	if e := strings.TrimPrefix(filepath.Ext(name), "."); e != "" {
		return strings.ToLower(e)
	}
	return name
}

// convert runs a filter: content in, text out.
func (r *reading) convert(filter string, content []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.command.Limits.Time)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", filter)
	var text, errs bytes.Buffer
	cmd.Dir, cmd.Env = r.command.Home, Plain(r.command.Home)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(content), &text, &errs
	Group(cmd)
	cmd.Cancel, cmd.WaitDelay = func() error { return End(cmd) }, time.Second
	if err := cmd.Run(); err != nil {
		if last := strings.TrimSpace(errs.String()); last != "" {
			return nil, errors.New(last)
		}
		return nil, err
	}
	if !utf8.Valid(text.Bytes()) {
		return nil, errors.New("what it gives is no text")
	}
	return text.Bytes(), nil
}

// text takes text apart: CSV into records, JSON into elements, the rest into lines.
func (r *reading) text(name string, content []byte) {
	text := r.clean(string(content))
	part := Part{Name: r.clean(name)}
	switch ending(name) {
	case "csv":
		part.Rows, part.Head = records(text, ','), true
	case "tsv":
		part.Rows, part.Head = records(text, '\t'), true
	}
	if part.Rows == nil {
		part.Rows = elements(text)
	}
	if part.Rows == nil {
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				part.Rows = append(part.Rows, []string{line})
			}
		}
	}
	part.Head = part.Head && len(part.Rows) > 0
	r.run.Parts = append(r.run.Parts, part)
}

// records reads CSV; nil for what is none.
func records(text string, comma rune) [][]string {
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma, -1, true
	rows, err := in.ReadAll()
	if err != nil {
		return nil
	}
	return rows
}

// elements takes a JSON document apart: a list into its elements, an object into its
// members, the lists among them too; nil for what is no list and no object.
func elements(text string) [][]string {
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "[") && !strings.HasPrefix(trimmed, "{") {
		return nil
	}
	var doc any
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	if err := in.Decode(&doc); err != nil {
		return nil
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) { // one document a line: lines will do
		return nil
	}
	var out [][]string
	add := func(mark string, v any) {
		text, err := json.Marshal(v) // members in order
		if err == nil {
			out = append(out, []string{mark + string(text)})
		}
	}
	switch doc := doc.(type) {
	case []any:
		for _, v := range doc {
			add("", v)
		}
	case map[string]any:
		names := make([]string, 0, len(doc))
		for name := range doc {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if list, ok := doc[name].([]any); ok {
				for _, v := range list {
					add(name+": ", v)
				}
				continue
			}
			add(name+": ", doc[name])
		}
	}
	return out
}
