package controllers

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A twin that stores nothing for longer than its mode and speed explain says so
// and since when, and that it flows when readings are stored again.
func TestNothingStoredForLongerThanExplained(t *testing.T) {
	type page = map[string]any
	processor := func(lag int) page {
		return page{"partitions": []any{page{"partition": 0, "lag": lag}, page{"partition": 1, "lag": 0}}}
	}
	for name, c := range map[string]struct {
		spec  string
		pause time.Duration // that is explained
		where string
	}{
		"hour":    {"generator: {speed: 3600}", time.Second, "speed 3600"},
		"slow":    {"generator: {mode: Loop, speed: 2}", 30 * time.Minute, "after 30m0s"},
		"max":     {"generator: {speed: max}", 0, "speed max"},
		"live":    {"generator: {mode: Live}", time.Hour, "an hour's readings"},
		"outside": {"generator: {mode: \"Off\"}\nprocessor: {allowedLateness: 3h}", 4 * time.Hour, "3h0m0s late at most; all that is in the stream is processed"},
	} {
		t.Run(name, func(t *testing.T) {
			sp := newSpace(t)
			sp.twin(name, smallest+"\nkafka: {topics: {partitions: 2}}\n"+c.spec)
			sp.ready(name)
			store := func(rows int) {
				sp.runPod(name, "api", "192.0.2.50", page{"answered": true, "meters": 2, "rows": rows})
				sp.pass(time.Minute, name)
			}
			sp.runPod(name, "processor", "192.0.2.51", processor(0))
			store(100)
			flowing := sp.condition(name, v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
			require.Nil(t, flowing.Status.Stream.WaitingSince)

			store(100)
			waiting := sp.until(name, "waits", func(twin *v1.DigitalTwin) bool { return twin.Status.Stream.WaitingSince != nil })
			sp.pass(c.pause+storedGrace, name)
			sp.quiet()
			sp.condition(name, v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)

			sp.pass(time.Minute, name)
			twin := sp.condition(name, v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNothingStored)
			require.Equal(t, waiting.Status.Stream.WaitingSince, twin.Status.Stream.WaitingSince)
			message := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionDataFlowing).Message
			require.Contains(t, message, "since "+twin.Status.Stream.WaitingSince.UTC().Format(time.RFC3339))
			require.Contains(t, message, c.where)
			require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
			sp.recorded(name, v1.ReasonNothingStored, "Warning")

			// It is written once.
			sp.quiet()
			sp.pass(time.Hour, name)
			sp.settle(name)
			require.Empty(t, sp.requests.taken())

			store(101)
			twin = sp.condition(name, v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
			require.Nil(t, twin.Status.Stream.WaitingSince)
			sp.recorded(name, v1.ReasonFlowing, "Normal")
		})
	}
}

// A gap in the dataset explains that nothing is stored until the hour after it,
// also while the generator's pod is replaced.
func TestGapInTheDatasetExplainsTheWait(t *testing.T) {
	type page = map[string]any
	sp := newSpace(t)
	sp.twin("gap", smallest)
	sp.ready("gap")
	sp.runPod("gap", "api", "192.0.2.55", page{"answered": true, "meters": 2, "rows": 100})
	sp.runPod("gap", "generator", "192.0.2.56", page{"phase": "publishing", "due": time.Now().Add(3 * time.Hour)})
	sp.pass(time.Minute, "gap")
	sp.pass(time.Minute, "gap")
	sp.until("gap", "waits for the hour after the gap", func(twin *v1.DigitalTwin) bool {
		return twin.Status.Stream != nil && twin.Status.Stream.NextReadingsAt != nil
	})
	sp.figures.Delete("192.0.2.56")
	sp.pass(2*time.Hour, "gap")
	sp.quiet()
	sp.condition("gap", v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
	sp.pass(2*time.Hour, "gap")
	twin := sp.condition("gap", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNothingStored)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionDataFlowing).Message, "the next were due at")
}

// recorded waits for an event.
func (sp *space) recorded(twin, reason, kind string) {
	sp.t.Helper()
	sp.eventually(func() error {
		if got := sp.events(twin)[reason]; got != kind {
			return fmt.Errorf("the event %s is %q, not %q", reason, got, kind)
		}
		return nil
	})
}

// Readings that never come are noticed, too, and the component that holds them up is
// named: here a generator that does not become ready. A twin that is stopped
// waits for none.
func TestGeneratorThatNeverBecomesReady(t *testing.T) {
	type page = map[string]any
	sp := newSpace(t)
	sp.twin("never", smallest)
	sp.ready("never")
	sp.runPod("never", "api", "192.0.2.57", page{"answered": true, "rows": 0})
	sp.pass(time.Minute, "never")
	sp.condition("never", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNoReadings)
	sp.quiet()
	generator := &appsv1.Deployment{}
	require.True(t, sp.child(generator, "never-generator"))
	generator.Status.ReadyReplicas, generator.Status.AvailableReplicas = 0, 0
	sp.writeStatus(generator)
	sp.pass(storedGrace+time.Minute, "never")
	twin := sp.conditionWithoutWork("never", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNothingStored)
	message := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionDataFlowing).Message
	require.Contains(t, message, "WorkloadsReady is False: waiting for generator")

	// Nobody answers at all.
	sp.figures.Delete("192.0.2.57")
	sp.pass(time.Hour, "never")
	sp.condition("never", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNothingStored)

	sp.patchSpec("never", "state: Suspended")
	twin = sp.condition("never", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonSuspended)
	require.Nil(t, twin.Status.Stream.WaitingSince)
	sp.pass(24*time.Hour, "never")
	sp.condition("never", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonSuspended)
}

// Somebody edits a twin while its workloads are asked. What they reported stays: the
// version of the edit, from before the status was written, is not worked on.
func TestEditsWhileWorkloadsAreAsked(t *testing.T) {
	type page = map[string]any
	sp := newSpace(t)
	sp.twin("edited", smallest)
	sp.ready("edited")
	sp.runPod("edited", "api", "192.0.2.58", page{"answered": true, "rows": 0})
	sp.pass(time.Minute, "edited")
	sp.condition("edited", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNoReadings)
	for rows := range 5 {
		sp.quiet()
		var edited atomic.Bool
		sp.figures.Store("192.0.2.58", func() any {
			if edited.CompareAndSwap(false, true) {
				edit := fmt.Sprintf(`{"metadata":{"annotations":{"example.com/edit":"%d"}}}`, rows)
				if err := sp.admin.Patch(sp.ctx, sp.get("edited"), client.RawPatch(types.MergePatchType, []byte(edit))); err != nil {
					t.Error(err)
				}
			}
			return page{"answered": true, "rows": 7 + rows}
		})
		sp.pass(time.Minute, "edited")
		sp.quiet()
		sp.until("edited", "reports what its workloads have", func(twin *v1.DigitalTwin) bool {
			return twin.Status.Dataset != nil && twin.Status.Dataset.Rows == int64(7+rows)
		})
		sp.condition("edited", v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
	}
}
