package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// part is what was seen of one component.
type part struct {
	exists   bool
	replicas int32 // wanted
	ready    int32
	rolling  bool   // pods of another template are still there, or not all are up to date
	trouble  string // why its pods are not ready, if the cluster tells
}

// waiting adds to what is waited for why that takes so long.
func (p part) waiting(what string) string {
	if p.trouble == "" {
		return what
	}
	return what + ": " + p.trouble
}

// available tells whether all pods that are wanted are ready and up to date.
func (p part) available() bool { return p.exists && !p.rolling && p.ready >= p.replicas }

// lookAtStores sees the StatefulSets.
func (r *Reconciler) lookAtStores(ctx context.Context, s *scope) error {
	for component := range s.managedStores() {
		set := &appsv1.StatefulSet{}
		err := r.Get(ctx, s.childKey(component), set)
		if apierrors.IsNotFound(err) {
			s.parts[component] = part{}
			continue
		}
		if err != nil {
			return err
		}
		want, st := ptr.Deref(set.Spec.Replicas, 1), set.Status
		// The cache may lag behind what was just written: its generation tells.
		seen := set.Generation >= r.writtenGeneration(s, component, resources.KindStatefulSet) && st.ObservedGeneration >= set.Generation
		s.parts[component] = part{
			exists: true, replicas: want, ready: st.ReadyReplicas,
			rolling: !seen || st.CurrentRevision != st.UpdateRevision && st.UpdatedReplicas < want || st.Replicas > want,
		}
		if err := r.sayTrouble(ctx, s, component); err != nil {
			return err
		}
	}
	return nil
}

// lookAtWorkloads sees the Deployments of what works on the stores.
func (r *Reconciler) lookAtWorkloads(ctx context.Context, s *scope) error {
	return r.lookAtDeployments(ctx, s, s.workloadComponents())
}

// lookAtMonitoring sees the Deployments of what watches the twin.
func (r *Reconciler) lookAtMonitoring(ctx context.Context, s *scope) error {
	return r.lookAtDeployments(ctx, s, s.monitoringComponents())
}

func (r *Reconciler) lookAtDeployments(ctx context.Context, s *scope, components []string) error {
	for _, component := range components {
		d := &appsv1.Deployment{}
		err := r.Get(ctx, s.childKey(component), d)
		if apierrors.IsNotFound(err) {
			s.parts[component] = part{}
			continue
		}
		if err != nil {
			return err
		}
		want, st := ptr.Deref(d.Spec.Replicas, 1), d.Status
		seen := d.Generation >= r.writtenGeneration(s, component, resources.KindDeployment) && st.ObservedGeneration >= d.Generation
		s.parts[component] = part{
			exists: true, replicas: want, ready: st.AvailableReplicas,
			rolling: !seen || st.UpdatedReplicas < want || st.Replicas > want,
		}
		if err := r.sayTrouble(ctx, s, component); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) writtenGeneration(s *scope, component string, kind schema.GroupVersionKind) int64 {
	return r.cache.get(s.key(), objectID{kind, s.name(component)}).generation
}

func (s *scope) childKey(component string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.twin.Namespace, Name: s.name(component)}
}

// managedStores are the stores that the operator runs for the twin.
func (s *scope) managedStores() map[string]bool {
	out := map[string]bool{}
	if s.spec.Kafka.External == nil {
		out[v1.ComponentKafka] = true
	}
	if s.spec.Redis.External == nil {
		out[v1.ComponentRedis] = true
	}
	if s.spec.Timescale.External == nil {
		out[v1.ComponentTimescale] = true
	}
	return out
}

// storesReady tells whether the operator's own stores are available. Whether
// external ones are, the Job finds out.
func (s *scope) storesReady() bool {
	for component := range s.managedStores() {
		if !s.parts[component].available() {
			return false
		}
	}
	return true
}

func (s *scope) workloadComponents() []string {
	out := []string{v1.ComponentProcessor, v1.ComponentAPI}
	if s.spec.Generator.Mode != v1.GeneratorOff {
		out = append([]string{v1.ComponentGenerator}, out...)
	}
	return out
}

func (s *scope) monitoringComponents() []string {
	var out []string
	if s.spec.Monitoring.Prometheus.Mode == v1.PrometheusManaged {
		out = append(out, v1.ComponentPrometheus)
	}
	if s.spec.Monitoring.Grafana.Mode == v1.GrafanaManaged {
		out = append(out, v1.ComponentGrafana)
	}
	return out
}

// started tells whether a workload was started already.
func (s *scope) started() bool {
	p := s.parts[v1.ComponentProcessor]
	return p.exists && (p.replicas > 0 || *s.spec.Processor.Replicas == 0)
}

// prepareState is what was seen of the Job that prepares the stores.
type prepareState struct {
	exists, done bool
	failure      *config.PrepareOutcome // the last try's, nil if it did not fail
}

// lookAtPrepare sees the Job and what its pod said at its end.
func (r *Reconciler) lookAtPrepare(ctx context.Context, s *scope) error {
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
	s.outcome.failure = lastFailure(pods, job)
	return nil
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
			var said config.PrepareOutcome
			if err := json.Unmarshal([]byte(end.Message), &said); err != nil || said.Message == "" {
				said = config.PrepareOutcome{Store: config.StoreSchema, Message: cmp.Or(end.Message, end.Reason, "it ended with an error")}
			}
			return &said
		}
	}
	return nil
}
