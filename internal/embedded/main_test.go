package embedded

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test binary is its own helper: with helperVariable set it starts the
// service named there on the folder in helperFolder, prints where it is, and
// waits to be killed.
const (
	helperVariable = "EMBEDDED_TEST_HELPER"
	helperFolder   = "EMBEDDED_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	if service := os.Getenv(helperVariable); service != "" {
		os.Exit(helper(service, os.Getenv(helperFolder)))
	}
	os.Exit(m.Run())
}

func helper(service, folder string) int {
	address, err := startForHelper(service, folder)
	if err != nil {
		fmt.Println("failed: " + strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	fmt.Println("ready: " + address)
	select {} // until killed
}

func startForHelper(service, folder string) (string, error) {
	ctx := context.Background()
	progress := func(message string) { fmt.Println("progress: " + message) }
	switch service {
	case "postgres":
		s, err := Postgres(ctx, PostgresOptions{Dir: folder, Progress: progress})
		if err != nil {
			return "", err
		}
		return s.URL, nil
	case "ephemeral postgres":
		s, err := Postgres(ctx, PostgresOptions{Dir: folder, Ephemeral: true})
		if err != nil {
			return "", err
		}
		return strconv.Itoa(s.process.pid), nil
	case "ephemeral redis":
		s, err := Redis(ctx, RedisOptions{Dir: folder, Ephemeral: true})
		if err != nil {
			return "", err
		}
		return strconv.Itoa(s.process.pid), nil
	case "redis":
		s, err := Redis(ctx, RedisOptions{Dir: folder, Progress: progress})
		if err != nil {
			return "", err
		}
		return s.Address, nil
	case "kafka":
		s, err := Kafka(ctx, KafkaOptions{Dir: folder, Progress: progress})
		if err != nil {
			return "", err
		}
		return s.Address, nil
	}
	return "", fmt.Errorf("no service %q", service)
}

// helperProcess is a running helper.
type helperProcess struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// startHelper runs a helper of the given binary, as the given user if any.
func startHelper(t *testing.T, binary, service, folder string, credential *syscall.Credential) *helperProcess {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), helperVariable+"="+service, helperFolder+"="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	h := &helperProcess{cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(h.kill)
	return h
}

// until reads what the helper says up to a line that starts so, and returns
// the rest of that line.
func (h *helperProcess) until(t *testing.T, start string) string {
	t.Helper()
	var said []string
	for h.lines.Scan() {
		said = append(said, h.lines.Text())
		if rest, found := strings.CutPrefix(h.lines.Text(), start); found {
			return rest
		}
	}
	require.Failf(t, "the helper ended", "it said: %s", strings.Join(said, "\n"))
	return ""
}

// kill ends the helper as kill -9 does, and waits until it is gone. Killing it
// twice is harmless.
func (h *helperProcess) kill() {
	if h.cmd.ProcessState != nil {
		return
	}
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

// passableFolder is a temporary folder that a server's user can reach: the
// usual temporary folders of tests are closed to other users.
func passableFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "embedded-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

// told collects what a service says.
func told(t *testing.T) (Progress, func() string) {
	var said []string
	return func(message string) { t.Log(message); said = append(said, message) },
		func() string { return strings.Join(said, "\n") }
}
