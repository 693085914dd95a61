package controllers

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// settleFor is how long a cluster may take to start pods, or to mount their
// volumes, before it is asked what holds it up.
const settleFor = 3 * time.Second

// Reasons of Events that report why something that a pod needs does not come about.
// Only these are read, as there are many others about pods that start.
var (
	createReasons = []string{"FailedCreate"}
	claimReasons  = []string{"ProvisioningFailed", "FailedBinding"}
	mountReasons  = []string{"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"}
)

// explain notes why a component's pods are not ready, if they are not: what their
// controller reports, what their status has, and what Events report.
func (r *Reconciler) explain(ctx context.Context, s *scope, component string, p *observation, owner client.Object, failure string) error {
	if p.available() {
		return nil
	}
	pods, err := r.pods(ctx, s, component)
	if err != nil {
		return err
	}
	p.replaced = p.created < p.need || movedOn(pods, s.since(component))
	if failure != "" {
		p.trouble = steady(fmt.Sprintf("%s %s cannot create its pods: %s", kindOf(owner), owner.GetName(), failure))
		return nil
	}
	p.trouble, err = r.troubleOfPods(ctx, s, component, pods, owner, p.created < p.replicas)
	if component == v1.ComponentBridge && p.trouble == "" {
		p.trouble = r.troubleOfBridge(ctx, s, pods)
	}
	return err
}

// troubleOfBridge is why a bridge that runs gets no messages, as it reports itself: what the
// broker answers is in no status of its pod. "" if it does not answer.
func (r *Reconciler) troubleOfBridge(ctx context.Context, s *scope, pods []corev1.Pod) string {
	for i := range pods {
		var f config.BridgeFigures
		if madeHere(&pods[i], s.name(v1.ComponentBridge)) && r.Figures(ctx, pods[i].Status.PodIP, &f) == nil && f.Problem != "" {
			return steady(f.Problem)
		}
	}
	return ""
}

// troubleOfPods is why pods are not ready; "" if nothing reports a cause. Events are read
// only where neither the pods nor their controller can report it: of pods that are
// missing, and of pods whose volumes are.
func (r *Reconciler) troubleOfPods(ctx context.Context, s *scope, component string, pods []corev1.Pod, owner client.Object, missing bool) (string, error) {
	why := trouble(component, pods)
	unscheduled := strings.Contains(why, "PersistentVolumeClaim")
	if why != "" && !unscheduled {
		return why, nil
	}
	if missing && s.now.Sub(owner.GetCreationTimestamp().Time) >= settleFor {
		event, err := r.lastEvent(ctx, s, component, owner.GetUID(), createReasons)
		if err != nil || event != "" {
			return steady(fmt.Sprintf("%s %s cannot create its pods: %s", kindOf(owner), owner.GetName(), rejectionIn(event))), err
		}
	}
	if missing || unscheduled {
		event, err := r.troubleOfClaims(ctx, s, component)
		if err != nil || event != "" {
			return event, err
		}
	}
	for i := range pods {
		if !waitsForVolumes(&pods[i]) || s.now.Sub(pods[i].CreationTimestamp.Time) < settleFor {
			continue
		}
		event, err := r.lastEvent(ctx, s, component, pods[i].UID, mountReasons)
		if err != nil || event != "" {
			return steady("its pod cannot start: " + event), err
		}
	}
	return why, nil
}

// troubleOfClaims is why a component has no volume.
func (r *Reconciler) troubleOfClaims(ctx context.Context, s *scope, component string) (string, error) {
	claims, err := r.claims(ctx, s, component)
	if err != nil {
		return "", err
	}
	for i := range claims {
		if claims[i].Status.Phase != corev1.ClaimPending {
			continue
		}
		event, err := r.lastEvent(ctx, s, component, claims[i].UID, claimReasons)
		if err != nil || event != "" {
			return steady(fmt.Sprintf("volume %s is not provisioned: %s", claims[i].Name, event)), err
		}
	}
	return "", nil
}

// waitsForVolumes reports whether a pod has a node, and no container yet.
func waitsForVolumes(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodPending &&
		slices.ContainsFunc(slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses), func(c corev1.ContainerStatus) bool {
			return c.State.Waiting != nil && (c.State.Waiting.Reason == "ContainerCreating" || c.State.Waiting.Reason == "PodInitializing")
		})
}

