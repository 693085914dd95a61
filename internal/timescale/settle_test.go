package timescale_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// settleBy settles all decisions whose hours have passed, and returns how many.
func settleBy(t *testing.T, s store, by writer.Settling) (n int) {
	t.Helper()
	for {
		some, err := s.SettleNext(t.Context(), by)
		require.NoError(t, err)
		if some == 0 {
			return n
		}
		n += some
	}
}

// saving settles each decision with the same saving.
func saving(of float32) func([]writer.Unsettled) []decisions.Settled {
	return func(open []writer.Unsettled) (out []decisions.Settled) {
		for _, u := range open {
			out = append(out, decisions.Settled{
				ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: decisions.SettledSimulated,
				SavingEnergy: of, SavingDemand: of / 2, CO2Kg: nan(), PeakWithout: nan(), PeakWith: nan(),
			})
		}
		return out
	}
}

// settleAll settles every decision whose hours have passed, and returns how many.
func settleAll(t *testing.T, s store) int {
	t.Helper()
	return settleBy(t, s, writer.Settling{Settle: saving(1)})
}

// Decisions are settled in order of their hours, once, and only when these have passed.
func TestSettle(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		require.Zero(t, s.count(t, `SELECT count(*) FROM realised`))
		var issues []meter.Hour
		var all []writer.Unsettled // looked at afterwards: the settling holds a connection, and a server may have one
		n := settleBy(t, s, writer.Settling{Followed: true, Settle: func(open []writer.Unsettled) []decisions.Settled {
			require.Len(t, open, len(tw.meters))
			issues = append(issues, open[0].IssuedAt)
			all = append(all, open...)
			return saving(0.5)(open)
		}})
		require.Equal(t, 6, n)
		for _, u := range all {
			require.Len(t, u.Actual, len(u.Plan))
			for i, kwh := range u.Actual {
				want, there := s.kwhAt(t, u.MeterNo, u.ValidFrom+meter.Hour(i))
				require.Equal(t, there, kwh == kwh)
				if there {
					require.Equal(t, want, kwh)
				}
			}
			require.NotZero(t, u.Expected[0])
			require.Nil(t, u.Peaks, "there is no demand charge")
		}
		require.Equal(t, []meter.Hour{day + 24, day + 48}, issues, "the hours of the last have not all passed")
		got, known, err := s.SettledOf(t.Context(), &all[0].Row)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, []float32{0.5, 0.25}, []float32{got.SavingEnergy, got.SavingDemand})
		require.True(t, math.IsNaN(float64(got.CO2Kg)))
		require.Equal(t, 6, s.count(t, `SELECT count(*) FROM realised WHERE saving = 0.5 AND co2_kg IS NULL`))
		require.Zero(t, settleAll(t, s))

		// A watermark ends the last hour, with no reading of the next.
		b := tw.batch(1)
		b.Watermark = day + 96
		tw.commit(t, s, b)
		require.Equal(t, 3, settleAll(t, s))
		require.Equal(t, s.count(t, `SELECT count(*) FROM decisions WHERE action <> 0 AND meter_no <> 0`), s.count(t, `SELECT count(*) FROM realised`))
	})
}

// A partition that is behind the others is settled when it comes to their hours.
func TestSettleEachPartition(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		require.Equal(t, 6, settleAll(t, s))
		late := take(t, s, 4, twin.MeterKey{Name: "late", Group: "south"})
		require.Zero(t, settleAll(t, s), "it has no watermark yet")
		for d := range meter.Hour(3) {
			b := late.batch(24)
			for h := day + 24*d; h < day+24*(d+1); h++ {
				smallHour(b, late, h)
			}
			decided(b, shiftDecision(late.meters[0], day+24*d, tw.prov))
			late.commit(t, s, b)
			require.Equal(t, min(int(d), 1), settleAll(t, s), "of the day before")
		}
		require.Equal(t, 8, s.count(t, `SELECT count(*) FROM realised`))
	})
}

