//go:build !(linux || darwin || freebsd)

package disk

import (
	"errors"
	"os"
)

// Lock fails: what holds a lock no longer than its process is not known here.
func Lock(string) (*os.File, error) {
	return nil, errors.New("locks of files work on Linux, macOS and FreeBSD only")
}
