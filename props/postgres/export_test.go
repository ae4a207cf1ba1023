//go:build linux || darwin || freebsd

package postgres

import (
	"context"
	"os"
	"path/filepath"
)

// What the external tests look at from inside.
var (
	Newest        = newest
	Unpack        = unpack
	Relink        = relink
	OnThisMachine = onThisMachine
	Alive         = func(pid int) bool { _, alive := processStart(pid); return alive }
	RoomDir       = func() (string, error) { r, err := openRoom(); return r.dir, err }
)

// SupervisorPID is the process id of a private server's supervisor.
func (s *Server) SupervisorPID() int { return s.where.(*cluster).supervisor.shell.Process.Pid }

// Folder is a private server's own folder.
func (s *Server) Folder() string { return s.where.(*cluster).dir }

// WantKind says how a value of --postgres is understood.
func WantKind(value string) (kind string, err error) {
	w, err := parseWant(value)
	if err != nil {
		return "", err
	}
	return map[bool]string{true: "auto"}[w == wantAuto{}] + kindOf(w) + " " + w.String(), nil
}

func kindOf(w want) string {
	switch w.(type) {
	case wantGiven:
		return "given"
	case wantFolder:
		return "folder"
	case wantFetched:
		return "fetched"
	case wantImage:
		return "image"
	}
	return ""
}

// BuildTemplate runs initdb as a first Start does, where it does, and removes the result.
func BuildTemplate(ctx context.Context, binDir string) error {
	home, err := openRoom()
	if err != nil {
		return err
	}
	as := serverAccount()
	from, err := probe(ctx, binDir, as)
	if err != nil {
		return err
	}
	dir := filepath.Join(home.dir, "trial-"+randomHex(4))
	defer os.RemoveAll(dir)
	return build(ctx, dir, from, as)
}

// Sweep removes what dead runs left.
func Sweep() error {
	home, err := openRoom()
	if err == nil {
		home.sweep(func(string, ...any) {})
	}
	return err
}

// Lease takes a folder for a cluster and gives it back.
func Lease(ctx context.Context) error {
	home, err := openRoom()
	if err != nil {
		return err
	}
	held, err := home.lease(ctx)
	if err != nil {
		return err
	}
	return held.release()
}

// Installed lists the folders of binaries on this machine.
func Installed(ctx context.Context) []string { return installed(ctx) }

// NewTagText is the comment of a new run, as if a process of a host had made it.
func NewTagText(host string, pid int) string {
	t := newTag()
	t.host, t.pid = host, pid
	return t.String()
}

// ParseTagText prints what it could read.
func ParseTagText(comment string) (string, bool) {
	t, ok := parseTag(comment)
	return t.String(), ok
}
