package draft

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// probe asks Postgres which source an expression without columns takes its value from. Each
// candidate in turn is given a value that nothing else has; if that comes out, it is the source.
type probe struct {
	ctx    context.Context
	conn   *pgconn.PgConn
	survey *Survey
	path   string             // where names without a schema are looked for
	known  map[string]*Source // what was asked before, by the question; nil for no source
	err    error              // of the connection: after it nothing is asked any more
}

// probes are values that stand nowhere by chance, of the types that keys have.
var probes = []string{"5ca1ab1e-0000-4000-8000-0000000c0de1", "918273645", "rlsfuzz probe", "7183"}

func newProbe(ctx context.Context, conn *pgx.Conn, s *Survey) *probe {
	var path []string
	for _, schema := range s.searched() {
		path = append(path, sql.QuoteName(schema))
	}
	return &probe{ctx: ctx, conn: conn.PgConn(), survey: s, path: strings.Join(path, ", "), known: map[string]*Source{}}
}

// source says where an expression takes its value from; nil when no setting and no
// role gives it. With set, the text is a query of any number of values.
func (p *probe) source(text string, set bool) *Source {
	if found, ok := p.known[text]; ok || p.err != nil {
		return found
	}
	whole := p.survey.closure(text)
	query := "SELECT (" + text + ")::text"
	if set {
		query = "SELECT v::text FROM (" + text + ") q (v)"
	}
	var found *Source
	for _, c := range candidates(whole) {
		if p.gives(query, &c, whole) {
			found = &c
			break
		}
	}
	if found == nil && roleWord.MatchString(whole) && p.isRole(query) {
		found = &Source{}
	}
	p.known[text] = found
	return found
}

// gives reports whether a query answers with the value that the source was given. whole is its text
// with what it calls.
func (p *probe) gives(query string, s *Source, whole string) bool {
	for _, value := range probes {
		if got, ok := p.ask(query, s.Setting, s.given(value), named(settingName, whole)); ok && (got == value || got == "{"+value+"}") { // an array of one is that one
			return true
		}
		if p.err != nil {
			return false
		}
	}
	return false
}

// given is the text that the source's setting must have so that it brings a value.
func (s *Source) given(value string) string {
	if len(s.Path) == 0 {
		return s.text(value)
	}
	c := &claims{}
	s.put(c, s.Path, value)
	return c.json()
}

// isRole reports whether a query answers with the name of the role that asks.
func (p *probe) isRole(query string) bool {
	name, ok := p.ask("SELECT current_user::text", "", "", nil)
	got, same := p.ask(query, "", "", nil)
	return ok && same && got == name
}

// ask is the one value of a query, which runs in a transaction of its own that is rolled back, with
// one setting set to a value and the others empty. ok is false where Postgres refuses the query, and
// where it gives NULL or not one row.
func (p *probe) ask(query, setting, value string, others []string) (string, bool) {
	if p.err != nil {
		return "", false
	}
	var b strings.Builder
	b.WriteString("BEGIN; SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '1s'; SET LOCAL search_path = " + p.path + ";")
	for _, name := range others {
		b.WriteString("SELECT pg_catalog.set_config(" + sql.Constant(name) + ", '', true);")
	}
	if setting != "" {
		b.WriteString("SELECT pg_catalog.set_config(" + sql.Constant(setting) + ", " + sql.Constant(value) + ", true);")
	}
	results, err := p.conn.Exec(p.ctx, b.String()+query).ReadAll()
	if _, end := p.conn.Exec(p.ctx, "ROLLBACK").ReadAll(); end != nil {
		p.err = end
		return "", false
	}
	if err != nil {
		return "", false
	}
	last := results[len(results)-1]
	if len(last.Rows) != 1 || last.Rows[0][0] == nil {
		return "", false
	}
	return string(last.Rows[0][0]), true
}
