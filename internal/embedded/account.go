package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the system user that a server runs as.
type account struct {
	name string
	uid  uint32
	gid  uint32
	own  bool // this process's user: nothing has to change
}

// serverAccount is the user to run PostgreSQL as: ourselves, unless we are root,
// as whom PostgreSQL does not run. Then it is the owner of the data, if there
// is data from a run as an ordinary user, else a user that systems have for such
// purposes.
func serverAccount(data string) (account, error) {
	if os.Geteuid() != 0 {
		return account{own: true}, nil
	}
	if found := ownerOf(data); found != nil && found.Uid != "0" {
		return newAccount(found)
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return newAccount(found)
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as: run energytwin as an ordinary user, or add one of the two")
}

// ownerOf is the user who owns a file; nil if there is no file or no such user.
func ownerOf(path string) *user.User {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	found, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10))
	if err != nil {
		return nil
	}
	return found
}

func newAccount(found *user.User) (account, error) {
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user %s has the id %q, which is no number", found.Username, found.Uid)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user %s has the group %q, which is no number", found.Username, found.Gid)
	}
	return account{name: found.Username, uid: uint32(uid), gid: uint32(gid)}, nil
}

// apply makes a command run as the account. The working directory becomes /: the
// account may not be able to enter ours.
func (a account) apply(cmd *exec.Cmd) {
	cmd.Dir = "/"
	if a.own {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid}}
}

// give makes the account the owner of a file or folder and all below it.
func (a account) give(path string) error {
	if a.own {
		return nil
	}
	return filepath.WalkDir(path, func(entry string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(entry, int(a.uid), int(a.gid))
	})
}

// reaches returns an error that names the folder which keeps the account from
// path, and the way out.
func (a account) reaches(path string) error {
	if a.own {
		return nil
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for folder := resolved; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		if info.IsDir() && !a.mayPass(info) {
			return fmt.Errorf("PostgreSQL runs as the user %s, because it does not run as root, and %s cannot pass the folder %s (mode %04o): use a folder elsewhere, or run chmod o+x %s",
				a.name, a.name, folder, info.Mode().Perm(), folder)
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// mayPass reports whether the account has the right to pass through a folder.
func (a account) mayPass(info os.FileInfo) bool {
	bit := os.FileMode(0o001)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case stat.Uid == a.uid:
			bit = 0o100
		case stat.Gid == a.gid:
			bit = 0o010
		}
	}
	return info.Mode().Perm()&bit != 0
}
