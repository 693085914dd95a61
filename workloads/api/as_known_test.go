package api

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// A value that was corrected later is shown as it was, and one that came late is missing
// until it came. What is asked about now has both.
func TestStatesShowWhatWasKnownThen(t *testing.T) {
	a := newTestAPI(t, nil)
	const path = "/api/v1/meters/home-000003"
	corrected, late, came := storeEnd-49, storeEnd-50, storeEnd-20
	at := func(h meter.Hour) string { return url.QueryEscape(h.Time().Format(time.RFC3339)) }
	stored := read[[]Series](t, a, path+"/history?step=1h&from="+at(late)+"&to="+at(corrected+1)).Data[0].Points
	require.NotNil(t, stored[0].KWh)

	conn, err := pgx.Connect(t.Context(), withoutPool(storeURL))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), `INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh, old_quality, watermark)
		SELECT v.ts, meter_no, v.number, v.kwh, v.quality, $3 FROM meters, (VALUES ($1::timestamptz, 1, 7.5::real, 0::int2), ($2, 2, NULL, NULL)) v(ts, number, kwh, quality)
		WHERE name = 'home-000003'`, corrected.Time(), late.Time(), came.Time())
	require.NoError(t, err)
	defer func() {
		_, err := conn.Exec(context.Background(), `DELETE FROM reading_revisions WHERE meter_no IN (SELECT meter_no FROM meters WHERE name = 'home-000003')`)
		require.NoError(t, err)
	}()

	then := read[stateAnswer](t, a, path+"/state?at="+at(corrected+1))
	require.Equal(t, float32(7.5), then.Data.Reading.KWh)
	require.Nil(t, then.Data.Last24h[lastHours-2])
	require.True(t, then.Meta.Partial)
	require.InDelta(t, 7.5, *read[stateAnswer](t, a, path+"/state?at="+at(corrected+lastHours)).Data.Last24h[0], 1e-6, "a day later, before it came")
	points := read[[]Series](t, a, path+"/history?step=1h&from="+at(late)+"&to="+at(corrected+1)).Data[0].Points
	require.Equal(t, stored, points, "histories show what is stored")
}
