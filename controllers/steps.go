package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// step is one stage of a reconciliation. A step that has to wait returns without
// an error: a watch wakes the twin. Steps only delay writes; the wanted set is
// what it is.
type step struct {
	name resources.Step
	run  func(context.Context, *scope) (ctrl.Result, error)
	// needs are the steps without which this one is left out: they failed, or were
	// left out themselves. All others run, so that the errors of all are reported.
	needs []resources.Step
}

// steps is the order of everything.
func (r *Reconciler) steps() []step {
	ground := []resources.Step{resources.StepNetworkPolicy}
	var stores []step
	prepared := []resources.Step{resources.StepRestore}
	for _, c := range resources.Components() {
		if c.Role == resources.RoleStore {
			stores = append(stores, step{name: c.Step, run: r.store(c.Name), needs: ground})
			prepared = append(prepared, c.Step)
		}
	}
	return slices.Concat([]step{
		{name: resources.StepCredentials, run: r.applyStep(resources.StepCredentials)},
		{name: resources.StepConfig, run: r.applyStep(resources.StepConfig), needs: []resources.Step{resources.StepCredentials}},
		{name: resources.StepNetworkPolicy, run: r.applyStep(resources.StepNetworkPolicy), needs: []resources.Step{resources.StepConfig}},
		{name: resources.StepProofs, run: r.proofs, needs: ground},
	}, stores, []step{
		{name: resources.StepRestore, run: r.restore, needs: []resources.Step{resources.StepTimescale}},
		{name: resources.StepPrepare, run: r.prepare, needs: prepared},
		{name: resources.StepWorkloads, run: r.workloads, needs: []resources.Step{resources.StepPrepare}},
		{name: resources.StepMonitoring, run: r.monitoring, needs: ground},
		{name: resources.StepBackup, run: r.backup, needs: []resources.Step{resources.StepTimescale}},
	})
}

// runSteps runs the steps in order and gathers what went wrong in each. A
// rejected object of monitoring holds up nothing and is kept apart.
func (r *Reconciler) runSteps(ctx context.Context, s *scope) (ctrl.Result, error) {
	var result ctrl.Result
	var failed []error
	missed := map[resources.Step]bool{}
	for _, step := range r.steps() {
		if slices.ContainsFunc(step.needs, func(n resources.Step) bool { return missed[n] }) {
			missed[step.name] = true
			continue
		}
		s.log.V(1).Info("step", "step", step.name)
		once, err := step.run(ctx, s)
		result = soonest(result, once)
		switch {
		case err == nil:
		case step.name == resources.StepMonitoring && !isStalled(err) && !fleeting(err):
			s.unwatched = fmt.Errorf("step %s: %w", step.name, err)
		default:
			missed[step.name] = true
			failed = append(failed, fmt.Errorf("step %s: %w", step.name, err))
		}
	}
	// What runs is observed also where a step failed.
	return result, errors.Join(append(failed, r.observe(ctx, s))...)
}

// soonest keeps the earlier of two times to reconcile again.
func soonest(a, b ctrl.Result) ctrl.Result {
	if a.RequeueAfter == 0 || b.RequeueAfter != 0 && b.RequeueAfter < a.RequeueAfter {
		return b
	}
	return a
}

// applyStep writes what a step wants, as far as it can.
func (r *Reconciler) applyStep(name resources.Step) func(context.Context, *scope) (ctrl.Result, error) {
	return func(ctx context.Context, s *scope) (ctrl.Result, error) {
		var failed []error
		for _, o := range s.wanted.Objects {
			if o.Step == name {
				failed = append(failed, r.apply(ctx, s, o))
			}
		}
		return ctrl.Result{}, errors.Join(failed...)
	}
}

