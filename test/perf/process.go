package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// programs are what is run as processes of their own, as in production.
type programs struct {
	energytwin string // the binary under test
	perf       string // this program
	window     string // the compiled tests of internal/twin
}

// build compiles the programs into dir.
func build(ctx context.Context, dir string) (programs, error) {
	self, err := os.Executable()
	if err != nil {
		return programs{}, err
	}
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return programs{}, fmt.Errorf("find the repository: %w; run this program inside it", err)
	}
	p := programs{energytwin: filepath.Join(dir, "energytwin"), perf: self, window: filepath.Join(dir, "twin.test")}
	for _, args := range [][]string{
		{"build", "-trimpath", "-o", p.energytwin, "./cmd/energytwin"},
		{"test", "-c", "-o", p.window, "./internal/twin"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = string(bytes.TrimSpace(root))
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return p, nil
}

// process is a program that runs. What it prints to its error output goes into
// a file.
type process struct {
	name    string
	cmd     *exec.Cmd
	logPath string
	out     io.Reader
	done    chan struct{}
	err     error
}

// stopPatience is how long a process may take to end when asked.
const stopPatience = 30 * time.Second

// start starts a program. Its log is dir/name.log, truncated first.
func start(ctx context.Context, dir, name, program string, env []string, args ...string) (*process, error) {
	p := &process{name: name, logPath: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	p.out = read
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = write, log
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopPatience
	p.cmd.SysProcAttr = diesWithParent()
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), read.Close())
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// follow calls f with each count that the process prints, until its end, and
// reports how it ended.
func (p *process) follow(f func(done int64)) error {
	lines := bufio.NewScanner(p.out)
	for lines.Scan() {
		if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			f(n)
		}
	}
	return p.wait()
}

func (p *process) wait() error {
	<-p.done
	if p.err != nil {
		return fmt.Errorf("%s: %w; its log ends with:\n%s", p.name, p.err, p.logTail())
	}
	return nil
}

// cpu is the processor time that an ended process has used.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// hasEnded reports whether the process has ended.
func (p *process) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop asks the process to end, and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	kill := time.AfterFunc(stopPatience, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	return p.wait()
}

func (p *process) logTail() string {
	const most = 2000
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-most):]))
}

// runToEnd runs a program that prints nothing of interest.
func runToEnd(ctx context.Context, dir, name, program string, args ...string) error {
	p, err := start(ctx, dir, name, program, nil, args...)
	if err != nil {
		return err
	}
	return p.follow(func(int64) {})
}
