package disk_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// TestReplaceKilled kills a process that replaces a file over and over: the file is always
// one of the two contents, and the next sweep removes what was begun.
func TestReplaceKilled(t *testing.T) {
	contents := [][]byte{bytes.Repeat([]byte("a"), 1<<16), bytes.Repeat([]byte("b"), 1<<16)}
	if path := os.Getenv("RLSFUZZ_TEST_REPLACE"); path != "" { // the child
		for i := 0; ; i++ {
			if err := disk.Replace(path, contents[i%2]); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				_, _ = os.Stdout.WriteString("begun\n")
			}
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := disk.Replace(path, contents[0]); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		child := exec.Command(os.Args[0], "-test.run=^TestReplaceKilled$")
		child.Env = append(os.Environ(), "RLSFUZZ_TEST_REPLACE="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("begun\n"))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(10 * time.Millisecond)) // it dies at any moment of a replacement
		_ = child.Process.Kill()
		_ = child.Wait()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, contents[0]) && !bytes.Equal(got, contents[1]) {
			t.Fatalf("the file has %d bytes and is neither of its contents", len(got))
		}
	}
	if err := disk.Sweep(dir, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, want the file alone: %v", len(left), err)
	}
}

// TestLockDies holds a lock in another process: it is refused here until that one is killed.
func TestLockDies(t *testing.T) {
	if path := os.Getenv("RLSFUZZ_TEST_LOCK"); path != "" { // the child
		if _, err := disk.Lock(path); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("held\n")
		time.Sleep(time.Minute)
	}
	path := filepath.Join(t.TempDir(), "lock")
	child := exec.Command(os.Args[0], "-test.run=^TestLockDies$")
	child.Env = append(os.Environ(), "RLSFUZZ_TEST_LOCK="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Lock(path); !errors.Is(err, disk.ErrBusy) {
		t.Errorf("while another process holds it: %v", err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	held, err := disk.Lock(path)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	disk.Unlock(held)
}
