package controllers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// digest stands for something of which only whether it is the same matters. There
// is one for each of tens of thousands of objects, so that it is short.
type digest [16]byte

func digestOf(doc []byte) digest {
	sum := sha256.Sum256(doc)
	return digest(sum[:])
}

// applied is what the last apply of an object sent and got.
type applied struct {
	intent     digest
	version    digest
	generation int64
	written    int64 // the generation that the last apply made which changed something
	metadata   digest
}

// versionOf stands for an object as it is stored, its status included.
func versionOf(o metav1.Object) digest {
	return digestOf([]byte(string(o.GetUID()) + "/" + o.GetResourceVersion()))
}

// metadataOf stands for an object and what others may change of it without a new
// generation.
func metadataOf(o metav1.Object) digest {
	// Texts and references can always be written.
	doc, _ := json.Marshal([]any{o.GetUID(), o.GetLabels(), o.GetAnnotations(), o.GetOwnerReferences()})
	return digestOf(doc)
}

// unchanged reports whether an object is still as the apply left it, but for its
// status. Kinds that have a status count the changes of their spec in the
// generation; that pods come and go does not send an apply. Of the others any
// change counts.
func (a applied) unchanged(live metav1.Object) bool {
	if a.version == versionOf(live) {
		return true
	}
	return a.generation > 0 && a.generation == live.GetGeneration() && a.metadata == metadataOf(live)
}

// applyCache remembers applies, so that one that would change nothing is not
// sent. The live object is part of the question: whoever changed it since, the
// apply is sent again. Comparing the fields themselves would not do: the API
// server fills in defaults, in claim templates above all.
type applyCache struct {
	mu    sync.Mutex
	twins map[client.ObjectKey][]remembered // few for each twin: a list is shorter than a map
}

type remembered struct {
	object digest // of an objectID
	applied
}

type objectID struct {
	kind schema.GroupVersionKind
	name string
}

func (id objectID) digest() digest { return digestOf([]byte(id.kind.String() + "/" + id.name)) }

func (c *applyCache) get(twin client.ObjectKey, id objectID) applied {
	object := id.digest()
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := indexOf(c.twins[twin], object); i >= 0 {
		return c.twins[twin][i].applied
	}
	return applied{}
}

func (c *applyCache) put(twin client.ObjectKey, id objectID, a applied) {
	object := id.digest()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.twins == nil {
		c.twins = map[client.ObjectKey][]remembered{}
	}
	if i := indexOf(c.twins[twin], object); i >= 0 {
		c.twins[twin][i].applied = a
		return
	}
	// Without room to grow: a twin gets its objects once.
	c.twins[twin] = slices.Concat(c.twins[twin], []remembered{{object, a}})
}

func (c *applyCache) drop(twin client.ObjectKey, id objectID) {
	object := id.digest()
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := indexOf(c.twins[twin], object); i >= 0 {
		c.twins[twin] = slices.Delete(c.twins[twin], i, i+1)
	}
}

func (c *applyCache) forget(twin client.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.twins, twin)
}

func indexOf(all []remembered, object digest) int {
	return slices.IndexFunc(all, func(r remembered) bool { return r.object == object })
}

// apply brings one object to what is wanted, unless it is already. It never
// takes over an object that is not the twin's.
func (r *Reconciler) apply(ctx context.Context, s *scope, o resources.Object) error {
	intent, err := intentOf(o.Config)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.Kind.Kind, o.Name, err)
	}
	doc, err := json.Marshal(intent.Object)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.Kind.Kind, o.Name, err)
	}
	if o.Kind == resources.KindIngress {
		if err := r.hostTaken(ctx, s); err != nil {
			return err
		}
	}
	hash := digestOf(doc)
	id := objectID{o.Kind, o.Name}
	live, err := r.liveMeta(ctx, s.twin.Namespace, o.Kind, o.Name)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.Kind.Kind, o.Name, err)
	}
	if live != nil {
		if s.predecessors(live) {
			return fmt.Errorf("%s %s: %w", o.Kind.Kind, o.Name, errPredecessor)
		}
		if !s.owns(live, o.Kept) {
			return stalled(v1.ReasonNameTaken, "%s %s exists and is not this twin's; rename the twin, or delete that object", o.Kind.Kind, o.Name)
		}
		if last := r.cache.get(s.key(), id); last.intent == hash && last.unchanged(live) {
			r.Metrics.skipped.Inc()
			s.applied[id] = true
			return nil
		}
	}
	if err := r.rejected.get(s.key(), id, hash, liveDigest(live)); err != nil {
		return err
	}
	err = r.Apply(ctx, client.ApplyConfigurationFromUnstructured(intent), client.FieldOwner(FieldOwner), client.ForceOwnership)
	if apierrors.IsInvalid(err) && live != nil {
		if o.Kind == resources.KindVolumeClaim {
			if dropped, err := r.dropIfUnbound(ctx, s, o.Name); err != nil || dropped {
				return errors.Join(err, errRecreated)
			}
		}
		if err = r.overwrite(ctx, s, o, doc, err); !apierrors.IsInvalid(err) {
			return err
		}
	}
	if isInvalid(err) {
		err = invalid(o, err)
		r.rejected.put(s.key(), id, rejection{intent: hash, live: liveDigest(live), err: err})
		return err
	}
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", o.Kind.Kind, o.Name, err)
	}
	r.Metrics.writes.WithLabelValues(o.Kind.Kind).Inc()
	written := intent.GetGeneration()
	if last := r.cache.get(s.key(), id); live != nil && live.Generation == written && last.written > 0 {
		written = last.written // what is new is another's, such as an autoscaler's
	}
	s.applied[id] = true
	r.cache.put(s.key(), id, applied{
		intent: hash, version: versionOf(intent), generation: intent.GetGeneration(), written: written, metadata: metadataOf(intent),
	})
	if live == nil {
		s.log.V(1).Info("created", "kind", o.Kind.Kind, "name", o.Name)
	} else if live.ResourceVersion != intent.GetResourceVersion() {
		s.log.V(1).Info("changed", "kind", o.Kind.Kind, "name", o.Name)
	}
	return nil
}

