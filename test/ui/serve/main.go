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
	"github.com/energytwin/energytwin/internal/dsm"
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

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to serve on")
	base := flag.String("base-path", "", "path to serve under")
	days := flag.Int("days", 45, "days that the twin has lived")
	meters := flag.Int("meters", 60, "households")
	crowd := flag.Int("crowd", 0, "meters beside the households, with a day of readings each")
	empty := flag.Bool("empty", false, "a twin that has seen nothing yet")
	nested := flag.Bool("nested", false, "three of the groups belong to another one, substation")
	live := flag.Bool("live", false, "announce a stored hour each second, as a replay at 3600 times the speed does")
	requests := flag.Float64("requests", 0, "requests per second that a key may send; 0: as many as by default")
	ttl := flag.Duration("session", 0, "how long sessions last; 0: as long as by default")
	hooks := flag.Bool("webhooks", false, "send webhooks, to receivers on this machine too")
	issuer := flag.Bool("issuer", false, "people sign in at an issuer of OpenID Connect, which is served beside it")
	guesses := flag.Int("guesses", 0, "failed sign-ins before an address has to wait; 0: as many as by default")
	flag.Parse()
	size := filled.Size{Meters: *meters, Groups: 4, Days: *days}
	if *empty {
		size = filled.Size{}
	}
	twin := filled.Twin()
	twin.API.BasePath = *base
	twin.API.SessionTTL = config.Duration(*ttl)
	twin.API.Webhooks = config.Webhooks{Enabled: *hooks, AllowPrivate: true, GiveUpAfter: config.Duration(24 * time.Hour), Max: 10}
	failures := auth.Rate{PerSecond: *requests, Burst: int(4 * *requests)}
	if *guesses > 0 {
		failures = auth.Rate{PerSecond: 0.1, Burst: *guesses}
	}
	if err := run(*listen, &twin, size, *crowd, *nested, *issuer, *live, auth.Rate{PerSecond: *requests, Burst: int(4 * *requests)}, failures); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// nest puts all groups but the last one below another.
func nest(ctx context.Context, db *writer.DB, policy *dsm.Policy) error {
	const above = "substation"
	for i := range policy.Groups[:len(policy.Groups)-1] {
		policy.Groups[i].Parent = above
	}
	policy.Groups = append(policy.Groups, dsm.Group{Name: above, CapacityKW: 60})
	_, err := db.Pool.Exec(ctx, `INSERT INTO groups (name) VALUES ($1)`, above)
	return err
}

func run(listen string, twin *config.Twin, size filled.Size, crowd int, nested, issuer, announce bool, rate, failures auth.Rate) (err error) {
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

	end := meter.NoHour
	if size.Meters > 0 {
		if end, err = filled.Fill(ctx, db, *twin, size); err != nil {
			return err
		}
	}
	if crowd > 0 {
		if err := filled.Crowd(ctx, db, crowd); err != nil {
			return err
		}
	}
	if nested {
		if err := nest(ctx, db, &twin.Processor.Policy); err != nil {
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
	hooked, err := history.ConnectLive(twin.Redis, twin.KeyPrefix(), 1) // connects when it is first asked
	if err != nil {
		return err
	}
	defer hooked.Close()
	if announce {
		events, err := history.Connect(twin.Redis, twin.KeyPrefix())
		if err != nil {
			return err
		}
		defer events.Close()
		go announceHours(ctx, events, end)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	site := "http://" + listener.Addr().String()
	if issuer {
		beside := &openIssuer{dir: dir}
		defer beside.stop()
		if twin.API.OIDC, err = beside.serve(site, twin.API.BasePath); err != nil {
			return err
		}
	}
	address := site + twin.API.BasePath + "/"
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"address": address, "apiKey": key}); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return api.Run(ctx, *twin, api.Deps{DB: reader, Live: live, Hooked: hooked, Version: "test", Listener: listener, Requests: rate, Failures: failures})
}

// lastDay is how many hours are announced again and again: the newest that are stored.
const lastDay = 24

// announceHours announces the load of a stored hour, and now and then the decisions of an issue,
// each second until the context ends.
func announceHours(ctx context.Context, events *history.Store, end meter.Hour) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := int64(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		hour := end - lastDay + meter.Hour(n%lastDay)
		kind := history.LiveState
		if n%lastDay == 0 {
			kind = history.LiveDecisions
		}
		err := events.Publish(ctx, 0, history.Event{Offset: n, Fields: map[string]any{history.FieldType: kind, history.FieldHour: hour.String()}})
		if err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
