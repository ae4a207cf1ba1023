package run

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// open makes a connection of a login, empty for the superuser, via a pooler if one is named.
// What decides how values are printed is set at the connection, where it outranks a login's
// defaults; a pooler does not pass that on.
func (m *Committer) open(ctx context.Context, login, via string) (*session, error) {
	cfg := m.server.Config(m.database, login)
	if cfg.RuntimeParams == nil {
		cfg.RuntimeParams = map[string]string{}
	}
	for k, v := range printing {
		cfg.RuntimeParams[k] = v
	}
	who := "the superuser"
	if login != "" {
		who = "login " + login
	}
	if login == "" {
		maps.Copy(cfg.RuntimeParams, supervising)
	}
	if via != "" {
		host, port, err := net.SplitHostPort(via)
		if err != nil {
			return nil, fmt.Errorf("connect as %s: %w", who, err)
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("connect as %s: %w", who, err)
		}
		cfg.Host, cfg.Port, cfg.TLSConfig, cfg.Fallbacks, cfg.RuntimeParams = host, uint16(n), nil, nil, map[string]string{}
		who += " through the pooler at " + via
	}
	s := &session{via: via != ""}
	if login == "" {
		s.kept = map[string]string{}
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		s.notices = append(s.notices, n.Message+"\n"+n.Detail+"\n"+n.Hint)
	}
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		s.notices = append(s.notices, "NOTIFY "+model.Quote(n.Channel)+", "+literal(n.Payload))
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect as %s: %w", who, err)
	}
	s.conn = conn
	return s, nil
}

// printing is the settings of every connection: how values are printed, and how long a statement
// may take.
var printing = map[string]string{
	"datestyle": "ISO, MDY", "timezone": "UTC", "intervalstyle": "postgres", "bytea_output": "hex",
	"statement_timeout": "20s", "client_min_messages": "notice",
}

// supervising is the settings of the superuser's connection, which loads rows as they are, without
// triggers, and with the same statements again and again. They are set when it connects, since
// changing session_replication_role discards the plans.
var supervising = map[string]string{"session_replication_role": "replica", "plan_cache_mode": "force_generic_plan"}

// connection is the pooled connection of a login, or a new one; for a step that goes on with a
// call, the one that was held. Through a pooler each identity has a client connection of its own,
// and the pooler shares the server's among them. A fresh one leads to the server itself, so that
// nobody used it before.
func (m *Committer) connection(ctx context.Context, id *model.Identity, step *model.Step, fresh bool) (*session, error) {
	if step.From > 0 {
		key := who(id) + " " + step.Op.Path.Name
		s := m.held[key]
		if s == nil {
			return nil, fmt.Errorf("%w: %s goes on with what it has not begun", ErrInvalid, step.Op.Path.Name)
		}
		delete(m.held, key)
		return s, nil
	}
	if fresh {
		return m.open(ctx, id.Login, "")
	}
	key, via := poolOf(id), id.Session.Via
	s := m.pool[key]
	if s == nil || s.conn.IsClosed() {
		var err error
		if s, err = m.open(ctx, id.Login, via); err != nil {
			return nil, err
		}
		m.pool[key] = s
		if err := m.use(ctx, s); err != nil {
			return nil, err
		}
	}
	s.used = true
	return s, nil
}

// poolOf names the pool of an identity's connections.
func poolOf(id *model.Identity) string {
	if via := id.Session.Via; via != "" {
		return id.Login + " via " + via + " of " + id.Label()
	}
	return id.Login
}

// giveBack gives a connection that was held back to its pool, which keeps one idle connection.
func (m *Committer) giveBack(id *model.Identity, s *session) {
	if key := poolOf(id); m.pool[key] == nil && !s.conn.IsClosed() {
		m.pool[key], s.used = s, true
		return
	}
	_ = s.conn.Close(context.Background())
}

// hold takes a connection out of the pool, for the step that goes on with its call. Until then
// others get a new one.
func (m *Committer) hold(key string, s *session) {
	m.held[key] = s
	maps.DeleteFunc(m.pool, func(_ string, o *session) bool { return o == s })
}

// letGo closes the connections that are still held.
func (m *Committer) letGo() {
	for key, s := range m.held {
		_ = s.conn.Close(context.Background())
		delete(m.held, key)
	}
}

// renew makes every pooled connection as a new one that was used once, so that nothing of
// an earlier scenario reaches the next.
func (m *Committer) renew(ctx context.Context) error {
	m.letGo()
	for key, s := range m.pool {
		if s.conn.IsClosed() {
			delete(m.pool, key)
			continue
		}
		if !s.used {
			continue
		}
		if _, _, err := s.exec(ctx, "DISCARD ALL", nil); err != nil {
			return fmt.Errorf("renew the connection of %s: %w", key, err)
		}
		s.bound, s.used, s.own = "", false, nil
		if err := m.use(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// use leaves a connection as an earlier session leaves it: every setting of the
// contract was set once, in a transaction that is over, so that it is empty now and
// no longer NULL.
func (m *Committer) use(ctx context.Context, s *session) error {
	list := []statement{{text: "BEGIN"}}
	known := map[string]bool{}
	for _, kind := range m.Contract.Sessions {
		for i := range kind.Settings {
			if name := kind.Settings[i].Name; !known[name] {
				known[name] = true
				list = append(list, setting(name, "", true))
			}
		}
	}
	_, err := s.all(ctx, append(list, statement{text: "ROLLBACK"}))
	if err == nil {
		return nil
	}
	if _, err = m.Own.refusal(err); err != nil { // a setting that is refused keeps no others from it: they come after it
		return err
	}
	_, _, err = s.exec(ctx, "ROLLBACK", nil)
	return err
}

// empties is the tables which are not judged and hold nothing, such as a cache in
// a schema of its own: what a function of an earlier scenario put there must not reach the
// next. Those that hold rows of the schema's own files are left as they are.
func (m *Committer) empties(ctx context.Context) ([]string, error) {
	known := map[string]bool{}
	for _, t := range m.Contract.Schema.Tables {
		known[t.SQL()] = true
	}
	kept, _, err := m.super.exec(ctx, `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname <> $1
ORDER BY 1, 2`, []model.Value{{Text: CopySchema}})
	if err != nil {
		return nil, fmt.Errorf("read the scratch database: %w", err)
	}
	var out []string
	for _, row := range kept {
		name := model.Quote(row[0].Text) + "." + model.Quote(row[1].Text)
		if known[name] {
			continue
		}
		some, _, err := m.super.exec(ctx, "SELECT EXISTS (SELECT FROM "+name+")", nil)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if some[0][0].Text == "f" {
			out = append(out, name)
		}
	}
	return out, nil
}

// restart is the statement that puts every sequence back to where the schema's own files
// left it; empty without any.
func restart(s *model.Schema) string {
	calls := make([]string, len(s.Sequences))
	for i, q := range s.Sequences {
		calls[i] = fmt.Sprintf("setval(%s::regclass, %d, %t)", literal(q.SQL()), q.Last, q.Called)
	}
	if len(calls) == 0 {
		return ""
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// reads reports whether a step may read a materialized view: by a path, by a program, or by
// hand; without steps nobody knows what will.
func reads(steps []model.Step) bool {
	return len(steps) == 0 || stored(steps) || slices.ContainsFunc(steps, func(s model.Step) bool { return s.Op.Raw != "" || s.Runs() })
}
