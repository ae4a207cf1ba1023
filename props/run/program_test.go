package run

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestSSLMode has programs connect as rlsfuzz does.
func TestSSLMode(t *testing.T) {
	for mode, want := range map[string]string{"disable": "disable", "allow": "prefer", "prefer": "prefer", "require": "require"} {
		cfg, err := pgconn.ParseConfig("postgres://u@127.0.0.1:5432/d?sslmode=" + mode)
		if err != nil {
			t.Fatal(err)
		}
		if got := sslMode(cfg); got != want {
			t.Errorf("sslmode=%s: programs connect with %s, want %s", mode, got, want)
		}
	}
	socket, err := pgconn.ParseConfig("host=/tmp user=u dbname=d")
	if err != nil {
		t.Fatal(err)
	}
	if got := sslMode(socket); got != "disable" {
		t.Errorf("on a socket programs connect with %s", got)
	}
}
