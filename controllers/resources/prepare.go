package resources

import (
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// prepare makes the Job that brings the stores into the state that the workloads
// expect. Its name is a hash of what it does, so that a change makes another
// Job. It tries until it succeeds: an external store may be away for long.
func (b *builder) prepare() {
	container := corev1ac.Container().WithName("prepare").WithImage(b.in.Images.Workloads).
		WithArgs("prepare", "--log-format", "json").
		WithResources(small("50m", "64Mi", "64Mi")).
		WithVolumeMounts(b.workloadMounts(v1.ComponentPrepare)...)
	template := b.template(pod{
		component:  v1.ComponentPrepare,
		user:       workloadUser,
		group:      workloadUser,
		reads:      b.reads(v1.ComponentPrepare),
		containers: []*corev1ac.ContainerApplyConfiguration{container},
		volumes:    b.workloadVolumes(v1.ComponentPrepare),
		grace:      10,
		restart:    corev1.RestartPolicyOnFailure,
	})
	name := b.name(v1.ComponentPrepare) + "-" + hashOf(template)[:8]
	b.wanted.Prepare = name
	spec := batchv1ac.JobSpec().WithBackoffLimit(10_000).WithTemplate(template)
	if b.spec.State == v1.StateHibernated {
		spec.WithSuspend(true) // its stores are stopped
	}
	own(b, StepPrepare, v1.ComponentPrepare, batchv1ac.Job(name, b.twin.Namespace).WithSpec(spec))
}
