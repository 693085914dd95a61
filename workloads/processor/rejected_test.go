package processor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/twin"
)

// Counts reach ten minutes back, and no further.
func TestRecentCountsByReason(t *testing.T) {
	var r recent
	at := time.Date(2026, 1, 1, 12, 0, 30, 0, time.UTC)
	batch := func(in int, reasons ...string) *twin.Effects {
		b := &twin.Effects{}
		b.Counts.In = int64(in)
		for _, reason := range reasons {
			b.Rejected = append(b.Rejected, twin.RejectedMessage{Reason: reason})
		}
		return b
	}
	require.Equal(t, RecentStatus{Rejected: map[string]int64{}}, r.counts(at))
	r.note(at, batch(100, "wrong_partition", "malformed"))
	r.note(at.Add(time.Minute), batch(50, "wrong_partition"))
	require.Equal(t, RecentStatus{Readings: 150, Rejected: map[string]int64{"wrong_partition": 2, "malformed": 1}}, r.counts(at.Add(time.Minute)))
	require.Equal(t, RecentStatus{Readings: 50, Rejected: map[string]int64{"wrong_partition": 1}}, r.counts(at.Add(10*time.Minute)))
	r.note(at.Add(11*time.Minute), batch(5))
	require.Equal(t, RecentStatus{Readings: 5, Rejected: map[string]int64{}}, r.counts(at.Add(11*time.Minute)))
	require.Len(t, r.minutes, 1)
}
