package postgres

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/dsn"
)

// want is a value of --postgres, understood.
type want interface{ String() string }

type (
	wantAuto    struct{}
	wantGiven   struct{ dsn string }
	wantFolder  struct{ dir string }
	wantFetched struct{ version string } // a major ("17") or more of it ("17.5")
	wantImage   struct{ name string }
)

func (wantAuto) String() string      { return "auto" }
func (w wantGiven) String() string   { return redacted(w.dsn) }
func (w wantFolder) String() string  { return w.dir }
func (w wantFetched) String() string { return "npm:" + w.version }
func (w wantImage) String() string   { return w.name }

var fetchedVersion = regexp.MustCompile(`^\d+(\.\d+)*(-[0-9A-Za-z.]+)?$`)

// ValueError says that a value of --postgres, or a connection string, cannot be understood:
// wrong usage, whatever servers there are.
type ValueError struct{ Err error }

// Error says what is wrong.
func (e *ValueError) Error() string { return e.Err.Error() }

// Unwrap gives the mistake.
func (e *ValueError) Unwrap() error { return e.Err }

// valueRemedy is the values that --postgres takes.
var valueRemedy = []string{"auto, postgres://user@host:port/database, a folder of binaries, npm:17, or an image such as postgres:17"}

// parseWant understands the value of --postgres. A value with a path separator is a folder, unless
// it can only be an image of a registry ("supabase/postgres:15.8"): no such folder, and no
// leading dot, slash or tilde.
func parseWant(value string) (want, error) {
	switch {
	case value == "" || value == "auto":
		return wantAuto{}, nil
	case dsn.Like(value):
		if err := dsn.Check(value); err != nil {
			return nil, err
		}
		return wantGiven{value}, nil
	}
	for _, prefix := range []string{"npm:", "fetch:"} {
		if version, ok := strings.CutPrefix(value, prefix); ok {
			if !fetchedVersion.MatchString(version) {
				return nil, fmt.Errorf("%q needs a version after the colon, as in %s17", value, prefix)
			}
			return wantFetched{version}, nil
		}
	}
	if strings.ContainsRune(value, filepath.Separator) || strings.ContainsRune(value, '/') {
		if looksLikeImage(value) {
			return wantImage{value}, nil
		}
		return wantFolder{value}, nil
	}
	return wantImage{value}, nil
}

func looksLikeImage(value string) bool {
	if strings.HasPrefix(value, ".") || strings.HasPrefix(value, "~") || filepath.IsAbs(value) {
		return false
	}
	info, err := os.Stat(value)
	return err != nil || !info.IsDir()
}

// BinariesOf is the folder of server programs that a value of --postgres names; empty for any other value, and
// where they are not there.
func BinariesOf(value string) string {
	w, err := parseWant(value)
	if err != nil {
		return ""
	}
	folder, ok := w.(wantFolder)
	if !ok {
		return ""
	}
	dir, err := binariesIn(folder.dir)
	if err != nil {
		return ""
	}
	return dir
}

// redacted is a connection string that may be shown: without its password, wherever it stands.
func redacted(text string) string {
	u, err := url.Parse(dsn.Bare(text))
	if err != nil || u.Scheme == "" { // of keywords and values, perhaps
		return "a connection string"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery = ""
	u.Fragment = ""
	return u.String()
}
