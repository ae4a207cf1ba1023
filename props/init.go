package props

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/draft"
	"github.com/rlsfuzz/rlsfuzz/props/dsn"
	"github.com/rlsfuzz/rlsfuzz/props/dump"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// InitConfig says what a contract is drafted from.
type InitConfig struct {
	// Sources are SQL files, patterns of files or folders of migrations; or one connection
	// string, of a database whose schema is copied.
	Sources []string
	// Contract is the file to write. Defaults to rlsfuzz.yaml.
	Contract string
	// Overwrite replaces what is there.
	Overwrite bool
	// Preset is plain, supabase or postgrest. Defaults to what the files suggest.
	Preset string
	// Postgres, AllowAnyServer and Log are as in Config.
	Postgres       string
	AllowAnyServer bool
	Log            func(format string, args ...any)
}

// Drafted is a contract that Init wrote, and what to say of it.
type Drafted struct {
	Contract string // path
	Database string // that was copied, without its password; empty for files
	Roles    string // path of a file with the login that the schema lacks; empty: none was needed
	YAML     string
	Draft    *draft.Draft
	Files    int
	Preset   string
	Brought  string   // the preset that a database's own surroundings are like
	Why      string   // what suggested the preset
	Notes    []string // files that were left out, and why
}

// Init loads a schema into a scratch database, drafts its contract and writes it. The
// contract is read back and resolved before it is written.
func Init(ctx context.Context, cfg InitConfig) (*Drafted, error) {
	if cfg.Contract == "" {
		cfg.Contract = "rlsfuzz.yaml"
	}
	n := &drafting{cfg: cfg, out: &Drafted{Contract: cfg.Contract}, src: newSources(ctx, cfg.Postgres)}
	for _, path := range []string{cfg.Contract, n.rolesFile()} {
		if _, err := os.Stat(path); err == nil && !cfg.Overwrite {
			return nil, input(fmt.Errorf("%s is there already: --force overwrites it, --contract names another", path))
		}
	}
	if info, err := os.Stat(filepath.Dir(cfg.Contract)); err != nil || !info.IsDir() {
		return nil, input(fmt.Errorf("there is no folder %s for the contract", filepath.Dir(cfg.Contract)))
	}
	if err := n.read(ctx); err != nil {
		return nil, err
	}
	server, err := postgres.Start(ctx, postgres.Options{Want: cfg.Postgres, AllowAnyServer: cfg.AllowAnyServer, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Close() }()
	if err := n.draft(ctx, server); err != nil {
		return nil, err
	}
	return n.out, n.write()
}

// drafting is one run of Init.
type drafting struct {
	cfg   InitConfig
	out   *Drafted
	files []string
	src   *sources
	own   []string // schemas of surroundings that a database brings itself
	roles string   // SQL of the login that the schema lacks
}

// rolesFile is where the login goes that the schema lacks.
func (n *drafting) rolesFile() string {
	ext := filepath.Ext(n.cfg.Contract)
	return strings.TrimSuffix(n.cfg.Contract, ext) + "-roles.sql"
}

// read finds and reads the files, or copies the database, and guesses what surrounds it.
func (n *drafting) read(ctx context.Context) error {
	n.out.Preset = n.cfg.Preset
	if slices.ContainsFunc(n.cfg.Sources, dsn.Like) {
		return n.database(ctx)
	}
	var err error
	if n.files, n.out.Notes, err = draft.Files(n.cfg.Sources); err != nil {
		return input(err)
	}
	n.files = slices.DeleteFunc(n.files, func(f string) bool { return filepath.Clean(f) == filepath.Clean(n.rolesFile()) })
	n.out.Files = len(n.files)
	if n.src.scripts, err = n.src.parsed(n.src.scripts, n.files); err != nil {
		return input(err)
	}
	n.out.Notes = append(n.out.Notes, n.src.notes...)
	if n.cfg.Preset == "" {
		n.out.Preset, n.out.Why = draft.Guess(n.src.texts)
	}
	return nil
}

// database copies a database's schema. Its surroundings come with it.
func (n *drafting) database(ctx context.Context) error {
	if len(n.cfg.Sources) > 1 || n.cfg.Preset != "" {
		return input(errors.New("a connection string stands alone: a database brings all that its schema needs, files and presets included"))
	}
	if err := dsn.Check(n.cfg.Sources[0]); err != nil {
		return input(err)
	}
	if err := n.src.copy(ctx, n.cfg.Sources[0]); err != nil {
		return err
	}
	public, err := dump.Public(n.cfg.Sources[0])
	if err != nil {
		return input(err)
	}
	n.out.Database, n.out.Preset = public, "plain"
	n.out.Brought = draft.Brought(n.src.texts[0].SQL)
	_, n.own, err = script.Preset(n.out.Brought)
	return err
}

// draft loads the files and makes the draft.
func (n *drafting) draft(ctx context.Context, server *postgres.Server) error {
	preset, own, err := script.Preset(n.out.Preset)
	if err != nil {
		return input(err)
	}
	t := &Target{Server: server}
	conn, err := t.fill(ctx, &sources{scripts: []*script.Script{preset}})
	if conn != nil {
		defer func() { _ = conn.Close(context.Background()) }()
	}
	if err != nil {
		return err
	}
	own, err = draft.Keeps(ctx, conn, own, func() error { return t.run(ctx, conn, n.src.scripts) })
	if err != nil {
		return n.hint(err)
	}
	if err := t.seal(ctx, conn); err != nil {
		return err
	}
	schema, survey, err := t.survey(ctx, conn, append(own, n.own...))
	if err != nil {
		return err
	}
	if len(schema.Tables) == 0 {
		return input(errors.New("the schema has no table: are these the right files?"))
	}
	return n.make(ctx, t, conn, survey)
}

// make drafts from what was surveyed.
func (n *drafting) make(ctx context.Context, t *Target, conn *pgx.Conn, survey *draft.Survey) error {
	o := draft.Options{Preset: n.out.Preset, Brought: n.out.Brought, Database: n.out.Database}
	roles, lonely := survey.Lonely()
	if lonely && n.out.Database != "" {
		return input(fmt.Errorf("%s: no role with LOGIN has privileges on its tables, or may take a role that has: rlsfuzz could not connect as the application does. Grant some, or write the schema and its roles to files and name those", n.out.Database))
	}
	files := n.files
	if lonely {
		var err error
		if survey, err = n.lend(ctx, t, conn, survey, roles); err != nil {
			return err
		}
		n.out.Roles, o.Lent = n.rolesFile(), filepath.Base(n.rolesFile())
		files = append(slices.Clone(files), n.rolesFile())
	}
	o.Files = draft.Written(filepath.Dir(n.cfg.Contract), files)
	var err error
	if n.out.Draft, err = draft.Make(ctx, conn, survey, o); err != nil {
		return err
	}
	return n.settle(survey.Schema)
}

// survey reads the catalog: the users' schemas, and those of the preset that they refer
// to or write policies for.
func (t *Target) survey(ctx context.Context, conn *pgx.Conn, own []string) (*model.Schema, *draft.Survey, error) {
	schemas, single, err := draft.Judged(ctx, conn, own)
	if err != nil || len(schemas)+len(single) == 0 {
		return &model.Schema{}, nil, err
	}
	o := catalog.Options{Schemas: schemas, Tables: single}
	if !t.Server.Owned() {
		o.Roles = t.made
	}
	schema, err := catalog.Read(ctx, conn, o)
	if err != nil {
		return nil, nil, err
	}
	survey, err := draft.Look(ctx, conn, schema, own)
	return schema, survey, err
}

// madeLogin connects where no role of the schema can.
const madeLogin = "rlsfuzz_login"

// lend makes a login for roles that none can take; where there is no such role either, one
// with the privileges of an application.
func (n *drafting) lend(ctx context.Context, t *Target, conn *pgx.Conn, s *draft.Survey, roles []string) (*draft.Survey, error) {
	n.roles = draft.Login(s, madeLogin, roles)
	parsed, err := script.Parse(n.rolesFile(), n.roles, script.Options{})
	if err != nil {
		return nil, err
	}
	result, err := script.Run(ctx, conn, parsed, script.RunOptions{Database: t.template, ExistingRole: t.ours(conn)})
	if result != nil {
		for _, role := range result.Roles {
			t.made = append(t.made, role)
			t.Server.TrackRole(role)
		}
	}
	if err != nil {
		return nil, err
	}
	_, survey, err := t.survey(ctx, conn, s.Own)
	return survey, err
}

// settle reads the draft back and resolves it; what cannot be said becomes a question.
func (n *drafting) settle(schema *model.Schema) error {
	for range maxMended {
		n.out.YAML = n.out.Draft.YAML()
		file, err := contract.Parse(n.cfg.Contract, []byte(n.out.YAML))
		if err == nil {
			_, err = file.Resolve(schema)
		}
		if err == nil {
			return nil
		}
		var mistakes *contract.Errors
		if !errors.As(err, &mistakes) {
			return err
		}
		for _, m := range mistakes.List {
			if !n.out.Draft.Mend(m.Line, m.Msg) {
				return fmt.Errorf("the draft does not resolve, which is a fault of rlsfuzz: %w", err)
			}
		}
	}
	return errors.New("the draft does not resolve, which is a fault of rlsfuzz")
}

// maxMended bounds how often a draft is mended.
const maxMended = 20

// hint adds what helps when the files do not load.
func (n *drafting) hint(err error) error {
	var failed *script.Error
	if !errors.As(err, &failed) || n.cfg.Preset != "" || n.out.Database != "" {
		return err
	}
	how := "guessed: nothing in the files leans on another"
	if n.out.Why != "" {
		how = "guessed from " + n.out.Why
	}
	return input(fmt.Errorf("%w\npreset %s was %s; --preset plain, supabase or postgrest chooses", err, n.out.Preset, how))
}

func (n *drafting) write() error {
	if n.roles != "" {
		if err := os.WriteFile(n.rolesFile(), []byte(n.roles), 0o644); err != nil {
			return input(fmt.Errorf("write the login: %w", err))
		}
	}
	if err := os.WriteFile(n.cfg.Contract, []byte(n.out.YAML), 0o644); err != nil {
		return input(fmt.Errorf("write the contract: %w", err))
	}
	return nil
}
