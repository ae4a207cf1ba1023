package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// binaries are the server programs of one installation.
type binaries struct {
	dir     string // holds initdb and postgres
	release string // such as "15.18"
	major   int
}

func (b binaries) program(name string) string { return filepath.Join(b.dir, name) }

// installed lists the folders of this machine that hold server binaries of a supported version, as far as
// their place tells: what PATH names first, then the usual folders, newest version first.
func installed(ctx context.Context) []string {
	var found []string
	seen := map[string]bool{}
	add := func(dir string) {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || seen[real] || !hasServer(real) {
			return
		}
		seen[real] = true
		found = append(found, dir)
	}
	if tool, err := exec.LookPath("pg_config"); err == nil {
		if out, err := exec.CommandContext(ctx, tool, "--bindir").Output(); err == nil {
			add(strings.TrimSpace(string(out)))
		}
	}
	for _, dir := range usualFolders() {
		add(dir)
	}
	if tool, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(tool); err == nil {
			add(filepath.Dir(real))
		}
	}
	return found
}

// usualFolders are those of Debian, Red Hat, Homebrew, Postgres.app and FreeBSD.
func usualFolders() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/libexec/postgresql*",
	} {
		matches, _ := filepath.Glob(pattern) // the patterns are well formed
		sort.SliceStable(matches, func(i, j int) bool { return majorInPath(matches[i]) > majorInPath(matches[j]) })
		dirs = append(dirs, matches...)
	}
	return append(dirs, "/usr/lib/postgresql/bin", "/opt/homebrew/bin", "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin")
}

var pathNumber = regexp.MustCompile(`\d+`)

func majorInPath(path string) int {
	major, _ := strconv.Atoi(pathNumber.FindString(path)) // 0 when it names none
	return major
}

func hasServer(dir string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() || info.Mode().Perm()&0o111 == 0 {
			return false
		}
	}
	return true
}

// binariesIn accepts a folder of binaries, or an installation whose bin is that folder.
func binariesIn(dir string) (string, error) {
	if rest, ok := strings.CutPrefix(dir, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(home, rest)
		}
	}
	for _, candidate := range []string{dir, filepath.Join(dir, "bin")} {
		if hasServer(candidate) {
			return filepath.Abs(candidate)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("folder of binaries: %w", err)
	}
	return "", fmt.Errorf("folder %q does not hold the programs postgres and initdb", dir)
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// probe asks the binaries for their version, running as the account that will run the server. Binaries that the
// account cannot reach, as under root's home, are copied to where it can.
func probe(ctx context.Context, dir string, as account) (binaries, error) {
	out, err := runVersion(ctx, dir, as)
	if errors.Is(err, os.ErrPermission) && as.lent {
		if dir, err = reachableCopy(ctx, dir, as); err != nil {
			return binaries{}, err
		}
		out, err = runVersion(ctx, dir, as)
	}
	if err != nil {
		return binaries{}, err
	}
	match := versionLine.FindStringSubmatch(out)
	if match == nil {
		return binaries{}, fmt.Errorf("%s --version says %q, which is not PostgreSQL", filepath.Join(dir, "postgres"), strings.TrimSpace(out))
	}
	major, err := strconv.Atoi(match[2])
	if err != nil {
		return binaries{}, fmt.Errorf("version %q: %w", match[1], err)
	}
	return binaries{dir, match[1], major}, supported(major, match[1]+" in "+dir)
}

func runVersion(ctx context.Context, dir string, as account) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Dir, cmd.Env = "/", serverEnv()
	detach(cmd, as)
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // not the signal that ended the program
	}
	if err != nil {
		return "", fmt.Errorf("run postgres --version: %w%s", err, tail(string(out)))
	}
	return string(out), nil
}

// tail is the end of a program's output, to stand after an error.
func tail(output string) string {
	output = strings.TrimSpace(output)
	if output == "" {
		return ""
	}
	lines := strings.Split(output, "\n")
	if len(lines) > 6 {
		lines = lines[len(lines)-6:]
	}
	return "\n" + strings.Join(lines, "\n")
}

// serverEnv is the environment of the server's programs: nothing of the PG* variables or of the
// user's locale and time zone.
func serverEnv() []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok {
		env = append(env, "LD_LIBRARY_PATH="+path)
	}
	return env
}
