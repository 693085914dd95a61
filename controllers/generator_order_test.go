package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A generator that runs changes after the processors, also under an operator that
// starts in between: in Loop it goes past the window, where the processors of a
// Replay would reject what it publishes.
func TestProcessorsChangeBeforeTheGenerator(t *testing.T) {
	sp := newSpace(t)
	sp.twin("order", smallest)
	sp.ready("order")
	sp.quiet()
	for _, c := range []string{"generator: {mode: Loop}", "generator: {speed: 7200}\nprocessor: {allowedLateness: 1h}"} {
		before := sp.templates("order")
		sp.unready.Store("processor/"+sp.image, true)
		sp.patchSpec("order", c)
		sp.condition("order", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUpdating)
		sp.quiet()
		sp.restart()
		sp.quiet()
		now := sp.templates("order")
		require.NotEqual(t, before["processor"], now["processor"], c)
		require.Equal(t, before["generator"], now["generator"], c)

		sp.unready.Delete("processor/" + sp.image)
		sp.eventually(func() error {
			sp.workOnce()
			if sp.templates("order")["generator"] == before["generator"] {
				return fmt.Errorf("%s: the generator has not changed", c)
			}
			return nil
		})
		sp.ready("order")
	}
	require.NotContains(t, sp.witness.history("order"), v1.PhaseDegraded)

	// A twin that is suspended meanwhile stops at once.
	sp.unready.Store("processor/"+sp.image, true)
	sp.patchSpec("order", "generator: {mode: Replay}")
	sp.patchSpec("order", "state: Suspended")
	sp.condition("order", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSuspended)
	require.Zero(t, sp.replicas("order-generator"))
}
