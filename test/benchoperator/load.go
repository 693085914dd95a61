package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

const twinsPerNamespace = 50

func nameOfTwin(i int) client.ObjectKey {
	return client.ObjectKey{Namespace: fmt.Sprintf("twins-%02d", i/twinsPerNamespace), Name: fmt.Sprintf("twin-%04d", i)}
}

// createTwins makes the smallest twin that works, many times.
func (b *bench) createTwins(ctx context.Context) error {
	for i := 0; i < b.o.twins; i += twinsPerNamespace {
		if err := b.plane.namespace(ctx, nameOfTwin(i).Namespace); err != nil {
			return err
		}
	}
	return inParallel(ctx, b.o.twins, func(ctx context.Context, i int) error {
		key := nameOfTwin(i)
		return b.plane.admin.Create(ctx, &v1.DigitalTwin{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
			Spec:       v1.DigitalTwinSpec{Dataset: &v1.Dataset{Synthetic: &v1.SyntheticSource{}}},
		})
	})
}

// ready counts the twins that are Ready.
func (b *bench) ready(ctx context.Context) (n int, err error) {
	twins := &v1.DigitalTwinList{}
	if err := b.plane.admin.List(ctx, twins); err != nil {
		return 0, err
	}
	for i := range twins.Items {
		if meta.IsStatusConditionTrue(twins.Items[i].Status.Conditions, v1.ConditionReady) {
			n++
		}
	}
	return n, nil
}

const secretBytes = 100_000

// createSecrets fills a namespace with Secrets that are none of the operator's
// business.
func (b *bench) createSecrets(ctx context.Context) error {
	const namespace = "unrelated"
	if err := b.plane.namespace(ctx, namespace); err != nil {
		return err
	}
	return inParallel(ctx, b.o.secrets, func(ctx context.Context, i int) error {
		content := make([]byte, secretBytes)
		if _, err := rand.Read(content); err != nil {
			return err
		}
		return b.plane.admin.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("secret-%04d", i)},
			Data:       map[string][]byte{"content": content},
		})
	})
}

// stir makes the operator look at twins, so that it collects garbage. Round
// distinguishes one call from the others.
func (b *bench) stir(ctx context.Context, round int) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"example.org/stirred":"%d"}}}`, round)
	return inParallel(ctx, min(b.o.twins, 200), func(ctx context.Context, i int) error {
		key := nameOfTwin(i)
		twin := &v1.DigitalTwin{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
		return b.plane.admin.Patch(ctx, twin, client.RawPatch("application/merge-patch+json", patch))
	})
}

func inParallel(ctx context.Context, n int, do func(context.Context, int) error) error {
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(4)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		tasks.Go(func() error { return do(ctx, i) })
	}
	return tasks.Wait()
}
