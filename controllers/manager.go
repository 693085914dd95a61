package controllers

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// ManagerOptions define how the operator runs.
type ManagerOptions struct {
	Image           string   // of the workloads: the operator's own
	Namespace       string   // the operator's own, "" outside a cluster
	WatchNamespaces []string // none: all
	MetricsAddress  string   // "0": none
	ProbeAddress    string   // "0": none
	LeaderElection  bool
	Concurrent      int
	Registry        prometheus.Registerer
	Figures         FigureSource     // nil: over HTTP
	Now             func() time.Time // nil: the clock
	SkipNameCheck   bool             // several operators in one process, in tests
}

// Scheme knows all types that the operator handles as such.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return scheme, v1.AddToScheme(scheme)
}

// NewManager makes the operator. It runs when it is started.
func NewManager(cfg *rest.Config, o ManagerOptions) (ctrl.Manager, error) {
	mgr, _, err := newManager(cfg, o)
	return mgr, err
}

func newManager(cfg *rest.Config, o ManagerOptions) (ctrl.Manager, *Reconciler, error) {
	if err := resources.CheckImage(o.Image); err != nil {
		return nil, nil, fmt.Errorf("operator: image of the workloads: %w", err)
	}
	scheme, err := Scheme()
	if err != nil {
		return nil, nil, err
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme,
		Cache:  CacheOptions(o.WatchNamespaces...),
		// Secrets and what a spec names are read by name, and kept nowhere.
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: false}},
		Metrics:                       server.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress:        o.ProbeAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              "operator." + v1.Group,
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true, // the process ends right after
		GracefulShutdownTimeout:       ptr.To(20 * time.Second),
		Controller:                    config.Controller{SkipNameValidation: ptr.To(o.SkipNameCheck)},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("operator: %w", err)
	}
	r, err := newReconciler(mgr, o)
	if err != nil {
		return nil, nil, err
	}
	if err := r.SetupWithManager(mgr, Options{Concurrent: o.Concurrent}); err != nil {
		return nil, nil, fmt.Errorf("operator: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, nil, err
	}
	return mgr, r, mgr.AddReadyzCheck("cache", func(req *http.Request) error {
		if !mgr.GetCache().WaitForCacheSync(req.Context()) {
			return fmt.Errorf("the cache is not filled yet")
		}
		return nil
	})
}

func newReconciler(mgr ctrl.Manager, o ManagerOptions) (*Reconciler, error) {
	metrics, err := NewMetrics(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("operator metrics: %w", err)
	}
	r := &Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("energytwin"),
		Images: resources.DefaultImages(o.Image), Namespace: o.Namespace,
		Random: rand.Reader, Now: o.Now, Figures: o.Figures, Metrics: metrics,
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Figures == nil {
		r.Figures = HTTPFigures()
	}
	return r, nil
}
