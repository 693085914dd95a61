package controllers

import (
	"context"
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// annotationWoken is what a test changes to make the operator look.
const annotationWoken = "example.org/woken"

// looks is the operator's client. It notes by which waking a reconciliation saw
// its twin when it began.
type looks struct {
	client.Client
	unserved string // a group of kinds that is not served

	mu   sync.Mutex
	seen map[client.ObjectKey]string
}

func (l *looks) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := l.Client.Get(ctx, key, o, opts...)
	if twin, ok := o.(*v1.DigitalTwin); ok && err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seen[key] = twin.Annotations[annotationWoken]
	}
	return err
}

func (l *looks) RESTMapper() meta.RESTMapper { return withoutGroup{l.Client.RESTMapper(), l.unserved} }

// withoutGroup is a cluster's mapper that does not know a group of kinds.
type withoutGroup struct {
	meta.RESTMapper
	group string
}

func (m withoutGroup) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if kind.Group == m.group && m.group != "" {
		return nil, &meta.NoKindMatchError{GroupKind: kind, SearchedVersions: versions}
	}
	return m.RESTMapper.RESTMapping(kind, versions...)
}

func (l *looks) last(key client.ObjectKey) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[key]
}

// wake makes the operator look at a twin, and answers by which word.
func (sp *space) wake(twin string) string {
	sp.t.Helper()
	word := fmt.Sprint(sp.wakings.Add(1))
	sp.patch(sp.get(twin), fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, annotationWoken, word))
	return word
}

// settle waits until the operator has worked on a twin from beginning to end,
// knowing all that is in the space when settle is called. A twin is not worked
// on twice at the same time: when another look has begun, the one before has ended. The
// first may end at once, at a version from before the operator's newest write.
func (sp *space) settle(twin string) {
	sp.t.Helper()
	sp.caughtUp()
	for range 3 {
		word := sp.wake(twin)
		sp.eventually(func() error {
			if got := sp.looks.last(client.ObjectKey{Namespace: sp.ns, Name: twin}); got != word {
				return fmt.Errorf("the operator has not looked at %s since it was woken", twin)
			}
			return nil
		})
	}
}

// quiet waits until the operator has nothing left to write, and forgets what it
// wrote. Nothing moves meanwhile but what workOnce does: that the operator,
// knowing all, wrote nothing in a whole look at each twin means that it will
// not.
func (sp *space) quiet() {
	sp.t.Helper()
	sp.eventually(func() error {
		sp.workOnce()
		sp.requests.taken()
		sp.caughtUp()
		twins := &v1.DigitalTwinList{}
		require.NoError(sp.t, sp.admin.List(sp.ctx, twins, client.InNamespace(sp.ns)))
		for _, twin := range twins.Items {
			sp.settle(twin.Name)
		}
		if wrote := sp.requests.taken(); len(wrote) > 0 {
			return fmt.Errorf("it writes %v", wrote)
		}
		return nil
	})
}

// caughtUp waits until the operator's cache holds what the API server does.
func (sp *space) caughtUp() {
	sp.t.Helper()
	sp.eventually(func() error {
		for _, list := range sp.cachedLists() {
			kind, err := apiutil.GVKForObject(list, sp.env.Scheme)
			require.NoError(sp.t, err)
			live, ok := list.DeepCopyObject().(client.ObjectList)
			require.True(sp.t, ok)
			var of client.MatchingLabels
			if _, twins := list.(*v1.DigitalTwinList); !twins {
				of = client.MatchingLabels{resources.LabelManagedBy: resources.ManagedBy}
			}
			require.NoError(sp.t, sp.looks.List(sp.ctx, list, client.InNamespace(sp.ns)))
			require.NoError(sp.t, sp.admin.List(sp.ctx, live, client.InNamespace(sp.ns), of))
			cached, there := versionsOf(list), versionsOf(live)
			if fmt.Sprint(cached) != fmt.Sprint(there) {
				return fmt.Errorf("%s: the cache holds %v, the API server %v", kind.Kind, cached, there)
			}
		}
		return nil
	})
}

// cachedLists are empty lists of all that the operator watches, as it asks for
// them.
func (sp *space) cachedLists() []client.ObjectList {
	lists := []client.ObjectList{&v1.DigitalTwinList{}, &corev1.PodList{}}
	for _, kind := range resources.ChildKinds(resources.Kinds{}) {
		if kind.Cache == resources.CacheNothing {
			continue
		}
		list, err := newList(kind)
		require.NoError(sp.t, err)
		lists = append(lists, list)
	}
	return lists
}

// versionsOf are the resourceVersions of a list, by name.
func versionsOf(list client.ObjectList) map[string]string {
	out := map[string]string{}
	_ = meta.EachListItem(list, func(o runtime.Object) error {
		m, err := meta.Accessor(o)
		if err == nil {
			out[m.GetName()] = m.GetResourceVersion()
		}
		return err
	})
	return out
}
