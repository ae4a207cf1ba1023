package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// lockFile is held by the process whose session runs in a folder.
const lockFile = "session.lock"

// BusyError says that another process runs a session in the folder.
type BusyError struct{ Dir, Who string }

// Error says who, and what to do.
func (e *BusyError) Error() string {
	return fmt.Sprintf("another session runs in %s%s: wait for its end, or name another folder with --out", e.Dir, e.Who)
}

// Folder is the folder of a running session. No other process can have it meanwhile.
type Folder struct {
	dir    string
	lock   *os.File
	events *os.File
	good   int64 // bytes of whole events
}

// Open takes a folder for a session; it is made if it is missing. The error is a
// *BusyError when another process has it. With anew the events and the state of an earlier
// session are put aside, else the session goes on with them.
func Open(dir string, anew bool) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the session: %w", err)
	}
	path := filepath.Join(dir, lockFile)
	held, err := disk.Lock(path)
	if errors.Is(err, disk.ErrBusy) {
		who, _ := os.ReadFile(path) // whoever it is
		return nil, &BusyError{dir, strings.TrimSuffix(string(who), "\n")}
	}
	if err != nil {
		return nil, fmt.Errorf("take the folder of the session: %w", err)
	}
	f := &Folder{dir: dir, lock: held}
	if err := f.begin(anew); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// begin says whose the folder is, clears what a killed session left, and opens the events.
func (f *Folder) begin(anew bool) error {
	err := f.lock.Truncate(0)
	if err == nil { // where the disk is full it says nothing, and the lock holds all the same
		_, _ = fmt.Fprintf(f.lock, " (process %d, since %s)\n", os.Getpid(), time.Now().Format(time.DateTime))
	}
	if err := Sweep(f.dir); err != nil {
		return err
	}
	path := filepath.Join(f.dir, EventsFile)
	if anew {
		if err := errors.Join(aside(path), aside(filepath.Join(f.dir, StatsFile))); err != nil {
			return fmt.Errorf("put aside what an earlier session left: %w", err)
		}
	}
	if f.events, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return fmt.Errorf("open the events of the session: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the events of the session: %w", err)
	}
	f.good = int64(whole(data))
	return f.cut()
}

// Sweep clears from a folder of findings what killed runs left that is not in its place.
func Sweep(dir string) error {
	now := time.Now()
	if err := errors.Join(disk.Sweep(dir, now), disk.Sweep(filepath.Join(dir, "findings"), now), disk.Sweep(filepath.Join(dir, "corpus"), now)); err != nil {
		return fmt.Errorf("clear what a killed session left: %w", err)
	}
	return nil
}

// aside renames a file of the last session: stats.json to stats.last.json.
func aside(path string) error {
	kind := filepath.Ext(path)
	err := os.Rename(path, strings.TrimSuffix(path, kind)+".last"+kind)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// cut removes what is no whole event, and writes behind the last one from now on.
func (f *Folder) cut() error {
	err := f.events.Truncate(f.good)
	if err == nil {
		_, err = f.events.Seek(f.good, 0)
	}
	if err != nil {
		return fmt.Errorf("cut off an event that is not whole: %w", err)
	}
	return nil
}

// Add appends an event; when it returns nil, the disk has it. After an error the events
// are as they were.
func (f *Folder) Add(e Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("keep an event of the session: %w", err)
	}
	line = append(line, '\n')
	_, err = f.events.Write(line)
	if err == nil {
		err = f.events.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep an event of the session: %w", err), f.cut())
	}
	f.good += int64(len(line))
	return nil
}

// Keep replaces the state of the session.
func (f *Folder) Keep(s *Stats) error { return s.write(f.dir) }

// Close gives the folder back.
func (f *Folder) Close() {
	if f.events != nil {
		_ = f.events.Close() // each event was synced
	}
	disk.Unlock(f.lock)
}
