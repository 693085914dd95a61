package local

import (
	"context"
	"errors"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/embedded"
)

// stores are the services that a local twin started, and where all of them are.
type stores struct {
	broker      string
	redis       string
	redisPass   string
	database    string
	postgres    *embedded.PostgresServer // nil where the user named a database
	redisServer *embedded.RedisServer
	kafka       *embedded.KafkaServer
}

// startStores starts the stores that the user did not name, all at once.
func startStores(ctx context.Context, o Options, dir folder, say func(string)) (*stores, error) {
	s := &stores{broker: o.Kafka, redis: o.Redis, database: o.Database}
	progress := func(name string) embedded.Progress {
		return func(message string) { say(name + ": " + message) }
	}
	tasks, startCtx := errgroup.WithContext(ctx)
	if o.Database == "" {
		tasks.Go(func() (err error) {
			s.postgres, err = embedded.Postgres(startCtx, embedded.PostgresOptions{Dir: dir.sub("postgres"), Ephemeral: dir.temporary, Progress: progress("PostgreSQL")})
			if err == nil {
				s.database = s.postgres.URL
			}
			return err
		})
	}
	if o.Redis == "" {
		tasks.Go(func() (err error) {
			s.redisServer, err = embedded.Redis(startCtx, embedded.RedisOptions{Dir: dir.sub("redis"), Ephemeral: dir.temporary, Progress: progress("Redis")})
			if err == nil {
				s.redis, s.redisPass = s.redisServer.Address, s.redisServer.Password
			}
			return err
		})
	}
	if o.Kafka == "" {
		tasks.Go(func() (err error) {
			s.kafka, err = embedded.Kafka(startCtx, embedded.KafkaOptions{Dir: dir.sub("kafka"), Progress: progress("Kafka")})
			if err == nil {
				s.broker = s.kafka.Address
			}
			return err
		})
	}
	if err := tasks.Wait(); err != nil {
		return nil, errors.Join(err, s.stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// stop ends the stores that were started here.
func (s *stores) stop(ctx context.Context) error {
	var errs []error
	if s.kafka != nil {
		errs = append(errs, s.kafka.Stop(ctx))
	}
	if s.redisServer != nil {
		errs = append(errs, s.redisServer.Stop(ctx))
	}
	if s.postgres != nil {
		errs = append(errs, s.postgres.Stop(ctx))
	}
	return errors.Join(errs...)
}

// redisPassFile is the file that the workloads read the password from, "" if
// there is none.
func (s *stores) redisPassFile(dir folder) (string, error) {
	if s.redisPass == "" {
		return "", nil
	}
	path := filepath.Join(dir.path, "secrets", "redis-password")
	return path, dir.writeSecret(path, s.redisPass)
}
