//go:build !(linux || darwin || freebsd)

package postgres

import (
	"errors"
	"os"
	"os/exec"
)

// Private servers need sessions and signals; elsewhere a given server or a container serves.
var errPlatform = errors.New("private servers work on Linux, macOS and FreeBSD only")

func detach(*exec.Cmd, account)               {}
func quit(int) error                          { return errPlatform }
func freeBytes(string) (uint64, error)        { return 0, errPlatform }
func private(os.FileInfo) bool                { return false }
func identity(os.FileInfo) string             { return "" }
func processStart(int) (start string, _ bool) { return "", false }
