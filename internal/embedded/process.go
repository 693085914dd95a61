package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pollEvery is how often a server that does not report it is asked again.
const pollEvery = 25 * time.Millisecond

// server is a running server process: a child of ours, or one that a killed
// process of ours left behind.
type server struct {
	pid  int
	done chan struct{} // closed when the process has ended
}

// startServer starts a child whose output goes to logPath. It gets a process
// group of its own: a Ctrl-C in the terminal is for us alone, and we stop the
// stores after the work that needs them. With ends other than 0, the system
// sends the child that signal when we end without stopping it.
func startServer(cmd *exec.Cmd, logPath string, ends syscall.Signal) (*server, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if ends != 0 {
		endWithUs(cmd.SysProcAttr, ends)
	}
	s := &server{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The signal comes when the starting thread ends: it has to last.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	s.pid = cmd.Process.Pid
	return s, nil
}

// adoptServer watches a process that is not a child of ours.
func adoptServer(pid int) *server {
	s := &server{pid: pid, done: make(chan struct{})}
	go func() {
		for alive(pid) {
			time.Sleep(10 * pollEvery)
		}
		close(s.done)
	}()
	return s
}

// hasEnded reports whether the process has ended.
func (s *server) hasEnded() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// stop sends the signals one after the other, each when the one before has not
// ended the process within patience, and waits for its end.
func (s *server) stop(ctx context.Context, patience time.Duration, signals ...syscall.Signal) error {
	for _, signal := range signals {
		if s.hasEnded() {
			return nil
		}
		if err := syscall.Kill(s.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("sending %s to process %d: %w", signal, s.pid, err)
		}
		if err := s.wait(ctx, patience); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("process %d does not end", s.pid)
}

func (s *server) wait(ctx context.Context, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for process %d to end: %w", s.pid, ctx.Err())
	case <-timer.C:
		return fmt.Errorf("process %d has not ended in %s", s.pid, patience)
	}
}

// ready asks until the server answers, ends, or the context does.
func (s *server) ready(ctx context.Context, ask func(context.Context) error) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return errors.New("it ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", errors.Join(context.Cause(ctx), err))
		case <-ticker.C:
		}
	}
}

// alive reports whether a process of that id runs.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return (err == nil || errors.Is(err, syscall.EPERM)) && !zombie(pid)
}

// zombie reports whether the process has ended and only waits to be collected. In
// a container whose first process collects nothing, an orphan waits for ever.
func zombie(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// pid (name) state …: the name may hold any character, ')' too.
	_, state, found := bytes.Cut(raw[bytes.LastIndexByte(raw, ')')+1:], []byte{' '})
	return found && bytes.HasPrefix(state, []byte{'Z'})
}

// readPidFile returns the process id (line 1) of the file that a running server
// keeps in its folder and, if the server is PostgreSQL, its port (line 4); zeros
// for what is not there.
func readPidFile(path string) (pid, port int) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, 0
	}
	number := func(line int) int {
		lines := strings.Split(string(raw), "\n")
		if line > len(lines) {
			return 0
		}
		value, err := strconv.Atoi(strings.TrimSpace(lines[line-1]))
		if err != nil || value < 0 {
			return 0
		}
		return value
	}
	return number(1), number(4)
}

// commandLine is the command line of a running process, its arguments
// separated by spaces; "" if it cannot be read.
func commandLine(pid int) string {
	if raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err == nil {
		return string(bytes.ReplaceAll(bytes.TrimRight(raw, "\x00"), []byte{0}, []byte{' '}))
	}
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(out))
}

// lastLines is the end of a log, for an error message; "" if there is no log.
func lastLines(path string, most int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-most):], []byte("\n")))
}
