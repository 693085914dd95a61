package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/stream"
)

// stores are the services on which everything is measured. Both sides of a
// comparison use the same ones, with the same settings.
type stores struct {
	dir           string
	broker        string
	brokerIs      string // for the report
	redis         *embedded.RedisServer
	redisPassFile string
	postgres      *embedded.PostgresServer

	kafka *stream.Client
	stops []func(context.Context) error
}

// startStores starts the services in a folder.
func startStores(ctx context.Context, dir string, say func(string)) (*stores, error) {
	s := &stores{dir: dir}
	if err := s.start(ctx, say); err != nil {
		return nil, errors.Join(err, s.stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *stores) start(ctx context.Context, say func(string)) (err error) {
	if err := s.startKafka(ctx, say); err != nil {
		return err
	}
	if s.kafka, err = stream.Connect(config.Kafka{Brokers: []string{s.broker}}); err != nil {
		return err
	}
	s.stops = append(s.stops, func(context.Context) error { s.kafka.Close(); return nil })

	if s.redis, err = embedded.Redis(ctx, embedded.RedisOptions{Dir: filepath.Join(s.dir, "redis"), Progress: say}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.redis.Stop)
	s.redisPassFile = filepath.Join(s.dir, "redis-password")
	if err := os.WriteFile(s.redisPassFile, []byte(s.redis.Password), 0o600); err != nil {
		return err
	}
	if s.postgres, err = embedded.Postgres(ctx, embedded.PostgresOptions{Dir: filepath.Join(s.dir, "postgres"), Progress: say}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.postgres.Stop)
	return nil
}

// stop ends the services, the last one first.
func (s *stores) stop(ctx context.Context) error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i](ctx))
	}
	s.stops = nil
	return errors.Join(errs...)
}

// freshDatabase makes an empty database, and returns what drops it.
// Dropping it also writes out what the run has left to write, so that the next
// run does not pay for it.
func (s *stores) freshDatabase(ctx context.Context, name string) (drop func() error, err error) {
	quoted := pgx.Identifier{name}.Sanitize()
	if err := s.administer(ctx, "DROP DATABASE IF EXISTS "+quoted, "CREATE DATABASE "+quoted, "CHECKPOINT"); err != nil {
		return nil, err
	}
	settle()
	return func() error {
		ctx := context.WithoutCancel(ctx)
		err := s.administer(ctx, "DROP DATABASE "+quoted+" WITH (FORCE)", "CHECKPOINT")
		settle()
		return err
	}, nil
}

// databaseURL leads to a database of that name.
func (s *stores) databaseURL(name string) string {
	u, _ := url.Parse(s.postgres.URL) // the server made it
	u.Path = "/" + name
	return u.String()
}

func (s *stores) administer(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, s.postgres.URL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// settle writes out what is in the system's cache: each measurement begins with
// a disk that has nothing to do.
func settle() { syscall.Sync() }

func (s *stores) redisClient() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.redis.Address, Password: s.redis.Password, MaxRetries: -1})
}

func (s *stores) emptyRedis(ctx context.Context) error {
	client := s.redisClient()
	defer client.Close()
	return client.FlushAll(ctx).Err()
}
