package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

// counts are rows that the processor has written, by what they are.
type counts struct {
	Stored      int64 `json:"stored"`
	Quarantined int64 `json:"quarantined"`
	Duplicates  int64 `json:"duplicates"`
	Forecasts   int64 `json:"forecasts"`
	Decisions   int64 `json:"decisions"`
}

const (
	commitPoll    = 50 * time.Millisecond
	relayPatience = 5 * time.Minute
)

// processorPass runs the real processor, a process of its own, on a filled
// topic until everything is committed: from the start of the process to the
// commit of the last batch, with forecasts, decisions, checkpoints and relay.
func processorPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (p pass, err error) {
	drop, err := b.freshTwin(ctx, f)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	conn, err := pgx.Connect(ctx, f.twin.Database.URL)
	if err != nil {
		return p, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	began := time.Now()
	proc, err := b.startProcessor(ctx, f)
	if err != nil {
		return p, err
	}
	p, err = followProcessor(ctx, conn, proc, f, began, watch)
	if stopErr := proc.stop(); err != nil || stopErr != nil {
		return p, errors.Join(err, stopErr)
	}
	p.cpu = proc.cpu()
	log, err := os.ReadFile(proc.logPath)
	if err != nil {
		return p, err
	}
	p.memory.Live = liveHeap(log)
	if err := p.counts.check(f.size); err != nil {
		return p, err
	}
	if err := requireRows(ctx, f.twin.Database.URL, f.size.readings()); err != nil {
		return p, err
	}
	return p, b.keepCheckpoints(ctx, f)
}

// freshTwin prepares the stores for a twin that has only its filled topic, and
// returns what drops the database.
func (b *bench) freshTwin(ctx context.Context, f *fixture) (drop func() error, err error) {
	if err := b.stores.emptyRedis(ctx); err != nil {
		return nil, err
	}
	for _, kind := range []string{"decisions", "readings.dlq"} {
		if err := b.newTopic(ctx, f.twin.Topic(kind), f.twin.Kafka.Partitions); err != nil {
			return nil, err
		}
	}
	if drop, err = b.stores.freshDatabase(ctx, f.twin.Name); err != nil {
		return nil, err
	}
	err = runToEnd(ctx, b.dir, "prepare", b.programs.energytwin, "prepare", "--config", f.path)
	if err != nil {
		err = errors.Join(err, drop())
	}
	settle()
	return drop, err
}

func (b *bench) startProcessor(ctx context.Context, f *fixture) (*process, error) {
	if b.o.cpuProfile != "" {
		b.profiles++
		profile := fmt.Sprintf("%s.%d.%s", b.o.cpuProfile, b.profiles, f.twin.Name)
		return start(ctx, b.dir, "processor", b.programs.perf, []string{traceCollections},
			"process", "--config", f.path, "--cpuprofile", profile)
	}
	return start(ctx, b.dir, "processor", b.programs.energytwin, []string{traceCollections}, "processor", "--config", f.path)
}

// followProcessor waits until everything is committed, and then until
// everything is announced.
func followProcessor(ctx context.Context, conn *pgx.Conn, proc *process, f *fixture, began time.Time, watch func(int64)) (p pass, err error) {
	poll := time.NewTicker(commitPoll)
	defer poll.Stop()
	for {
		next, waiting := int64(0), int64(0)
		c := &p.counts
		err := conn.QueryRow(ctx, `
			SELECT sum(next_offset)::int8, sum(stored)::int8, sum(quarantined)::int8, sum(duplicates)::int8,
				sum(forecasts)::int8, sum(decisions)::int8, (SELECT count(*) FROM outbox)
			FROM stream_offsets HAVING count(*) > 0`).
			Scan(&next, &c.Stored, &c.Quarantined, &c.Duplicates, &c.Forecasts, &c.Decisions, &waiting)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return p, err
		}
		watch(next)
		now := time.Since(began)
		if next == messagesIn(f.logs) && p.took == 0 {
			p.readings, p.took, p.memory = f.size.readings(), now, residentOf(proc.cmd.Process.Pid)
		}
		switch {
		case p.took > 0 && waiting == 0:
			p.relay = now - p.took
			return p, nil
		case p.took > 0 && now-p.took > relayPatience:
			return p, fmt.Errorf("%d entries of the outbox are still not announced", waiting)
		case proc.hasEnded():
			return p, fmt.Errorf("the processor ended early:\n%s", proc.logTail())
		}
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-poll.C:
		}
	}
}

// check rejects a run that did not do all of its work.
func (c counts) check(s size) error {
	if c.Stored != s.readings() || c.Quarantined != 0 || c.Duplicates != 0 {
		return fmt.Errorf("of %d readings %d were stored, %d quarantined, %d repeated", s.readings(), c.Stored, c.Quarantined, c.Duplicates)
	}
	if s.Days > daysBeforePlans && c.Decisions < int64(s.Meters)*int64(s.Days-daysBeforePlans) {
		return fmt.Errorf("%d decisions for %s: every meter should have one a day", c.Decisions, s)
	}
	return nil
}

// daysBeforePlans is how long a meter's history grows before its forecasts
// begin, and a day to spare.
const daysBeforePlans = 9

// loaderPass runs the plain loader, a process of its own, on the same topic.
func loaderPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (p pass, err error) {
	name := f.twin.Name + "-load"
	drop, err := b.stores.freshDatabase(ctx, name)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	url := b.stores.databaseURL(name)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return p, err
	}
	_, err = conn.Exec(ctx, loadTable)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return p, err
	}
	p, err = b.runReader(ctx, f, watch, "load", "--database", url)
	if err != nil {
		return p, err
	}
	return p, requireRows(ctx, url, f.size.readings())
}

// consumePass fetches the same topic and drops it.
func consumePass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	return b.runReader(ctx, f, watch, "consume")
}

// runReader runs a subcommand of this program that reads the topic once.
func (b *bench) runReader(ctx context.Context, f *fixture, watch func(int64), subcommand string, args ...string) (pass, error) {
	args = append([]string{subcommand, "--broker", b.stores.broker, "--topic", f.twin.Topic("readings")}, args...)
	began := time.Now()
	proc, err := start(ctx, b.dir, subcommand, b.programs.perf, nil, args...)
	if err != nil {
		return pass{}, err
	}
	read := int64(0)
	if err := proc.follow(func(n int64) { read = n; watch(n) }); err != nil {
		return pass{}, err
	}
	took := time.Since(began)
	if want := messagesIn(f.logs); read != want {
		return pass{}, fmt.Errorf("%s read %d messages, not %d", subcommand, read, want)
	}
	return pass{readings: f.size.readings(), took: took, cpu: proc.cpu()}, nil
}
