package postgres

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// account is the user that server programs run as. PostgreSQL refuses to run as root, so root lends it
// another one; everybody else is their own.
type account struct {
	uid, gid int
	lent     bool
}

// serverAccount picks the account: postgres, else nobody, else the number that is nobody's.
func serverAccount() account {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}
	}
	for _, name := range []string{"postgres", "nobody"} {
		known, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(known.Uid)
		gid, err2 := strconv.Atoi(known.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{uid: uid, gid: gid, lent: true}
		}
	}
	return account{uid: 65534, gid: 65534, lent: true}
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.lent {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give %q to user %d: %w", path, a.uid, err)
	}
	return nil
}

// ownFile is own for an open file.
func (a account) ownFile(file *os.File) error {
	if !a.lent {
		return nil
	}
	return file.Chown(a.uid, a.gid)
}
