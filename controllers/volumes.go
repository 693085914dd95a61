package controllers

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// storages are the volumes that the spec asks for, by component.
func storages(s *v1.DigitalTwinSpec) map[string]*v1.Storage {
	out := map[string]*v1.Storage{}
	if m := s.Kafka.Managed; m != nil {
		out[v1.ComponentKafka] = m.Storage
	}
	if m := s.Redis.Managed; m != nil {
		out[v1.ComponentRedis] = m.Storage
	}
	if m := s.Timescale.Managed; m != nil {
		out[v1.ComponentTimescale] = m.Storage
		if m.Backup != nil && m.Backup.Volume != nil {
			out[resources.ComponentBackup] = m.Backup.Volume
		}
	}
	return out
}

// heldSizes are the sizes of volumes that differ from the spec: a volume that
// has not grown yet, or cannot, and one from before that is greater. A claim that
// no volume was made for holds nothing, and follows the spec.
func (r *Reconciler) heldSizes(ctx context.Context, s *scope) (map[string]v1.Size, error) {
	held := map[string]v1.Size{}
	for component, storage := range storages(s.spec) {
		claims, err := r.claims(ctx, s, component)
		if err != nil {
			return nil, err
		}
		want := storage.Size.Quantity()
		for i := range claims {
			have := requested(&claims[i])
			if have.Cmp(want) == 0 || recreatable(component, &claims[i]) {
				continue
			}
			least, seen := held[component]
			q := least.Quantity()
			if !seen || have.Cmp(q) < 0 {
				held[component] = v1.Size(have.String())
			}
		}
	}
	return held, nil
}

// claims are the volumes of a component, from the cache.
func (r *Reconciler) claims(ctx context.Context, s *scope, component string) ([]corev1.PersistentVolumeClaim, error) {
	list := &corev1.PersistentVolumeClaimList{}
	err := r.List(ctx, list, client.InNamespace(s.twin.Namespace), client.MatchingLabels(resources.ComponentLabels(s.twin.Name, component)))
	return list.Items, err
}

// bound reports whether a claim has a volume. A claim may name its volume before
// its phase follows.
func bound(c *corev1.PersistentVolumeClaim) bool {
	return c.Status.Phase == corev1.ClaimBound || c.Spec.VolumeName != ""
}

// recreatable reports whether a claim holds nothing and is recreated with its
// StatefulSet. That of backups has none, and waits for the first backup.
func recreatable(component string, c *corev1.PersistentVolumeClaim) bool {
	return component != resources.ComponentBackup && !bound(c)
}

// heldClasses are the classes in the templates of stores whose volumes are there:
// a volume keeps the class that made it.
func (r *Reconciler) heldClasses(ctx context.Context, s *scope) (map[string]string, error) {
	held := map[string]string{}
	for component := range s.managedStores() {
		claims, err := r.claims(ctx, s, component)
		if err != nil {
			return nil, err
		}
		set := &appsv1.StatefulSet{}
		err = r.Get(ctx, s.childKey(component), set)
		if apierrors.IsNotFound(err) || err == nil && len(set.Spec.VolumeClaimTemplates) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		for i := range claims {
			if bound(&claims[i]) {
				held[component] = classOf(&set.Spec.VolumeClaimTemplates[0])
			}
		}
	}
	return held, nil
}

func classOf(c *corev1.PersistentVolumeClaim) string { return ptr.Deref(c.Spec.StorageClassName, "") }

func requested(c *corev1.PersistentVolumeClaim) resource.Quantity {
	return c.Spec.Resources.Requests[corev1.ResourceStorage]
}

