package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/props/dsn"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// Schema is SQL that makes a database's schema anew: its roles, then what pg_dump wrote.
type Schema struct {
	Name  string // the connection string without its password
	Roles string
	Dump  string
	Notes []string // what was left out
}

// readTimeout bounds the query for the roles.
const readTimeout = time.Minute

// FormError says that a text is no connection string, or none that can be read. It holds no
// password.
type FormError struct{ said string }

// Error is one sentence.
func (e *FormError) Error() string { return e.said }

// Copy reads the schema that a connection string leads to, without writing there. Errors of
// the string are a *FormError; where pg_dump is missing or too old it is a *MissingError.
func Copy(ctx context.Context, dsn string) (*Schema, error) {
	public, err := Public(dsn)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, &FormError{public + ": this connection string cannot be read; one is postgres://user@host:port/database"}
	}
	out := &Schema{Name: public}
	reading, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(reading, config)
	if err != nil {
		return nil, fmt.Errorf("%w\n  remedy: check that the server runs, and that this user may connect to database %s", postgres.Unreached(config, err), config.Database)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	version, err := out.read(reading, conn)
	if err != nil {
		return nil, fmt.Errorf("read the roles of %s: %w", public, err)
	}
	program, err := find(ctx, version/10000)
	if err != nil {
		return nil, err
	}
	out.Dump, err = run(ctx, program, public, config.Password)
	return out, err
}

// Public is a connection string without its passwords, for people and for contracts. The error
// is a *FormError.
func Public(text string) (string, error) {
	u, err := url.Parse(dsn.Bare(text))
	if err != nil || dsn.Check(text) != nil {
		return "", &FormError{"a connection string is postgres://user@host:port/database; this is none"}
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for _, key := range []string{"password", "sslpassword"} {
		q.Del(key)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// secretless is an error with stars in the place of the password, should it be in there.
func secretless(err error, password string) error {
	if password == "" || !strings.Contains(err.Error(), password) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), password, "****"))
}

// run runs pg_dump and gives its output. The password is in its environment, not on its command
// line, which others can see.
func run(ctx context.Context, program, dsn, password string) (string, error) {
	cmd := exec.CommandContext(ctx, program, "--schema-only", "--no-tablespaces", "--no-publications", "--no-subscriptions",
		"--no-security-labels", "--no-password", "--dbname="+dsn)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c default_transaction_read_only=on", "LC_ALL=C")
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", secretless(fmt.Errorf("pg_dump %s: %w\n%s", dsn, err, strings.TrimSpace(said.String())), password)
	}
	return out.String(), nil
}
