package dsn

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// ErrForm refuses a text that is meant as a connection string, and cannot be one.
var ErrForm = errors.New("no connection string, or a mistyped one (not shown, since it may hold a password): one begins with postgres://, " +
	"as postgres://user:password@host:port/database, and has %40 for an @ in a password, %2F for a /, %3F for a ?, %23 for a #, %25 for a %")

// ErrKeywords refuses a connection string of keywords and values: "host=… dbname=…".
var ErrKeywords = errors.New("a connection string is written as postgres://user@host:port/database, not with keywords and values")

var (
	keywords = regexp.MustCompile(`^\s*(host|hostaddr|port|dbname|user|password|service|sslmode)\s*=`)
	scheme   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:/`) // of two letters: C:/ is a folder
	login    = regexp.MustCompile(`:.*@`)
	digest   = regexp.MustCompile(`@sha[0-9]+:[0-9a-f]+$`) // of an image
)

// Like reports whether a text is meant as a connection string, whether or not it can be one.
func Like(text string) bool {
	return strings.Contains(text, "://") || scheme.MatchString(text) || keywords.MatchString(text) ||
		login.MatchString(text) && !digest.MatchString(text)
}

// Check refuses what is no connection string, or may be read as another one than is meant: an @
// that ends a password before its end makes the rest of it a part of the host. The error is
// ErrForm or ErrKeywords.
func Check(text string) error {
	if keywords.MatchString(text) {
		return ErrKeywords
	}
	rest, ok := strings.CutPrefix(text, "postgres://")
	if !ok {
		rest, ok = strings.CutPrefix(text, "postgresql://")
	}
	if !ok {
		return ErrForm
	}
	user, _, at, found := split(rest)
	if found {
		rest = rest[at+1:]
	}
	place, _, _ := strings.Cut(rest, "?")
	if _, err := url.PathUnescape(text); err != nil || strings.Contains(user, "?") || strings.ContainsAny(place, "@#") {
		return ErrForm
	}
	return nil
}

// Bare is a connection string without the password that stands before its host.
func Bare(text string) string {
	begin := strings.Index(text, "://")
	if begin < 0 {
		return text
	}
	begin += len("://")
	user, password, at, found := split(text[begin:])
	if !found || !password {
		return text
	}
	return text[:begin] + user + text[begin+at:]
}

// split finds the login of a connection string behind its scheme, as libpq does: it ends at the
// first @ that no slash stands before. The place of that is at.
func split(rest string) (user string, password bool, at int, found bool) {
	at = strings.IndexAny(rest, "@/")
	if at < 0 || rest[at] == '/' {
		return "", false, 0, false
	}
	user, _, password = strings.Cut(rest[:at], ":")
	return user, password, at, true
}
