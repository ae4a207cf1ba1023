package helpdesk_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

var template struct {
	sync.Mutex
	name string
}

// database is a new database with the schema and a few rows, and then the given SQL.
func database(t *testing.T, sql string) string {
	t.Helper()
	s := require.Postgres(t)
	template.Lock()
	defer template.Unlock()
	if template.name == "" {
		rows, err := os.ReadFile("testdata/rows.sql")
		if err != nil {
			t.Fatal(err)
		}
		template.name = create(t, s, "")
		run(t, s, template.name, text(t, helpdesk.Schema)+text(t, helpdesk.Jobs)+string(rows))
		trackRoles(t, s)
	}
	name := create(t, s, template.name)
	t.Cleanup(func() {
		if err := s.DropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	if sql != "" {
		run(t, s, name, sql)
	}
	return name
}

// trackRoles has the server drop the schema's roles at the end, where it is not the test's own.
func trackRoles(t *testing.T, s *postgres.Server) {
	t.Helper()
	if s.Owned() {
		return
	}
	for _, role := range []string{"owner", "app", "member", "admin", "billing", "support"} {
		s.TrackRole("helpdesk_" + role)
	}
}

func text(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(helpdesk.Files(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func create(t *testing.T, s *postgres.Server, from string) string {
	t.Helper()
	name, err := s.CreateDatabase(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// run runs SQL as the superuser.
func run(t *testing.T, s *postgres.Server, database, sql string) {
	t.Helper()
	conn, err := s.Connect(context.Background(), database, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// session is who runs a probe. Without a tenant nothing is set; a used connection served another
// tenant before.
type session struct {
	name         string
	tenant, user int
	used         bool
	after        *earlier
}

// earlier is what another session did on the connection before, in a transaction of its own.
type earlier struct {
	as        session
	statement string
}

// next is the session on the connection of an earlier one.
func (s session) next(after session, statement string) session {
	s.after = &earlier{after, statement}
	return s
}

// connect logs in as the application would for the session.
func (s session) connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	login, role := "helpdesk_app", s.name
	switch s.name {
	case "exporter":
		login, role = "helpdesk_owner", ""
	case "stranger":
		role = "member"
	}
	conn, err := require.Postgres(t).Connect(t.Context(), database, login)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	var setup []string
	if s.used {
		setup = append(setup, "BEGIN", "SET LOCAL app.tenant_id = '2'", "COMMIT")
	}
	if e := s.after; e != nil {
		setup = append(setup, "BEGIN")
		setup = append(setup, e.as.bind("SET LOCAL", e.as.name)...)
		setup = append(setup, e.statement, "COMMIT")
	}
	for _, statement := range append(setup, s.bind("SET", role)...) {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// bind is the statements that make a connection be the session.
func (s session) bind(set, role string) []string {
	var out []string
	if role != "" {
		out = append(out, set+" ROLE helpdesk_"+role)
	}
	if s.tenant != 0 {
		out = append(out, fmt.Sprintf("%s app.tenant_id = '%d'", set, s.tenant))
	}
	if s.user != 0 {
		out = append(out, fmt.Sprintf("%s app.user_id = '%d'", set, s.user))
	}
	return out
}

// answer is what a statement gives: its rows as text, else its command tag, else its SQLSTATE. Its
// effects are rolled back.
func answer(t *testing.T, conn *pgx.Conn, statement string) string {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), "BEGIN; "+statement+"; ROLLBACK").ReadAll()
	if failed := (*pgconn.PgError)(nil); errors.As(err, &failed) {
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		return failed.Code
	} else if err != nil {
		t.Fatal(err)
	}
	result := results[1]
	if len(result.FieldDescriptions) == 0 {
		return result.CommandTag.String()
	}
	rows := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		values := make([]string, len(row))
		for j, value := range row {
			values[j] = string(value)
		}
		rows[i] = strings.Join(values, ",")
	}
	return strings.Join(rows, " ")
}
