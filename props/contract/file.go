package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/dsn"
)

// File is a contract that was read, with the places of what it says.
type File struct {
	Path        string      // as given to Load
	SchemaFiles []string    // as written: names and patterns, relative to the contract
	Database    string      // connection string; empty with SchemaFiles
	Preset      string      // plain, supabase or postgrest
	Schemas     []string    // judged; empty, with Tables: every schema that some session may use
	Tables      [][2]string // schema and name of single tables that are judged beside Schemas
	Services    []Service

	source   *source
	root     *node
	files    []text
	tenant   tenantDecl
	tables   []tableDecl
	secrets  []text
	sessions []sessionDecl
	paths    []pathDecl
	accept   []acceptDecl

	serviceAt []place // parallel to Services
	schemas   []text
}

type tenantDecl struct {
	at                 place
	table, key, values text
}

// Load reads a contract and checks everything that can be checked without a
// database. Mistakes are *Errors; a file that cannot be read is another error.
func Load(path string) (*File, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	return Parse(path, src)
}

// Parse is Load for a text; name is what errors call it.
func Parse(name string, src []byte) (*File, error) {
	s := newSource(name, src)
	if err := s.result(); err != nil {
		return nil, err
	}
	f := &File{Path: name, Preset: "plain", source: s}
	if f.root = parseYAML(s, []byte(strings.Join(s.lines, "\n"))); f.root == nil {
		if len(s.errs) == 0 {
			s.fail(place{1, 1}, "a contract: tenant and sessions at least", "the file is empty")
		}
		return nil, s.result()
	}
	f.read(s.object(f.root, contractShape))
	if err := s.result(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) read(o object) {
	f.files = o.texts("schema")
	f.SchemaFiles = values(f.files)
	for _, t := range f.files {
		if dsn.Like(t.value) {
			o.fail(t.place(), "files of SQL; a database stands under database:", "schema names a connection string")
		}
	}
	f.schemas = o.texts("schemas")
	for _, t := range f.schemas {
		switch parts := splitNames(t.value, '.'); len(parts) {
		case 1:
			f.Schemas = append(f.Schemas, parts[0].text)
		case 2:
			f.Tables = append(f.Tables, [2]string{parts[0].text, parts[1].text})
		default:
			o.fail(t.place(), "a schema, or SCHEMA.TABLE", "%q is neither", short(t.value))
		}
	}
	f.Database = o.text("database").value
	if err := dsn.Check(f.Database); f.Database != "" && err != nil {
		o.fail(o.text("database").place(), "postgres://user@host:port/database", "%v", err)
	}
	if f.Database != "" && len(f.SchemaFiles) > 0 {
		o.fail(o.text("database").place(), "either schema, or database", "both schema and database are given")
	}
	if p := o.choice("preset", presets...); p.given() {
		f.Preset = p.value
	}
	if n := o.node.value("tenant"); n != nil {
		f.readTenant(o.object(n, tenantShape))
	}
	for _, p := range o.pairs("tables", "a mapping from tables to how their rows belong to tenants") {
		f.tables = append(f.tables, o.table(p))
	}
	f.secrets = o.texts("secrets")
	for _, p := range o.pairs("sessions", "a mapping from names to sessions") {
		o.visible(p.key, "session")
		f.sessions = append(f.sessions, o.session(p))
	}
	if n := o.node.value("sessions"); n != nil && n.kind != scalar && n.kind != list && len(n.keys) == 0 {
		o.fail(n.at, "one session at least", "there are no sessions")
	}
	for _, p := range o.pairs("paths", "a mapping from names to paths") {
		o.visible(p.key, "path")
		f.paths = append(f.paths, o.path(p))
	}
	for _, n := range o.objects("services") {
		f.Services, f.serviceAt = append(f.Services, o.service(n)), append(f.serviceAt, n.at)
	}
	for _, n := range o.objects("accept") {
		f.accept = append(f.accept, o.exception(n))
	}
	f.crossCheck()
}

func (f *File) readTenant(o object) {
	f.tenant = tenantDecl{at: o.node.at, table: o.text("table"), key: o.text("key"), values: o.text("values")}
	t := f.tenant
	switch {
	case t.table.given() && t.values.given():
		o.fail(t.values.place(), "either table, or values", "both table and values are given")
	case t.key.given() && !t.table.given():
		o.fail(t.key.place(), "table: the tenants' table", "key stands without table")
	case o.node.kind == mapping && len(o.node.keys) == 0:
		o.fail(o.node.at, "{table: …, key: …} or {values: text}", "tenant says nothing")
	}
}

// objects is the items of a list of mappings.
func (o object) objects(key string) []*node {
	n := o.node.value(key)
	switch {
	case n == nil:
		return nil
	case n.kind != list:
		o.fail(n.at, "a list", "%s is %s", key, n.describe())
		return nil
	}
	return n.items
}

func values(list []text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.value
	}
	return out
}

// SchemaError puts an error about SchemaFiles, such as a name that matches no file,
// at its place in the contract. The name is as it is written there.
func (f *File) SchemaError(name string, err error) error {
	for _, t := range f.files {
		if t.value == name {
			s := f.again()
			s.fail(t.place(), "a file, a folder, or a pattern such as migrations/*.sql, relative to the contract", "%v", err)
			return s.result()
		}
	}
	return err
}

// Absent puts an error about a schema, or SCHEMA.TABLE, that is to be judged and is not
// there at its place in the contract.
func (f *File) Absent(name string, err error) error {
	for _, t := range f.schemas {
		var names []string
		for _, p := range splitNames(t.value, '.') {
			names = append(names, p.text)
		}
		if strings.Join(names, ".") == name {
			s := f.again()
			s.fail(t.place(), "a schema, or SCHEMA.TABLE, that the files make", "%v", err)
			return s.result()
		}
	}
	return err
}

// again is the file's text for mistakes that come to light later.
func (f *File) again() *source { return &source{name: f.source.name, lines: f.source.lines} }

// Hash identifies the contract's meaning, for seeds and keys of memos: comments,
// blanks and the style of quotes do not count.
func (f *File) Hash() string {
	h := sha256.New()
	var write func(n *node)
	write = func(n *node) {
		fmt.Fprintf(h, "%d %d %d:%s\n", n.kind, len(n.items), len(n.text), n.text)
		for i, item := range n.items {
			if n.kind == mapping {
				write(n.keys[i])
			}
			write(item)
		}
	}
	write(f.root)
	return hex.EncodeToString(h.Sum(nil))
}
