package api

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	live "github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
)

// snippets are the blocks of a language in the how-to.
func snippets(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-to", "use-the-api.md"))
	require.NoError(t, err)
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllSubmatch(text, -1) {
		if string(m[1]) == language {
			blocks = append(blocks, string(m[2]))
		}
	}
	return blocks
}

// snippet is a command that runs a block: with the address of a twin, and a key of the scope admin.
func snippet(t *testing.T, a *api, url, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "TWIN="+url, "KEY="+a.keys["admin"])
	return cmd
}

func requireOutput(t *testing.T, cmd *exec.Cmd, of string) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", of, out)
	return string(out)
}

// shell lets curl fail where it is rejected, and reads of a stream, which has no end, the first line.
const shell = `set -euo pipefail
curl() {
  case "$*" in
    *"/api/v1/stream"*)
      exec 3< <(command curl --silent --show-error --fail-with-body "$@")
      local process=$! line
      read -r line <&3
      kill "$process"
      exec 3<&-
      [[ "$line" == retry:* ]] || { echo "no stream: $line"; return 1; }
      ;;
    *) command curl --silent --show-error --fail-with-body "$@" ;;
  esac
}
`

func TestHowToWithCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	l := newLiveAPI(t)
	decision := read[[]headerAnswer](t, l.api, "/api/v1/decisions?action=load_shift&limit=1").Data[0].ID
	taking, _ := takingReadings(t)
	takingURL := serveOnLoopback(t, taking)
	requests := 0
	for _, block := range snippets(t, "sh") {
		// The address and the key are those of the test, and energytwin api keys has tests of its own.
		block = regexp.MustCompile(`(?m)^(export|energytwin|kubectl) .*\n`).ReplaceAllString(block, "")
		// Nobody stores here what is waited for.
		block = strings.ReplaceAll(block, "wait=10", "wait=0")
		// The twin of the tests lives in 2019, and prices are sent for the year after its now.
		if strings.Contains(block, "/api/v1/series/") {
			block = strings.ReplaceAll(block, "2026-01-01T", "2019-12-01T")
		}
		a, url := l.api, l.url
		if strings.Contains(block, "/api/v1/readings") {
			a, url = taking, takingURL
		}
		cmd := snippet(t, a, url, "bash", "-c", shell+block)
		cmd.Env = append(cmd.Env, "ID="+decision)
		requireOutput(t, cmd, block)
		requests += strings.Count(block, "curl ")
	}
	require.Greater(t, requests, 28)
}

func TestHowToWithPython(t *testing.T) {
	python := os.Getenv("ENERGYTWIN_TEST_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import pandas, pyarrow, requests").Run(); err != nil {
		t.Skip("no Python with pandas, pyarrow and requests here: set ENERGYTWIN_TEST_PYTHON to what hack/how-to-python prints")
	}
	a := newTestAPI(t, nil)
	url := serveOnLoopback(t, a)
	blocks := snippets(t, "python")
	require.Len(t, blocks, 3)
	for i, want := range []string{"actualKwh", "home-", " decisions"} {
		require.Contains(t, requireOutput(t, snippet(t, a, url, python, "-c", blocks[i]), blocks[i]), want)
	}
}

func TestHowToWithGo(t *testing.T) {
	l := newLiveAPI(t)
	blocks := snippets(t, "go")
	require.Len(t, blocks, 3)
	build := func(text string) (program string) {
		dir := t.TempDir()
		program = filepath.Join(dir, "program")
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o600))
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, filepath.Join(dir, "main.go")) // in the module of this package
		requireOutput(t, cmd, text)
		return program
	}
	require.Regexp(t, `^\d{4}-\d\d-\d\d .* \d`, requireOutput(t, snippet(t, l.api, l.url, build(blocks[0])), blocks[0]))
	list := requireOutput(t, snippet(t, l.api, l.url, build(blocks[1])), blocks[1])
	require.Contains(t, list, "home-000001 ")
	require.Contains(t, list, "key,at,kwh")

	// The third watches until it is interrupted.
	var hour time.Time
	var partition int
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT issued_at, partition FROM decisions ORDER BY 1 DESC LIMIT 1`).Scan(&hour, &partition))
	cmd := snippet(t, l.api, l.url, build(blocks[2]))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		lines <- line
	}()
	repeat := time.NewTicker(200 * time.Millisecond) // until it watches
	defer repeat.Stop()
	for offset := int64(1); ; offset++ {
		select {
		case <-repeat.C:
			l.announce(t, partition, offset, live.LiveDecisions, meter.HourOf(hour))
			continue
		case line := <-lines:
			require.Regexp(t, `^[0-9a-f-]{36} \w+\n$`, line)
		}
		break
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // an interrupted program may have been about to write
}
