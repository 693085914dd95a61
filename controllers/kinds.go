package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/energytwin/energytwin/controllers/resources"
)

// kindsEvery is how often the cluster is asked which optional kinds it serves: a
// person may install them at any time.
const kindsEvery = time.Minute

// servedKinds remembers which optional kinds the cluster serves.
type servedKinds struct {
	mu    sync.Mutex
	at    time.Time
	kinds resources.Kinds
}

func (r *Reconciler) kinds() (resources.Kinds, error) {
	k := &r.served
	k.mu.Lock()
	defer k.mu.Unlock()
	now := r.Now()
	if !k.at.IsZero() && now.Sub(k.at) < kindsEvery {
		return k.kinds, nil
	}
	monitor, err := r.serves(resources.KindServiceMonitor)
	if err != nil {
		return resources.Kinds{}, err
	}
	scaled, err := r.serves(resources.KindScaledObject)
	if err != nil {
		return resources.Kinds{}, err
	}
	k.kinds, k.at = resources.Kinds{ServiceMonitor: monitor, ScaledObject: scaled}, now
	return k.kinds, nil
}

func (r *Reconciler) serves(kind schema.GroupVersionKind) (bool, error) {
	_, err := r.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	return err == nil, err
}
