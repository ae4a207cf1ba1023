package props

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/draft"
	"github.com/rlsfuzz/rlsfuzz/props/dump"
	"github.com/rlsfuzz/rlsfuzz/props/fill"
	"github.com/rlsfuzz/rlsfuzz/props/inventory"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// Target is a schema with its contract, loaded into a template database of a running
// server. Every scratch database is made from the template.
type Target struct {
	Server     *postgres.Server
	Contract   *model.Contract
	Plan       *gen.Plan
	File       *contract.File
	Statements []script.Statement // of preset, schema and applied files, in order
	Notes      []string           // what loading left out or changed
	Hash       string             // of the contract's and the schema's meaning
	Catalog    *inventory.Catalog // every way into the database
	unapplied  *inventory.Catalog // before the files that were applied to the schema; nil without any

	// Program is how long one run of a program may take.
	Program time.Duration
	// Functions are the paths that are Go functions, by their names in the contract.
	Functions map[string]PathFunc

	walk     *walkOnce
	trials   *trials
	kept     *kept
	known    *explanations
	files    func() *carrier.Files // the statements, read when something is first looked for in them
	template string
	made     []string // roles that the files created
	skip     []string // the preset's own schemas

	// Of a weakened target.
	copied  bool        // the server and the template are another target's
	changes []string    // statements that every scratch copy gets
	back    []string    // these take them back in a copy, which is kept then
	spare   chan string // a scratch copy that nobody uses yet
}