// overwrite replaces whole lists of an object that an apply cannot repair: somebody
// changed the key of an entry, such as a port's number. To an apply theirs is another
// entry, which stays, and the two do not go together. What is overwritten wakes
// the twin, and the apply then sent is taken.
func (r *Reconciler) overwrite(ctx context.Context, s *scope, o resources.Object, doc []byte, rejection error) error {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(o.Kind)
	object.SetNamespace(s.twin.Namespace)
	object.SetName(o.Name)
	err := r.Patch(ctx, object, client.RawPatch(types.MergePatchType, doc), client.FieldOwner(FieldOwner))
	if apierrors.IsInvalid(err) {
		return rejection // what is wanted is rejected as such
	}
	if err != nil {
		return fmt.Errorf("overwrite %s %s: %w", o.Kind.Kind, o.Name, err)
	}
	r.Metrics.writes.WithLabelValues(o.Kind.Kind).Inc()
	s.log.Info("overwritten, as what somebody changed did not go together with what is wanted", "kind", o.Kind.Kind, "name", o.Name)
	return nil
}

// intentOf is a configuration as it is sent.
func intentOf(config runtime.ApplyConfiguration) (*unstructured.Unstructured, error) {
	doc, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	return u, json.Unmarshal(doc, &u.Object)
}

// liveMeta is the metadata of an object, nil if there is none. The cache knows
// only what carries the operator's label; what it does not know is asked for,
// lest another's object is taken for free.
func (r *Reconciler) liveMeta(ctx context.Context, namespace string, kind schema.GroupVersionKind, name string) (*metav1.PartialObjectMetadata, error) {
	key := client.ObjectKey{Namespace: namespace, Name: name}
	if child, ok := resources.ChildKindOf(kind); ok && child.Cache != resources.CacheNothing {
		cached, err := newObject(child)
		if err != nil {
			return nil, err
		}
		if err = r.Get(ctx, key, cached); err == nil {
			return metaOf(cached), nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, err
		}
	}
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(kind)
	if err := r.Live.Get(ctx, key, live); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return live, nil
}

// errRecreated is waiting, not failure: an object that cannot be changed is on its
// way out, and is recreated.
var errRecreated = errors.New("is being recreated")

// errPredecessor is waiting, not failure: the garbage collector has not come by
// yet.
var errPredecessor = errors.New("is still that of a deleted twin of this name")

// predecessors reports whether an object is that of a twin of the same name which
// was deleted. It goes by itself, and wakes this one when it does.
func (s *scope) predecessors(o metav1.Object) bool {
	owner := metav1.GetControllerOf(o)
	return owner != nil && owner.UID != s.twin.UID && owner.Kind == v1.Kind && owner.Name == s.twin.Name &&
		strings.HasPrefix(owner.APIVersion, v1.Group+"/")
}

// owns reports whether an object is this twin's. What outlives a twin has no
// owner; the labels have whose it is.
func (s *scope) owns(o metav1.Object, kept bool) bool {
	if !kept {
		return metav1.IsControlledBy(o, s.twin)
	}
	l := o.GetLabels()
	return metav1.GetControllerOf(o) == nil &&
		l[resources.LabelManagedBy] == resources.ManagedBy && l[resources.LabelInstance] == s.twin.Name
}
