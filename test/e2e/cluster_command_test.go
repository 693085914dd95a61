package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	commands "github.com/energytwin/energytwin/cmd/energytwin/cluster"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestClusterCommand: each command of kubectl energytwin does on a cluster what it
// says, with the quickstart.
func TestClusterCommand(t *testing.T) {
	s := connect(t).space(t, "e2e-plugin")
	p := s.plugin()
	twin := s.sample("quickstart.yaml")
	twin.Spec.DeletionPolicy = v1.DeletionDelete
	twin.Spec.Timescale = &v1.Timescale{Managed: &v1.ManagedTimescale{Backup: &v1.Backup{Schedule: "30 2 * * *", Volume: &v1.Storage{Size: "1Gi"}}}}
	s.make(twin)
	name := twin.Name

	require.Contains(t, p.ok("wait", name), "Running")
	require.Contains(t, p.ok("status"), name)
	eventually(t, "the worst limit", func() (string, bool) {
		text := p.ok("status", name)
		return text, strings.Contains(text, "worst limit")
	})
	var all []commands.Overview
	require.NoError(t, json.Unmarshal([]byte(p.ok("status", name, "-o", "json")), &all))
	require.Len(t, all, 1)
	require.Contains(t, []string{"feeder-0001", "feeder-0002", "feeder-0004", "feeder-0005"}, all[0].WorstLimit.Group)
	require.Contains(t, p.ok("logs", name, "generator", "--tail", "5"), "/generator] {")

	page := p.start("open", name, "--no-browser")
	address := page.line()
	s.opens(address)
	following := p.start("logs", name, "processor", "-f")
	require.Contains(t, following.line(), "["+resources.Name(name, "processor-"))
	before := s.pods(resources.Name(name, "processor-"))
	p.ok("restart", name, "api", "processor")
	s.opens(address)
	for old := true; old; {
		pod, _, _ := strings.Cut(strings.TrimPrefix(following.line(), "["), "/")
		_, old = before[pod]
	}
	page.interrupt()
	following.interrupt()

	require.Contains(t, p.ok("backup", "now", name), "dumped to "+name)
	secret := resources.CredentialsName(name)
	password := string(s.secret(secret)[resources.KeyRedisPassword])
	p.ok("rotate", name, resources.KeyRedisPassword, "--yes")
	require.NotEqual(t, password, string(s.secret(secret)[resources.KeyRedisPassword]))
	require.Contains(t, p.ok("restore", name, "--yes"), "restored "+name)
	s.requireNoSecretIn(p.report(name), name)

	p.ok("hibernate", name)
	require.Empty(t, s.pods(resources.Name(name, "kafka-")))
	require.Contains(t, p.ok("status", name), "Hibernated")
	p.ok("resume", name)
	s.remove(name)
}

// plugin is the command as kubectl finds it.
type plugin struct {
	*space
	dir string
}

func (s *space) plugin() *plugin {
	s.t.Helper()
	p := &plugin{s, s.t.TempDir()}
	_, err := command(s.t, "go", "build", "-o", filepath.Join(p.dir, "kubectl-energytwin"), "../../cmd/energytwin")
	require.NoError(s.t, err)
	return p
}

func (p *plugin) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), filepath.Join(p.dir, "kubectl-energytwin"), append([]string{"-n", p.name}, args...)...)
	cmd.Dir = p.dir
	return cmd
}

// ok runs a command that must succeed, and returns what it printed.
func (p *plugin) ok(args ...string) string {
	p.t.Helper()
	var errs bytes.Buffer
	cmd := p.command(args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(p.t, err, "%v: %s%s", args, out, &errs)
	return string(out)
}

// running is a command that goes on until it is interrupted.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
	errs  *bytes.Buffer
}

func (p *plugin) start(args ...string) *running {
	p.t.Helper()
	r := &running{t: p.t, cmd: p.command(args...), errs: &bytes.Buffer{}}
	r.cmd.Stderr = r.errs
	out, err := r.cmd.StdoutPipe()
	require.NoError(p.t, err)
	r.lines = bufio.NewScanner(out)
	r.lines.Buffer(nil, 1<<20)
	require.NoError(p.t, r.cmd.Start())
	p.t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// line waits for the next line that the command prints.
func (r *running) line() string {
	r.t.Helper()
	require.True(r.t, r.lines.Scan(), "it ended: %v", r.lines.Err())
	return r.lines.Text()
}

// interrupt ends a command as Ctrl-C does, which is no failure.
func (r *running) interrupt() {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(os.Interrupt))
	for r.lines.Scan() {
	}
	require.NoError(r.t, r.cmd.Wait(), "%s", r.errs)
}

// opens waits until a page is served.
func (s *space) opens(address string) {
	s.t.Helper()
	eventually(s.t, address, func() (string, bool) {
		response, err := http.Get(address)
		if err != nil {
			return "no answer", false
		}
		defer response.Body.Close()
		return response.Status, response.StatusCode == http.StatusOK
	})
}

// report is what the report of a twin holds, by the name of the file.
func (p *plugin) report(twin string) map[string]string {
	p.t.Helper()
	file := filepath.Join(p.dir, "report.tar.gz")
	p.ok("report", twin, "--out", file)
	content, err := os.ReadFile(file)
	require.NoError(p.t, err)
	unpacked, err := gzip.NewReader(bytes.NewReader(content))
	require.NoError(p.t, err)
	archive, out := tar.NewReader(unpacked), map[string]string{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(p.t, err)
		text, err := io.ReadAll(archive)
		require.NoError(p.t, err)
		out[strings.TrimPrefix(header.Name, twin+"/")] = string(text)
	}
}

// requireNoSecretIn checks that a report has what a helper needs, and none of the
// passwords and keys of the twin.
func (s *space) requireNoSecretIn(report map[string]string, twin string) {
	s.t.Helper()
	for _, file := range []string{"README.txt", "twin.yaml", "events.txt", "statefulset/" + twin + "-kafka.yaml", "logs/" + twin + "-kafka-0/kafka.txt"} {
		require.NotEmpty(s.t, report[file], file)
	}
	for key, value := range s.secret(resources.CredentialsName(twin)) {
		for file, text := range report {
			require.NotContains(s.t, text, string(value), "%s in %s", key, file)
		}
	}
}
