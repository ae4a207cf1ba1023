package props

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
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

	walk     *walkOnce
	template string
	made     []string // roles that the files created
	skip     []string // the preset's own schemas
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
	scripts, err := read(file, cfg)
	if err != nil {
		return nil, input(err)
	}
	server, err := postgres.Start(ctx, postgres.Options{Want: cfg.Postgres, AllowAnyServer: cfg.AllowAnyServer, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	t := &Target{Server: server, File: file, walk: &walkOnce{}}
	if err := t.load(ctx, scripts); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

// Close drops what was made and ends the server.
func (t *Target) Close() error {
	if t.template != "" {
		_ = t.Server.DropDatabase(context.Background(), t.template)
	}
	return t.Server.Close()
}

// sources is the files of a schema, read but not run.
type sources struct {
	scripts []*script.Script
	skip    []string // the preset's own schemas
}

func read(file *contract.File, cfg Config) (*sources, error) {
	out := &sources{}
	switch {
	case file.Database != "":
		return nil, fmt.Errorf("%s: database: copying a schema from a database comes in a later version; write it with pg_dump --schema-only to a file and name that under the key schema", file.Path)
	case len(file.SchemaFiles) == 0:
		return nil, fmt.Errorf("%s: no schema: is named; list the SQL files that make it, such as schema: [schema.sql]", file.Path)
	}
	preset, own, err := script.Preset(file.Preset)
	if err != nil {
		return nil, err
	}
	out.skip = own
	out.scripts = append(out.scripts, preset)
	base := filepath.Dir(file.Path)
	files, err := script.Expand(base, file.SchemaFiles)
	if err != nil {
		return nil, err
	}
	for _, name := range append(files, cfg.Apply...) {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
		s, err := script.Parse(name, string(src), script.Options{Read: os.ReadFile})
		if err != nil {
			return nil, err
		}
		out.scripts = append(out.scripts, s)
	}
	return out, nil
}

// load makes the template.
func (t *Target) load(ctx context.Context, src *sources) error {
	var err error
	if t.template, err = t.Server.CreateDatabase(ctx, ""); err != nil {
		return err
	}
	conn, err := t.Server.Connect(ctx, t.template, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range src.scripts {
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
	if err := t.logins(ctx, conn); err != nil {
		return err
	}
	return t.resolve(ctx, conn, src.skip)
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

func (t *Target) resolve(ctx context.Context, conn *pgx.Conn, skip []string) error {
	o := catalog.Options{Schemas: t.File.Schemas, Skip: skip}
	if !t.Server.Owned() {
		o.Roles = t.made
	}
	schema, err := catalog.Read(ctx, conn, o)
	if err != nil {
		return err
	}
	foldPartitions(schema)
	if len(schema.Tables) == 0 {
		return input(fmt.Errorf("%s: the schema has no table that any session may use; check its schema: and its schemas: key", t.File.Path))
	}
	if t.Contract, err = t.File.Resolve(schema); err != nil {
		return err
	}
	t.skip = slices.DeleteFunc(slices.Clone(skip), func(name string) bool { return slices.Contains(t.File.Schemas, name) })
	if t.Catalog, err = inventory.Read(ctx, conn, slices.Sorted(maps.Keys(schema.Privileges))); err != nil {
		return err
	}
	for _, text := range run.CopyTables(schema) {
		if _, err := conn.Exec(ctx, text); err != nil {
			return fmt.Errorf("make copies of the tables: %w", err)
		}
	}
	t.Plan = gen.NewPlan(t.Contract, run.CopyName)
	if err := t.fit(ctx, conn); err != nil {
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
	name, err := t.Server.CreateDatabase(ctx, t.template)
	if err != nil {
		return "", err
	}
	conn, err := t.Server.Connect(ctx, name, "")
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	return name, catalog.CopySettings(ctx, conn, t.template, name)
}

// mayAlter reports whether a role may be changed for an experiment: the files made it.
func (t *Target) mayAlter(role string) bool { return slices.Contains(t.made, role) }
