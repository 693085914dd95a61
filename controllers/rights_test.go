package controllers

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// The status names a right that the operator lacks to know what a twin needs, and
// the twin comes up when the right is given.
func TestMissingRightIsReported(t *testing.T) {
	sp := newSpace(t)
	roles := &rbacv1.RoleList{}
	require.NoError(t, sp.admin.List(sp.ctx, roles, client.InNamespace(sp.ns)))
	require.Len(t, roles.Items, 1)
	operator := &roles.Items[0]
	rights := slices.Clone(operator.Rules)
	operator.Rules = slices.DeleteFunc(operator.Rules, func(r rbacv1.PolicyRule) bool { return slices.Contains(r.Resources, "secrets") })
	require.NoError(t, sp.admin.Update(sp.ctx, operator))
	sp.mayReadSecrets(operator.Name, false)

	sp.twin("bare", smallest)
	twin := sp.conditionWithoutWork("bare", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonFailing)
	require.Equal(t, v1.PhasePending, twin.Status.Phase)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady).Message, `cannot get resource "secrets"`)

	operator.Rules = rights
	require.NoError(t, sp.admin.Update(sp.ctx, operator))
	sp.mayReadSecrets(operator.Name, true)
	sp.wake("bare")
	sp.ready("bare")
}

// mayReadSecrets waits until the API server knows what a user may do.
func (sp *space) mayReadSecrets(user string, want bool) {
	sp.t.Helper()
	sp.eventually(func() error {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: sp.ns, Verb: "get", Resource: "secrets"},
		}}
		require.NoError(sp.t, sp.admin.Create(sp.ctx, review))
		if review.Status.Allowed != want {
			return errors.New("the API server has yet to take up the role")
		}
		return nil
	})
}
