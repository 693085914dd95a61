package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
	"github.com/energytwin/energytwin/test/settings"
)

// TestDisturbedProcessesEndWithTheSameRows runs generator and processors as
// processes of their own on a real Kafka broker that looks for records to
// expire every second, a real redis-server and PostgreSQL. Two processors share
// the partitions. They and the generator are killed at random, one processor is
// stopped for 30 s and woken, and Redis is emptied half-way.
func TestDisturbedProcessesEndWithTheSameRows(t *testing.T) {
	kills, seconds := settings.Int(t, "ENERGYTWIN_CHAOS_KILLS", 3), settings.Int(t, "ENERGYTWIN_CHAOS_SECONDS", 60)
	sleep := time.Duration(settings.Int(t, "ENERGYTWIN_CHAOS_STOP_SECONDS", 30)) * time.Second
	random := settings.Random(t, "ENERGYTWIN_CHAOS_SEED")
	s := startStores(t)
	binary := build(t)
	readings := yearOfHomes(t, binary)

	calm := s.newTwin("calm", readings, 0)
	generator, processor := calm.start(binary, "generator", "--until-done"), calm.start(binary, "processor")
	generator.requireEnd()
	want := readRows(t, calm.database) // processors run on: they still make forecasts of the twin
	processor.stop()
	requireRows(t, want)
	s.forget(calm)

	twin := s.newTwin("disturbed", readings, float64(8088*3600/seconds))
	d := &disturbance{twin: twin, random: random, span: time.Duration(seconds) * time.Second}
	d.processes = []*process{twin.start(binary, "generator", "--until-done"), twin.start(binary, "processor"), twin.start(binary, "processor")}
	var jobs sync.WaitGroup
	jobs.Go(func() { d.kill(kills) })
	jobs.Go(func() { d.sleep(sleep) })
	jobs.Go(func() { d.emptyRedis() })
	jobs.Wait()
	d.processes[0].requireEnd()
	require.Equal(t, want, readRows(t, twin.database))
	for _, p := range d.processes[1:] {
		p.stop()
	}
}

// disturbance is what is done to a running twin. A process that another
// disturbance has in hand is left alone.
type disturbance struct {
	twin      *runningTwin
	random    *rand.Rand
	span      time.Duration
	processes []*process // the generator, then the processors
	mu        sync.Mutex // of random and of processes in hand
}

func (d *disturbance) pause(share float64) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(share * (0.5 + d.random.Float64()) * float64(d.span))
}

// kill kills a random process now and then, and starts it again.
func (d *disturbance) kill(times int) {
	for i := range times {
		time.Sleep(d.pause(0.9 / float64(times)))
		d.mu.Lock()
		p := d.processes[d.random.IntN(len(d.processes))]
		d.mu.Unlock()
		p.inHand.Lock()
		d.twin.t.Logf("kill %d of %d: %s", i+1, times, p.role)
		p.killAndStartAgain()
		p.inHand.Unlock()
	}
}

// sleep stops a processor for a while and wakes it.
func (d *disturbance) sleep(how time.Duration) {
	time.Sleep(d.pause(0.2))
	p := d.processes[1]
	p.inHand.Lock()
	defer p.inHand.Unlock()
	d.twin.t.Logf("processor stopped for %s", how)
	require.NoError(d.twin.t, p.cmd.Process.Signal(syscall.SIGSTOP))
	time.Sleep(how)
	require.NoError(d.twin.t, p.cmd.Process.Signal(syscall.SIGCONT))
	d.twin.t.Log("processor woken")
}

// emptyRedis makes Redis forget everything half-way.
func (d *disturbance) emptyRedis() {
	time.Sleep(d.span / 2)
	d.twin.stores.emptyRedis()
	d.twin.t.Log("Redis emptied")
}

// stores are the real services that the twins of a test share, and the files that
// their specs may name.
type stores struct {
	t        *testing.T
	dir      string
	mounted  string // file of readings, "" if there is none
	weather  string // file of temperatures
	grid     string // file of carbon intensities
	broker   string
	redis    *embedded.RedisServer
	postgres *embedded.PostgresServer
}

func startStores(t *testing.T) *stores {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
	s := &stores{t: t, dir: folder(t)}
	s.broker = kafkatest.Start(t, kafkatest.Options{Properties: map[string]string{"log.retention.check.interval.ms": "1000"}}).Address
	var err error
	s.redis, err = embedded.Redis(t.Context(), embedded.RedisOptions{Dir: filepath.Join(s.dir, "redis")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.redis.Stop(context.Background())) })
	s.postgres, err = embedded.Postgres(t.Context(), embedded.PostgresOptions{Dir: filepath.Join(s.dir, "postgres")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.postgres.Stop(context.Background())) })
	return s
}

// runningTwin is a twin whose workloads are processes.
type runningTwin struct {
	t        *testing.T
	stores   *stores
	database string // URL
	config   string // file
	replicas int32  // processors that its spec asks for
}

