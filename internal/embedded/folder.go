package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrInUse is returned when another process uses a service's data folder.
var ErrInUse = errors.New("data folder is in use")

// lockFile in a service's folder is locked while a process uses the folder. The
// system drops the lock when the process ends, however it ends.
const lockFile = "lock"

// folder is the data folder of one service, locked for this process.
type folder struct {
	path      string
	temporary bool
	lock      *os.File
}

// openFolder makes the folder at path where it is missing and locks it. An
// empty path asks for a temporary folder, which close deletes.
func openFolder(path, service string) (*folder, error) {
	f := &folder{path: path, temporary: path == ""}
	if f.temporary {
		made, err := os.MkdirTemp("", "energytwin-"+service+"-")
		if err != nil {
			return nil, fmt.Errorf("making a temporary folder for %s: %w", service, err)
		}
		f.path = made
	}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the %s folder %s: %w", service, f.path, err), f.close())
	}
	return f, nil
}

func (f *folder) prepare() error {
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return err
	}
	absolute, err := filepath.Abs(f.path)
	if err != nil {
		return err
	}
	// Servers report their folder with links followed; ours is compared with it.
	if f.path, err = filepath.EvalSymlinks(absolute); err != nil {
		return err
	}
	if f.temporary {
		// MkdirTemp makes folders that only their owner can pass, but a
		// server that drops root's rights must pass this one.
		if err := os.Chmod(f.path, 0o711); err != nil {
			return err
		}
	}
	return f.takeLock()
}

func (f *folder) takeLock() error {
	lock, err := os.OpenFile(f.file(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer lock.Close()
		return fmt.Errorf("%w by %s: stop that process, or use another folder", ErrInUse, lockHolder(lock))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("locking %s: %w", lock.Name(), err), lock.Close())
	}
	f.lock = lock
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

func lockHolder(lock *os.File) string {
	buf := make([]byte, 32)
	n, _ := lock.ReadAt(buf, 0)
	if pid := strings.TrimSpace(string(buf[:n])); pid != "" {
		return "process " + pid
	}
	return "another process"
}

// file is the path of a file in the folder.
func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// close gives the folder up, and deletes it if it is a temporary one.
func (f *folder) close() error {
	var errs []error
	if f.temporary {
		errs = append(errs, os.RemoveAll(f.path))
	}
	if f.lock != nil {
		errs = append(errs, f.lock.Close())
		f.lock = nil
	}
	return errors.Join(errs...)
}

// exists reports whether there is a file or folder at path.
func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// writeFile writes a file whole or not at all, readable by its owner alone.
func writeFile(path string, content []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, content, 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}
