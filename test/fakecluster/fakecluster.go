// Package fakecluster does what the controllers and kubelets of a cluster do,
// for an API server that stands alone: children of a twin get ready without a
// pod. It stands in for nothing of the operator.
package fakecluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// StatefulSet gives a set its volumes and all its pods, ready and up to date.
// One that is deleted with its pods to stay is let go.
func StatefulSet(ctx context.Context, c client.Client, set *appsv1.StatefulSet) error {
	if set.DeletionTimestamp != nil {
		if controllerutil.RemoveFinalizer(set, metav1.FinalizerOrphanDependents) {
			return tolerable(c.Update(ctx, set))
		}
		return nil
	}
	if err := claims(ctx, c, set); err != nil {
		return err
	}
	want := ptr.Deref(set.Spec.Replicas, 1)
	for _, template := range set.Spec.VolumeClaimTemplates {
		if ptr.Deref(template.Spec.StorageClassName, "") == NoClass {
			return nil // its pods wait for their volumes
		}
	}
	if set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == want {
		return nil
	}
	set.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: set.Generation, Replicas: want, ReadyReplicas: want, AvailableReplicas: want,
		UpdatedReplicas: want, CurrentReplicas: want, CurrentRevision: "r", UpdateRevision: "r",
	}
	return tolerable(c.Status().Update(ctx, set))
}

func claims(ctx context.Context, c client.Client, set *appsv1.StatefulSet) error {
	for i := range int(ptr.Deref(set.Spec.Replicas, 1)) {
		for _, template := range set.Spec.VolumeClaimTemplates {
			claim := &corev1.PersistentVolumeClaim{
				ObjectMeta: metav1.ObjectMeta{
					Namespace: set.Namespace, Name: fmt.Sprintf("%s-%s-%d", template.Name, set.Name, i), Labels: template.Labels,
				},
				Spec: template.Spec,
			}
			if err := c.Create(ctx, claim); err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("volume of %s: %w", set.Name, err)
			}
			if err := bind(ctx, c, claim); err != nil {
				return err
			}
		}
	}
	return nil
}

// NoClass is a class that makes no volumes: claims of it stay as they are, and
// their pods do not start.
const NoClass = "does-not-exist"

// StuckClass begins the names of classes that accept a growth and never carry it
// out, as their storage has no room.
const StuckClass = "stuck"

// bind gives a claim a volume of the size that it asks for.
func bind(ctx context.Context, c client.Client, claim *corev1.PersistentVolumeClaim) error {
	if err := c.Get(ctx, client.ObjectKeyFromObject(claim), claim); err != nil {
		return tolerable(err)
	}
	grown := claim.Status.Phase == corev1.ClaimBound &&
		(strings.HasPrefix(ptr.Deref(claim.Spec.StorageClassName, ""), StuckClass) || equality.Semantic.DeepEqual(claim.Status.Capacity, claim.Spec.Resources.Requests))
	if claim.DeletionTimestamp != nil || grown || ptr.Deref(claim.Spec.StorageClassName, "") == NoClass {
		return nil
	}
	claim.Status.Phase, claim.Status.Capacity = corev1.ClaimBound, claim.Spec.Resources.Requests
	return tolerable(c.Status().Update(ctx, claim))
}

// Claim lets a claim that is deleted go: no pod uses it.
func Claim(ctx context.Context, c client.Client, claim *corev1.PersistentVolumeClaim) error {
	if claim.DeletionTimestamp == nil || !controllerutil.RemoveFinalizer(claim, "kubernetes.io/pvc-protection") {
		return nil
	}
	return tolerable(c.Update(ctx, claim))
}

// Job lets a Job end well that is not suspended.
func Job(ctx context.Context, c client.Client, job *batchv1.Job) error {
	if job.Status.CompletionTime != nil || job.DeletionTimestamp != nil || ptr.Deref(job.Spec.Suspend, false) {
		return nil
	}
	now := metav1.Now()
	job.Status.StartTime, job.Status.CompletionTime, job.Status.Succeeded = &now, &now, 1
	for _, kind := range []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete} {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	return tolerable(c.Status().Update(ctx, job))
}

// Proof lets the pod of a Job that proves an image exist and end as the kubelet
// reports it: well, with the answer that the image owes, unless the container's
// state shows otherwise. Only then may Job be called for it.
func Proof(ctx context.Context, c client.Client, job *batchv1.Job, bad *corev1.ContainerState) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: job.Namespace, Name: job.Name + "-x", Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: job.Spec.Template.Spec,
	}
	there := &corev1.Pod{}
	err := c.Get(ctx, client.ObjectKeyFromObject(pod), there)
	switch {
	case err == nil && metav1.IsControlledBy(there, job):
		pod = there
	case err == nil: // of a Job before, whose pods nobody collects here
		if err := c.Delete(ctx, there, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			return err
		}
		fallthrough
	case apierrors.IsNotFound(err):
		if err := c.Create(ctx, pod); err != nil {
			return err
		}
	default:
		return err
	}
	container := pod.Spec.Containers[0]
	state := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: answer(container.Args)}}
	if bad != nil {
		state = *bad
	}
	want := []corev1.ContainerStatus{{Name: container.Name, State: state}}
	if equality.Semantic.DeepEqual(pod.Status.ContainerStatuses, want) {
		return nil
	}
	pod.Status.ContainerStatuses = want
	return tolerable(c.Status().Update(ctx, pod))
}

// answer is what an image of the workloads answers: the token that it is given.
func answer(args []string) string {
	at := slices.Index(args, "--token")
	if at < 0 {
		return ""
	}
	return fmt.Sprintf(`{"token":%q,"version":"test"}`, args[at+1])
}

// Deployment makes all pods of a Deployment available and up to date. Where it
// wants none, those that somebody else made for it end.
func Deployment(ctx context.Context, c client.Client, d *appsv1.Deployment) error {
	want := ptr.Deref(d.Spec.Replicas, 1)
	if want == 0 && d.DeletionTimestamp == nil {
		pods := client.MatchingLabels(d.Spec.Selector.MatchLabels)
		if err := c.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(d.Namespace), pods); err != nil {
			return fmt.Errorf("end the pods of %s: %w", d.Name, err)
		}
	}
	st := d.Status
	done := st.ObservedGeneration == d.Generation && st.AvailableReplicas == want && st.Replicas == st.UpdatedReplicas
	if d.DeletionTimestamp != nil || done {
		return nil
	}
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: want, UpdatedReplicas: want, ReadyReplicas: want, AvailableReplicas: want,
	}
	return tolerable(c.Status().Update(ctx, d))
}

// UnreadyDeployment gives a Deployment new pods that are not ready, beside those
// before, which stay.
func UnreadyDeployment(ctx context.Context, c client.Client, d *appsv1.Deployment) error {
	want := ptr.Deref(d.Spec.Replicas, 1)
	if want == 0 {
		return Deployment(ctx, c, d)
	}
	st := appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: want + 1, UpdatedReplicas: 1, ReadyReplicas: want, AvailableReplicas: want, UnavailableReplicas: 1,
	}
	if d.DeletionTimestamp != nil || equality.Semantic.DeepEqual(d.Status, st) {
		return nil
	}
	d.Status = st
	return tolerable(c.Status().Update(ctx, d))
}

// tolerable lets someone else have been faster: a newer object comes again.
func tolerable(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
