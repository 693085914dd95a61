package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/energytwin/energytwin/controllers/resources"
)

// TestEvictedGenerator: the quickstart's generator is evicted soon after its
// first readings, and twice later. Each time the replay goes on with the hour
// after the last one, and no reading is lost or repeated.
func TestEvictedGenerator(t *testing.T) {
	s := connect(t).space(t, "e2e-evicted")
	twin := s.sample("quickstart.yaml")
	s.make(twin)
	s.ready(twin.Name)
	conn := s.readings(twin.Name)
	for _, hours := range []int{1, 90, 180} {
		eventually(t, fmt.Sprintf("%d hours stored", hours), func() (string, bool) {
			stored := s.replayed(conn)
			return "", stored.hours >= hours
		})
		s.evictGenerator(twin.Name, conn)
	}
	end := s.replayed(conn)
	require.Zero(t, end.incomplete, "hours in which readings are lost")
	require.Equal(t, end.span, end.hours, "hours that are lost")
	require.Zero(t, s.asked(twin.Name, "").Counts.Quarantined)
	s.remove(twin.Name)
}

// evictGenerator evicts the generator's pod and waits until what another one
// publishes is stored. It would take a second for each hour that is stored to
// walk there from the warm-up again: half of that is too long.
func (s *space) evictGenerator(twin string, conn *pgx.Conn) {
	s.t.Helper()
	prefix := resources.Name(twin, "generator-")
	evicted := s.pods(prefix)
	require.Len(s.t, evicted, 1)
	for name := range evicted {
		require.NoError(s.t, s.kube.PolicyV1().Evictions(s.name).Evict(s.t.Context(), &policyv1.Eviction{ObjectMeta: s.meta(name)}))
	}
	var before replayedHours
	var readySince time.Time
	eventually(s.t, "another generator", func() (string, bool) {
		for name, pod := range s.pods(prefix) {
			if _, old := evicted[name]; old {
				before = s.replayed(conn)
				return name + " is still there", false
			}
			if podReady(&pod) {
				readySince = time.Now()
				return "", true
			}
		}
		return "not ready", false
	})
	eventually(s.t, "the hour after "+before.last.Format(time.RFC3339), func() (string, bool) {
		return "", s.replayed(conn).last.After(before.last)
	})
	took := time.Since(readySince)
	s.t.Logf("MEASURED generator evicted after %d hours: readings stored %.1f s after the new pod was ready (wanted: 10 s)", before.hours, took.Seconds())
	require.Less(s.t, took, max(time.Minute, time.Duration(before.hours)*time.Second/2), "the replay walks from the warm-up")
}

// readings connects to a twin's database, as the role that may only read.
func (s *space) readings(twin string) *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.database(twin, resources.ReaderRole, resources.KeyReaderPassword))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) })
	return conn
}

// replayedHours are the hours of a replay that are stored.
type replayedHours struct {
	hours, span int       // stored, and from the first to the last
	incomplete  int       // without a reading of each meter, but for the newest ones
	last        time.Time // hour of the newest reading
}

// replayed looks at the hours that are stored. Partitions are committed one by
// one, so that the newest hours may lack some meters.
func (s *space) replayed(conn *pgx.Conn) replayedHours {
	s.t.Helper()
	const newest = 6 * time.Hour
	var r replayedHours
	err := conn.QueryRow(s.t.Context(), `
		WITH hours AS (SELECT ts, count(*) AS meters FROM readings GROUP BY ts),
			bounds AS (SELECT min(ts) AS first, max(ts) AS last FROM hours)
		SELECT count(*),
			coalesce(extract(epoch FROM last - first)::int / 3600 + 1, 0),
			count(*) FILTER (WHERE hours.meters <> (SELECT count(*) FROM meters) AND ts < last - $1::interval),
			coalesce(last, 'epoch')
		FROM bounds LEFT JOIN hours ON true GROUP BY first, last`, newest).Scan(&r.hours, &r.span, &r.incomplete, &r.last)
	require.NoError(s.t, err)
	return r
}
