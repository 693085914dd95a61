package writer

import (
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Batch is the effects of one stretch of one partition's stream as Commit writes
// them: in one transaction, or not at all.
type Batch struct {
	twin.Effects
	Epoch      int64  // of the owner, as TakePartition gave it
	LastHash   uint64 // of the record at NextOffset−1; 0 for an offset without one
	Provenance int32  // of the decisions, as EnsureProvenance gave it
	Shadow     bool   // the decisions are not for action: they are not announced
	Outbox     []OutboxEntry
}

// Announce fills Outbox with what the effects have for the relay: decisions by
// issue time, rejected messages, and the totals of groups.
func (b *Batch) Announce() {
	b.Outbox = b.Outbox[:0]
	if len(b.Decisions) > 0 && !b.Shadow {
		for _, t := range b.Issued {
			b.Outbox = append(b.Outbox, OutboxEntry{Kind: OutboxDecisions, Hour: t})
		}
	}
	b.announceForecasts()
	b.announceRejected()
	if len(b.GroupTotals) > 0 {
		b.Outbox = append(b.Outbox, OutboxEntry{
			Kind: OutboxState, Hour: b.Watermark, FromOffset: b.PrevOffset, ToOffset: b.NextOffset - 1,
		})
	}
}

// announceForecasts adds the newest issue of the batch, unless the decisions that were
// issued then announce it already. Earlier ones of the same batch were replaced before
// anybody could see them.
func (b *Batch) announceForecasts() {
	newest := meter.NoHour
	for i := range b.GroupForecasts {
		newest = max(newest, b.GroupForecasts[i].IssuedAt)
	}
	for _, t := range b.Issued {
		newest = max(newest, t)
	}
	if newest == meter.NoHour {
		return
	}
	for _, e := range b.Outbox {
		if e.Hour == newest {
			return
		}
	}
	b.Outbox = append(b.Outbox, OutboxEntry{Kind: OutboxForecasts, Hour: newest})
}

// announceRejected adds the rejected messages, which are in order of offset.
// Messages from before the batch, which waited for the rest of an hour, lie among
// others that have been announced: each run of them is named by itself.
func (b *Batch) announceRejected() {
	for rows := b.Rejected; len(rows) > 0; {
		n := len(rows)
		if rows[0].Offset < b.PrevOffset {
			for n = 1; n < len(rows) && rows[n].Offset == rows[n-1].Offset+1 && rows[n].Offset < b.PrevOffset; {
				n++
			}
		}
		b.Outbox = append(b.Outbox, OutboxEntry{
			Kind: OutboxQuarantine, Hour: b.Watermark, FromOffset: rows[0].Offset, ToOffset: rows[n-1].Offset,
		})
		rows = rows[n:]
	}
}

// OutboxKind is what an outbox entry announces. The values are stored.
type OutboxKind int16

// The kinds.
const (
	OutboxDecisions  OutboxKind = 1 // the partition's decisions issued at Hour
	OutboxQuarantine OutboxKind = 2 // the partition's quarantined messages of FromOffset..ToOffset
	OutboxState      OutboxKind = 3 // the load of the partition's groups at Hour
	OutboxForecasts  OutboxKind = 4 // the partition's forecasts issued at Hour, where no decisions of then are announced
)

// OutboxEntry announces rows of a batch to the relay. It holds no copy of them.
type OutboxEntry struct {
	Kind       OutboxKind
	Hour       meter.Hour
	FromOffset int64 // inclusive
	ToOffset   int64 // inclusive
}

// PartitionState is what the database knows of a partition's stream.
type PartitionState struct {
	Epoch      int64 // raised by taking the partition
	NextOffset int64 // 0 for a new partition
	LastHash   uint64
	Watermark  meter.Hour
	Totals     twin.Counts

	// TopicGeneration is 0 while the stream is the one that all that is known came
	// from, and is raised by MovePartition. Where it is not 0, reading the stream
	// from its start does not give the state again.
	TopicGeneration int

	// Incarnation is a random id of this database, changed by a restore.
	Incarnation uuid.UUID
}
