package controllers

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// observeStores sees the StatefulSets.
func (r *Reconciler) observeStores(ctx context.Context, s *scope) error {
	for _, component := range s.managedStores() {
		set := &appsv1.StatefulSet{}
		err := r.Get(ctx, s.childKey(component), set)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil || !metav1.IsControlledBy(set, s.twin) {
			s.observed[component] = observation{need: s.needed(component), recreated: s.recreated[component]}
			continue
		}
		st := set.Status
		p := observation{
			exists: true, replicas: ptr.Deref(set.Spec.Replicas, 1), need: s.needed(component), created: st.Replicas, ready: st.ReadyReplicas,
			seen:      r.seen(s, component, resources.KindStatefulSet, set.Generation, st.ObservedGeneration),
			recreated: s.recreated[component],
		}
		p.rolling = !p.seen || st.CurrentRevision != st.UpdateRevision && st.UpdatedReplicas < p.need
		p.unfinished = p.rolling || st.CurrentRevision != st.UpdateRevision
		if err := r.explain(ctx, s, component, &p, set, ""); err != nil {
			return err
		}
		s.observed[component] = p
	}
	return nil
}

// observeWorkloads sees the Deployments of what works on the stores.
func (r *Reconciler) observeWorkloads(ctx context.Context, s *scope) error {
	return r.observeDeployments(ctx, s, s.workloadComponents())
}

// observeMonitoring sees the Deployments of what watches the twin.
func (r *Reconciler) observeMonitoring(ctx context.Context, s *scope) error {
	return r.observeDeployments(ctx, s, s.monitoringComponents())
}

func (r *Reconciler) observeDeployments(ctx context.Context, s *scope, components []string) error {
	for _, component := range components {
		d := &appsv1.Deployment{}
		err := r.Get(ctx, s.childKey(component), d)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil || !metav1.IsControlledBy(d, s.twin) {
			s.observed[component] = observation{need: s.needed(component)}
			continue
		}
		st := d.Status
		p := observation{
			exists: true, replicas: ptr.Deref(d.Spec.Replicas, 1), need: s.needed(component), created: st.Replicas, ready: st.AvailableReplicas,
			seen:  r.seen(s, component, resources.KindDeployment, d.Generation, st.ObservedGeneration),
			reads: d.Spec.Template.Annotations[resources.AnnotationReads],
		}
		if containers := d.Spec.Template.Spec.Containers; len(containers) > 0 {
			p.image = containers[0].Image
		}
		// Pods that only end, as fewer are wanted, are no roll-out.
		p.rolling = !p.seen || st.Replicas > st.UpdatedReplicas || st.UpdatedReplicas < p.need
		p.unfinished = p.rolling || unfinished(st.Conditions)
		if err := r.explain(ctx, s, component, &p, d, failedCreate(st.Conditions)); err != nil {
			return err
		}
		s.observed[component] = p
	}
	return nil
}

// unfinished reports whether a Deployment's last roll-out has not come to its end.
// Its controller keeps the end in mind: pods that are lost later do not change it.
func unfinished(conditions []appsv1.DeploymentCondition) bool {
	return slices.ContainsFunc(conditions, func(c appsv1.DeploymentCondition) bool {
		return c.Type == appsv1.DeploymentProgressing && slices.Contains([]string{
			"NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated", "ProgressDeadlineExceeded",
		}, c.Reason)
	})
}

// seen reports whether a child's controller has worked on what the operator wrote
// last. The cache may lag behind that write: its generation shows that. What others
// write, such as an autoscaler, is none of the operator's roll-outs.
func (r *Reconciler) seen(s *scope, component string, kind schema.GroupVersionKind, generation, observed int64) bool {
	if written := r.writtenGeneration(s, component, kind); written > 0 {
		return observed >= written
	}
	return observed >= generation
}

func (r *Reconciler) writtenGeneration(s *scope, component string, kind schema.GroupVersionKind) int64 {
	return r.cache.get(s.key(), objectID{kind, s.name(component)}).written
}

func (s *scope) childKey(component string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.twin.Namespace, Name: s.name(component)}
}

// namesOf are the names of the twin's components of some roles.
func (s *scope) namesOf(roles ...resources.Role) []string {
	var out []string
	for _, c := range resources.ComponentsOf(s.spec, roles...) {
		out = append(out, c.Name)
	}
	return out
}

// managedStores are the stores that the operator runs for the twin.
func (s *scope) managedStores() []string { return s.namesOf(resources.RoleStore) }

// storesReady reports whether the operator's own stores are available. Whether
// external ones are, the Job finds out.
func (s *scope) storesReady() bool {
	for _, component := range s.managedStores() {
		if !s.observed[component].available() {
			return false
		}
	}
	return true
}

func (s *scope) workloadComponents() []string   { return s.namesOf(resources.RoleWorkload) }
func (s *scope) monitoringComponents() []string { return s.namesOf(resources.RoleMonitoring) }

// started reports whether a workload was started already.
func (s *scope) started() bool {
	p := s.observed[v1.ComponentProcessor]
	return p.exists && (p.replicas > 0 || *s.spec.Processor.Replicas == 0)
}

// prepareState is what was seen of the Job that prepares the stores.
type prepareState struct {
	exists, done bool
	failure      *config.PrepareOutcome // the last try's, nil if it did not fail
	trouble      string                 // why its pod does not run, if the cluster reports it
}

// observePrepare sees the Job and what its pod reported at its end.
func (r *Reconciler) observePrepare(ctx context.Context, s *scope) error {
	s.outcome = prepareState{}
	job := &batchv1.Job{}
	err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: s.wanted.Prepare}, job)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	s.outcome.exists = metav1.IsControlledBy(job, s.twin)
	s.outcome.done = s.outcome.exists && jobHas(job, batchv1.JobComplete)
	if s.outcome.done {
		return nil
	}
	pods, err := r.pods(ctx, s, v1.ComponentPrepare)
	if err != nil {
		return err
	}
	if s.outcome.failure = lastFailure(pods, job); s.outcome.failure == nil && s.spec.State != v1.StateHibernated {
		s.outcome.trouble, err = r.troubleOfPods(ctx, s, v1.ComponentPrepare, pods, job, len(pods) == 0)
	}
	return err
}

func jobHas(job *batchv1.Job, condition batchv1.JobConditionType) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == condition && c.Status == corev1.ConditionTrue
	})
}

// lastFailure is the termination message of the Job's newest pod.
func lastFailure(pods []corev1.Pod, job *batchv1.Job) *config.PrepareOutcome {
	newestFirst(pods)
	for i := range pods {
		if !metav1.IsControlledBy(&pods[i], job) {
			continue
		}
		for _, c := range pods[i].Status.ContainerStatuses {
			end := failedEnd(&c)
			if end == nil {
				continue
			}
			var reported config.PrepareOutcome
			if err := json.Unmarshal([]byte(end.Message), &reported); err != nil || reported.Message == "" {
				reported = config.PrepareOutcome{Store: config.StoreSchema, Message: strings.TrimPrefix(ending(v1.ComponentPrepare, end), "ends with: ")}
			}
			return &reported
		}
	}
	return nil
}
