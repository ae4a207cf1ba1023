package contract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestPathsStayInTheDatabase leaves out what comes to a function that reaches beyond the scratch
// database: directly, by another function, or in the SQL of a path; not what only writes its name.
func TestPathsStayInTheDatabase(t *testing.T) {
	s := shop(t)
	for _, m := range []*model.Routine{
		{Name: "logout", Source: "SELECT count(pg_catalog.PG_Terminate_Backend(pid)) FROM pg_stat_activity"},
		{Name: "leave", Source: "BEGIN PERFORM logout(); END"},
		{Name: "save", Source: "SELECT lo_export(1, '/srv/report')"},
		{Name: "export", Source: "BEGIN EXECUTE format('COPY (SELECT * FROM users) TO %L', path); END"},
		{Name: "append", Source: "BEGIN EXECUTE 'copy users to ''' || path || ''''; END"},
		{Name: "fetch", Source: "COPY users FROM PROGRAM 'curl https://example.com/users.csv'"},
		{Name: "send", Source: "COPY users TO STDOUT; COPY users FROM '/srv/users'"},
		{Name: "tell", Source: "SELECT 'pg_terminate_backend' -- pg_terminate_backend"},
	} {
		m.Schema, m.Callers = "public", []string{"member"}
		s.Routines = append(s.Routines, m)
	}
	c := mustResolve(t, s, shopContract+`
paths:
  reload: {kind: job, as: [member], run: SELECT pg_reload_conf()}
  count: {kind: report, as: [member], run: SELECT count(*) FROM users}
`)
	got := map[string]string{}
	for _, p := range c.Paths {
		why, _, _ := strings.Cut(p.Untried, ",")
		got[p.Name] = why
	}
	want := map[string]string{
		"function logout": "it comes to pg_terminate_backend", "function leave": "it comes to pg_terminate_backend",
		"function save": "it comes to lo_export", "function tell": "", "function send": "", "function fetch": "it comes to COPY … PROGRAM",
		"function export": "it comes to COPY … TO a file", "function append": "it comes to COPY … TO a file", "reload": "it comes to pg_reload_conf", "count": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPathsLeaveRolesOfOthers leaves out what changes roles where the server is others' too.
func TestPathsLeaveRolesOfOthers(t *testing.T) {
	for _, guest := range []bool{false, true} {
		s := shop(t)
		s.Guest = guest
		for _, m := range []*model.Routine{
			{Name: "provision", Source: "BEGIN EXECUTE format('CREATE ROLE %I LOGIN', name); END"},
			{Name: "sign_up", Source: "SELECT provision('x')"},
			{Name: "created", Source: "SELECT created FROM roles"},
		} {
			m.Schema, m.Callers = "public", []string{"member"}
			s.Routines = append(s.Routines, m)
		}
		got := map[string]bool{}
		for _, p := range mustResolve(t, s, shopContract).Paths {
			got[p.Name] = p.Untried != ""
		}
		want := map[string]bool{"function provision": guest, "function sign_up": guest, "function created": false}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("guest %v, not called (-want +got):\n%s", guest, diff)
		}
	}
}
