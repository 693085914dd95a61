package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// An image that passes its proof and with which some workload never gets ready does
// not reach Kafka's pods, whose helper is that image. When all workloads have come
// up with it, it does.
func TestAWorkloadThatNeverGetsReadyLeavesKafkaAlone(t *testing.T) {
	sp := newSpace(t)
	sp.twin("up", smallest)
	sp.ready("up")
	sp.quiet()
	before := sp.templates("up")
	require.Equal(t, sp.image, sp.helper("up"))
	for _, component := range workloadNames() {
		if _, runs := before[component]; !runs {
			continue // the bridge, without a broker of MQTT
		}
		image := "r.example.org/w:" + component
		sp.unready.Store(component+"/"+image, true)
		sp.patchSpec("up", "image: "+image)
		sp.condition("up", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUpdating)
		sp.quiet()
		require.Contains(t, sp.templates("up")[component], image)
		require.Equal(t, before["kafka"], sp.templates("up")["kafka"], component)
		sp.restart() // and an operator that knows nothing
		sp.quiet()
		require.Equal(t, before["kafka"], sp.templates("up")["kafka"], component)

		sp.patchSpec("up", "image: null")
		sp.ready("up")
		sp.quiet()
		require.Equal(t, before, sp.templates("up"), component)
	}
	sp.patchSpec("up", "image: r.example.org/w:api")
	sp.condition("up", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUpdating)
	sp.unready.Delete("api/r.example.org/w:api")
	sp.eventually(func() error {
		sp.workOnce()
		if got := sp.helper("up"); got != "r.example.org/w:api" {
			return fmt.Errorf("the helper came up with %s", got)
		}
		return nil
	})
	sp.ready("up")
	require.Contains(t, sp.templates("up")["kafka"], "r.example.org/w:api")
}

// A helper with which Kafka does not come up is taken back at once, although the
// workloads run with its image.
func TestABrokenHelperIsTakenBack(t *testing.T) {
	sp := newSpace(t)
	sp.twin("back", smallest)
	sp.ready("back")
	before := sp.templates("back")
	const image = "r.example.org/w:v2"
	sp.unready.Store("kafka/"+image, true)
	sp.patchSpec("back", "image: "+image)
	sp.condition("back", v1.ConditionKafkaReady, metav1.ConditionFalse, v1.ReasonUpdating)
	require.Contains(t, sp.templates("back")["kafka"], image)
	require.Equal(t, sp.image, sp.helper("back"))
	sp.patchSpec("back", "image: null")
	sp.ready("back")
	sp.quiet()
	require.Equal(t, before, sp.templates("back"))
}

// helper is the image with which the helper of a twin's brokers came up last.
func (sp *space) helper(twin string) string {
	for _, c := range sp.get(twin).Status.Components {
		if c.Name == v1.ComponentKafka {
			return c.HelperImage
		}
	}
	return ""
}
