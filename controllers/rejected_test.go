package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
)

// A share of rejected readings is reported with its reasons, most frequent first; a
// few odd messages are not; and it ends when the share does.
func TestReadingsRejectedCountsReasons(t *testing.T) {
	s := (&Reconciler{Now: time.Now}).newScope(t.Context(), &v1.DigitalTwin{})
	look := func(pages ...config.RecentFigures) *metav1.Condition {
		s.figures = &figures{}
		for _, page := range pages {
			s.figures.add(config.ProcessorFigures{Partitions: []config.PartitionFigures{{}}, Recent: page})
		}
		s.readingsRejected()
		return s.condition(v1.ConditionReadingsRejected)
	}
	require.Nil(t, look(config.RecentFigures{Readings: 100000, Rejected: map[string]int64{"malformed": 900}}), "0.9 %")
	require.Nil(t, look(config.RecentFigures{Readings: 20, Rejected: map[string]int64{"malformed": 9}}), "too few to speak of a share")

	c := look(
		config.RecentFigures{Readings: 600, Rejected: map[string]int64{"group_changed": 2, "wrong_partition": 10}},
		config.RecentFigures{Readings: 400, Rejected: map[string]int64{"wrong_partition": 290}},
	)
	require.Equal(t, metav1.ConditionTrue, c.Status)
	require.Equal(t, v1.ReasonShareTooHigh, c.Reason)
	require.Contains(t, c.Message, "of the last 1000 readings 302 were rejected: 300 wrong_partition, 2 group_changed")

	s.figures = nil
	s.readingsRejected()
	require.NotNil(t, s.condition(v1.ConditionReadingsRejected), "nobody answered: it stays as it was")

	require.Nil(t, look(config.RecentFigures{Readings: 1000}))
}
