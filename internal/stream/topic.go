package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

// Topic is a topic as it should be.
type Topic struct {
	Name           string
	Partitions     int
	Replicas       int
	RetentionTime  time.Duration // 0 is unbounded
	RetentionBytes int64         // of a partition; 0 and -1 are unbounded

	// MaxMessageBytes is the largest batch that the topic takes; 0 leaves it to
	// the broker. A topic that repeats the records of another one with more
	// headers needs more than that one.
	MaxMessageBytes int
}

// metadataWait bounds how long a topic that was just made by someone else may
// stay unknown here.
const (
	metadataWait = 15 * time.Second
	metadataPoll = 100 * time.Millisecond
)

// EnsureTopic creates the topic if it is missing, and brings the configuration
// of one that exists up to date. It must have the wanted number of partitions,
// because readings stay in their partition only while that number stays the
// same.
func (c *Client) EnsureTopic(ctx context.Context, t Topic) error {
	err := c.createTopic(ctx, t)
	existed := errors.Is(err, kafka.TopicAlreadyExists) || isNotAllowed(err)
	if err != nil && !existed {
		return fmt.Errorf("create topic %s (%d partitions, %d replicas): %w", t.Name, t.Partitions, t.Replicas, err)
	}
	n, unknown := c.Partitions(ctx, t.Name)
	if unknown != nil {
		return errors.Join(err, unknown)
	}
	if n != t.Partitions {
		return fmt.Errorf("topic %s has %d partitions, %d are wanted: the number is fixed when a topic is made; "+
			"set kafka.topics.partitions back to %d, or let the twin drain and delete the topic", t.Name, n, t.Partitions, n)
	}
	if existed {
		if err := c.updateConfig(ctx, t); err != nil {
			return err
		}
	}
	return c.waitForLeaders(ctx, t.Name)
}

func (c *Client) createTopic(ctx context.Context, t Topic) error {
	res, err := c.kafka.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic:             t.Name,
		NumPartitions:     t.Partitions,
		ReplicationFactor: t.Replicas,
		ConfigEntries:     t.configEntries(),
	}}})
	if err != nil {
		return err
	}
	return res.Errors[t.Name]
}

// isNotAllowed reports whether the cluster's rules forbid a call. On a cluster
// that others run, topics may have to be made by them.
func isNotAllowed(err error) bool {
	return errors.Is(err, kafka.TopicAuthorizationFailed) || errors.Is(err, kafka.ClusterAuthorizationFailed)
}

// waitForLeaders waits until all partitions answer: a topic is known a moment
// before its partitions take requests.
func (c *Client) waitForLeaders(ctx context.Context, topic string) error {
	ctx, cancel := context.WithTimeout(ctx, metadataWait)
	defer cancel()
	for {
		_, err := c.Offsets(ctx, topic)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %s is not ready: %w", topic, err)
		case <-time.After(metadataPoll):
		}
	}
}

func (t Topic) configEntries() []kafka.ConfigEntry {
	retention := int64(-1)
	if t.RetentionTime > 0 {
		retention = t.RetentionTime.Milliseconds()
	}
	bytes := t.RetentionBytes
	if bytes == 0 {
		bytes = -1
	}
	entries := []kafka.ConfigEntry{
		// A replayed year lies in the past. With the time of the reading as the
		// record's time, the first retention check would delete it.
		{ConfigName: "message.timestamp.type", ConfigValue: "LogAppendTime"},
		{ConfigName: "cleanup.policy", ConfigValue: "delete"},
		{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(retention, 10)},
		{ConfigName: "retention.bytes", ConfigValue: strconv.FormatInt(bytes, 10)},
	}
	if t.MaxMessageBytes > 0 {
		entries = append(entries, kafka.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(t.MaxMessageBytes)})
	}
	return entries
}

// Partitions is the number of partitions of a topic. It waits some seconds
// for a topic that is not known yet.
func (c *Client) Partitions(ctx context.Context, topic string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataWait)
	defer cancel()
	for {
		n, err := c.knownPartitions(ctx, topic)
		if err == nil {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("topic %s: %w", topic, err)
		case <-time.After(metadataPoll):
		}
	}
}

func (c *Client) knownPartitions(ctx context.Context, topic string) (int, error) {
	res, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, err
	}
	if len(res.Topics) == 0 {
		return 0, kafka.UnknownTopicOrPartition
	}
	if err := res.Topics[0].Error; err != nil {
		return 0, err
	}
	if len(res.Topics[0].Partitions) == 0 {
		return 0, kafka.LeaderNotAvailable
	}
	return len(res.Topics[0].Partitions), nil
}

// DeleteTopic deletes a topic; one that is not there is no error.
func (c *Client) DeleteTopic(ctx context.Context, name string) error {
	res, err := c.kafka.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{name}})
	if err == nil {
		err = res.Errors[name]
	}
	if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
		return fmt.Errorf("delete topic %s: %w", name, err)
	}
	return nil
}
