package resources

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// initialise is what the entry point of the public image runs on an empty volume:
// file_env and docker_init_database_dir of docker-library/postgres.
const initialise = `set -e
POSTGRES_PASSWORD="$(< "$POSTGRES_PASSWORD_FILE")"
eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"`

// reportCall stands in for initdb: it prints its arguments but for the file of the
// password, then what is in that file.
const reportCall = `#!/bin/bash
for argument; do
  case $argument in
  --pwfile=*) file=${argument#--pwfile=} ;;
  *) printf '%s ' "$argument" ;;
  esac
done
cat "$file"
`

// PostgreSQL's initdb, called as the image's entry point calls it, gets each twin's
// password of the superuser as it is. The real one is run for the first password of
// each length and for those that begin with a hyphen or an underscore; a stand-in, which
// shows what it was given, for each twin.
func TestGeneratedValuesInitialisePostgres(t *testing.T) {
	bin := postgresPrograms(t)
	root, err := os.MkdirTemp("", "energytwin-initdb-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(root)) })
	require.NoError(t, os.Chmod(root, 0o777))
	standIn := filepath.Join(root, "stand-in")
	require.NoError(t, os.Mkdir(standIn, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(standIn, "initdb"), []byte(reportCall), 0o755))
	initialised := map[string]bool{}
	for i, w := range generatedTwins(t) {
		password := string(find[corev1.Secret](t, w, KindSecret, CredentialsName(w.Config.Name)).Data[KeyPostgresPassword])
		pod := storePod(t, w, v1.ComponentTimescale)
		l := layOut(t, w, pod, pod.Containers[0], filepath.Join(root, strconv.Itoa(i)))
		environment := []string{"LC_ALL=C", "POSTGRES_INITDB_ARGS=--no-sync"}
		for _, e := range pod.Containers[0].Env {
			environment = append(environment, e.Name+"="+l.place.Replace(e.Value))
		}
		given, err := asPostgres(append(environment, "PATH="+standIn+":"+os.Getenv("PATH")), "", "bash", "-c", initialise)
		require.NoError(t, err)
		require.Equal(t, "--username=postgres --no-sync "+password+"\n", given)

		form := strconv.Itoa(len(password))
		if strings.ContainsAny(password[:1], "-_") {
			form = password[:1]
		}
		if initialised[form] {
			continue
		}
		initialised[form] = true
		data := filepath.Join(root, fmt.Sprintf("data-%d", i))
		environment = append(environment, "PATH="+bin+":"+os.Getenv("PATH"), "PGDATA="+data)
		_, err = asPostgres(environment, "", "bash", "-c", initialise)
		require.NoError(t, err)
		verifier, err := asPostgres(environment, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'\n", "postgres", "--single", "-D", data, "postgres")
		require.NoError(t, err)
		requireVerifier(t, verifier, password)
		require.NoError(t, os.RemoveAll(data))
	}
	require.Len(t, initialised, 4)
}

// postgresPrograms is the folder with initdb.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("initdb is not installed: not tested with PostgreSQL's own")
	}
	return filepath.Dir(found[len(found)-1])
}

// asPostgres runs a program that does not run as root, as another user if need be.
func asPostgres(environment []string, in, program string, args ...string) (string, error) {
	cmd := exec.Command("/usr/bin/env", append([]string{program}, args...)...)
	cmd.Env, cmd.Stdin, cmd.Dir = environment, strings.NewReader(in), "/"
	if os.Getuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return string(out), err
}

// requireVerifier checks what a server compares a password with: the server key of
// RFC 5802.
func requireVerifier(t *testing.T, text, password string) {
	t.Helper()
	parts := regexp.MustCompile(`SCRAM-SHA-256\$(\d+):([^$]+)\$[^:]+:([A-Za-z0-9+/=]+)`).FindStringSubmatch(text)
	require.NotNil(t, parts, text)
	iterations, err := strconv.Atoi(parts[1])
	require.NoError(t, err)
	salt, err := base64.StdEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	require.NoError(t, err)
	mac := hmac.New(sha256.New, salted)
	mac.Write([]byte("Server Key"))
	require.Equal(t, base64.StdEncoding.EncodeToString(mac.Sum(nil)), parts[3], "another password was set")
}