// Open reads a contract, starts the server and loads the schema. Close ends it all.
func Open(ctx context.Context, cfg Config) (*Target, error) {
	if cfg.Contract == "" {
		cfg.Contract = "rlsfuzz.yaml"
	}
	file, err := contract.Load(cfg.Contract)
	if err != nil {
		return nil, missing(cfg.Contract, err)
	}
	scripts, err := read(ctx, file, cfg)
	if err != nil {
		return nil, err
	}
	server, err := postgres.Start(ctx, postgres.Options{Want: cfg.Postgres, Workers: cfg.Workers, AllowAnyServer: cfg.AllowAnyServer, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	t := &Target{Server: server, File: file, Notes: scripts.notes, Program: cfg.ProgramTime, Functions: cfg.Paths, walk: &walkOnce{}, trials: &trials{known: map[string]string{}}, kept: &kept{}, known: newExplanations()}
	t.readOnce()
	if err := t.load(ctx, scripts); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

// readOnce has the statements read when something is first looked for in them: they come later.
func (t *Target) readOnce() {
	t.files = sync.OnceValue(func() *carrier.Files { return carrier.Read(t.Statements) })
}

// Close drops what was made and ends the server.
func (t *Target) Close() error {
	if t.copied {
		select {
		case name := <-t.spare:
			return t.Server.DropDatabase(context.Background(), name)
		default:
			return nil
		}
	}
	t.kept.close()
	if t.template != "" {
		_ = t.Server.DropDatabase(context.Background(), t.template)
	}
	return t.Server.Close()
}

// sources is the files of a schema, read but not run.
type sources struct {
	reader  dump.Reader
	scripts []*script.Script
	applied []*script.Script // that run after the schema
	skip    []string         // the preset's own schemas
	notes   []string         // what is left out of files or of a database, and which files are archives
	texts   []draft.Text     // of each file, or of a database its dump, as read
}

// newSources reads archives with the programs that are beside the server's, where those are in a folder.
func newSources(ctx context.Context, server string) *sources {
	return &sources{reader: dump.Reader{Context: ctx, Bin: postgres.BinariesOf(server)}}
}

func read(ctx context.Context, file *contract.File, cfg Config) (*sources, error) {
	out := newSources(ctx, cfg.Postgres)
	if file.Database == "" && len(file.SchemaFiles) == 0 {
		return nil, input(fmt.Errorf("%s: neither schema: nor database: is named; list the SQL files that make the schema, such as schema: [schema.sql]", file.Path))
	}
	preset, own, err := script.Preset(file.Preset)
	if err != nil {
		return nil, input(err)
	}
	out.skip = own
	out.scripts = append(out.scripts, preset)
	if file.Database != "" {
		if err := out.copy(ctx, file.Database); err != nil {
			return nil, err
		}
		return out, input(out.apply(cfg.Apply))
	}
	files, notes, err := script.Expand(filepath.Dir(file.Path), file.SchemaFiles)
	var pattern *script.PatternError
	if errors.As(err, &pattern) {
		return nil, file.SchemaError(pattern.Pattern, pattern)
	}
	if err != nil {
		return nil, input(err)
	}
	out.notes = append(out.notes, notes...)
	if out.scripts, err = out.parsed(out.scripts, files); err != nil {
		return out, input(err)
	}
	return out, input(out.apply(cfg.Apply))
}

// apply reads the files that run after the schema.
func (s *sources) apply(files []string) error {
	var err error
	s.applied, err = s.parsed(nil, files)
	return err
}

// copy reads the schema of a database, which is never written to.
func (s *sources) copy(ctx context.Context, dsn string) error {
	copied, err := dump.Copy(ctx, dsn)
	if err != nil {
		var missing *dump.MissingError
		var form *dump.FormError
		if errors.As(err, &missing) || errors.As(err, &form) {
			return input(err)
		}
		return err
	}
	s.notes = append(s.notes, copied.Notes...)
	for _, part := range []struct{ name, text string }{{"roles of " + copied.Name, copied.Roles}, {"schema of " + copied.Name, copied.Dump}} {
		parsed, err := script.Parse(part.name, part.text, script.Options{})
		if err != nil {
			return input(err)
		}
		s.scripts = append(s.scripts, parsed)
	}
	s.texts = append(s.texts, draft.Text{Name: copied.Name, SQL: copied.Dump})
	return nil
}

// parsed adds files of SQL to a list.
func (s *sources) parsed(list []*script.Script, files []string) ([]*script.Script, error) {
	for _, name := range files {
		src, err := s.reader.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
		text := draft.Text{Name: name, SQL: string(src)}
		one, err := script.Parse(name, text.SQL, script.Options{Read: s.reader.ReadFile})
		if err != nil {
			return nil, err
		}
		list, s.texts = append(list, one), append(s.texts, text)
	}
	s.notes, s.reader.Notes = append(s.notes, s.reader.Notes...), nil
	return list, nil
}

// load makes the template.
func (t *Target) load(ctx context.Context, src *sources) error {
	conn, err := t.fill(ctx, src)
	if conn != nil {
		defer func() { _ = conn.Close(context.Background()) }()
	}
	if err != nil {
		return err
	}
	if err := t.logins(ctx, conn); err != nil {
		return err
	}
	t.skip = src.skip
	return t.resolve(ctx, conn)
}

// fill runs the files in a new template, and gives the connection that did.
func (t *Target) fill(ctx context.Context, src *sources) (*pgx.Conn, error) {
	var err error
	if t.template, err = t.Server.CreateDatabase(ctx, ""); err != nil {
		return nil, err
	}
	conn, err := t.Server.Connect(ctx, t.template, "")
	if err != nil {
		return nil, err
	}
	if err := t.run(ctx, conn, src.scripts); err != nil {
		return conn, err
	}
	if len(src.applied) > 0 {
		if t.unapplied, err = inventory.Read(ctx, conn, nil); err != nil {
			return conn, err
		}
		if err := t.run(ctx, conn, src.applied); err != nil {
			return conn, err
		}
	}
	return conn, t.seal(ctx, conn)
}

// run runs files in the template.
func (t *Target) run(ctx context.Context, conn *pgx.Conn, scripts []*script.Script) error {
	for _, s := range scripts {
		result, err := script.Run(ctx, conn, s, script.RunOptions{Database: t.template, ExistingRole: t.ours(conn)})
		if result != nil {
			for _, role := range result.Roles {
				t.made = append(t.made, role)
				t.Server.TrackRole(role)
			}
			t.Notes = append(t.Notes, result.Notes...)
		}
		if err != nil {
			return err
		}
		t.Statements = append(t.Statements, s.Statements...)
		t.Notes = append(t.Notes, s.Notes...)
	}
	return nil
}

// ours reports whether an existing role was made by another run of rlsfuzz on the server.
func (t *Target) ours(conn *pgx.Conn) func(string) (bool, error) {
	return func(name string) (bool, error) {
		var ok bool
		err := conn.QueryRow(context.Background(),
			"SELECT coalesce(shobj_description(oid, 'pg_authid') LIKE 'rlsfuzz%', false) FROM pg_roles WHERE rolname = $1", name).Scan(&ok)
		return ok || slices.Contains(t.made, name), err
	}
}

// logins gives the login roles that the schema created a password for this run, so
// that they can really log in; a private server asks for none.
func (t *Target) logins(ctx context.Context, conn *pgx.Conn) error {
	for _, role := range t.made {
		var login bool
		if err := conn.QueryRow(ctx, "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", role).Scan(&login); err != nil {
			return fmt.Errorf("read role %s: %w", role, err)
		}
		if !login {
			continue
		}
		secret := make([]byte, 16)
		if _, err := rand.Read(secret); err != nil {
			return fmt.Errorf("make a password: %w", err)
		}
		password := hex.EncodeToString(secret)
		if _, err := conn.Exec(ctx, "ALTER ROLE "+model.Quote(role)+" PASSWORD '"+password+"'"); err != nil {
			return fmt.Errorf("give role %s a password for this run: %w", role, err)
		}
		t.Server.SetPassword(role, password)
	}
	return nil
}

func (t *Target) resolve(ctx context.Context, conn *pgx.Conn) error {
	o := catalog.Options{Schemas: t.File.Schemas, Skip: append(t.skip[:len(t.skip):len(t.skip)], run.CopySchema)}
	for _, name := range t.File.Tables {
		o.Tables = append(o.Tables, catalog.TableName{Schema: name[0], Name: name[1]})
	}
	if !t.Server.Owned() {
		o.Roles = t.made
	}
	schema, err := catalog.Read(ctx, conn, o)
	var absent *catalog.NotFoundError
	if errors.As(err, &absent) {
		return t.File.Absent(absent.Name, absent)
	}
	if err != nil {
		return err
	}
	schema.Guest = !t.Server.Owned()
	foldPartitions(schema)
	if len(schema.Tables) == 0 {
		return input(fmt.Errorf("%s: the schema has no table that any session may use; check its schema: and its schemas: key", t.File.Path))
	}
	if t.Contract, err = t.File.Resolve(schema); err != nil {
		return err
	}
	if err := t.functions(); err != nil {
		return err
	}
	if !t.copied { // a copy has them already
		if err := t.understand(ctx); err != nil {
			return err
		}
		if t.Catalog, err = inventory.Read(ctx, conn, slices.Sorted(maps.Keys(schema.Privileges))); err != nil {
			return err
		}
		for _, text := range run.CopyTables(schema) {
			if _, err := conn.Exec(ctx, text); err != nil {
				return fmt.Errorf("make copies of the tables: %w", err)
			}
		}
	}
	t.Plan = gen.NewPlan(t.Contract, run.CopyName)
	if err := fill.Fit(ctx, conn, t.Plan); err != nil {
		return err
	}
	t.Hash = t.File.Hash() + catalog.Fingerprint(schema)
	return nil
}

// foldPartitions gives the rows that a partition holds to the table that it is a part
// of, through which they are read and written.
func foldPartitions(s *model.Schema) {
	for range s.Tables { // partitions may have partitions
		for _, t := range s.Tables {
			i := slices.IndexFunc(s.Tables, func(p *model.Table) bool { return p.Partitioned && p.Label() == t.Parent })
			if i < 0 || len(t.Seed) == 0 {
				continue
			}
			p := s.Tables[i]
			for _, row := range t.Seed {
				folded := make(model.Row, len(p.Columns))
				for c := range p.Columns {
					folded[c] = row[t.Column(p.Columns[c].Name)]
				}
				p.Seed = append(p.Seed, folded)
			}
			t.Seed = nil
		}
	}
}

// Scratch makes a database from the template, with the settings, the owner and the
// privileges of the template, which CREATE DATABASE leaves behind.
func (t *Target) Scratch(ctx context.Context) (string, error) {
	select {
	case name := <-t.spare:
		return name, nil
	default:
	}
	name, err := t.Server.CreateDatabase(ctx, t.template)
	if err != nil {
		return "", err
	}
	if err := t.furnish(ctx, name); err != nil {
		return "", errors.Join(err, t.Server.DropDatabase(context.WithoutCancel(ctx), name))
	}
	return name, nil
}

func (t *Target) furnish(ctx context.Context, name string) error {
	conn, err := t.Server.Connect(ctx, name, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := catalog.CopySettings(ctx, conn, t.template, name); err != nil {
		return err
	}
	return t.change(ctx, conn)
}

// mayAlter reports whether a role may be changed for an experiment: the files made it.
func (t *Target) mayAlter(role string) bool { return slices.Contains(t.made, role) }
