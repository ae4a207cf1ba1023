package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Removed says what Clean removed, and what it left although it bears our tag, with the reason.
type Removed struct {
	Databases []string
	Roles     []string
	Kept      []string // such as "database rlsfuzz_…: its run is alive"
}

// left is a database or a role that bears the tag of a run.
type left struct {
	name     string
	tag      tag
	sessions int // connections to the database, or of the role
}

// Clean removes from a given server the databases and roles that killed runs left: only those that
// bear a run's tag, and only if that run is over. A run is alive while its keeper is connected, or while
// its process runs on this machine; one of another machine is over when nobody is connected to what it
// made. What Clean does is said to log, one line a call; log may be nil.
func Clean(ctx context.Context, dsn string, log func(string, ...any)) (Removed, error) {
	if log == nil {
		log = func(string, ...any) {}
	}
	config, err := readDSN(dsn)
	if err != nil {
		return Removed{}, err
	}
	conn, err := connectGiven(ctx, config)
	if err != nil {
		return Removed{}, &Unavailable{Want: redacted(dsn), Tried: []string{err.Error()}, Remedy: givenRemedy[:1], Err: err}
	}
	defer disconnect(conn)
	c := cleaner{conn: conn, log: log}
	if c.alive, err = keepers(ctx, conn); err != nil {
		return Removed{}, err
	}
	if err := c.databases(ctx); err != nil {
		return c.removed, err
	}
	err = c.roles(ctx)
	if sqlState(err) == "2BP01" { // they own something in a database that was not there yet
		if err = c.databases(ctx); err == nil {
			err = c.roles(ctx)
		}
	}
	return c.removed, err
}

type cleaner struct {
	conn    *pgx.Conn
	alive   map[string]bool // by the application_name of a keeper
	runs    []tag           // of what was found so far
	removed Removed
	log     func(string, ...any)
}

func keepers(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, `SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'rlsfuzz keeper %'`)
	if err != nil {
		return nil, fmt.Errorf("ask which runs are alive: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("ask which runs are alive: %w", err)
	}
	alive := map[string]bool{}
	for _, name := range names {
		alive[name] = true
	}
	return alive, nil
}

// over says whether something may be removed, and if not, why.
func (c *cleaner) over(l left) (reason string, ok bool) {
	switch here := newTag().host; {
	case c.alive[l.tag.keeper()], l.tag.running():
		return "its run is alive", false
	case l.tag.host != here && l.sessions > 0:
		return fmt.Sprintf("it is in use, by a run on %s perhaps", l.tag.host), false
	}
	return "", true
}

func (c *cleaner) databases(ctx context.Context) error {
	found, err := c.tagged(ctx, `SELECT datname, coalesce(shobj_description(oid, 'pg_database'), ''),
		(SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)::int FROM pg_database d ORDER BY datname`, tag.databases)
	if err != nil {
		return fmt.Errorf("list databases: %w", err)
	}
	for _, l := range found {
		if reason, ok := c.over(l); !ok {
			c.keep("database", l.name, reason)
			continue
		}
		if err := dropDatabase(ctx, c.conn, l.name); err != nil {
			return err
		}
		c.removed.Databases = append(c.removed.Databases, l.name)
		c.log("dropped database %s", l.name)
	}
	return nil
}

func (c *cleaner) roles(ctx context.Context) error {
	found, err := c.tagged(ctx, `SELECT rolname, coalesce(shobj_description(oid, 'pg_authid'), ''),
		(SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid)::int FROM pg_roles r ORDER BY rolname`, nil)
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	var names []string
	for _, l := range found {
		if reason, ok := c.over(l); !ok {
			c.keep("role", l.name, reason)
			continue
		}
		names = append(names, l.name)
	}
	gone, err := dropRoles(ctx, c.conn, names)
	for _, name := range gone {
		c.removed.Roles = append(c.removed.Roles, name)
		c.log("dropped role %s", name)
	}
	return err
}

// tagged runs a query for names, comments and sessions, and keeps what bears a run's tag, and what of
// the rest has a name that begins like those of such a run: it was killed before it set the comment.
func (c *cleaner) tagged(ctx context.Context, query string, begins func(tag) string) ([]left, error) {
	rows, err := c.conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	var found []left
	var l left
	var comment string
	var bare []left
	_, err = pgx.ForEachRow(rows, []any{&l.name, &comment, &l.sessions}, func() error {
		var ours bool
		switch l.tag, ours = parseTag(comment); {
		case ours:
			found = append(found, l)
			c.runs = append(c.runs, l.tag)
		case comment == "" && begins != nil:
			bare = append(bare, l)
		}
		return nil
	})
	for _, l := range bare {
		if i := slices.IndexFunc(c.runs, func(t tag) bool { return strings.HasPrefix(l.name, begins(t)) }); i >= 0 {
			l.tag = c.runs[i]
			found = append(found, l)
		}
	}
	return found, err
}

func (c *cleaner) keep(kind, name, reason string) {
	line := kind + " " + name + ": " + reason
	c.removed.Kept = append(c.removed.Kept, line)
	c.log("left %s", line)
}
