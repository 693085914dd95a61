package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/api/client"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

type options struct {
	readings, batch, clients int
	killEvery                time.Duration
	mostKills                int64 // 0 is any number
	kafka                    string
}

// result is what was sent, and what the stream has of it.
type result struct {
	readings                int
	took                    time.Duration
	kills, retries, repeats int64
	missing, twice          int
}

func (r result) String() string {
	return fmt.Sprintf("%d readings in %.1f s: %.0f a second; %d kills, %d requests sent again after a failure, %d after success; %d readings missing, %d there twice",
		r.readings, r.took.Seconds(), float64(r.readings)/r.took.Seconds(), r.kills, r.retries, r.repeats, r.missing, r.twice)
}

const (
	partitions = 12
	meters     = 1000
	firstHour  = meter.Hour(300_000) // in the year 2004
	key        = "sender"
)

// sender is the state that clients share.
type sender struct {
	o        options
	key      string
	replicas []*replica
	next     atomic.Int64 // batch
	retries  atomic.Int64
	repeats  atomic.Int64
}

// run sends all readings and counts what the stream has.
func run(ctx context.Context, o options) (r result, err error) {
	dir, err := os.MkdirTemp("", "energytwin-ingest-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	database, err := embedded.Postgres(ctx, embedded.PostgresOptions{Ephemeral: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, database.Stop(context.WithoutCancel(ctx))) }()
	if err := schema.Migrate(ctx, database.URL, schema.MigrateOptions{}); err != nil {
		return r, err
	}
	if o.kafka == "" {
		broker, err := embedded.Kafka(ctx, embedded.KafkaOptions{})
		if err != nil {
			return r, err
		}
		defer func() { _ = broker.Stop(context.WithoutCancel(ctx)) }()
		o.kafka = broker.Address
	}
	twin := twinOf(o, database.URL, filepath.Join(dir, "keys"))
	client, err := stream.Connect(twin.Kafka)
	if err != nil {
		return r, err
	}
	defer client.Close()
	if err := client.EnsureTopic(ctx, stream.Topic{Name: twin.Topic("readings"), Partitions: partitions, Replicas: 1}); err != nil {
		return r, err
	}
	s := &sender{o: o}
	line := ""
	if s.key, line, err = auth.NewKey(key, auth.ScopeOperate, time.Time{}); err != nil {
		return r, err
	}
	if err := os.WriteFile(twin.API.APIKeysFile, []byte(line+"\n"), 0o600); err != nil {
		return r, err
	}
	for range 2 {
		one, err := newReplica(twin)
		if err != nil {
			return r, err
		}
		defer one.kill()
		if err := one.answers(ctx); err != nil {
			return r, err
		}
		s.replicas = append(s.replicas, one)
	}
	begin := time.Now()
	if r.kills, err = s.sendAll(ctx); err != nil {
		return r, err
	}
	r.readings, r.took, r.retries, r.repeats = o.readings, time.Since(begin), s.retries.Load(), s.repeats.Load()
	r.missing, r.twice, err = count(ctx, client, twin.Topic("readings"), o.readings)
	return r, err
}

func twinOf(o options, database, keys string) config.Twin {
	t := config.Twin{
		Namespace: "test", Name: "ingest", Timezone: "UTC", Generator: config.Generator{Mode: "Off"}, Ingest: config.Ingest{HTTP: true},
		Kafka: config.Kafka{Brokers: []string{o.kafka}, Partitions: partitions}, Database: config.Database{URL: database},
		API: config.API{APIKeysFile: keys},
	}
	t.Processor.Policy.Mode = dsm.ModeOff
	t.Processor.Policy.Tariff.Currency = "EUR"
	return t
}

// sendAll sends all batches, and kills servers meanwhile. The servers live when it returns.
func (s *sender) sendAll(ctx context.Context) (kills int64, err error) {
	sending, done := context.WithCancel(ctx)
	defer done()
	clients, clientsCtx := errgroup.WithContext(ctx)
	for range s.o.clients {
		clients.Go(func() error { return s.client(clientsCtx) })
	}
	killing := make(chan error, 1)
	go func() { killing <- s.killAtRandom(sending, &kills) }()
	err = clients.Wait()
	done()
	return kills, errors.Join(err, <-killing)
}

func (s *sender) killAtRandom(ctx context.Context, kills *int64) error {
	if s.o.killEvery <= 0 {
		return nil
	}
	for s.o.mostKills == 0 || *kills < s.o.mostKills {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(rand.Float64() * 2 * float64(s.o.killEvery))):
		}
		r := s.replicas[rand.IntN(len(s.replicas))]
		r.kill()
		*kills++
		if err := r.start(); err != nil {
			return err
		}
	}
	return nil
}

