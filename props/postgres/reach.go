package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// reachableCopy copies an installation to where the server's account can run it, once. Only one that is
// built to be moved can be copied: its libraries and its data lie beside its programs.
func reachableCopy(ctx context.Context, dir string, as account) (string, error) {
	prefix := filepath.Dir(dir)
	if info, err := os.Stat(filepath.Join(prefix, "share")); err != nil || !info.IsDir() || filepath.Base(dir) != "bin" {
		return "", fmt.Errorf("user %d, who runs the server because root may not, cannot reach %q: put it where everybody can", as.uid, dir)
	}
	key, err := templateKey(dir, as)
	if err != nil {
		return "", err
	}
	// Not in memory: that is often mounted so that nothing in it can be run.
	home := filepath.Join(os.TempDir(), fmt.Sprintf("rlsfuzz-%d", os.Geteuid()))
	if err := privateDir(home); err != nil {
		return "", err
	}
	copied := filepath.Join(home, "binaries-"+key)
	held, err := waitLock(ctx, copied+".lock")
	if err != nil {
		return "", err
	}
	defer disk.Unlock(held)
	if hasServer(filepath.Join(copied, "bin")) {
		return filepath.Join(copied, "bin"), nil
	}
	fresh := copied + ".new-" + randomHex(3)
	defer os.RemoveAll(fresh) // gone already when all went well
	if err := (copier{workers: 2, shared: true, skip: forDevelopers}).copy(prefix, fresh); err != nil {
		return "", err
	}
	if err := errors.Join(os.RemoveAll(copied), os.Rename(fresh, copied)); err != nil {
		return "", fmt.Errorf("copy %q: %w", prefix, err)
	}
	return filepath.Join(copied, "bin"), nil
}

// forDevelopers is true of the parts of an installation that no server needs.
func forDevelopers(relative string) bool {
	return strings.HasSuffix(relative, ".a") || strings.HasPrefix(relative, "include"+string(filepath.Separator)) ||
		strings.Contains(relative, string(filepath.Separator)+"pgxs"+string(filepath.Separator))
}
