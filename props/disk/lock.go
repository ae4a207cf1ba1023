package disk

import (
	"errors"
	"os"
)

// ErrBusy says that a living process holds a lock.
var ErrBusy = errors.New("held by another process")

// Unlock removes a lock file and gives its lock back, in this order: who waits for it
// notices that the file has gone, and makes a new one.
func Unlock(held *os.File) {
	_ = os.Remove(held.Name()) // an empty file that stays behind does no harm
	_ = held.Close()
}
