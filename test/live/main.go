// Command live measures the stream of events: how long a decision takes to reach all of many
// clients, and what memory a client takes. The API runs in a process of its own, on a database
// that is filled for the purpose and a real Redis.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// setup is what the process of the API works with.
type setup struct {
	Database string
	Listen   string
	Twin     config.Twin
}

func main() {
	clients := flag.Int("clients", 1000, "who watch")
	rounds := flag.Int("rounds", 20, "issues of decisions that are announced")
	meters := flag.Int("meters", 120, "households")
	serving := flag.String("serve", "", "file of what to serve; for the program itself")
	flag.Parse()
	err := error(nil)
	if *serving != "" {
		err = serve(*serving)
	} else {
		err = measure(*clients, *rounds, *meters)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is the process of the API. It ends with its standard input.
func serve(file string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s setup
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	db, err := reader.Open(ctx, s.Database, timescale.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	live, err := history.ConnectLive(s.Twin.Redis, s.Twin.KeyPrefix(), 1)
	if err != nil {
		return err
	}
	defer live.Close()
	s.Twin.API.Listen = s.Listen
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return api.Run(ctx, s.Twin, api.Deps{
		DB: db, Live: live, Version: "test", Requests: auth.Rate{PerSecond: 10_000, Burst: 10_000},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}

func measure(clients, rounds, meters int) (err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "energytwin-live-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	postgres, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, postgres.Stop(ctx)) }()
	redis, err := embedded.Redis(ctx, embedded.RedisOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, redis.Stop(ctx)) }()
	twin, issued, err := fill(ctx, postgres.URL, meters)
	if err != nil {
		return err
	}
	key, line, err := auth.NewKey("watcher", auth.ScopeRead, time.Time{})
	if err != nil {
		return err
	}
	twin.API.APIKeysFile, twin.Redis = filepath.Join(dir, "keys"), config.Redis{Address: redis.Address, PassFile: filepath.Join(dir, "redis")}
	if err := errors.Join(os.WriteFile(twin.API.APIKeysFile, []byte(line+"\n"), 0o600), os.WriteFile(twin.Redis.PassFile, []byte(redis.Password), 0o600)); err != nil {
		return err
	}
	server, err := start(dir, setup{Database: postgres.URL, Listen: freeAddress(), Twin: twin})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	store, err := history.Connect(twin.Redis, twin.KeyPrefix())
	if err != nil {
		return err
	}
	defer store.Close()
	return server.watch(ctx, store, key, issued, clients, rounds)
}

// fill makes the database, and gives an hour at which decisions were issued.
func fill(ctx context.Context, url string, meters int) (config.Twin, meter.Hour, error) {
	twin := filled.Twin()
	if err := schema.Migrate(ctx, url, schema.MigrateOptions{}); err != nil {
		return twin, 0, err
	}
	db, err := writer.Open(ctx, url, timescale.Options{})
	if err != nil {
		return twin, 0, err
	}
	defer db.Close()
	if _, err := filled.Fill(ctx, db, twin, filled.Size{Meters: meters, Groups: 4, Days: 20}); err != nil {
		return twin, 0, err
	}
	var at time.Time
	err = db.Pool.QueryRow(ctx, `SELECT max(issued_at) FROM decisions`).Scan(&at)
	return twin, meter.HourOf(at), err
}

func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:18080"
	}
	defer l.Close()
	return l.Addr().String()
}

// process is the API.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

func start(dir string, s setup) (*process, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "setup")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-serve", file)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMEMLIMIT=%d", memoryLimit/10*9)) // as the operator sets it
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, url: "http://" + s.Listen}
	for range 600 {
		answer, err := http.Get(p.url + "/health")
		if err == nil {
			_ = answer.Body.Close()
			return p, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the API does not answer"), p.stop())
}

func (p *process) stop() error {
	_ = p.stdin.Close()
	return p.cmd.Wait()
}

// memoryLimit is that of a twin's API by default, bytes.
const memoryLimit = 128 << 20

// memory is what the process holds of memory, in bytes, that a kernel short of it cannot
// take back: pages of the program itself it can read again.
func (p *process) memory() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "RssAnon:"); is {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb << 10
		}
	}
	return 0
}