// Several processes settle each decision once, and what a process that is killed had
// begun is settled by another.
func TestSettleSideBySide(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs several connections")
		}
		tw := newSmall(t, s)
		killed, kill := context.WithCancel(t.Context())
		_, err := s.SettleNext(killed, writer.Settling{Settle: func(open []writer.Unsettled) []decisions.Settled {
			kill()
			return saving(1)(open)
		}})
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, s.count(t, `SELECT count(*) FROM realised`))

		var one sync.Mutex
		times := map[uuid.UUID]int{}
		var processes sync.WaitGroup
		for range 3 {
			processes.Go(func() {
				for n := 1; n > 0; {
					var err error
					n, err = s.SettleNext(t.Context(), writer.Settling{Settle: func(open []writer.Unsettled) []decisions.Settled {
						one.Lock()
						defer one.Unlock()
						for _, u := range open {
							times[u.ID]++
						}
						return saving(1)(open)
					}})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		processes.Wait()
		require.Len(t, times, 2*len(tw.meters))
		for id, n := range times {
			require.Equal(t, 1, n, "%s", id)
		}
		require.Equal(t, 6, s.count(t, `SELECT count(*) FROM realised`))
	})
}

// With a demand charge the highest hours of a month go on from one decision of a meter to
// the next, as they are stored: whether two days are settled at once or one after the other.
func TestSettleCarriesTheMonthsPeaks(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		turn := 0
		by := writer.Settling{Demand: true, Settle: func(open []writer.Unsettled) []decisions.Settled {
			for _, u := range open {
				without, with := float64(u.MeterNo)+0.1, float64(u.MeterNo)-0.1
				if turn > 0 {
					require.Equal(t, dsm.MonthPeaks{Month: 24_001, Without: float64(float32(without)), With: float64(float32(with))}, *u.Peaks)
				} else {
					require.Zero(t, *u.Peaks)
				}
				u.Peaks.Month, u.Peaks.Without, u.Peaks.With = 24_001, without, with
			}
			turn++
			return saving(1)(open)
		}}
		require.Equal(t, 6, settleBy(t, s, by))
		require.Equal(t, 2, turn)
		require.Equal(t, 6, s.count(t, `SELECT count(*) FROM realised`))
		require.Equal(t, 3, s.count(t, `SELECT count(*) FROM month_peaks`))

		b := tw.batch(1)
		b.Watermark = day + 96
		tw.commit(t, s, b)
		require.Equal(t, 3, settleBy(t, s, by))
		require.Equal(t, 3, turn)
	})
}

// The outcome of a decision is computed again when a reading of its hours is
// corrected, and once for as many corrections.
func TestCorrectionsAreSettledAgain(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		newSmall(t, s)
		ctx := t.Context()
		again := func(of float32) (found []writer.Unsettled) {
			for {
				n, err := s.SettleCorrected(ctx, writer.Settling{Settle: func(open []writer.Unsettled) []decisions.Settled {
					found = append(found, open...)
					return saving(of)(open)
				}})
				require.NoError(t, err)
				if n == 0 {
					return found
				}
			}
		}
		var first []writer.Unsettled
		settleBy(t, s, writer.Settling{Settle: func(open []writer.Unsettled) []decisions.Settled {
			first = append(first, open...)
			return saving(1)(open)
		}})
		require.NotEmpty(t, first)
		require.Empty(t, again(2))

		wrong := &first[0]
		correct := func(h meter.Hour, offset int) {
			_, err := s.Pool.Exec(ctx, `INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh) VALUES ($1, $2, $3, 1)`,
				h.Time(), wrong.MeterNo, offset)
			require.NoError(t, err)
		}
		correct(wrong.ValidFrom, 1)
		correct(wrong.ValidFrom+1, 2)
		found := again(3)
		require.Len(t, found, 1)
		require.Equal(t, wrong.ID, found[0].ID)
		require.Equal(t, 2, found[0].Corrections)
		correct(wrong.ValidFrom+1, 3)
		require.Len(t, again(4), 1)
		correct(wrong.ValidFrom-1, 4) // no hour of it
		for _, u := range again(5) {
			require.NotEqual(t, wrong.ID, u.ID)
		}
		got, known, err := s.SettledOf(ctx, &wrong.Row)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, float32(4), got.SavingEnergy)
		require.Equal(t, 3, got.Corrections)
	})
}

// kwhAt is the stored reading of an hour; false if there is none.
func (s store) kwhAt(t *testing.T, no int32, h meter.Hour) (float32, bool) {
	t.Helper()
	var kwh *float32
	require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT (SELECT kwh FROM readings WHERE meter_no = $1 AND ts = $2)`, no, h.Time()).Scan(&kwh))
	if kwh == nil {
		return 0, false
	}
	return *kwh, true
}
