package controllers

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A twin that is made over the volumes of another dataset starts nothing, and
// says what it was. It goes on when that is written.
func TestStoredReadingsOfAnotherDatasetStall(t *testing.T) {
	sp := newSpace(t)
	sp.twin("riverside", "dataset: {synthetic: {groups: 9}}")
	sp.eventually(func() error {
		sp.workOnStores()
		if len(sp.jobs()) != 1 {
			return errStillThere
		}
		return nil
	})
	const message = "spec.dataset.synthetic.groups is 9, but the readings that are stored were made with 8; write what it was"
	sp.failJob(`{"store":"dataset","message":"` + message + `"}`)
	twin := sp.conditionWithoutWork("riverside", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonFixedField)
	require.Equal(t, message, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message)
	require.Equal(t, v1.PhaseStalled, twin.Status.Phase)
	require.False(t, sp.child(&appsv1.Deployment{}, "riverside-generator"))

	sp.patchSpec("riverside", "dataset: {synthetic: {groups: 8}}")
	sp.ready("riverside")
}