// client is one who watches.
type client struct {
	lines *bufio.Scanner
	body  io.Closer
}

// decision reads up to the last decision of an issue, whose id is of the entry as a whole.
func (c *client) decision(entry string) (decisions int, err error) {
	var kind string
	for c.lines.Scan() {
		line := c.lines.Bytes()
		switch {
		case bytes.HasPrefix(line, []byte("event: ")):
			kind = string(line[7:])
		case bytes.HasPrefix(line, []byte("data: ")) && kind == "decision":
			decisions++
		case len(line) == 0 && kind == "forecast": // the decisions of an issue come before its forecasts
			return decisions, nil
		}
	}
	return decisions, errors.Join(c.lines.Err(), fmt.Errorf("the stream ended before %s", entry))
}

func (p *process) open(ctx context.Context, key string) (*client, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/stream?kind=decision&kind=forecast&group=feeder-0001", http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-API-Key", key)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return nil, fmt.Errorf("%s: %s", answer.Status, text)
	}
	c := &client{lines: bufio.NewScanner(answer.Body), body: answer.Body}
	c.lines.Buffer(make([]byte, 4096), 1<<20)
	for c.lines.Scan() && c.lines.Text() != "" { // the position: it watches from here on
		continue
	}
	return c, c.lines.Err()
}

func (p *process) watch(ctx context.Context, store *history.Store, key string, issued meter.Hour, n, rounds int) error {
	one, err := p.open(ctx, key)
	if err != nil {
		return err
	}
	defer one.body.Close()
	before := p.memory()
	watchers := make([]*client, n)
	watchers[0] = one
	for i := 1; i < n; i++ {
		if watchers[i], err = p.open(ctx, key); err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
		defer watchers[i].body.Close()
	}
	idle := p.memory()
	var took []time.Duration
	var worst []time.Duration
	sent := 0
	for round := range rounds {
		start := time.Now()
		event := history.Event{Offset: int64(round + 1), Fields: map[string]any{history.FieldType: history.LiveDecisions, history.FieldHour: issued.String()}}
		if err := store.Publish(ctx, 0, event); err != nil {
			return err
		}
		times, errs := make([]time.Duration, n), make([]error, n)
		var all sync.WaitGroup
		for i, w := range watchers {
			all.Go(func() {
				var got int
				got, errs[i] = w.decision(fmt.Sprint(round))
				times[i] = time.Since(start)
				if i == 0 {
					sent = got
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		took = append(took, times...)
		worst = append(worst, slices.Max(times))
	}
	slices.Sort(took)
	at := func(q float64) time.Duration {
		return took[min(len(took)-1, int(q*float64(len(took))))].Round(time.Millisecond)
	}
	fmt.Printf("%d clients, %d issues of %d decisions each\n", n, rounds, sent)
	fmt.Printf("from the announcement to the last decision: median %s, p99 %s, worst %s\n", at(0.5), at(0.99), slices.Max(worst).Round(time.Millisecond))
	fmt.Printf("memory of the API: %d MiB with one client, %d MiB with all idle, %d MiB after the issues\n", before>>20, idle>>20, p.memory()>>20)
	fmt.Printf("a client: %.1f KiB idle\n", float64(idle-before)/float64(max(1, n-1))/1024)
	if after := p.memory(); after > memoryLimit {
		return fmt.Errorf("the API takes %d MiB, and its limit is %d MiB by default", after>>20, memoryLimit>>20)
	}
	if at(0.99) > time.Second {
		return errors.New("p99 is above 1 s")
	}
	return nil
}
