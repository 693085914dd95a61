package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// stream is what is seen of a twin's readings while something else happens.
type stream struct {
	stored   []int64  // readings, by each answer of the API in their order
	silences []string // why the API did not answer
	stops    []string // statuses that report that no readings flow
}

// enoughAnswers distinguish the thirds of a time, however short it is.
const enoughAnswers = 12

// during sees a twin's readings until do has ended, and requires that they flow from the
// beginning to the end: more are stored in each third of the answers.
func (s *space) during(twin string, do func()) stream {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var seen stream
	key := s.apiKey(twin)
	var done atomic.Bool
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil && (!done.Load() || len(seen.stored) < enoughAnswers && len(seen.silences) < int(patience/pause)) {
			s.observe(ctx, twin, key, &seen)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	})
	do()
	done.Store(true)
	watching.Wait()
	n := len(seen.stored)
	require.GreaterOrEqual(s.t, n, enoughAnswers, "the API does not answer: %v", seen.silences)
	s.t.Logf("%d answers, %d to %d readings; %d silences, %v; stops %v", n, seen.stored[0], seen.stored[n-1], len(seen.silences), seen.silences, seen.stops)
	for third := range 3 {
		require.Greater(s.t, seen.stored[(third+1)*(n-1)/3], seen.stored[third*(n-1)/3], "nothing was stored for a third of the time: %v", seen.stored)
	}
	return seen
}

// observe adds an answer of the API and the operator's verdict.
func (s *space) observe(ctx context.Context, twin, key string, seen *stream) {
	var answer struct {
		Data apiTwin `json:"data"`
	}
	body, err := s.get(ctx, twin, "/api/v1/twin", key)
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		seen.silences = append(seen.silences, err.Error())
	default:
		seen.stored = append(seen.stored, answer.Data.Counts.Stored)
	}
	object := &v1.DigitalTwin{}
	if err := s.Get(ctx, client.ObjectKey{Namespace: s.name, Name: twin}, object); err != nil {
		return
	}
	if c := meta.FindStatusCondition(object.Status.Conditions, v1.ConditionDataFlowing); c != nil && c.Status == metav1.ConditionFalse {
		seen.stops = append(seen.stops, c.Reason)
	}
}

// undisturbed runs do, and requires that no pod of a twin is replaced or restarted,
// its API answers, and its readings flow.
func (s *space) undisturbed(twin string, do func()) {
	s.t.Helper()
	before := s.stable(twin)
	seen := s.during(twin, do)
	require.Empty(s.t, seen.silences)
	require.Empty(s.t, seen.stops)
	now := s.stable(twin)
	for name, pod := range before {
		require.Contains(s.t, now, name, "%s was replaced", name)
		require.Equal(s.t, pod.UID, now[name].UID, "%s was replaced", name)
		require.Equal(s.t, restarts(pod), restarts(now[name]), "%s was restarted", name)
	}
}

// noReadingIsLost requires that each hour between the first and the last has a
// reading of each meter.
func (s *space) noReadingIsLost(t *testing.T, twin string) {
	t.Helper()
	conn := s.readings(twin)
	eventually(t, fmt.Sprintf("all hours of %s complete", twin), func() (string, bool) {
		stored := s.replayed(conn)
		return fmt.Sprintf("%d hours of %d, %d incomplete", stored.hours, stored.span, stored.incomplete),
			stored.hours > 0 && stored.span == stored.hours && stored.incomplete == 0
	})
}
