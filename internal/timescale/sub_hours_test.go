package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestSubHourReadingsWaitForTheirHour(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 3, twin.MeterKey{Name: "a", Group: ""}, twin.MeterKey{Name: "b", Group: ""})
		other := take(t, s, 4, twin.MeterKey{Name: "c", Group: ""})
		subHour := func(m twin.MeterRef, h meter.Hour, minute uint8, offset int64, value string) twin.SubHourReading {
			return twin.SubHourReading{MeterNo: m.MeterNo, Hour: h, Minute: minute, Offset: offset, Key: []byte("k"), Value: []byte(value)}
		}
		a, b, c := p.meters[0], p.meters[1], other.meters[0]
		kept := func(partition int) []twin.SubHourReading {
			readings, err := s.SubHours(t.Context(), partition)
			require.NoError(t, err)
			return readings
		}

		first := p.batch(10)
		first.SubHours = []twin.SubHourReading{subHour(b, day-1, 45, 9, "b"), subHour(a, day, 0, 7, "one"), subHour(a, day, 30, 8, "\x00\xff"), subHour(a, day+1, 0, 5, "next")}
		p.commit(t, s, first)
		foreign := other.batch(1)
		foreign.SubHours = []twin.SubHourReading{subHour(c, day, 15, 0, "c")}
		other.commit(t, s, foreign)
		require.Equal(t, []twin.SubHourReading{subHour(a, day+1, 0, 5, "next"), subHour(a, day, 0, 7, "one"), subHour(a, day, 30, 8, "\x00\xff"), subHour(b, day-1, 45, 9, "b")}, kept(3))

		// The hour is given up and begins again in the same batch.
		second := p.batch(10)
		second.SubHourDone = []twin.MeterHour{{MeterNo: a.MeterNo, Hour: day}, {MeterNo: b.MeterNo, Hour: day}}
		second.SubHours = []twin.SubHourReading{subHour(a, day, 15, 12, "again"), subHour(a, day+1, 0, 13, "corrected")}
		p.commit(t, s, second)
		require.Equal(t, []twin.SubHourReading{subHour(b, day-1, 45, 9, "b"), subHour(a, day, 15, 12, "again"), subHour(a, day+1, 0, 13, "corrected")}, kept(3))

		// The log has lost records: what waits is of the same topic.
		require.NoError(t, s.MovePartition(t.Context(), 3, p.state.Epoch, 25))
		require.Equal(t, int64(9), kept(3)[0].Offset)
		// A new topic: no message of it has the offset of one that waits.
		require.ErrorIs(t, s.MovePartition(t.Context(), 3, p.state.Epoch-1, 10), writer.ErrFenced)
		require.NoError(t, s.MovePartition(t.Context(), 3, p.state.Epoch, 10))
		require.Equal(t, []twin.SubHourReading{subHour(a, day+1, 0, -14, "corrected"), subHour(a, day, 15, -13, "again"), subHour(b, day-1, 45, 9, "b")}, kept(3))
		require.Equal(t, []twin.SubHourReading{subHour(c, day, 15, 0, "c")}, kept(4))
	})
}
