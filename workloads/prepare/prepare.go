// Package prepare brings the stores of a twin into the state that its
// workloads expect: topics and schema.
package prepare

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// A pod can run before the network lets it out: firewalls learn of a new pod a
// moment after it started. That is no reason to fail and be started again, which
// takes ten seconds and more.
const (
	networkTries = 10
	networkPause = time.Second
)

// Run finds out whether the stores answer, makes the twin's topics and brings
// its schema up to date. Calling it again changes nothing. See Outcome for what
// its error reports.
func Run(ctx context.Context, twin *config.Twin, log *slog.Logger) error {
	for try := 1; ; try++ {
		err := run(ctx, twin, log)
		var network *net.OpError
		if try == networkTries || !errors.As(err, &network) {
			return err
		}
		log.Info("a store does not answer yet", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(networkPause):
		}
	}
}

func run(ctx context.Context, twin *config.Twin, log *slog.Logger) error {
	if err := prepareDatabase(ctx, twin, log); err != nil {
		return err
	}
	if err := at(config.StoreKafka, prepareKafka(ctx, twin)); err != nil {
		return err
	}
	log.Info("topics are ready", "partitions", twin.Kafka.Partitions)
	return at(config.StoreRedis, tryRedis(ctx, twin))
}

func prepareDatabase(ctx context.Context, twin *config.Twin, log *slog.Logger) error {
	url, err := twin.Database.ConnString()
	if err != nil {
		return err
	}
	err = schema.Migrate(ctx, url, schema.MigrateOptions{Log: log})
	var unreachable *pgconn.ConnectError
	if errors.As(err, &unreachable) {
		return at(config.StoreTimescale, err)
	}
	return at(config.StoreSchema, err)
}

// Continues compares the twin with the one whose readings the database holds,
// after Run: the volumes of a deleted twin may be older than the twin. The newest
// specification counts, and of those with a generator the newest of these. See
// config.Twin.Continues.
func Continues(ctx context.Context, twin *config.Twin) error {
	url, err := twin.Database.ConnString()
	if err != nil {
		return err
	}
	documents, err := reader.StoredSpecs(ctx, url)
	if err != nil {
		return at(config.StoreTimescale, err)
	}
	for _, doc := range documents {
		stored, err := config.ParseStored(doc)
		if err != nil {
			return at(config.StoreTimescale, err)
		}
		if err := twin.Continues(stored); err != nil || stored.Generator.Mode != "Off" {
			return at(config.StoreDataset, err)
		}
	}
	return nil
}

func prepareKafka(ctx context.Context, twin *config.Twin) error {
	client, err := stream.Connect(twin.Kafka)
	if err != nil {
		return err
	}
	defer client.Close()
	for _, topic := range topics(twin) {
		if err := client.EnsureTopic(ctx, topic); err != nil {
			return fmt.Errorf("prepare Kafka: %w", err)
		}
	}
	return nil
}

func tryRedis(ctx context.Context, twin *config.Twin) error {
	store, err := history.Connect(twin.Redis, twin.KeyPrefix())
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Ping(ctx)
}

// topics are the twin's topics. What is relayed to the decision and dead-letter
// topics is in the database too, so these keep a month at most.
func topics(twin *config.Twin) []stream.Topic {
	const month = 30 * 24 * time.Hour
	topic := func(kind string, retention time.Duration) stream.Topic {
		return stream.Topic{
			Name: twin.Topic(kind), Partitions: twin.Kafka.Partitions, Replicas: twin.Kafka.Replicas,
			RetentionTime: retention, RetentionBytes: twin.Kafka.RetentionBytes,
		}
	}
	deadLetters := topic("readings.dlq", month)
	// A message as large as a broker takes comes back with headers, and behind
	// others in one batch.
	deadLetters.MaxMessageBytes = 4 << 20
	return []stream.Topic{
		topic("readings", time.Duration(twin.Kafka.RetentionTime)),
		deadLetters,
		topic("decisions", month),
	}
}
