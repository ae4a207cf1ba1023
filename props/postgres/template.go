package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// superuser of a private server. Dumps mention it, so it has the usual name.
const superuser = "postgres"

// unusedTemplate is how long a template stays without being used.
const unusedTemplate = 14 * 24 * time.Hour

// template is an initialised cluster that is copied, never started.
type template struct {
	dir  string // the data folder
	from binaries
}

// template returns the cached template of an installation, made by initdb if it is missing.
func (r room) template(ctx context.Context, binDir string, as account, log func(string, ...any)) (template, error) {
	key, err := templateKey(binDir, as)
	if err != nil {
		return template{}, err
	}
	dir := filepath.Join(r.dir, "template-"+key)
	if t, ok := readTemplate(dir); ok {
		return t, nil
	}
	held, err := waitLock(ctx, dir+".lock")
	if err != nil {
		return template{}, err
	}
	defer disk.Unlock(held)
	if t, ok := readTemplate(dir); ok {
		return t, nil
	}
	from, err := probe(ctx, binDir, as)
	if err != nil {
		return template{}, err
	}
	log("preparing PostgreSQL %s, once", from.release)
	r.dropUnused(dir)
	if err := build(ctx, dir, from, as); err != nil {
		return template{}, err
	}
	return template{dir, from}, nil
}

// templateKey changes when the programs do, or what we do with them.
func templateKey(binDir string, as account) (string, error) {
	real, err := filepath.EvalSymlinks(binDir)
	if err != nil {
		return "", fmt.Errorf("folder of binaries: %w", err)
	}
	sum := sha256.New()
	fmt.Fprintln(sum, real, as, initFlags(locales[0], NewestMajor))
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(real, name))
		if err != nil {
			return "", fmt.Errorf("folder of binaries: %w", err)
		}
		fmt.Fprintln(sum, identity(info))
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// originFile, in a template, names the binaries that made it: folder, release and major, one a line.
const originFile = "rlsfuzz.origin"

func readTemplate(dir string) (template, bool) {
	text, err := os.ReadFile(filepath.Join(dir, originFile))
	if err != nil {
		return template{}, false
	}
	t := template{dir: dir}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 3 || !hasServer(lines[0]) {
		return template{}, false
	}
	t.from.dir, t.from.release = lines[0], lines[1]
	if _, err := fmt.Sscan(lines[2], &t.from.major); err != nil {
		return template{}, false
	}
	return t, true
}

// build runs initdb beside the template's place and renames the result: a template is there whole or
// not at all. The template's lock is held.
func build(ctx context.Context, dir string, from binaries, as account) error {
	left, _ := filepath.Glob(dir + ".new-*") // of a killed run; the pattern is well formed
	for _, path := range append(left, dir) {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove an unfinished template: %w", err)
		}
	}
	fresh := dir + ".new-" + randomHex(3)
	defer os.RemoveAll(fresh) // gone already when all went well
	var err error
	for _, locale := range locales {
		if err = initialise(ctx, fresh, from, as, locale); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return err
	}
	origin := fmt.Sprintf("%s\n%s\n%d\n", from.dir, from.release, from.major)
	if err := os.WriteFile(filepath.Join(fresh, originFile), []byte(origin), 0o600); err != nil {
		return fmt.Errorf("finish the template: %w", err)
	}
	if err := os.Rename(fresh, dir); err != nil {
		return fmt.Errorf("finish the template: %w", err)
	}
	return nil
}

// locales are tried in turn: C.UTF-8 knows the case of all letters, and sorts by code point
// as C does, but not every system has it.
var locales = []string{"C.UTF-8", "C"}

func initFlags(locale string, major int) []string {
	flags := []string{
		"--username=" + superuser, "--auth=trust", "--encoding=UTF8", "--locale=" + locale,
		"--no-sync", "--no-instructions", "--wal-segsize=1",
	}
	if major >= 18 {
		flags = append(flags, "--no-data-checksums")
	}
	return flags
}

func initialise(ctx context.Context, dir string, from binaries, as account, locale string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove an unfinished template: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make the template's folder: %w", err)
	}
	if err := as.own(dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, from.program("initdb"), append(initFlags(locale, from.major), "--pgdata="+dir)...)
	cmd.Dir, cmd.Env = "/", serverEnv()
	cmd.WaitDelay = time.Second
	detach(cmd, as)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("run initdb: %w%s", err, tail(string(out))))
	}
	return nil
}

// dropUnused removes other templates that nobody used for long.
func (r room) dropUnused(keep string) {
	dirs, _ := filepath.Glob(filepath.Join(r.dir, "template-*")) // the pattern is well formed
	for _, dir := range dirs {
		if strings.HasSuffix(dir, ".lock") || dir == keep {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, originFile))
		if err != nil || time.Since(info.ModTime()) < unusedTemplate {
			continue
		}
		if held, err := disk.Lock(dir + ".lock"); err == nil {
			_ = os.RemoveAll(dir) // tried again another day
			disk.Unlock(held)
		}
	}
}
