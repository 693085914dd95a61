package writer

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestAnnouncements(t *testing.T) {
	b := Batch{Effects: twin.Effects{PrevOffset: 100, NextOffset: 151, Watermark: 9}}
	b.Announce()
	require.Empty(t, b.Outbox)

	b.Issued = []meter.Hour{3, 27}
	b.Announce()
	require.Equal(t, []OutboxEntry{{Kind: OutboxForecasts, Hour: 27}}, b.Outbox, "the newest alone, where there are no decisions")
	b.Decisions = make([]twin.Decision, 2)
	for _, offset := range []int64{7, 8, 10, 20, 120, 150} { // those before 100 waited for the rest of an hour
		b.Rejected = append(b.Rejected, twin.RejectedMessage{Offset: offset})
	}
	b.GroupTotals = []twin.GroupTotal{{}}
	want := []OutboxEntry{
		{Kind: OutboxDecisions, Hour: 3}, {Kind: OutboxDecisions, Hour: 27},
		{Kind: OutboxQuarantine, Hour: 9, FromOffset: 7, ToOffset: 8},
		{Kind: OutboxQuarantine, Hour: 9, FromOffset: 10, ToOffset: 10},
		{Kind: OutboxQuarantine, Hour: 9, FromOffset: 20, ToOffset: 20},
		{Kind: OutboxQuarantine, Hour: 9, FromOffset: 120, ToOffset: 150},
		{Kind: OutboxState, Hour: 9, FromOffset: 100, ToOffset: 150},
	}
	b.Announce()
	require.Equal(t, want, b.Outbox)
	b.Announce()
	require.Equal(t, want, b.Outbox, "a batch is used again")

	b.GroupForecasts = []twin.GroupForecast{{IssuedAt: 3}, {IssuedAt: 27}}
	b.Announce()
	require.Equal(t, want, b.Outbox, "decisions announce the forecasts of then")
	b.GroupForecasts = append(b.GroupForecasts, twin.GroupForecast{IssuedAt: 28}, twin.GroupForecast{IssuedAt: 29})
	b.Announce()
	require.Equal(t, slices.Insert(slices.Clone(want), 2, OutboxEntry{Kind: OutboxForecasts, Hour: 29}), b.Outbox)

	b.Shadow = true
	b.Announce()
	require.Equal(t, OutboxEntry{Kind: OutboxForecasts, Hour: 29}, b.Outbox[0])
	require.Equal(t, want[2:], b.Outbox[1:], "shadow decisions are not announced")
}
