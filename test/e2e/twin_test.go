package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// sample reads a twin of config/samples.
func (s *space) sample(file string) *v1.DigitalTwin {
	s.t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", file))
	require.NoError(s.t, err)
	twin := &v1.DigitalTwin{}
	require.NoError(s.t, yaml.UnmarshalStrict(doc, twin))
	twin.Namespace = s.name
	return twin
}

// synthetic is a twin of made-up households over some days, with as little as
// works: no monitoring, and few partitions.
func (s *space) synthetic(name string, meters int32, days int, speed v1.Speed) *v1.DigitalTwin {
	partitions := int32(3)
	return &v1.DigitalTwin{
		ObjectMeta: s.meta(name),
		Spec: v1.DigitalTwinSpec{
			DeletionPolicy: v1.DeletionDelete,
			Dataset: &v1.Dataset{
				Synthetic: &v1.SyntheticSource{Meters: &meters},
				Window:    &v1.DatasetWindow{Start: "2025-01-01", Duration: v1.Duration(fmt.Sprintf("%dh", days*24))},
			},
			Generator: v1.Generator{Speed: speed, Warmup: &v1.Warmup{History: "168h"}},
			Kafka:     &v1.Kafka{Topics: &v1.Topics{Partitions: &partitions}},
			Monitoring: v1.Monitoring{
				Prometheus: v1.Prometheus{Mode: v1.PrometheusOff},
				Grafana:    v1.Grafana{Mode: v1.GrafanaOff},
			},
		},
	}
}

// twin reads a twin.
func (s *space) twin(name string) *v1.DigitalTwin {
	s.t.Helper()
	twin := &v1.DigitalTwin{}
	require.NoError(s.t, s.Get(s.t.Context(), s.key(name), twin))
	return twin
}

// change changes the spec of a twin.
func (s *space) change(name string, change func(*v1.DigitalTwinSpec)) {
	s.t.Helper()
	before := s.twin(name)
	after := before.DeepCopy()
	change(&after.Spec)
	require.NoError(s.t, s.Patch(s.t.Context(), after, client.MergeFrom(before)))
}

// await waits for something of a twin's status that speaks of its newest spec.
func (s *space) await(name, what string, ok func(*v1.DigitalTwin) bool) *v1.DigitalTwin {
	s.t.Helper()
	twin := &v1.DigitalTwin{}
	eventually(s.t, fmt.Sprintf("%s/%s %s", s.name, name, what), func() (string, bool) {
		if err := s.Get(s.t.Context(), s.key(name), twin); err != nil {
			return err.Error(), false
		}
		return inWords(twin), twin.Status.ObservedGeneration == twin.Generation && ok(twin)
	})
	return twin
}

// ready waits until a twin is Ready.
func (s *space) ready(name string) *v1.DigitalTwin {
	s.t.Helper()
	return s.await(name, "is Ready", isReady)
}

// completed waits until a twin's replay has ended.
func (s *space) completed(name string) *v1.DigitalTwin {
	s.t.Helper()
	return s.await(name, "is Completed", func(t *v1.DigitalTwin) bool { return t.Status.Phase == v1.PhaseCompleted })
}

func isReady(t *v1.DigitalTwin) bool {
	return meta.IsStatusConditionTrue(t.Status.Conditions, v1.ConditionReady)
}

func isFlowing(t *v1.DigitalTwin) bool {
	c := meta.FindStatusCondition(t.Status.Conditions, v1.ConditionDataFlowing)
	return c != nil && (c.Status == metav1.ConditionTrue || c.Reason == v1.ReasonReplayFinished)
}

// inWords is a twin's status in one line.
func inWords(t *v1.DigitalTwin) string {
	words := []string{string(t.Status.Phase)}
	for _, kind := range []string{v1.ConditionReady, v1.ConditionDataFlowing} {
		if c := meta.FindStatusCondition(t.Status.Conditions, kind); c != nil {
			words = append(words, fmt.Sprintf("%s=%s (%s)", kind, c.Status, c.Message))
		}
	}
	if st := t.Status.Stream; st != nil && st.Progress != "" {
		words = append(words, st.Progress)
	}
	return strings.Join(words, "; ")
}

// remove deletes a twin and waits until it is gone.
func (s *space) remove(name string) time.Duration {
	s.t.Helper()
	began := time.Now()
	require.NoError(s.t, client.IgnoreNotFound(s.Delete(s.t.Context(), &v1.DigitalTwin{ObjectMeta: s.meta(name)})))
	eventually(s.t, fmt.Sprintf("%s/%s gone", s.name, name), func() (string, bool) {
		twin := &v1.DigitalTwin{}
		err := s.Get(s.t.Context(), s.key(name), twin)
		return inWords(twin), apierrors.IsNotFound(err)
	})
	return time.Since(began)
}
