//go:build linux || darwin || freebsd

package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// detach makes a command run as the account, in a session of its own: signals to our process
// group (Ctrl-C, a closed terminal) do not reach it.
func detach(cmd *exec.Cmd, as account) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if as.lent {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
}

// quit ends a postmaster and its backends at once; nothing is written back.
func quit(pid int) error { return syscall.Kill(pid, syscall.SIGQUIT) }

// freeBytes is the room that is left for us in a folder's file system.
func freeBytes(dir string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, fmt.Errorf("ask for the free space of %q: %w", dir, err)
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), nil
}

// private reports whether a folder is a real one, ours, and closed to others' writing.
func private(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}

// identity tells one state of a file from another.
func identity(info os.FileInfo) string {
	var inode uint64
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = stat.Ino
	}
	return fmt.Sprintf("%d %d %d", inode, info.Size(), info.ModTime().UnixNano())
}

// processStart says whether a process lives, and when it began in this system's own form.
func processStart(pid int) (start string, alive bool) {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return "", false
	}
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		// The name, in parentheses, may hold anything; the start is the 20th field after it.
		_, rest, _ := strings.Cut(string(stat), ") ")
		if i := strings.LastIndex(string(stat), ") "); i >= 0 {
			rest = string(stat)[i+2:]
		}
		fields := strings.Fields(rest)
		if len(fields) > 19 {
			return fields[19], fields[0] != "Z"
		}
		return "", true
	}
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", true
	}
	return strings.TrimSpace(string(out)), true
}
