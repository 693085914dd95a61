package embedded

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// passwordFile keeps a server's password beside its data: the data outlives the
// process, and so must the way in.
const passwordFile = "password"

// password returns the folder's password, made up when there is none yet.
func (f *folder) password() (string, error) {
	kept, err := os.ReadFile(f.file(passwordFile))
	if err == nil && len(kept) > 0 {
		return strings.TrimSpace(string(kept)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the password in %s: %w", f.path, err)
	}
	made := rand.Text()
	if err := writeFile(f.file(passwordFile), []byte(made+"\n")); err != nil {
		return "", fmt.Errorf("keeping the password in %s: %w", f.path, err)
	}
	return made, nil
}
