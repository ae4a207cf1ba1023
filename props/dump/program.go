package dump

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// MissingError says that no pg_dump can read the server, and what to do.
type MissingError struct {
	Have   int    // the major version of the newest pg_dump; 0 without one
	Server int    // the server's
	Path   string // of the one that was found
}

// Error says what is missing and the remedies.
func (e *MissingError) Error() string {
	remedy := fmt.Sprintf("install PostgreSQL %d's client programs and put them on PATH, or write the schema to a file where there is one (pg_dump --schema-only) and name that file", e.Server)
	if e.Have == 0 {
		return "there is no pg_dump, which reads the schema of a database: " + remedy
	}
	return fmt.Sprintf("%s is of version %d and cannot read a server of version %d: %s", e.Path, e.Have, e.Server, remedy)
}

// places is where PostgreSQL's programs may be besides PATH, as patterns.
var places = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
	"/opt/homebrew/opt/*/bin", "/usr/local/opt/*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
}

// programs is the paths of a program: the one in a folder, the one on PATH, and those of places.
func programs(name, folder string) []string {
	var out []string
	if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil && folder != "" {
		out = append(out, path)
	}
	if path, err := exec.LookPath(name); err == nil {
		out = append(out, path)
	}
	for _, pattern := range places {
		if found, err := filepath.Glob(filepath.Join(pattern, name)); err == nil {
			out = append(out, found...)
		}
	}
	return out
}

// versionOf finds the major version in what pg_dump --version prints.
var versionOf = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// find is the path of a pg_dump that is no older than the server: the one on PATH, else the first
// of places that will do. The error is a *MissingError.
func find(ctx context.Context, server int) (string, error) {
	missing := &MissingError{Server: server}
	for _, path := range programs("pg_dump", "") {
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		m := versionOf.FindSubmatch(out)
		if err != nil || m == nil {
			continue
		}
		major, err := strconv.Atoi(string(m[1]))
		if err == nil && major >= server {
			return path, nil
		}
		if err == nil && major > missing.Have {
			missing.Have, missing.Path = major, path
		}
	}
	return "", missing
}