// movedOn reports whether a pod ends because somebody asked for it, or took the
// place of one that did since its component was available.
func movedOn(pods []corev1.Pod, since time.Time) bool {
	return slices.ContainsFunc(pods, func(p corev1.Pod) bool {
		return p.DeletionTimestamp != nil || !p.CreationTimestamp.Time.Before(since)
	})
}

// failedCreate is why a Deployment's pods cannot be created, "" if they can.
func failedCreate(conditions []appsv1.DeploymentCondition) string {
	for _, c := range conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return rejectionIn(c.Message)
		}
	}
	return ""
}

// rejectionIn is the reason in the message of a pod that could not be created. The
// name of the pod is another each time.
func rejectionIn(message string) string {
	for _, before := range []string{" is forbidden: ", "failed error: ", "Error creating: "} {
		if _, reason, ok := strings.Cut(message, before); ok {
			return reason
		}
	}
	return message
}

// lastEvent is the message of the newest Event about an object of a component
// with one of some reasons, "" if there is none that is recent. Events are asked
// for one object at a time, and never watched: there are more of them than of
// anything else in a cluster.
func (r *Reconciler) lastEvent(ctx context.Context, s *scope, component string, about types.UID, reasons []string) (string, error) {
	list := &corev1.EventList{}
	err := r.Live.List(ctx, list, client.InNamespace(s.twin.Namespace), client.MatchingFields{"involvedObject.uid": string(about)})
	if err != nil {
		return "", fmt.Errorf("read the Events of component %s: %w", component, err)
	}
	var message string
	newest := s.now.Add(-eventsFor)
	// One from before the component was lost explains something else.
	if c := s.was(conditionOf(component)); c == nil || c.Status == metav1.ConditionTrue {
		newest = s.now.Add(-eventSlack)
	} else if lost := c.LastTransitionTime.Add(-eventSlack); lost.After(newest) {
		newest = lost
	}
	for i := range list.Items {
		e := &list.Items[i]
		if at := lastSeen(e); slices.Contains(reasons, e.Reason) && !at.Before(newest) {
			message, newest = e.Message, at
		}
	}
	return message, nil
}

const (
	// eventsFor is how old an Event may be that still explains something:
	// controllers try again at most this much later.
	eventsFor = 20 * time.Minute
	// eventSlack is how much sooner than the operator a cluster may notice.
	eventSlack = time.Minute
)

func lastSeen(e *corev1.Event) time.Time {
	at := e.LastTimestamp.Time
	if e.EventTime.After(at) {
		at = e.EventTime.Time
	}
	if e.Series != nil && e.Series.LastObservedTime.After(at) {
		at = e.Series.LastObservedTime.Time
	}
	return at
}

var (
	fleetingPort = regexp.MustCompile(`(\d):\d+->`)
	fleetingID   = regexp.MustCompile(`\b((?:sandbox|container|task|shim|id)\s*[:=]?\s*)"?[0-9a-f]{64}"?`) // a checksum stays
)

// steady leaves out of a message what differs each time that the same thing
// fails, so that it does not write a status each time, and what is too long.
func steady(message string) string {
	const enough = 512
	message = strings.Join(strings.Fields(message), " ")
	message = fleetingPort.ReplaceAllString(message, "$1->")
	message = strings.Join(strings.Fields(fleetingID.ReplaceAllString(message, "$1")), " ")
	if len(message) > enough {
		message = strings.ToValidUTF8(message[:enough], "") + "…"
	}
	return message
}

// conditionOf is the condition that reports a component.
func conditionOf(component string) string { return resources.ComponentOf(component).Condition }

// since is when the condition of a component changed last.
func (s *scope) since(component string) time.Time {
	if c := s.was(conditionOf(component)); c != nil {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

// kindOf names the kind of what creates pods. Typed objects do not know theirs.
func kindOf(owner client.Object) string {
	switch owner.(type) {
	case *appsv1.StatefulSet:
		return resources.KindStatefulSet.Kind
	case *batchv1.Job:
		return resources.KindJob.Kind
	}
	return resources.KindDeployment.Kind
}