// growVolumes asks for more room where the spec wants it. A class that cannot
// expand says so: the old size stays, and the status tells.
func (r *Reconciler) growVolumes(ctx context.Context, s *scope, component string) error {
	grown := []string{component}
	if component == v1.ComponentTimescale {
		grown = append(grown, resources.ComponentBackup)
	}
	for _, c := range grown {
		storage := storages(s.spec)[c]
		if storage == nil {
			continue
		}
		claims, err := r.claims(ctx, s, c)
		if err != nil {
			return err
		}
		for i := range claims {
			if recreatable(c, &claims[i]) {
				continue
			}
			if err := r.growVolume(ctx, s, &claims[i], storage.Size.Quantity()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Reconciler) growVolume(ctx context.Context, s *scope, claim *corev1.PersistentVolumeClaim, want resource.Quantity) error {
	have := requested(claim)
	if have.Cmp(want) >= 0 {
		return nil
	}
	words := fmt.Sprintf("%s stays at %s", claim.Name, have.String())
	try := string(claim.UID) + "/" + want.String()
	if r.refused.lately(try, r.Now()) {
		s.resizes = append(s.resizes, words)
		return nil
	}
	patch := fmt.Appendf(nil, `{"spec":{"resources":{"requests":{"storage":%q}}}}`, want.String())
	err := r.Patch(ctx, claim.DeepCopy(), client.RawPatch("application/merge-patch+json", patch), client.FieldOwner(FieldOwner))
	if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
		// Which classes can expand is not asked: an operator of one namespace may
		// not read classes, and the API server knows best.
		s.log.Info("volume cannot grow", "claim", claim.Name, "reason", err.Error())
		r.refused.note(try, r.Now())
		s.resizes = append(s.resizes, words)
		return nil
	}
	if err != nil {
		return fmt.Errorf("grow volume %s: %w", claim.Name, err)
	}
	r.event(s, "VolumeGrows", "%s grows from %s to %s", claim.Name, have.String(), want.String())
	return nil
}

// replaceSet lets a StatefulSet be recreated whose claim template has another
// size or class: it cannot be changed. Its pods stay. It answers whether the old one is
// still on its way out.
func (r *Reconciler) replaceSet(ctx context.Context, s *scope, component string) (bool, error) {
	storage := storages(s.spec)[component]
	if storage == nil {
		return false, nil
	}
	set := &appsv1.StatefulSet{}
	err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: s.name(component)}, set)
	if apierrors.IsNotFound(err) {
		if leaving, err := r.dropUnbound(ctx, s, component); err != nil || leaving {
			return leaving, err
		}
		return false, r.sameNodes(ctx, s, component)
	}
	if err != nil || !metav1.IsControlledBy(set, s.twin) || len(set.Spec.VolumeClaimTemplates) == 0 {
		return false, err
	}
	if set.DeletionTimestamp != nil {
		return true, nil // its deletion wakes the twin
	}
	want := storage.Size.Quantity()
	if held, ok := s.inputs.Sizes[component]; ok {
		want = held.Quantity()
	}
	class := storage.ClassName
	if held, ok := s.inputs.Classes[component]; ok {
		class = held
	}
	template := &set.Spec.VolumeClaimTemplates[0]
	have := requested(template)
	if have.Cmp(want) == 0 && classOf(template) == class {
		return false, nil
	}
	s.log.Info("StatefulSet is recreated for its volume's size or class", "name", set.Name, "size", want.String(), "class", class)
	err = r.Delete(ctx, set.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationOrphan), client.Preconditions{UID: &set.UID})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("replace StatefulSet %s: %w", set.Name, err)
	}
	// Its name is free when the garbage collector has let go of the pods.
	return true, nil
}

// dropUnbound deletes the claims of a store without a StatefulSet that no volume
// was made for: they hold nothing, and may ask for what cannot be had. It answers
// whether any is on its way out. A claim that got its volume meanwhile is another
// version, and stays.
func (r *Reconciler) dropUnbound(ctx context.Context, s *scope, component string) (bool, error) {
	claims, err := r.claims(ctx, s, component)
	if err != nil {
		return false, err
	}
	leaving := false
	for i := range claims {
		claim := &claims[i]
		if bound(claim) {
			continue
		}
		leaving = true
		if claim.DeletionTimestamp != nil {
			continue // its deletion wakes the twin
		}
		err := r.Delete(ctx, claim.DeepCopy(), client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("delete claim %s, which has no volume: %w", claim.Name, err)
		}
		s.log.Info("deleted a claim that no volume was made for", "claim", claim.Name)
	}
	return leaving, nil
}

// sameNodes refuses another number of brokers than volumes that are there
// already: their voters are written in them.
func (r *Reconciler) sameNodes(ctx context.Context, s *scope, component string) error {
	if component != v1.ComponentKafka {
		return nil
	}
	claims, err := r.claims(ctx, s, component)
	if err != nil {
		return err
	}
	want, have := int(*s.spec.Kafka.Managed.Replicas), len(claims)
	for i := range claims {
		// Somebody may have scaled the StatefulSet, which left volumes of brokers that
		// never belonged to the cluster.
		if noted, err := strconv.Atoi(claims[i].Annotations[annotationKafkaNodes]); err == nil {
			have = noted
		}
	}
	if len(claims) == 0 || have == want {
		return nil
	}
	return stalled(v1.ReasonFixedField, "spec.kafka.managed.replicas is %d, but there are volumes of %d brokers from before; write %d, or delete these volumes and their data",
		want, have, have)
}

// refusals remembers for a while what was refused, so as not to ask each time.
type refusals struct {
	mu    sync.Mutex
	until map[string]time.Time
}

const refusedFor = 10 * time.Minute

func (f *refusals) lately(what string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.until[what]
	if ok && now.After(until) {
		delete(f.until, what)
		return false
	}
	return ok
}

func (f *refusals) note(what string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[string]time.Time{}
	}
	f.until[what] = now.Add(refusedFor)
}
