package embedded

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const (
	// redisPatience bounds a start, with reading the log of commands back in.
	redisPatience = time.Minute
	// redisShutdown bounds the wait for a shutdown that writes everything out.
	redisShutdown = 30 * time.Second
)

// RedisOptions say how to run Redis.
type RedisOptions struct {
	// Dir keeps the data; "" is a temporary folder, deleted by Stop.
	Dir string
	// Progress receives what happens; it may be nil.
	Progress Progress
	// Ephemeral ends the server when this process ends without stopping it, so
	// that nothing is left behind. It holds for a temporary folder anyway, and
	// on Linux only.
	Ephemeral bool
	// InProcess uses the in-process server even where redis-server is installed.
	InProcess bool
}

// RedisServer is a running Redis server.
type RedisServer struct {
	// Address is the host and port to connect to.
	Address string
	// Password is what clients authenticate with, as the default user.
	Password string
	// InProcess reports that this is the in-process server, which forgets
	// everything when the process ends.
	InProcess bool
	// Adopted reports whether a killed process had left the server running.
	Adopted bool

	folder    *folder
	progress  Progress
	ephemeral bool
	process   *server              // nil if in process
	memory    *miniredis.Miniredis // nil if not
}

// Redis starts redis-server (or valkey-server) from PATH with an append-only
// file synced every second, or an in-process server that keeps nothing where
// neither is installed, and returns when it takes commands. A server left behind
// on the folder by a killed process is taken over. The context bounds the start
// alone; Stop ends the server.
func Redis(ctx context.Context, options RedisOptions) (*RedisServer, error) {
	folder, err := openFolder(options.Dir, "redis")
	if err != nil {
		return nil, err
	}
	s := &RedisServer{folder: folder, progress: options.Progress, ephemeral: options.Ephemeral || folder.temporary}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	if err := s.start(ctx, options.InProcess); err != nil {
		return nil, errors.Join(fmt.Errorf("starting Redis in %s: %w", folder.path, err), s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// Stop shuts the server down, waits for its end, and gives up the folder. All
// acknowledged writes are kept. Stopping twice is harmless.
func (s *RedisServer) Stop(ctx context.Context) error {
	if s.memory != nil {
		s.memory.Close()
	}
	if s.process != nil {
		if err := s.process.stop(ctx, redisShutdown, syscall.SIGTERM); err != nil {
			return fmt.Errorf("stopping Redis in %s: %w", s.folder.path, err)
		}
	}
	return s.folder.close()
}

// LogFile is the path of the server's log; the in-process server writes none.
func (s *RedisServer) LogFile() string { return s.folder.file("redis.log") }

func (s *RedisServer) start(ctx context.Context, inProcess bool) error {
	password, err := s.folder.password()
	if err != nil {
		return err
	}
	s.Password = password
	program, err := redisProgram()
	if inProcess || err != nil {
		return s.startInProcess()
	}
	adopted, err := s.takeOver(ctx)
	if adopted || err != nil {
		return err
	}
	return s.launch(ctx, program)
}

// redisProgram finds the server on PATH, Valkey being the same under a new name.
func redisProgram() (string, error) {
	program, err := exec.LookPath("redis-server")
	if err == nil {
		return program, nil
	}
	return exec.LookPath("valkey-server")
}

func (s *RedisServer) startInProcess() error {
	port, err := s.folder.port()
	if err != nil {
		return err
	}
	memory := miniredis.NewMiniRedis()
	memory.RequireAuth(s.Password)
	if err := memory.StartAddr(loopback(port)); err != nil {
		return err
	}
	s.memory, s.InProcess, s.Address = memory, true, memory.Addr()
	s.progress.say(fmt.Sprintf("an in-process Redis serves on %s; it keeps nothing across restarts (install redis-server for that), so windows are then rebuilt from Kafka or the database", s.Address))
	return nil
}

// launch starts the server, on another port if its own was taken between the
// moment we found it free and the moment the server asked for it.
func (s *RedisServer) launch(ctx context.Context, program string) error {
	for attempt := 1; ; attempt++ {
		port, err := s.folder.port()
		if err != nil {
			return err
		}
		err = s.launchOn(ctx, program, port)
		if err == nil {
			s.progress.say("Redis serves on " + s.Address)
			return nil
		}
		_, taken := freePort(port)
		if !s.process.hasEnded() || taken == nil || attempt == 3 {
			return fmt.Errorf("%w; its log ends with:\n%s", err, lastLines(s.LogFile(), 10))
		}
	}
}

func (s *RedisServer) launchOn(ctx context.Context, program string, port int) error {
	if err := writeFile(s.configFile(), s.configuration(port)); err != nil {
		return err
	}
	cmd := exec.Command(program, s.configFile()) // outlives ctx
	cmd.Dir = s.folder.path
	var ends syscall.Signal
	if s.ephemeral {
		ends = syscall.SIGTERM
	}
	process, err := startServer(cmd, s.LogFile(), ends)
	if err != nil {
		return err
	}
	s.process, s.Address = process, loopback(port)
	return process.ready(ctx, s.answers)
}

func (s *RedisServer) configFile() string { return s.folder.file("redis.conf") }

// configuration is the server's. It goes into a file that only its owner can
// read: a command line, and the password in it, is for all to see.
func (s *RedisServer) configuration(port int) []byte {
	return fmt.Appendf(nil, `bind 127.0.0.1
port %d
requirepass %s
dir %q
pidfile %q
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
`, port, s.Password, s.folder.path, s.folder.file("redis.pid"))
}

// answers asks the server whether it takes commands and works in our folder.
func (s *RedisServer) answers(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: s.Address, Password: s.Password, MaxRetries: -1})
	defer client.Close()
	settings, err := client.ConfigGet(ctx, "dir").Result()
	if err != nil {
		return err
	}
	if settings["dir"] != s.folder.path {
		return fmt.Errorf("the server on %s works in the folder %s", s.Address, settings["dir"])
	}
	return client.Ping(ctx).Err() // rejected while the data is being read in
}

// takeOver looks for a server that a killed process of ours left running on the
// folder. It adopts one that answers and stops one that does not: two servers
// would spoil each other's file.
func (s *RedisServer) takeOver(ctx context.Context) (adopted bool, err error) {
	port := s.folder.portBefore()
	pid, _ := readPidFile(s.folder.file("redis.pid"))
	if port == 0 || pid == 0 || !alive(pid) || !isRedis(pid, port) {
		return false, nil
	}
	s.Address = loopback(port)
	left := adoptServer(pid)
	asking, cancel := context.WithTimeout(ctx, takeOverPatience)
	defer cancel()
	if left.ready(asking, s.answers) == nil {
		s.process, s.Adopted = left, true
		s.progress.say("took over the Redis that was still running on " + s.Address)
		return true, nil
	}
	s.progress.say(fmt.Sprintf("stopping a Redis left behind (process %d)", pid))
	if err := left.stop(ctx, redisShutdown, syscall.SIGTERM); err != nil {
		return false, fmt.Errorf("a server was left running on this folder: %w: end it by hand", err)
	}
	return false, nil
}

// isRedis reports whether a process is a Redis server on a port: that is what such
// a server writes over its command line.
func isRedis(pid, port int) bool {
	line := commandLine(pid)
	return (strings.Contains(line, "redis") || strings.Contains(line, "valkey")) && strings.Contains(line, loopback(port))
}
