package controllers

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// kafkaHelper is the image of the helper beside each broker. It is the workloads'
// image, and would take the stream down if it did not work: a broker's pod is deleted
// before the next one starts, and is ready only with its helper. The helper therefore
// keeps the image that it came up with until the workloads have come up with the
// wanted one.
func (r *Reconciler) kafkaHelper(ctx context.Context, s *scope, wanted string) (string, error) {
	kept := s.memory.Ran.KafkaHelper
	if kept == "" || kept == wanted {
		return wanted, nil
	}
	if up, err := r.workloadsCameUp(ctx, s, wanted); err != nil || !up {
		return kept, err
	}
	return wanted, nil
}

// workloadsCameUp reports whether all pods of all workloads run an image, and some
// pod is ready with it.
func (r *Reconciler) workloadsCameUp(ctx context.Context, s *scope, image string) (bool, error) {
	ready := false
	for _, component := range workloadNames() {
		ran, there := s.memory.Ran.Images[component]
		if !there {
			continue
		}
		if ran != image {
			return false, nil
		}
		d := &appsv1.Deployment{}
		if err := r.Get(ctx, s.childKey(component), d); client.IgnoreNotFound(err) != nil {
			return false, err
		}
		ready = ready || d.Status.AvailableReplicas > 0
	}
	return ready, nil
}

// helperFollowed reports whether the brokers' helper has the workloads' image.
func (s *scope) helperFollowed() bool {
	ran := s.memory.Ran
	_, there := ran.Images[v1.ComponentKafka]
	return !there || ran.KafkaHelper == ran.Images[v1.ComponentProcessor]
}
