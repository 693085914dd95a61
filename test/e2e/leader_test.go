package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// leaderLives is how long the operator's leader lives while leaders are killed.
// Half of it the next one waits for the lease, which a killed leader keeps.
const leaderLives = 30 * time.Second

// leaseName is the name of the lease that the working operator holds.
const leaseName = "operator." + v1.Group

// leader is the pod whose name the operator's lease holds, "" if nobody holds it.
// The pod may be gone.
func (c *cluster) leader(ctx context.Context) (string, error) {
	lease := &coordinationv1.Lease{}
	err := c.Get(ctx, client.ObjectKey{Namespace: c.home, Name: leaseName}, lease)
	if err != nil {
		return "", err
	}
	pod, _, _ := strings.Cut(ptr.Deref(lease.Spec.HolderIdentity, ""), "_") // a random part follows
	return pod, nil
}

// killLeaders kills the operator's leader again and again, beside the test. stop
// ends that, and tells how many were killed.
func (c *cluster) killLeaders(t *testing.T) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done, killed := make(chan struct{}), 0
	go func() {
		defer close(done)
		tick := time.NewTicker(leaderLives)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			said, err := c.killLeader(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				t.Errorf("kill the operator's leader: %v", err)
				return
			}
			if said != "" {
				killed++
				t.Logf("killed the operator's leader %s", said)
			}
		}
	}()
	stop = sync.OnceValue(func() int {
		cancel()
		<-done
		t.Logf("killed %d leaders of the operator", killed)
		return killed
	})
	t.Cleanup(func() { stop() }) // of a test that failed before
	return stop
}

// killLeader kills the pod that leads, so that it cannot give the lease back. It
// is "" if nobody leads just now.
func (c *cluster) killLeader(ctx context.Context) (string, error) {
	name, err := c.leader(ctx)
	if err != nil || name == "" {
		return "", client.IgnoreNotFound(err)
	}
	err = c.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: c.home, Name: name}}, client.GracePeriodSeconds(0))
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	return name, nil
}
