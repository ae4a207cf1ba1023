package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	socketPort = 5432 // only names the socket; the folder is the cluster's own
	socketName = ".s.PGSQL.5432"
)

// settings of a private server: nothing of it has to survive, and nobody but us connects. track_activities stays on,
// so that pg_stat_activity shows who waits for what; a session that is after the last 5 % can turn it off.
// It has room for the connections of so many workers.
func settings(dir string, major, workers int) []string {
	lean := []string{
		"unix_socket_directories=" + dir, "listen_addresses=", "port=" + strconv.Itoa(socketPort), "ssl=off",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
		"wal_init_zero=off", "max_wal_size=128MB", "checkpoint_timeout=1h", "bgwriter_lru_maxpages=0",
		"shared_buffers=32MB", "temp_file_limit=256MB", "dynamic_shared_memory_type=mmap", "max_connections=" + strconv.Itoa(beside+ofWorker*workers), "max_locks_per_transaction=256",
		"autovacuum=off", "track_counts=off", "max_worker_processes=0", "max_logical_replication_workers=0", "jit=off",
		"update_process_title=off", "logging_collector=off", "log_destination=stderr", "timezone=UTC", "log_timezone=UTC",
	}
	if major >= 18 {
		lean = append(lean, "io_method=sync")
	}
	return lean
}

// How many connections a private server takes: those of each worker, a superuser's and one for each session,
// and those beside them.
const (
	ofWorker = 10
	beside   = 40
)

// silent keeps every statement that fails on purpose out of the log.
var silent = []string{"log_min_messages=panic", "log_min_error_statement=panic"}

// cluster is a private server.
type cluster struct {
	lease
	supervisor *supervisor
	from       binaries
	as         account
	workers    int

	mu         sync.Mutex // of what follows, which changes when the server is started again
	postmaster *exec.Cmd
	exited     chan struct{} // closed once the postmaster is gone and reaped
}

// startFolder starts a private server from a folder of binaries.
func startFolder(ctx context.Context, o Options, dir string) (*Server, error) {
	dir, err := binariesIn(dir)
	if err != nil {
		return nil, err
	}
	home, err := openRoom()
	if err != nil {
		return nil, err
	}
	home.sweep(o.Log)
	as := serverAccount()
	made, err := home.template(ctx, dir, as, o.Log)
	if err != nil {
		return nil, err
	}
	return startPrivate(ctx, o, home, made, as)
}

func startPrivate(ctx context.Context, o Options, home room, made template, as account) (*Server, error) {
	c, err := newCluster(ctx, home, made, as)
	if err != nil {
		return nil, err
	}
	c.workers = o.Workers
	conn, err := c.launch(ctx, made.from, as)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	defer disconnect(conn)
	s, err := newServer(ctx, conn, c, o.Log)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return s, nil
}

