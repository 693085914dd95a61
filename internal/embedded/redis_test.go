package embedded

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// startRedis starts a server that the test stops.
func startRedis(t *testing.T, options RedisOptions) *RedisServer {
	t.Helper()
	s, err := Redis(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// requireRedis skips where only the in-process server can run.
func requireRedis(t *testing.T) {
	t.Helper()
	if _, err := redisProgram(); err != nil {
		t.Skip("no redis-server is installed on this machine")
	}
}

func redisClient(t *testing.T, address, password string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address, Password: password})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func (s *RedisServer) client(t *testing.T) *redis.Client {
	return redisClient(t, s.Address, s.Password)
}

func TestRedisSettings(t *testing.T) {
	requireRedis(t)
	s := startRedis(t, RedisOptions{})
	for name, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "everysec", "bind": "127.0.0.1", "maxmemory-policy": "noeviction",
	} {
		got, err := s.client(t).ConfigGet(t.Context(), name).Result()
		require.NoError(t, err)
		require.Equal(t, want, got[name], name)
	}
}

func TestRedisRefusesAWrongPassword(t *testing.T) {
	for name, options := range map[string]RedisOptions{"installed": {}, "in process": {InProcess: true}} {
		t.Run(name, func(t *testing.T) {
			s := startRedis(t, options)
			require.ErrorContains(t, redisClient(t, s.Address, "guess").Ping(t.Context()).Err(), "WRONGPASS")
			require.NoError(t, s.client(t).Ping(t.Context()).Err())
		})
	}
}

func TestRedisKeepsDataAndPort(t *testing.T) {
	requireRedis(t)
	dir := t.TempDir()
	first := startRedis(t, RedisOptions{Dir: dir})
	require.NoError(t, first.client(t).Set(t.Context(), "kept", "here", 0).Err())
	require.NoError(t, first.Stop(t.Context()))
	require.False(t, alive(first.process.pid))

	second := startRedis(t, RedisOptions{Dir: dir})
	require.False(t, second.Adopted)
	require.Equal(t, first.Address, second.Address)
	require.Equal(t, "here", second.client(t).Get(t.Context(), "kept").Val())
}

func TestRedisDeletesATemporaryFolder(t *testing.T) {
	s := startRedis(t, RedisOptions{})
	require.DirExists(t, s.folder.path)
	require.NoError(t, s.Stop(t.Context()))
	require.NoDirExists(t, s.folder.path)
}

func TestRedisTakesOverAnOrphan(t *testing.T) {
	requireRedis(t)
	dir := t.TempDir()
	h := startHelper(t, os.Args[0], "redis", dir, nil)
	address := h.until(t, "ready: ")
	h.kill()

	progress, said := told(t)
	s := startRedis(t, RedisOptions{Dir: dir, Progress: progress})
	require.True(t, s.Adopted)
	require.Contains(t, said(), "took over")
	require.Equal(t, address, s.Address)
	require.NoError(t, s.client(t).Set(t.Context(), "kept", "here", 0).Err())
	require.NoError(t, s.Stop(t.Context()))
	require.False(t, alive(s.process.pid))

	again := startRedis(t, RedisOptions{Dir: dir})
	require.False(t, again.Adopted)
	require.Equal(t, "here", again.client(t).Get(t.Context(), "kept").Val())
}

func TestRedisSurvivesItsOwnKill(t *testing.T) {
	requireRedis(t)
	dir := t.TempDir()
	first := startRedis(t, RedisOptions{Dir: dir})
	require.NoError(t, first.client(t).Set(t.Context(), "kept", "here", 0).Err())
	require.NoError(t, syscall.Kill(first.process.pid, syscall.SIGKILL))
	<-first.process.done
	require.NoError(t, first.Stop(t.Context()))

	second := startRedis(t, RedisOptions{Dir: dir})
	require.Equal(t, "here", second.client(t).Get(t.Context(), "kept").Val())
}

// A pid file may name a process that has nothing to do with Redis, after a
// reboot for one.
func TestRedisIgnoresAReusedPid(t *testing.T) {
	requireRedis(t)
	dir := t.TempDir()
	first := startRedis(t, RedisOptions{Dir: dir})
	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, os.WriteFile(first.folder.file("redis.pid"), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644))
	require.False(t, startRedis(t, RedisOptions{Dir: dir}).Adopted)
}

func TestRedisFolderIsForOneProcess(t *testing.T) {
	dir := t.TempDir()
	startRedis(t, RedisOptions{Dir: dir})
	_, err := Redis(t.Context(), RedisOptions{Dir: dir})
	require.ErrorIs(t, err, ErrInUse)
}

func TestTwoRedisAtOnce(t *testing.T) {
	a, b := startRedis(t, RedisOptions{}), startRedis(t, RedisOptions{})
	require.NoError(t, a.client(t).Set(t.Context(), "only", "here", 0).Err())
	require.ErrorIs(t, b.client(t).Get(t.Context(), "only").Err(), redis.Nil)
}

// The processor flips a checkpoint's pointer with a script, which the in-process
// server has to run too.
func TestRedisInProcessRunsScripts(t *testing.T) {
	progress, said := told(t)
	s := startRedis(t, RedisOptions{InProcess: true, Progress: progress})
	require.True(t, s.InProcess)
	require.Contains(t, said(), "keeps nothing across restarts")
	got, err := s.client(t).Eval(t.Context(), "redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[1])", []string{"key"}, "value").Result()
	require.NoError(t, err)
	require.Equal(t, "value", got)
}
