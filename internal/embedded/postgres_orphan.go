package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// takeOverPatience is how long a server left behind may take to answer, if it
// was itself just starting.
const takeOverPatience = 15 * time.Second

// takeOver looks for a server that a killed process of ours left running on the
// data folder. It adopts one that answers and has the settings we want, and
// stops any other.
func (s *PostgresServer) takeOver(ctx context.Context) (adopted bool, err error) {
	pid, port := readPidFile(s.pidFile())
	if pid == 0 || !alive(pid) {
		return false, nil // a stale pid file is the server's own business
	}
	if !s.isOurs(pid) {
		// After a reboot the number may belong to any program, and the server
		// would take that for a running one.
		return false, os.Remove(s.pidFile())
	}
	left := adoptServer(pid)
	if s.hasOurSettings(pid, port) && s.waitFor(ctx, left, port) == nil {
		s.process, s.URL, s.Adopted = left, s.urlOf(port, postgresDatabase), true
		s.options.Progress.say(fmt.Sprintf("took over the PostgreSQL %s that was still running on %s", s.Version, loopback(port)))
		return true, nil
	}
	s.options.Progress.say(fmt.Sprintf("stopping a PostgreSQL left behind (process %d)", pid))
	if err := stopPostgres(ctx, left); err != nil {
		return false, fmt.Errorf("a server was left running on this folder: %w: end it by hand", err)
	}
	return false, nil
}

func (s *PostgresServer) waitFor(ctx context.Context, left *server, port int) error {
	ctx, cancel := context.WithTimeout(ctx, takeOverPatience)
	defer cancel()
	return left.ready(ctx, func(ctx context.Context) error { return s.answers(ctx, port) })
}

func (s *PostgresServer) pidFile() string { return filepath.Join(s.dataFolder(), "postmaster.pid") }

// isOurs reports whether a process is a PostgreSQL server on our data folder.
func (s *PostgresServer) isOurs(pid int) bool {
	line := commandLine(pid)
	return strings.Contains(line, "postgres") && strings.Contains(line, "-D "+s.dataFolder())
}

// hasOurSettings reports whether a server was started as we would start it now.
func (s *PostgresServer) hasOurSettings(pid, port int) bool {
	return strings.Contains(commandLine(pid), strings.Join(s.arguments(port), " "))
}
