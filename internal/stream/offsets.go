package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Offsets is the range of a partition's log.
type Offsets struct {
	Start int64 // of the first record that is still there
	End   int64 // of the next record to be written
}

// Offsets are the ranges of all partitions of a topic, by partition.
func (c *Client) Offsets(ctx context.Context, topic string) ([]Offsets, error) {
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	requests := make([]kafka.OffsetRequest, 0, 2*n)
	for p := range n {
		requests = append(requests, kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
	}
	res, err := c.kafka.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: requests},
	})
	if err != nil {
		return nil, fmt.Errorf("offsets of topic %s: %w", topic, err)
	}
	out := make([]Offsets, n)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("offsets of topic %s partition %d: %w", topic, p.Partition, p.Error)
		}
		out[p.Partition] = Offsets{Start: p.FirstOffset, End: p.LastOffset}
	}
	return out, nil
}

// NoOffset is the committed offset of a partition for which the group has
// committed none.
const NoOffset = -1

// CommittedOffsets are the offsets that a consumer group has committed for a
// topic, by partition; NoOffset where there is none.
func (c *Client) CommittedOffsets(ctx context.Context, group, topic string) ([]int64, error) {
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	partitions := make([]int, n)
	out := make([]int64, n)
	for p := range n {
		partitions[p], out[p] = p, NoOffset
	}
	res, err := c.kafka.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		GroupID: group,
		Topics:  map[string][]int{topic: partitions},
	})
	if err == nil {
		err = res.Error
	}
	if errors.Is(err, kafka.GroupIdNotFound) {
		return out, nil // nobody has joined it yet
	}
	if err != nil {
		return nil, fmt.Errorf("committed offsets of group %s: %w", group, err)
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("committed offset of group %s partition %d: %w", group, p.Partition, p.Error)
		}
		out[p.Partition] = p.CommittedOffset
	}
	return out, nil
}
