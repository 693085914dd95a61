package generator

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// published is a reading found in the topic.
type published struct {
	index int32
	hour  meter.Hour
	kwh   float32
}

// resume finds the hour from which each partition goes on: that of its last
// reading, which may be one of many in that hour, so it is published again.
func (g *generator) resume(ctx context.Context) ([]meter.Hour, error) {
	logs, err := g.stream.Offsets(ctx, g.topic)
	if err != nil {
		return nil, err
	}
	if len(logs) != g.twin.Kafka.Partitions {
		return nil, fatal{fmt.Errorf("topic %s has %d partitions, the configuration says %d: "+
			"readings would land in other partitions than before", g.topic, len(logs), g.twin.Kafka.Partitions)}
	}
	from := make([]meter.Hour, len(logs))
	for p, log := range logs {
		if from[p], err = g.resumePartition(ctx, p, log); err != nil {
			return nil, err
		}
	}
	return from, nil
}

// tails are how many records at the end of a partition are looked at, one
// after the other: mostly the last record tells, but others may write to the
// topic too.
var tails = []int64{1, 1_000, 50_000}

// resumePartition looks for the last record that is a reading of this very
// dataset. What others have published is no measure of how far the dataset
// has come. If nothing is found the partition begins anew: readings that are
// repeated change nothing, a gap would stay.
func (g *generator) resumePartition(ctx context.Context, partition int, log stream.Offsets) (meter.Hour, error) {
	for _, n := range tails {
		begin := max(log.Start, log.End-n)
		candidates, err := g.readings(ctx, partition, begin, log.End)
		if err != nil {
			return 0, err
		}
		for i := len(candidates) - 1; i >= 0; i-- {
			ours, err := g.isOurs(candidates[i])
			if err != nil {
				return 0, fatal{err}
			}
			if ours {
				return candidates[i].hour, nil
			}
		}
		if begin == log.Start {
			break
		}
	}
	return g.first, nil
}

// readings are the records in [begin, end) that can be readings of the
// dataset.
func (g *generator) readings(ctx context.Context, partition int, begin, end int64) ([]published, error) {
	var out []published
	reader := g.stream.PartitionReader(g.topic, partition, stream.ReaderOptions{})
	var msg meter.Message
	for begin < end {
		batch, err := reader.Fetch(ctx, begin)
		if err != nil {
			return nil, err
		}
		for rec := (stream.Record{}); batch.Next(&rec); {
			if meter.DecodeMessage(rec.Value, &msg) != nil || !msg.Whole() {
				continue
			}
			if index, known := g.indexOf[string(msg.Meter)]; known {
				out = append(out, published{index: index, hour: msg.Hour, kwh: msg.KWh})
			}
		}
		if err := batch.Err(); err != nil {
			return nil, err
		}
		begin = batch.NextOffset()
	}
	return out, nil
}

// isOurs says whether the dataset has this very reading and publishes it.
func (g *generator) isOurs(p published) (bool, error) {
	if p.hour < g.first || g.warm.holds(p.index, p.hour) {
		return false, nil
	}
	if g.line.period == 0 && (p.hour < g.line.start || p.hour >= g.line.end) {
		return false, nil
	}
	for b, err := range g.line.blocks(p.hour) {
		if err != nil {
			return false, err
		}
		return b.hour == p.hour && contains(b.rows, p), nil
	}
	return false, nil
}

func contains(rows []dataset.Row, p published) bool {
	for _, row := range rows {
		if row.Meter == p.index && row.KWh == p.kwh {
			return true
		}
	}
	return false
}

// earliest is the hour of the first reading in the topic, NoHour if it holds
// none.
func (g *generator) earliest(ctx context.Context) (meter.Hour, error) {
	logs, err := g.stream.Offsets(ctx, g.topic)
	if err != nil {
		return meter.NoHour, err
	}
	first := meter.NoHour
	for p, log := range logs {
		found, err := g.readings(ctx, p, log.Start, min(log.End, log.Start+tails[1]))
		if err != nil {
			return meter.NoHour, err
		}
		if len(found) > 0 && (first == meter.NoHour || found[0].hour < first) {
			first = found[0].hour
		}
	}
	return first, nil
}
