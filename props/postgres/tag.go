package postgres

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// tag says which run a database or a role belongs to. It stands in the object's comment, where
// Clean reads it.
type tag struct {
	run   string // drawn at random, 16 hexadecimal digits
	pid   int
	host  string
	start string // when the process began, in whatever form this system gives it
}

func newTag() tag {
	host, _ := os.Hostname() // a tag without a host is still found by its run
	pid := os.Getpid()
	start, _ := processStart(pid)
	return tag{run: randomHex(8), pid: pid, host: host, start: start}
}

// String is the comment: "rlsfuzz run=… pid=… host=… start=…".
func (t tag) String() string {
	return fmt.Sprintf("rlsfuzz run=%s pid=%d host=%s start=%s", t.run, t.pid, url.QueryEscape(t.host), url.QueryEscape(t.start))
}

// databases is what the names of a run's databases begin with.
func (t tag) databases() string {
	return fmt.Sprintf("rlsfuzz_%d_%s_", t.pid, t.run[:min(8, len(t.run))])
}

// keeper is the application_name of the connection that a living run holds on a given server.
func (t tag) keeper() string { return "rlsfuzz keeper " + t.run }

// parseTag reads a comment; ok is false when it is not one of ours.
func parseTag(comment string) (t tag, ok bool) {
	rest, ok := strings.CutPrefix(comment, "rlsfuzz run=")
	if !ok {
		return tag{}, false
	}
	for i, field := range strings.Fields("run=" + rest) {
		key, value, _ := strings.Cut(field, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil {
			return tag{}, false
		}
		switch key {
		case "run":
			t.run = plain
		case "pid":
			t.pid, err = strconv.Atoi(plain)
		case "host":
			t.host = plain
		case "start":
			t.start = plain
		}
		if err != nil || i > 8 {
			return tag{}, false
		}
	}
	return t, t.run != "" && t.pid > 0
}

// running reports whether the process that made the tag runs on this machine.
func (t tag) running() bool {
	host, err := os.Hostname()
	if err != nil || host != t.host {
		return false
	}
	start, alive := processStart(t.pid)
	return alive && (start == t.start || t.start == "" || start == "")
}

func randomHex(bytes int) string {
	drawn := make([]byte, bytes)
	_, _ = rand.Read(drawn) // never fails
	return hex.EncodeToString(drawn)
}