// store writes one of the three stores. Its volumes come first.
func (r *Reconciler) store(component string) func(context.Context, *scope) (ctrl.Result, error) {
	return func(ctx context.Context, s *scope) (ctrl.Result, error) {
		if component == v1.ComponentKafka {
			if err := r.checkBrokers(ctx, s); err != nil {
				return ctrl.Result{}, err
			}
		}
		if err := r.sizeVolumes(ctx, s, component); err != nil {
			return ctrl.Result{}, err
		}
		leaving, err := r.replaceSet(ctx, s, component)
		if err != nil || leaving {
			s.recreated[component] = leaving
			return ctrl.Result{}, err
		}
		return r.applyStep(resources.ComponentOf(component).Step)(ctx, s)
	}
}

// prepare runs the Job when all stores can be reached, with the passwords that
// hold now.
func (r *Reconciler) prepare(ctx context.Context, s *scope) (ctrl.Result, error) {
	if err := r.observeStores(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.observePrepare(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if s.inputs.Restoring {
		return ctrl.Result{}, nil
	}
	if !s.outcome.exists && (s.spec.State == v1.StateHibernated || !s.storesReady()) {
		return ctrl.Result{}, nil
	}
	if _, err := r.applyStep(resources.StepPrepare)(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.observePrepare(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if f := s.outcome.failure; f != nil && f.Store == config.StoreDataset {
		return ctrl.Result{}, stalled(v1.ReasonFixedField, "%s", f.Message)
	}
	return ctrl.Result{}, nil
}

// workloads starts what works on the stores once they are prepared for it. What
// runs already is kept as wanted even while a store is away; what is to stop
// stops at once.
func (r *Reconciler) workloads(ctx context.Context, s *scope) (ctrl.Result, error) {
	if err := r.observeWorkloads(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	stopping := s.spec.State != v1.StateRunning || s.inputs.Restoring
	if !stopping && (!s.outcome.done || !s.storesReady() && !s.started()) {
		return ctrl.Result{}, nil
	}
	if err := r.handOverReplicas(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	var failed []error
	for _, o := range s.wanted.Objects {
		if o.Step == resources.StepWorkloads && !s.isGenerator(o) {
			failed = append(failed, r.apply(ctx, s, o))
		}
	}
	return ctrl.Result{}, errors.Join(append(failed, r.generator(ctx, s))...)
}

func (s *scope) isGenerator(o resources.Object) bool {
	return o.Kind == resources.KindDeployment && o.Name == s.name(v1.ComponentGenerator)
}

// generator changes a generator that runs when no processor of the spec before is
// left: what it publishes then is what they accept. One in Loop goes past the window,
// where processors of a Replay reject its readings.
func (r *Reconciler) generator(ctx context.Context, s *scope) error {
	if err := r.observeWorkloads(ctx, s); err != nil {
		return err
	}
	p := s.observed[v1.ComponentGenerator]
	changes := p.reads != s.wanted.Hashes[v1.ComponentGenerator] || p.image != s.inputs.Images.Workloads
	stays := p.exists && p.replicas > 0 && s.spec.State == v1.StateRunning && !s.inputs.Restoring
	written := s.applied[objectID{resources.KindDeployment, s.name(v1.ComponentProcessor)}]
	if stays && changes && (!written || s.observed[v1.ComponentProcessor].rolling) {
		return nil
	}
	for _, o := range s.wanted.Objects {
		if s.isGenerator(o) {
			return r.apply(ctx, s, o)
		}
	}
	return nil
}

// monitoring writes what watches the twin. It waits for nothing.
func (r *Reconciler) monitoring(ctx context.Context, s *scope) (ctrl.Result, error) {
	if s.spec.Monitoring.Prometheus.Mode == v1.PrometheusServiceMonitor && !s.inputs.Kinds.ServiceMonitor {
		s.missing = append(s.missing, "ServiceMonitor and PrometheusRule of monitoring.coreos.com")
	}
	return r.applyStep(resources.StepMonitoring)(ctx, s)
}

// observe sees what is there, for the status and for later.
func (r *Reconciler) observe(ctx context.Context, s *scope) error {
	for _, observe := range []func(context.Context, *scope) error{
		r.observeStores, r.noteVolumes, r.observeVolumes, r.observeRestore, r.observePrepare, r.observeWorkloads, r.observeMonitoring, r.observeLeaving,
		r.observeFigures, r.observeBackups,
	} {
		if err := observe(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
