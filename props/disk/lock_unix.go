//go:build linux || darwin || freebsd

package disk

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock opens a lock file and takes it. It fails with [ErrBusy] when a living process
// holds it.
func Lock(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open lock: %w", err)
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			_ = file.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, ErrBusy
			}
			return nil, fmt.Errorf("lock %q: %w", path, err)
		}
		// Whoever cleaned up may have removed the file between the two calls.
		held, err1 := file.Stat()
		there, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(held, there) {
			return file, nil
		}
		_ = file.Close()
	}
}
