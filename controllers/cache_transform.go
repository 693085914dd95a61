package controllers

import (
	"encoding/json"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
	crcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// cacheTransform takes out of an object what the operator does not use, before it is
// cached, and shares the rest with its siblings.
func cacheTransform[T metav1.Object](common *shared, strip func(T)) cache.TransformFunc {
	return func(o any) (any, error) {
		if object, ok := o.(T); ok {
			strip(object)
			common.metadata(object)
		}
		return o, nil
	}
}

// cachedObjects are the kinds of which more than metadata is cached, and what is left
// of their objects.
func cachedObjects(common *shared) map[client.Object]crcache.ByObject {
	return map[client.Object]crcache.ByObject{
		&v1.DigitalTwin{}:               {Label: labels.Everything(), Transform: cacheTransform(common, trimTwin(common))},
		&appsv1.Deployment{}:            {Transform: cacheTransform(common, trimDeployment(common))},
		&appsv1.StatefulSet{}:           {Transform: cacheTransform(common, trimStatefulSet)},
		&batchv1.Job{}:                  {Transform: cacheTransform(common, trimJob)},
		&corev1.Pod{}:                   {Transform: cacheTransform(common, trimPod)},
		&corev1.PersistentVolumeClaim{}: {Transform: cacheTransform(common, trimClaim(common))},
	}
}

// trimMetadata is for kinds of which metadata alone is cached.
func trimMetadata(common *shared) cache.TransformFunc {
	return func(o any) (any, error) {
		m, err := meta.Accessor(o)
		if err != nil {
			return o, nil // not an object: a tombstone
		}
		m.SetManagedFields(nil)
		common.metadata(m)
		if p, ok := o.(*metav1.PartialObjectMetadata); ok {
			common.strings(&p.Kind, &p.APIVersion)
		}
		return o, nil
	}
}

// trimTwin keeps all of a twin; its status is like that of others.
func trimTwin(common *shared) func(*v1.DigitalTwin) {
	return func(twin *v1.DigitalTwin) {
		twin.ManagedFields = nil
		for i := range twin.Status.Conditions {
			c := &twin.Status.Conditions[i]
			common.strings(&c.Type, &c.Reason, &c.Message)
		}
		for i := range twin.Status.Components {
			c := &twin.Status.Components[i]
			common.strings(&c.Name, &c.Image)
		}
	}
}

// trimDeployment keeps of the managed fields only who holds the number of
// replicas, and of the conditions whether a roll-out has come to its end and why
// pods cannot be created. Of the generator it keeps what its pods run and read.
func trimDeployment(common *shared) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.ManagedFields = replicasHolders(d.ManagedFields)
		template := d.Spec.Template
		d.Spec = appsv1.DeploymentSpec{Replicas: d.Spec.Replicas}
		if containers := template.Spec.Containers; d.Labels[resources.LabelComponent] == v1.ComponentGenerator && len(containers) > 0 {
			image := containers[0].Image
			common.strings(&image)
			d.Spec.Template.Spec.Containers = []corev1.Container{{Image: image}}
			d.Spec.Template.Annotations = map[string]string{resources.AnnotationReads: template.Annotations[resources.AnnotationReads]}
		}
		var kept []appsv1.DeploymentCondition
		for _, c := range d.Status.Conditions {
			if failed := failedCreate([]appsv1.DeploymentCondition{c}); failed != "" || unfinished([]appsv1.DeploymentCondition{c}) {
				kept = append(kept, appsv1.DeploymentCondition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: failed})
			}
		}
		d.Status.Conditions = kept
	}
}

func replicasHolders(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for _, e := range entries {
		var fields struct {
			Spec map[string]json.RawMessage `json:"f:spec"`
		}
		if e.FieldsV1 == nil || json.Unmarshal(e.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		if _, ok := fields.Spec["f:replicas"]; ok {
			out = append(out, metav1.ManagedFieldsEntry{Manager: e.Manager})
		}
	}
	return out
}

// trimStatefulSet keeps the size and class of the volume that its template asks for.
func trimStatefulSet(s *appsv1.StatefulSet) {
	for i := range s.Spec.VolumeClaimTemplates {
		template := &s.Spec.VolumeClaimTemplates[i]
		template.ObjectMeta = metav1.ObjectMeta{Name: template.Name}
		template.Spec = claimRequest(template.Spec)
		template.Status = corev1.PersistentVolumeClaimStatus{}
	}
	s.ManagedFields = nil
	s.Spec = appsv1.StatefulSetSpec{Replicas: s.Spec.Replicas, VolumeClaimTemplates: s.Spec.VolumeClaimTemplates}
	s.Status.Conditions = nil
}

func trimJob(j *batchv1.Job) {
	j.ManagedFields = nil
	j.Spec = batchv1.JobSpec{}
}

// trimClaim keeps the size and class that are asked for, whether there is a volume
// and how large it is, and what is noted of it.
func trimClaim(common *shared) func(*corev1.PersistentVolumeClaim) {
	return func(c *corev1.PersistentVolumeClaim) {
		notes := map[string]string{}
		for _, key := range volumeNotes() {
			if value, noted := c.Annotations[key]; noted {
				notes[key] = value
			}
		}
		c.Annotations = nil
		if len(notes) > 0 {
			c.Annotations = common.alike(notes)
		}
		c.ManagedFields = nil
		c.Spec = claimRequest(c.Spec)
		c.Status = corev1.PersistentVolumeClaimStatus{Phase: c.Status.Phase, Capacity: c.Status.Capacity}
	}
}

// claimRequest is what a claim asks for, and the volume that it got.
func claimRequest(c corev1.PersistentVolumeClaimSpec) corev1.PersistentVolumeClaimSpec {
	return corev1.PersistentVolumeClaimSpec{Resources: c.Resources, StorageClassName: c.StorageClassName, VolumeName: c.VolumeName}
}

// trimPod keeps what shows a pod's troubles.
func trimPod(p *corev1.Pod) {
	p.ManagedFields = nil
	p.Spec = corev1.PodSpec{}
	p.Status.Conditions = slices.DeleteFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse
	})
	for _, containers := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range containers {
			c := &containers[i]
			*c = corev1.ContainerStatus{Name: c.Name, Image: c.Image, State: c.State, LastTerminationState: c.LastTerminationState}
		}
	}
}
