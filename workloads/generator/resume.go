package generator

import (
	"context"
	"fmt"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// published is a reading found in the topic, or a watermark.
type published struct {
	index int32
	hour  meter.Hour // of the reading; NoHour for a watermark
	kwh   float32

	watermark meter.Hour // NoHour for a reading
}

// position is where publishing goes on.
type position struct {
	from []meter.Hour // by partition: the first hour that it lacks; endOfTime if it lacks none
	// front is the greatest hour that was published before, NoHour if none was. What
	// a partition lacks up to it was due before and is due at once.
	front meter.Hour
	// marks is the newest watermark behind the readings of each partition, NoHour if
	// there is none.
	marks []meter.Hour
}

// begin is the least hour that a partition lacks, endOfTime if none lacks any.
func (p position) begin() meter.Hour { return slices.Min(p.from) }

// resume finds the hour from which each partition goes on. A partition without
// meters lacks nothing, nor does one whose meters have no readings any more.
func (g *generator) resume(ctx context.Context) (position, error) {
	logs, err := g.stream.Offsets(ctx, g.topic)
	if err != nil {
		return position{}, err
	}
	if len(logs) != g.twin.Kafka.Partitions {
		return position{}, fatal{fmt.Errorf("topic %s has %d partitions, the configuration has %d: "+
			"readings would land in other partitions than before", g.topic, len(logs), g.twin.Kafka.Partitions)}
	}
	// What a recreated topic lacks was due before all the same.
	pos := position{from: make([]meter.Hour, len(logs)), front: g.publishedBefore(ctx), marks: make([]meter.Hour, len(logs))}
	for p, log := range logs {
		found, err := g.resumePartition(ctx, p, log)
		if err != nil {
			return position{}, err
		}
		pos.front = max(pos.front, found.last)
		pos.from[p], pos.marks[p] = g.shares[p].lacksFrom(found.next), found.mark
	}
	return pos, nil
}

// tails are how many records at the end of a partition are searched, one
// after the other: mostly the last record is enough, but others may write to
// the topic too.
var tails = []int64{1, 1_000, 50_000}

// resumption is how far a partition was published.
type resumption struct {
	last meter.Hour // of the last reading of the dataset; NoHour if none was found
	next meter.Hour // from which the partition goes on: last, unless the reading is the hour's last
	mark meter.Hour // newest watermark behind that reading; NoHour if there is none
}

// resumePartition searches for the last record that is a reading of this very
// dataset. What others have published is no measure of how far the dataset
// has come. If nothing is found, the partition begins again: readings that are
// repeated change nothing, a gap would stay.
func (g *generator) resumePartition(ctx context.Context, partition int, log stream.Offsets) (resumption, error) {
	none := resumption{last: meter.NoHour, next: g.first, mark: meter.NoHour}
	if g.recreated || g.shares[partition].empty() {
		return none, nil
	}
	for _, n := range tails {
		begin := max(log.Start, log.End-n)
		candidates, err := g.readings(ctx, partition, begin, log.End)
		if err != nil {
			return none, err
		}
		found, err := g.lastOfOurs(candidates)
		if err != nil {
			return none, fatal{err}
		}
		if found.last != meter.NoHour {
			return found, nil
		}
		if begin == log.Start {
			break
		}
	}
	return none, nil
}

// lastOfOurs searches records, from the last to the first, for a reading of the
// dataset.
func (g *generator) lastOfOurs(candidates []published) (resumption, error) {
	found := resumption{last: meter.NoHour, next: g.first, mark: meter.NoHour}
	for _, c := range slices.Backward(candidates) {
		if c.watermark != meter.NoHour {
			found.mark = max(found.mark, c.watermark)
			continue
		}
		ours, whole, err := g.isOurs(c)
		if err != nil {
			return found, err
		}
		if !ours {
			continue
		}
		found.last, found.next = c.hour, c.hour
		if whole {
			found.next = c.hour + 1
		}
		break
	}
	return found, nil
}

// readings are the records in [begin, end) that can be readings of the
// dataset, and watermarks.
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
			if meter.DecodeMessage(rec.Value, &msg) != nil {
				if w, _, err := meter.DecodeWatermark(rec.Value); err == nil && w != meter.NoHour {
					out = append(out, published{hour: meter.NoHour, watermark: w})
				}
				continue
			}
			if index, known := g.indexOf[string(msg.Meter)]; known && msg.Whole() {
				out = append(out, published{index: index, hour: msg.Hour, kwh: msg.KWh, watermark: meter.NoHour})
			}
		}
		if err := batch.Err(); err != nil {
			return nil, err
		}
		begin = batch.NextOffset()
	}
	return out, nil
}

// isOurs reports whether the dataset has this very reading and publishes it,
// and whether it is the last one of its hour that its partition gets: then the
// partition has the whole hour, because partitions are written in order.
func (g *generator) isOurs(p published) (ours, last bool, err error) {
	if p.hour < g.first || g.warm.holds(p.index, p.hour) {
		return false, false, nil
	}
	if g.line.period == 0 && (p.hour < g.line.start || p.hour >= g.line.end) {
		return false, false, nil
	}
	for b, err := range g.line.blocks(p.hour) {
		if err != nil {
			return false, false, err
		}
		if b.hour != p.hour {
			break
		}
		for _, row := range b.rows {
			if g.routes[row.Meter].partition != g.routes[p.index].partition || g.warm.holds(row.Meter, p.hour) {
				continue
			}
			last = row.Meter == p.index && row.KWh == p.kwh
			ours = ours || last
		}
		break
	}
	return ours, last, nil
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
		for _, r := range found {
			if r.watermark == meter.NoHour {
				first = earlier(first, r.hour)
				break
			}
		}
	}
	return first, nil
}

// earlier is the lesser of two hours, either of which may be NoHour.
func earlier(a, b meter.Hour) meter.Hour {
	if a == meter.NoHour || b == meter.NoHour {
		return max(a, b)
	}
	return min(a, b)
}
