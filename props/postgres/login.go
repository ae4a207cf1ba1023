package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Config says how to connect to a database as a login role; the superuser when user is "". The
// caller may change it, it is a copy. It holds the role's password where one is known: do not print it.
func (s *Server) Config(database, user string) *pgx.ConnConfig {
	config := s.super.Copy()
	if database != "" {
		config.Database = database
	}
	if user != "" && user != s.super.User {
		config.User = user
		s.mu.Lock()
		config.Password = s.passwords[user]
		s.mu.Unlock()
	}
	return config
}

// Connect opens a connection as Config describes it.
func (s *Server) Connect(ctx context.Context, database, user string) (*pgx.Conn, error) {
	config := s.Config(database, user)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to database %q as %q: %w", config.Database, config.User, err)
	}
	return conn, nil
}

// URL is Config as a connection string, for programs that take one (DATABASE_URL). It bears the
// role's password where one is known: do not print it.
func (s *Server) URL(database, user string) string { return URL(s.Config(database, user)) }

// URL is a configuration as a connection string.
func URL(config *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", Path: "/" + config.Database}
	if config.Password == "" {
		u.User = url.User(config.User)
	} else {
		u.User = url.UserPassword(config.User, config.Password)
	}
	port := strconv.Itoa(int(config.Port))
	query := url.Values{}
	if strings.HasPrefix(config.Host, "/") {
		query.Set("host", config.Host)
		query.Set("port", port)
	} else {
		u.Host = net.JoinHostPort(config.Host, port)
	}
	if config.TLSConfig == nil {
		query.Set("sslmode", "disable")
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// loginConfig is a configuration for a server of our own: nothing of the PG* environment or of a
// password file gets into it.
func loginConfig(host string, port uint16, user, password, database string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig("host=localhost port=5432 user=x password=x dbname=x passfile=/dev/null " +
		"sslmode=disable connect_timeout=0 target_session_attrs=any")
	if err != nil {
		return nil, fmt.Errorf("read the PG* environment: %w", err)
	}
	config.Host, config.Port = host, port
	config.User, config.Password, config.Database = user, password, database
	config.TLSConfig, config.Fallbacks = nil, nil
	config.RuntimeParams = map[string]string{"application_name": "rlsfuzz"}
	return config, nil
}
