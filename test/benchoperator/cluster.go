package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/energytwin/energytwin/test/fakecluster"
)

// runChildren makes children ready as soon as they are there, until ctx ends.
func (p *plane) runChildren(ctx context.Context) error {
	mgr, err := ctrl.NewManager(p.env.Config, ctrl.Options{Scheme: p.env.Scheme, Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		return err
	}
	for _, err := range []error{
		child(mgr, &appsv1.StatefulSet{}, func() *appsv1.StatefulSet { return &appsv1.StatefulSet{} }, fakecluster.StatefulSet),
		child(mgr, &appsv1.Deployment{}, func() *appsv1.Deployment { return &appsv1.Deployment{} }, fakecluster.Deployment),
		child(mgr, &batchv1.Job{}, func() *batchv1.Job { return &batchv1.Job{} }, fakecluster.Job),
	} {
		if err != nil {
			return err
		}
	}
	return mgr.Start(ctx)
}

// child watches a kind and does with each object what a cluster would.
func child[T client.Object](mgr ctrl.Manager, kind T, empty func() T, do func(context.Context, client.Client, T) error) error {
	c := mgr.GetClient()
	return ctrl.NewControllerManagedBy(mgr).For(kind).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).
		Complete(reconcile.Func(func(ctx context.Context, r ctrl.Request) (ctrl.Result, error) {
			o := empty()
			if err := c.Get(ctx, r.NamespacedName, o); err != nil {
				return ctrl.Result{}, client.IgnoreNotFound(err)
			}
			return ctrl.Result{}, do(ctx, c, o)
		}))
}
