package dump_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/dump"
)

// TestPublic takes passwords out of connection strings, wherever they stand.
func TestPublic(t *testing.T) {
	for _, k := range []struct{ dsn, want string }{
		{"postgres://me:sesame@host:5433/db", "postgres://me@host:5433/db"},
		{"postgresql://host/db?user=me&password=sesame&sslmode=disable", "postgresql://host/db?sslmode=disable&user=me"},
		{"postgres:///db?host=/tmp", "postgres:///db?host=%2Ftmp"},
	} {
		if got, err := dump.Public(k.dsn); err != nil || got != k.want {
			t.Errorf("%s, %v, want %s", got, err, k.want)
		}
	}
	for _, bad := range []string{"mysql://me:sesame@host/db", "postgres://me:ses%ame@host/db"} {
		if _, err := dump.Public(bad); err == nil || strings.Contains(err.Error(), "ses") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestMissing names the remedy.
func TestMissing(t *testing.T) {
	for _, k := range []struct {
		err  dump.MissingError
		want string
	}{
		{dump.MissingError{Server: 17}, "there is no pg_dump"},
		{dump.MissingError{Server: 17, Have: 15, Path: "/bin/pg_dump"}, "/bin/pg_dump is of version 15 and cannot read a server of version 17"},
	} {
		if got := k.err.Error(); !strings.Contains(got, k.want) || !strings.Contains(got, "pg_dump --schema-only") {
			t.Errorf("%s", got)
		}
	}
}