// client sends batches until there are no more.
func (s *sender) client(ctx context.Context) error {
	over := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: time.Minute}
	for {
		batch := int(s.next.Add(1) - 1)
		from := batch * s.o.batch
		if from >= s.o.readings {
			return nil
		}
		body := bodyOf(from, min(from+s.o.batch, s.o.readings))
		if err := s.send(ctx, over, batch, body); err != nil {
			return err
		}
		if rand.IntN(5) == 0 { // an answer that was lost on the way
			s.repeats.Add(1)
			if err := s.send(ctx, over, batch, body); err != nil {
				return err
			}
		}
	}
}

// send sends a batch until it is taken.
func (s *sender) send(ctx context.Context, over *http.Client, batch int, body []byte) error {
	for ; ; s.retries.Add(1) {
		to := s.replicas[rand.IntN(len(s.replicas))]
		twin, err := client.New(to.address, s.key, client.WithHTTPClient(over), client.WithRetries(0))
		if err != nil {
			return err
		}
		_, err = twin.SendReadingsAs(ctx, &client.SendReadingsParams{IdempotencyKey: new("batch-" + strconv.Itoa(batch))}, "application/x-ndjson", body)
		var rejected *client.Problem
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &rejected) && !slices.Contains([]int{http.StatusConflict, http.StatusServiceUnavailable, http.StatusTooManyRequests}, rejected.Status):
			return fmt.Errorf("batch %d: %w", batch, err)
		}
		time.Sleep(100 * time.Millisecond) // sooner than Retry-After: the killed one may have ended its work
	}
}

// bodyOf is the batch of readings [from, to). The meter and the hour of a reading are its
// number.
func bodyOf(from, to int) []byte {
	var b []byte
	for i := from; i < to; i++ {
		b = meter.AppendMessage(b, meter.Reading{Meter: "meter-" + strconv.Itoa(i%meters), Hour: firstHour + meter.Hour(i/meters), KWh: float32(i % 7)})
		b = append(b, '\n')
	}
	return b
}

// count is how many of the readings the stream lacks, and how many it has more than once.
func count(ctx context.Context, client *stream.Client, topic string, readings int) (missing, twice int, err error) {
	times := make([]uint8, readings)
	logs, err := client.Offsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	var m meter.Message
	for partition, log := range logs {
		r := client.PartitionReader(topic, partition, stream.ReaderOptions{})
		for from := log.Start; from < log.End; {
			batch, err := r.Fetch(ctx, from)
			if err != nil {
				return 0, 0, err
			}
			for rec := (stream.Record{}); batch.Next(&rec); {
				if err := meter.DecodeMessage(rec.Value, &m); err != nil {
					return 0, 0, fmt.Errorf("%s: %w", rec.Value, err)
				}
				n, err := strconv.Atoi(strings.TrimPrefix(string(m.Meter), "meter-"))
				if err != nil {
					return 0, 0, err
				}
				times[int(m.Hour-firstHour)*meters+n]++
			}
			if err := batch.Err(); err != nil {
				return 0, 0, err
			}
			from = batch.NextOffset()
		}
	}
	for _, n := range times {
		if n == 0 {
			missing++
		} else if n > 1 {
			twice++
		}
	}
	return missing, twice, nil
}
