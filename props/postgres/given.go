package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/props/dsn"
)

// givenRemedy is what helps when a given server cannot be used.
var givenRemedy = []string{
	"check that the server runs, and that the connection string names one of its superusers",
	"leave --postgres out: a private server is started",
}

// meantRemedy helps where a given server looks used.
var meantRemedy = []string{
	givenRemedy[1],
	"if the server is meant for tests after all, say so with --allow-any-server",
}

// given is a server that a connection string named.
type given struct {
	address string
	keeper  *pgx.Conn // shows Clean, wherever it runs, that this run is alive
}

// startGiven uses a server that is somebody else's: nothing is started, and before the first
// statement the log says what will happen there.
func startGiven(ctx context.Context, o Options, text string) (*Server, error) {
	remedy := givenRemedy
	refuse := func(err error) error {
		return &Unavailable{Want: redacted(text), Tried: []string{"the given server: " + err.Error()}, Remedy: remedy, Err: err}
	}
	config, err := readDSN(text)
	if err != nil {
		remedy = valueRemedy
		return nil, refuse(err)
	}
	o.Log("using the server at %s: rlsfuzz makes databases (rlsfuzz_…) and the roles that the schema needs there, "+
		"touches nothing else, and drops what it made at the end", address(config))
	conn, err := connectGiven(ctx, config)
	if err != nil {
		return nil, refuse(err)
	}
	defer disconnect(conn)
	if !o.AllowAnyServer {
		sign, err := signOfUse(ctx, conn)
		if err != nil {
			return nil, refuse(err)
		}
		if sign != "" {
			remedy = meantRemedy
			return nil, refuse(fmt.Errorf("it does not look meant for tests: %s", sign))
		}
	}
	place := &given{address: address(config)}
	s, err := newServer(ctx, conn, place, o.Log)
	if err != nil {
		return nil, refuse(err)
	}
	if place.keeper, err = keep(ctx, s); err != nil {
		return nil, refuse(err)
	}
	return s, nil
}

// readDSN understands a connection string; its errors do not bear the password.
func readDSN(text string) (*pgx.ConnConfig, error) {
	if err := dsn.Check(text); err != nil {
		return nil, &ValueError{err}
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, &ValueError{errors.New(withoutSecrets(err.Error(), text))}
	}
	if config.Database == "" {
		config.Database = "postgres"
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "rlsfuzz"
	}
	return config, nil
}

var dsnSecrets = regexp.MustCompile(`://[^/@]*?:([^/]*)@|[?&]password=([^&#]*)|\bpassword\s*=\s*'([^']*)'|\bpassword\s*=\s*([^\s']\S*)`)

// withoutSecrets removes from a text whatever is a password in a connection string, as it
// stands there and decoded.
func withoutSecrets(text, whole string) string {
	for _, match := range dsnSecrets.FindAllStringSubmatch(whole, -1) {
		for _, secret := range match[1:] {
			forms := []string{secret}
			if plain, err := url.QueryUnescape(secret); err == nil {
				forms = append(forms, plain)
			}
			if plain, err := url.PathUnescape(secret); err == nil {
				forms = append(forms, plain)
			}
			for _, form := range forms {
				if form != "" {
					text = strings.ReplaceAll(text, form, "xxxxx")
				}
			}
		}
	}
	return text
}

func address(config *pgx.ConnConfig) string {
	if strings.HasPrefix(config.Host, "/") {
		return fmt.Sprintf("%s (port %d) as %s", config.Host, config.Port, config.User)
	}
	return fmt.Sprintf("%s as %s", net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), config.User)
}

// connectGiven connects, and makes sure of what everything else needs: a superuser, and a server that writes.
func connectGiven(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, Unreached(config, err)
	}
	var super, replica bool
	err = conn.QueryRow(ctx, `SELECT rolsuper, pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user`).Scan(&super, &replica)
	switch {
	case err != nil:
		err = fmt.Errorf("ask who we are: %w", err)
	case !super:
		err = fmt.Errorf("role %q is no superuser; rlsfuzz needs one, to make databases and roles and to see every row", config.User)
	case replica:
		err = errors.New("it is a replica: nothing can be written there")
	default:
		return conn, nil
	}
	disconnect(conn)
	return nil, err
}

// Unreached is one sentence for what is usually several attempts to
// connect at several addresses.
func Unreached(config *pgx.ConnConfig, err error) error {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return fmt.Errorf("connect to %s: %w", address(config), server)
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return fmt.Errorf("connect to %s: %w", address(config), network)
	}
	var unknown *net.DNSError
	if errors.As(err, &unknown) {
		return fmt.Errorf("connect to %s: %w", address(config), unknown)
	}
	return fmt.Errorf("connect to %s: %w", address(config), err)
}

// keep opens the connection that marks this run as alive.
func keep(ctx context.Context, s *Server) (*pgx.Conn, error) {
	config := s.super.Copy()
	config.RuntimeParams["application_name"] = s.tag.keeper()
	config.RuntimeParams["idle_session_timeout"] = "0"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, Unreached(config, err)
	}
	return conn, nil
}

// forTests are names of databases that only tests have.
var forTests = regexp.MustCompile(`(?i)(^|[^a-z])(tests?|testing|ci|scratch|fuzz|rlsfuzz)([^a-z]|$)`)

// signOfUse says what speaks against a server being meant for tests; "" when nothing does.
func signOfUse(ctx context.Context, conn *pgx.Conn) (string, error) {
	config := conn.Config()
	hosts := []string{config.Host}
	for _, other := range config.Fallbacks {
		hosts = append(hosts, other.Host)
	}
	for _, host := range hosts {
		if !onThisMachine(ctx, host) {
			return fmt.Sprintf("its address %q is not on this machine", host), nil
		}
	}
	var replicas int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_replication`).Scan(&replicas); err != nil {
		return "", fmt.Errorf("ask for replicas: %w", err)
	}
	if replicas > 0 {
		return "it has a replica", nil
	}
	names, err := othersDatabases(ctx, conn)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		table, err := anyTable(ctx, config, name)
		if err != nil {
			return "", err
		}
		if table != "" {
			return fmt.Sprintf("its database %q holds tables, %s for one", name, table), nil
		}
	}
	return "", nil
}

// onThisMachine is true for a unix socket and for names and addresses of the loopback.
func onThisMachine(ctx context.Context, host string) bool {
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "" || host == "localhost" {
		return true
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil || len(addresses) == 0 {
		return false
	}
	for _, found := range addresses {
		if !found.IP.IsLoopback() {
			return false
		}
	}
	return true
}

// othersDatabases are those that are neither the server's own, nor ours, nor named as for tests.
func othersDatabases(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '')
		FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres' ORDER BY datname`)
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	var names []string
	var name, comment string
	_, err = pgx.ForEachRow(rows, []any{&name, &comment}, func() error {
		if _, ours := parseTag(comment); !ours && !forTests.MatchString(name) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	return names, nil
}

func anyTable(ctx context.Context, config *pgx.ConnConfig, database string) (string, error) {
	config = config.Copy()
	config.Database = database
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return "", fmt.Errorf("look into database %q: %w", database, err)
	}
	defer disconnect(conn)
	var table string
	err = conn.QueryRow(ctx, `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY c.oid LIMIT 1`).Scan(&table)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("look into database %q: %w", database, err)
	}
	return table, nil
}

func (g *given) describe() string { return "given server at " + g.address }
func (g *given) owned() bool      { return false }
func (g *given) pid() int         { return 0 }

func (g *given) stop() error {
	if g.keeper != nil {
		disconnect(g.keeper)
	}
	return nil
}

func sqlState(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	return ""
}
