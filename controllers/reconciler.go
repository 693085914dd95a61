// Package controllers makes running twins out of DigitalTwin resources: it
// applies the objects that package resources builds, watches them, and reports in
// the status what it observes.
//
// It has more than 25 files, as all stages of a reconciliation work on one scope: what
// was read, is wanted, was applied and was observed of one twin. Conditions read what
// steps have left in it, and steps read what observations have. A cut between them
// would export the scope with all its fields, and imports would run both ways. What
// needs no scope is elsewhere: tables, builders and the record in resources,
// figures in internal/config, rules in api/v1.
package controllers

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// FieldOwner is the operator's field manager.
const FieldOwner = "energytwin"

// Reconciler brings twins to what their specs describe.
type Reconciler struct {
	client.Client               // reads from the cache, but Secrets and untyped objects
	Live          client.Reader // reads from the API server
	Recorder      events.EventRecorder
	Images        resources.Images // the operator's choice
	Namespace     string           // the operator's own, "" outside a cluster
	Random        io.Reader        // of passwords
	Now           func() time.Time
	Figures       FigureSource
	Metrics       *Metrics

	cache        applyCache
	written      written
	updates      updateTurn
	recent       recentFigures
	triedGrowths recentRejections
	rejected     rejections
	served       servedKinds
	began        startTime
}

// Times between reconciliations of a twin that no watch would wake.
const (
	figuresEvery = 30 * time.Second // live figures; Secrets, which are not watched, are read too
	restEvery    = 5 * time.Minute  // of a twin that does not run

	firstFiguresEvery = 5 * time.Second // of a twin whose first readings are awaited,
	firstFiguresFor   = 2 * time.Minute // for so long after its workloads are there

	missingEvery = 30 * time.Second // of something that a person has to add
	troubleEvery = 5 * time.Second  // of pods that are missing, until the cluster reports why
	retryAtMost  = time.Minute      // of what failed again and again
	conflictWait = time.Second
)

// startTime is when an operator first worked on a twin, as it leads since then.
type startTime struct {
	once sync.Once
	at   time.Time
}

func (t *startTime) get(now time.Time) time.Time {
	t.once.Do(func() { t.at = now })
	return t.at
}

// Reconcile brings one twin closer to its spec. It writes the status once, at
// the end, whatever happened.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (result ctrl.Result, err error) {
	twin := &v1.DigitalTwin{}
	if err := r.Get(ctx, request.NamespacedName, twin); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.written.stale(request.NamespacedName, twin.ResourceVersion, r.Now()) {
		// What was written wakes the twin when the cache has it.
		return ctrl.Result{RequeueAfter: conflictWait}, nil
	}
	s := r.newScope(ctx, twin)
	defer func() { result, err = r.finish(ctx, s, result, err) }()

	if !twin.DeletionTimestamp.IsZero() {
		return r.delete(ctx, s)
	}
	if s.paused() {
		return ctrl.Result{}, nil
	}
	if err := r.holdUntilDataIsGone(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.want(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	result, err = r.runSteps(ctx, s)
	if err != nil {
		return result, err
	}
	return result, r.prune(ctx, s)
}

// want computes everything that the twin needs, before anything is written.
func (r *Reconciler) want(ctx context.Context, s *scope) error {
	in, err := r.gather(ctx, s)
	if err != nil {
		return err
	}
	wanted, err := resources.Build(s.twin, in)
	if err != nil {
		return stalled(v1.ReasonInvalidSpec, "%v", err)
	}
	s.inputs, s.wanted = in, wanted
	return nil
}

// scope is one reconciliation of one twin.
type scope struct {
	twin   *v1.DigitalTwin     // its status is what will be written
	before *v1.DigitalTwin     // as it was read
	spec   *v1.DigitalTwinSpec // with all defaults
	log    logr.Logger
	now    time.Time // in whole seconds, as conditions have it
	began  time.Time // since when this operator works

	memory   memory // read with the credentials
	inputs   resources.Inputs
	wanted   *resources.Wanted      // nil until it is computed
	observed map[string]observation // by component
	outcome  prepareState
	polled   bool     // figures were to be had: what is missing in them is missing
	figures  *figures // nil if none were asked for
	resizes  []string // volumes that cannot grow, in words
	missing  []string // kinds that monitoring needs and the cluster lacks
	rotated  []string // keys of the credentials that get new values

	restoreJob     bool   // a Job restores the dump of the spec
	restoreTrouble string // why its pod fails, if it does

	leaving   map[string]bool   // components of a twin that is to stop which still have pods
	recreated map[string]bool   // stores whose StatefulSet is being recreated
	dueIn     time.Duration     // until spec.progressDeadline is exceeded
	pins      resources.Images  // the operator's choices that the twin keeps
	unproven  []unproven        // images that wait for their proof
	applied   map[objectID]bool // objects that are as wanted

	unwatched error // the rejection of an object of monitoring, which does not count for Ready
}

func (r *Reconciler) newScope(ctx context.Context, twin *v1.DigitalTwin) *scope {
	filled := twin.DeepCopy()
	filled.Default()
	now := r.Now().Truncate(time.Second)
	return &scope{
		twin: twin.DeepCopy(), before: twin, spec: &filled.Spec,
		log: ctrl.LoggerFrom(ctx), now: now, began: r.began.get(now),
		observed: map[string]observation{}, recreated: map[string]bool{}, applied: map[objectID]bool{},
	}
}

func (s *scope) key() client.ObjectKey { return client.ObjectKeyFromObject(s.twin) }

func (s *scope) name(component string) string { return resources.Name(s.twin.Name, component) }

func (s *scope) paused() bool { return s.twin.Annotations[v1.AnnotationPaused] == "true" }

// forget drops what is kept in memory of a twin that is gone.
func (r *Reconciler) forget(twin client.ObjectKey) {
	r.cache.forget(twin)
	r.written.forget(twin)
	r.rejected.forget(twin)
	r.updates.release(twin)
	r.recent.forget(twin)
	r.Metrics.forget(twin)
}