// newCluster copies the template to a folder of its own, watched by a supervisor.
func newCluster(ctx context.Context, home room, made template, as account) (*cluster, error) {
	held, err := home.lease(ctx)
	if err != nil {
		return nil, err
	}
	guard, err := supervise(held.dir)
	if err != nil {
		return nil, errors.Join(err, held.release())
	}
	c := &cluster{lease: held, supervisor: guard, from: made.from, as: as}
	plan := copier{as: as, workers: min(runtime.GOMAXPROCS(0), 4), still: ofTemplate0}
	if err := errors.Join(plan.copy(made.dir, c.data()), as.own(c.dir)); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// ofTemplate0 is true of the files of the database template0, whose object id is fixed. Nobody can connect to it and it
// is frozen, so a server only ever reads them; they are a third of all files.
func ofTemplate0(relative string) bool {
	return strings.HasPrefix(relative, filepath.Join("base", "4")+string(filepath.Separator))
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// launch starts the postmaster and returns the first connection. A server that does not come up is
// started once more, talking, so that the error says why.
func (c *cluster) launch(ctx context.Context, from binaries, as account) (*pgx.Conn, error) {
	flags := settings(c.dir, from.major, c.workers)
	conn, err := c.try(ctx, from, as, append(flags, silent...), nil)
	if err == nil || ctx.Err() != nil {
		return conn, err
	}
	var said bytes.Buffer
	conn, second := c.try(ctx, from, as, flags, &said)
	if second != nil {
		return nil, fmt.Errorf("%w%s", second, tail(said.String()))
	}
	return conn, nil
}

func (c *cluster) try(ctx context.Context, from binaries, as account, flags []string, said *bytes.Buffer) (*pgx.Conn, error) {
	args := []string{"-D", c.data()}
	for _, flag := range flags {
		args = append(args, "-c", flag)
	}
	cmd := exec.Command(from.program("postgres"), args...)
	cmd.Dir, cmd.Env = c.data(), serverEnv()
	if said != nil {
		cmd.Stderr, cmd.WaitDelay = said, time.Second
	}
	detach(cmd, as)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	c.supervisor.tell(strconv.Itoa(cmd.Process.Pid))
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended does not matter, only that it did
		close(exited)
		runtime.KeepAlive(c) // a Server that nobody holds any more goes on serving: its lock and its pipe stay open
	}()
	c.mu.Lock()
	c.postmaster, c.exited = cmd, exited
	c.mu.Unlock()
	conn, err := c.await(ctx)
	if err != nil {
		c.kill()
	}
	return conn, err
}

// startWithin bounds how long a server may take to answer.
const startWithin = 60 * time.Second

// await polls the socket each millisecond until the server answers, and makes sure that it is ours.
func (c *cluster) await(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	config, err := loginConfig(c.dir, socketPort, superuser, "", "postgres")
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	socket := filepath.Join(c.dir, socketName)
	for last := errors.New("it has no socket yet"); ; {
		select {
		case <-c.exited:
			return nil, fmt.Errorf("start postgres: it ended: %s", c.postmaster.ProcessState)
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for postgres: %w (%w)", ctx.Err(), last)
		case <-tick.C:
		}
		if _, err := os.Lstat(socket); err != nil {
			continue
		}
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			last = err
			continue
		}
		if err := c.recognise(ctx, conn); err != nil {
			disconnect(conn)
			return nil, err
		}
		return conn, nil
	}
}

// recognise makes sure that who answers is the server that we started.
func (c *cluster) recognise(ctx context.Context, conn *pgx.Conn) error {
	var data string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&data); err != nil {
		return fmt.Errorf("ask the server where it runs: %w", err)
	}
	if data != c.data() {
		return fmt.Errorf("another server answers at %q: it runs in %q", c.dir, data)
	}
	return nil
}

// kill ends the postmaster and reaps it.
func (c *cluster) kill() {
	if c.postmaster == nil {
		return
	}
	select {
	case <-c.exited:
		return
	default:
	}
	_ = quit(c.postmaster.Process.Pid) // it may be gone by itself
	select {
	case <-c.exited:
	case <-time.After(3 * time.Second):
		_ = c.postmaster.Process.Kill()
		<-c.exited
	}
}

func (c *cluster) describe() string { return "private server (unix socket)" }
func (c *cluster) owned() bool      { return true }

func (c *cluster) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.postmaster == nil {
		return 0
	}
	return c.postmaster.Process.Pid
}

func (c *cluster) stop() error {
	c.kill()
	err := c.release()
	c.supervisor.dismiss()
	return err
}

// Clients is the folder of client programs that belong to the server; empty where it came
// without them, or is not ours.
func (s *Server) Clients() string {
	c, ok := s.where.(*cluster)
	if !ok || c.postmaster == nil {
		return ""
	}
	dir := filepath.Dir(c.postmaster.Path)
	if _, err := os.Stat(filepath.Join(dir, "psql")); err != nil {
		return ""
	}
	return dir
}
