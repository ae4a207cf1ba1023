package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// wantedRoom is what memory must have left for servers to live in it. A cluster takes some
// 25 MB, and grows with the data.
const wantedRoom = 200 << 20

// room is this user's folder for templates and running clusters, in memory where possible:
//
//	template-KEY, template-KEY.lock   an initialised cluster
//	run-PID-RANDOM, run-….lock        a running one; who runs it holds the lock
type room struct{ dir string }

// openRoom makes the room if it is missing. Paths stay short, for the name of a socket has at
// most 103 bytes.
func openRoom() (room, error) {
	name := fmt.Sprintf("rlsfuzz-%d", os.Geteuid())
	var failed []error
	for _, parent := range roomParents() {
		dir := filepath.Join(parent, name)
		if len(dir) > 60 {
			failed = append(failed, fmt.Errorf("%q is too long for a socket", dir))
			continue
		}
		if err := privateDir(dir); err != nil {
			failed = append(failed, err)
			continue
		}
		return room{dir}, nil
	}
	return room{}, fmt.Errorf("find a place for servers: %w", errors.Join(failed...))
}

func roomParents() []string {
	parents := []string{os.TempDir(), "/tmp"}
	if runtime.GOOS == "linux" {
		if free, err := freeBytes("/dev/shm"); err == nil && free >= wantedRoom {
			parents = append([]string{"/dev/shm"}, parents...)
		}
	}
	return parents
}

// privateDir makes a folder that only we can write to, or checks that it is one. Root's can be
// walked through, for the server's programs run as somebody else.
func privateDir(dir string) error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at folder: %w", err)
	}
	if !private(info) {
		return fmt.Errorf("folder %q belongs to somebody else, or others may write to it", dir)
	}
	if err := os.Chmod(dir, mode); err != nil {
		return fmt.Errorf("open folder to the server: %w", err)
	}
	return nil
}

// lease is one cluster's folder and the lock that says that it is in use.
type lease struct {
	dir  string
	lock *os.File
}

// lease takes a new folder for a cluster. A lock file that was made and not yet taken looks
// like one that a dead run left: whoever sweeps right then may hold it for a moment.
func (r room) lease(ctx context.Context) (lease, error) {
	dir := filepath.Join(r.dir, fmt.Sprintf("run-%d-%s", os.Getpid(), randomHex(3)))
	held, err := waitLock(ctx, dir+".lock")
	if err != nil {
		return lease{}, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		_ = held.Close()
		return lease{}, fmt.Errorf("make folder: %w", err)
	}
	return lease{dir, held}, nil
}

// release removes the folder and gives the lock back.
func (l lease) release() error {
	err := os.RemoveAll(l.dir)
	disk.Unlock(l.lock)
	return err
}

// sweep removes what dead runs left: their server, should it still run, and their folder.
func (r room) sweep(log func(string, ...any)) {
	locks, _ := filepath.Glob(filepath.Join(r.dir, "run-*.lock")) // the pattern is well formed
	for _, path := range locks {
		held, err := disk.Lock(path)
		if err != nil {
			continue // in use, or not ours to judge
		}
		left := lease{strings.TrimSuffix(path, ".lock"), held}
		if stopLeftServer(left.dir) {
			log("stopped a server that a killed run left in %s", left.dir)
		}
		if err := left.release(); err != nil {
			log("could not remove what a killed run left: %v", err)
		}
	}
}

// stopLeftServer ends the postmaster of a folder whose owner is gone. That its socket answers proves that the
// process id in its file is still its own.
func stopLeftServer(dir string) bool {
	conn, err := net.DialTimeout("unix", filepath.Join(dir, socketName), time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 || quit(pid) != nil {
		return false
	}
	for range 300 {
		if _, alive := processStart(pid); !alive {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// waitLock takes a lock that another process holds for a while.
func waitLock(ctx context.Context, path string) (*os.File, error) {
	for {
		held, err := disk.Lock(path)
		if !errors.Is(err, disk.ErrBusy) {
			return held, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %q: %w", path, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