// newTwin makes a twin of the sample, on a file of readings, with topics, keys and a database of its
// own. Speed 0 is as fast as possible.
func (s *stores) newTwin(name, readings string, speed float64) *runningTwin {
	s.t.Helper()
	twin := &runningTwin{t: s.t, stores: s, database: s.newDatabase(name), config: s.configFile(name)}
	content, err := os.ReadFile(sample)
	require.NoError(s.t, err)
	checker, err := admission.New()
	require.NoError(s.t, err)
	resource, err := checker.Read(sample, content)
	require.NoError(s.t, err)
	// Ids of decisions depend on the names: all twins bear the same, one after the other.
	resource.Namespace = "default"
	resource.Spec.Dataset.Layout = &layout.Document{Meter: &layout.Meter{GroupColumn: "group"}}
	s.configure(twin, resource, readings, func(cfg *config.Twin) { cfg.Generator.Speed = speed })
	return twin
}

func (s *stores) configFile(twin string) string { return filepath.Join(s.dir, twin+".json") }

// configure writes the configuration of a twin on the stores.
func (s *stores) configure(twin *runningTwin, resource *v1.DigitalTwin, dataset string, change func(*config.Twin)) {
	s.t.Helper()
	password := filepath.Join(s.dir, "redis-password")
	require.NoError(s.t, os.WriteFile(password, []byte(s.redis.Password), 0o600))
	cfg, err := fromtwin.Config(resource, fromtwin.Endpoints{
		Image: "energytwin:test", Brokers: []string{s.broker}, RedisAddress: s.redis.Address, RedisPassFile: password,
		DatabaseURL: twin.database, DatasetPath: dataset, DatasetMount: s.mounted, StatusListen: "127.0.0.1:0",
		Listen: "127.0.0.1:0", APIKeysFile: "/dev/null", JWTSecretFile: "/dev/null",
		TemperatureSeriesPath: s.weather, CarbonSeriesPath: s.grid,
	})
	require.NoError(s.t, err)
	cfg.Kafka.Replicas = 1
	change(cfg)
	doc, err := json.Marshal(cfg)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(twin.config, doc, 0o644))
}

// forget removes a twin's topics and keys, so that another one can bear its
// name.
func (s *stores) forget(twin *runningTwin) {
	s.t.Helper()
	cfg, err := config.Load(twin.config)
	require.NoError(s.t, err)
	client, err := stream.Connect(cfg.Kafka)
	require.NoError(s.t, err)
	defer client.Close()
	for _, kind := range []string{"readings", "readings.dlq", "decisions"} {
		require.NoError(s.t, client.DeleteTopic(s.t.Context(), cfg.Topic(kind)))
	}
	s.emptyRedis()
}

func (s *stores) emptyRedis() {
	client := redis.NewClient(&redis.Options{Addr: s.redis.Address, Password: s.redis.Password})
	defer client.Close()
	require.NoError(s.t, client.FlushAll(s.t.Context()).Err())
}

func (s *stores) newDatabase(name string) string {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.postgres.URL)
	require.NoError(s.t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(s.t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	require.NoError(s.t, err)
	cfg := conn.Config()
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", cfg.User, cfg.Password, cfg.Host+":"+strconv.Itoa(int(cfg.Port)), name)
}

// process is a workload that runs.
type process struct {
	twin   *runningTwin
	role   string
	binary string
	flags  []string
	inHand sync.Mutex // of what disturbs it
	cmd    *exec.Cmd
	out    *bytes.Buffer
}

// start starts a workload; the stores are prepared first, which is harmless
// when they are already.
func (twin *runningTwin) start(binary, role string, flags ...string) *process {
	twin.t.Helper()
	out, err := exec.CommandContext(twin.t.Context(), binary, "prepare", "--config", twin.config).CombinedOutput()
	require.NoError(twin.t, err, string(out))
	p := &process{twin: twin, role: role, binary: binary, flags: flags}
	p.begin()
	return p
}

func (p *process) begin() {
	p.out = &bytes.Buffer{}
	p.cmd = exec.CommandContext(p.twin.t.Context(), p.binary, append([]string{p.role, "--config", p.twin.config}, p.flags...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	require.NoError(p.twin.t, p.cmd.Start())
}

func (p *process) killAndStartAgain() {
	require.NoError(p.twin.t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
	p.begin()
}

// requireEnd waits for a generator that has published everything.
func (p *process) requireEnd() {
	p.twin.t.Helper()
	require.NoError(p.twin.t, p.cmd.Wait(), p.out.String())
}

// stop ends a process. One that was killed and started again a moment ago may
// not listen for the signal yet, and ends by it.
func (p *process) stop() {
	p.twin.t.Helper()
	require.NoError(p.twin.t, p.cmd.Process.Signal(syscall.SIGTERM))
	err := p.cmd.Wait()
	if p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		require.NoError(p.twin.t, err, p.out.String())
	}
}
