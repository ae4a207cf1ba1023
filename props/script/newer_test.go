package script_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

const newerHead = `--
-- PostgreSQL database dump
--
\restrict key
-- Dumped from database version 99.1
-- Dumped by pg_dump version 99.1
`

// TestRunNewer loads what pg_dump of a newer server writes: what an older one does not know and
// nothing depends on is left out with a note, anything else is an error that names the remedy.
func TestRunNewer(t *testing.T) {
	version := require.Postgres(t).Version() / 10000
	maintain, notes := 0, 1
	if version < 17 {
		maintain, notes = 1, 2
	}
	const schema = `
SET statement_timeout = 0;
SET timeout_of_the_future = 0;
CREATE TABLE public.newer (id int, "a,b" int);
CREATE ROLE newer_a;
CREATE ROLE newer_b;
GRANT newer_a TO newer_b WITH INHERIT TRUE;
`
	for _, tt := range []struct {
		name, src string
		notes     int
		err       string
	}{
		{name: "a setting and memberships", src: newerHead + schema, notes: 1},
		{name: "privileges", src: newerHead + schema + `GRANT SELECT(id,"a,b"),INSERT,MAINTAIN,DELETE ON TABLE public.newer TO newer_b;
GRANT MAINTAIN ON TABLE public.newer TO newer_a;
ALTER DEFAULT PRIVILEGES FOR ROLE newer_a IN SCHEMA public REVOKE GRANT OPTION FOR SELECT,MAINTAIN ON TABLES FROM newer_b;`, notes: notes},
		{name: "no dump", src: "SET transaction_timeout = 0; SET SESSION lock_timeout TO 0; SET ROLE NONE; SET TRANSACTION READ ONLY;", notes: maintain},
		{name: "a mistake that is no dump's", src: "SET timeout_of_the_future = 0", err: "unrecognized configuration parameter"},
		{name: "what depends on it", src: newerHead + "CREATE TABLE t (a int) OF THE FUTURE;", err: fmt.Sprintf("pg_dump of version 99 wrote this file, and the server is of version %d: --postgres", version)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScratch(t)
			result, err := s.run(tt.src, script.RunOptions{})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want …%s…", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Notes) != tt.notes {
				t.Errorf("%d notes, want %d: %q", len(result.Notes), tt.notes, result.Notes)
			}
			if tt.name != "privileges" {
				return
			}
			var ok bool
			if err := s.QueryRow(context.Background(), `SELECT has_column_privilege('newer_b', 'newer', 'a,b', 'SELECT')
				AND has_table_privilege('newer_b', 'newer', 'INSERT, DELETE') AND NOT has_table_privilege('newer_b', 'newer', 'SELECT')`).Scan(&ok); err != nil || !ok {
				t.Errorf("the other privileges were not granted: %v", err)
			}
		})
	}
}
