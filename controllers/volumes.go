package controllers

import (
	"context"
	"fmt"
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

// storages are what a spec asks of the volumes of components.
func storages(spec *v1.DigitalTwinSpec) map[string]*v1.Storage {
	out := map[string]*v1.Storage{}
	for _, c := range resources.Components() {
		if c.Volume == nil {
			continue
		}
		if storage := c.Volume(spec); storage != nil {
			out[c.Name] = storage
		}
	}
	return out
}

// heldSizes are the sizes of volumes that differ from the spec: a volume that
// has not grown yet, or cannot, and one from before that is greater. A claim
// without a volume holds nothing, and follows the spec. So does one that asks for a
// growth which was taken back before its class carried it out.
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
			if have.Cmp(want) == 0 || !bound(&claims[i]) || growthTakenBack(&claims[i], want) {
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

// growthTakenBack reports whether a claim asks for more than is wanted, while its
// volume has no more than that.
func growthTakenBack(c *corev1.PersistentVolumeClaim, want resource.Quantity) bool {
	have, asked := capacity(c), requested(c)
	return asked.Cmp(want) > 0 && have.Cmp(want) <= 0
}

// capacity is the size of a claim's volume; that which was asked for where the
// cluster does not report one.
func capacity(c *corev1.PersistentVolumeClaim) resource.Quantity {
	if have, ok := c.Status.Capacity[corev1.ResourceStorage]; ok {
		return have
	}
	return requested(c)
}

// heldClasses are the classes of volumes that are there: those in the templates of
// stores, and that of the dumps. A volume keeps the class that made it.
func (r *Reconciler) heldClasses(ctx context.Context, s *scope) (map[string]string, error) {
	held := map[string]string{}
	dumps, err := r.claims(ctx, s, resources.ComponentBackup)
	if err != nil {
		return nil, err
	}
	for i := range dumps {
		if bound(&dumps[i]) {
			held[resources.ComponentBackup] = classOf(&dumps[i])
		}
	}
	for _, component := range s.managedStores() {
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

// sizeVolumes asks for the size that the spec wants. A class that cannot expand
// a volume rejects that: the old size stays, and the status reports it.
func (r *Reconciler) sizeVolumes(ctx context.Context, s *scope, component string) error {
	step := resources.ComponentOf(component).Step
	for c, storage := range storages(s.spec) {
		if resources.ComponentOf(c).Step != step {
			continue // the volume of dumps comes with the database
		}
		claims, err := r.claims(ctx, s, c)
		if err != nil {
			return err
		}
		for i := range claims {
			if !bound(&claims[i]) {
				continue // it is recreated with the wanted size
			}
			if err := r.sizeVolume(ctx, s, &claims[i], storage.Size.Quantity()); err != nil {
				return err
			}
		}
	}
	return nil
}

// sizeVolume changes what a claim asks for: more, or less where its volume has not
// grown yet. Kubernetes lets a claim ask for less again as long as that is more than
// the volume has.
func (r *Reconciler) sizeVolume(ctx context.Context, s *scope, claim *corev1.PersistentVolumeClaim, want resource.Quantity) error {
	asked, have := requested(claim), capacity(claim)
	grows := asked.Cmp(want) < 0
	if !grows && (asked.Cmp(want) == 0 || have.Cmp(want) >= 0) {
		return nil
	}
	stays := fmt.Sprintf("%s stays at %s", claim.Name, have.String())
	try := string(claim.UID) + "/" + want.String()
	rejected := r.triedGrowths.lately(try, r.Now())
	if !rejected {
		patch := fmt.Appendf(nil, `{"spec":{"resources":{"requests":{"storage":%q}}}}`, want.String())
		err := r.Patch(ctx, claim.DeepCopy(), client.RawPatch("application/merge-patch+json", patch), client.FieldOwner(FieldOwner))
		// Which classes can expand is not asked: an operator of one namespace may
		// not read classes, and the API server knows best.
		rejected = apierrors.IsForbidden(err) || apierrors.IsInvalid(err)
		switch {
		case rejected:
			s.log.Info("a volume cannot get the wanted size", "claim", claim.Name, "reason", err.Error())
			r.triedGrowths.note(try, r.Now())
		case err != nil:
			return fmt.Errorf("size volume %s: %w", claim.Name, err)
		case grows:
			r.event(s, "VolumeGrows", "%s grows from %s to %s", claim.Name, have.String(), want.String())
		}
	}
	if rejected && grows {
		s.resizes = append(s.resizes, stays)
	}
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
		return r.dropUnbound(ctx, s, component)
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
// was made for: they hold nothing, and may ask for what cannot be had. It reports
// whether any is on its way out.
func (r *Reconciler) dropUnbound(ctx context.Context, s *scope, component string) (bool, error) {
	claims, err := r.claims(ctx, s, component)
	if err != nil {
		return false, err
	}
	leaving := false
	for i := range claims {
		if bound(&claims[i]) {
			continue
		}
		leaving = true
		if err := r.dropClaim(ctx, s, &claims[i]); err != nil {
			return false, err
		}
	}
	return leaving, nil
}

// dropIfUnbound deletes one claim if no volume was made for it, and reports whether
// it did: what such a claim asks for cannot be changed.
func (r *Reconciler) dropIfUnbound(ctx context.Context, s *scope, name string) (bool, error) {
	claim := &corev1.PersistentVolumeClaim{}
	err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: name}, claim)
	if err != nil || bound(claim) {
		return false, client.IgnoreNotFound(err)
	}
	return true, r.dropClaim(ctx, s, claim)
}

// dropClaim deletes a claim as it was seen. One that got its volume meanwhile is
// another version, and stays. Its deletion wakes the twin.
func (r *Reconciler) dropClaim(ctx context.Context, s *scope, claim *corev1.PersistentVolumeClaim) error {
	if claim.DeletionTimestamp != nil {
		return nil
	}
	err := r.Delete(ctx, claim.DeepCopy(), client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete claim %s, which has no volume: %w", claim.Name, err)
	}
	s.log.Info("deleted a claim that no volume was made for", "claim", claim.Name)
	return nil
}

// recentRejections remembers for a while what was rejected, so as not to ask each time.
type recentRejections struct {
	mu    sync.Mutex
	until map[string]time.Time
}

const refusedFor = 10 * time.Minute

func (f *recentRejections) lately(what string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.until[what]
	if ok && now.After(until) {
		delete(f.until, what)
		return false
	}
	return ok
}

func (f *recentRejections) note(what string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[string]time.Time{}
	}
	f.until[what] = now.Add(refusedFor)
}
