// Command serve shows the user interface with a database that is filled for
// the purpose: for looking at pages while they are made, and for tests in a
// browser. It prints the address and the API key as JSON, and ends with its
// standard input.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to serve on")
	base := flag.String("base-path", "", "path to serve under")
	days := flag.Int("days", 45, "days that the twin has lived")
	meters := flag.Int("meters", 60, "households")
	empty := flag.Bool("empty", false, "a twin that has seen nothing yet")
	requests := flag.Float64("requests", 0, "requests per second that a key may send; 0: as many as by default")
	flag.Parse()
	size := filled.Size{Meters: *meters, Groups: 4, Days: *days}
	if *empty {
		size = filled.Size{}
	}
	if err := run(*listen, *base, size, auth.Rate{PerSecond: *requests, Burst: int(4 * *requests)}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, base string, size filled.Size, rate auth.Rate) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	postgres, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, postgres.Stop(context.Background())) }()
	if err := schema.Migrate(ctx, postgres.URL, schema.MigrateOptions{}); err != nil {
		return err
	}
	db, err := writer.Open(ctx, postgres.URL, timescale.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	reader, err := reader.Open(ctx, postgres.URL, timescale.Options{})
	if err != nil {
		return err
	}
	defer reader.Close()

	twin := filled.Twin()
	twin.API.BasePath = base
	if size.Meters > 0 {
		if _, err := filled.Fill(ctx, db, twin, size); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "energytwin-ui-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	key, line, err := auth.NewKey("tester", auth.ScopeAdmin, time.Time{})
	if err != nil {
		return err
	}
	twin.API.APIKeysFile = filepath.Join(dir, "keys")
	if err := os.WriteFile(twin.API.APIKeysFile, []byte(line+"\n"), 0o600); err != nil {
		return err
	}
	redis, err := embedded.Redis(ctx, embedded.RedisOptions{InProcess: true})
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, redis.Stop(context.Background())) }()
	twin.Redis = config.Redis{Address: redis.Address, PassFile: filepath.Join(dir, "redis")}
	if err := os.WriteFile(twin.Redis.PassFile, []byte(redis.Password), 0o600); err != nil {
		return err
	}
	live, err := history.ConnectLive(twin.Redis, twin.KeyPrefix(), 1)
	if err != nil {
		return err
	}
	defer live.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String() + base + "/"
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"address": address, "apiKey": key}); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return api.Run(ctx, twin, api.Deps{DB: reader, Live: live, Version: "test", Listener: listener, Requests: rate, Failures: rate})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
