package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// While people wait for the first readings the workloads are asked often, but
// not for ever: a twin whose readings come from outside may wait for days.
func TestFirstReadingsAreAskedForSooner(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	condition := func(kind string, status metav1.ConditionStatus, reason string, age time.Duration) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(now.Add(-age))}
	}
	for name, c := range map[string]struct {
		conditions []metav1.Condition
		pause      time.Duration
	}{
		"nothing known yet": {nil, firstFiguresEvery},
		"workloads on their way": {[]metav1.Condition{
			condition(v1.ConditionWorkloadsReady, metav1.ConditionFalse, v1.ReasonWaiting, time.Hour),
			condition(v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonWaiting, time.Hour),
		}, firstFiguresEvery},
		"workloads just there": {[]metav1.Condition{
			condition(v1.ConditionWorkloadsReady, metav1.ConditionTrue, v1.ReasonAvailable, time.Minute),
			condition(v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNoReadings, time.Hour),
		}, firstFiguresEvery},
		"no readings for long": {[]metav1.Condition{
			condition(v1.ConditionWorkloadsReady, metav1.ConditionTrue, v1.ReasonAvailable, 3*time.Minute),
			condition(v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonNoReadings, time.Minute),
		}, figuresEvery},
		"data flow": {[]metav1.Condition{
			condition(v1.ConditionWorkloadsReady, metav1.ConditionTrue, v1.ReasonAvailable, time.Minute),
			condition(v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing, time.Second),
		}, figuresEvery},
		"behind": {[]metav1.Condition{
			condition(v1.ConditionWorkloadsReady, metav1.ConditionTrue, v1.ReasonAvailable, time.Minute),
			condition(v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonLagging, time.Second),
		}, figuresEvery},
	} {
		r := &Reconciler{Now: func() time.Time { return now }}
		s := &scope{before: &v1.DigitalTwin{Status: v1.DigitalTwinStatus{Conditions: c.conditions}}}
		require.Equal(t, c.pause, r.figuresPause(s), name)
	}
}
