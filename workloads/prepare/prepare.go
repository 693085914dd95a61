// Package prepare brings the stores of a twin into the state that its
// workloads expect: topics and schema.
package prepare

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
)

// Run makes the twin's topics and brings its schema up to date. Calling it
// again changes nothing.
func Run(ctx context.Context, twin *config.Twin, log *slog.Logger) error {
	url, err := twin.Database.ConnString()
	if err != nil {
		return err
	}
	if err := timescale.Migrate(ctx, url, timescale.MigrateOptions{Log: log}); err != nil {
		return err
	}
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
	log.Info("topics are ready", "partitions", twin.Kafka.Partitions)
	return nil
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
