package dsn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/dsn"
)

// TestLike tells connection strings, mistyped ones too, from files, folders and images.
func TestLike(t *testing.T) {
	for text, want := range map[string]bool{
		"postgres://u@h:1/d":                   true,
		"postgres:/u:topsecret@h:1/d":          true,
		"postgres//u:topsecret@h:1/d":          true,
		"u:topsecret@h:1/d":                    true,
		"jdbc:postgresql://h/d?password=x":     true,
		"host=h password=x":                    true,
		"postgres:17":                          false,
		"supabase/postgres:15.8":               false,
		"localhost:5000/postgres":              false,
		"postgres:17@sha256:0123456789abcdef":  false,
		"registry:5000/a/b:1@sha256:012345678": false,
		"npm:17":                               false,
		"C:/Program Files/PostgreSQL/17/bin":   false,
		"migrations/*.sql":                     false,
		"me@work/schema.sql":                   false,
		"auto":                                 false,
	} {
		if got := dsn.Like(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// TestCheck refuses what is read otherwise than it is meant, and never repeats it.
func TestCheck(t *testing.T) {
	for text, want := range map[string]error{
		"postgres://u@h:1/d":                          nil,
		"postgresql://u:s%40cret@h,other:2/d":         nil,
		"postgres://u:topsecret#1?@h/d":               nil, // as libpq reads it
		"postgres:///d?host=/tmp&password=top@secret": nil,
		"postgres://%2Ftmp/d":                         nil,
		"postgres://u:top@secret@h:1/d":               dsn.ErrForm,
		"postgres://u:top/secret@h:1/d":               dsn.ErrForm,
		"postgres://u:1/secret@h:1/d":                 dsn.ErrForm,
		"postgres://u:50%secret@h:1/d":                dsn.ErrForm,
		"postgres://h?password=top@secret":            dsn.ErrForm,
		"postgres:/u:topsecret@h:1/d":                 dsn.ErrForm,
		"u:topsecret@h:1/d":                           dsn.ErrForm,
		"jdbc:postgresql://h/d?password=topsecret":    dsn.ErrForm,
		"Postgres://u:topsecret@h/d":                  dsn.ErrForm,
		"host=h password=topsecret":                   dsn.ErrKeywords,
		"":                                            dsn.ErrForm,
	} {
		err := dsn.Check(text)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells it: %v", text, err)
		}
	}
}

func TestBare(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://u:secret@h:1/d":    "postgres://u@h:1/d",
		"postgres://u:s#e?cret@h:1/d":  "postgres://u@h:1/d",
		"postgres://u@h:1/d":           "postgres://u@h:1/d",
		"postgres://h:1/d?x=a:b@c":     "postgres://h:1/d?x=a:b@c",
		"a connection string, or none": "a connection string, or none",
	} {
		if got := dsn.Bare(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
