package props_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestInitArchive restores an archive once, with the pg_restore of the installation that is to run the server.
func TestInitArchive(t *testing.T) {
	installation := t.TempDir()
	bin := filepath.Join(installation, "bin")
	if err := os.Rename(require.Folder(t, map[string]string{
		"postgres": "#!/bin/sh\n", "initdb": "#!/bin/sh\n",
		"pg_restore": "#!/bin/sh\necho ran >>\"$0.log\"\necho 'CREATE TABLE t (id int);'\n",
	}), bin); err != nil {
		t.Fatal(err)
	}
	dir := require.Folder(t, map[string]string{"s.dump": "PGDMP"})
	_, err := props.Init(t.Context(), props.InitConfig{
		Sources: []string{filepath.Join(dir, "s.dump")}, Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: installation,
	})
	var refused *postgres.Unavailable // that postgres is none
	if !errors.As(err, &refused) {
		t.Errorf("%v, want a *postgres.Unavailable", err)
	}
	log, err := os.ReadFile(filepath.Join(bin, "pg_restore.log"))
	if err != nil || string(log) != "ran\n" {
		t.Errorf("pg_restore: %q, %v, want it to run once", log, err)
	}
}
