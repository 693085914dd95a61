package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// FigureSource reads what a pod's status port answers, into a value of
// internal/config.
type FigureSource func(ctx context.Context, podIP string, into any) error

// figures are what the workloads report of themselves.
type figures struct {
	generator  *config.GeneratorFigures // nil: it did not answer
	database   *config.DatabaseFigures  // nil: no API server answered
	partitions int                      // that processors reported
	lag        int64
	lost       []config.LostFigures
	recent     int64            // readings of the last ten minutes
	rejected   map[string]int64 // of them, by reason
}

// HTTPFigures asks the status port over HTTP.
func HTTPFigures() FigureSource {
	ask := &http.Client{
		Timeout:       3 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: nil},
	}
	return func(ctx context.Context, podIP string, into any) error {
		address := "http://" + net.JoinHostPort(podIP, strconv.Itoa(resources.PortStatus)) + "/status"
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		response, err := ask.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", address, response.Status)
		}
		// A pod of another's making must not fill the operator's memory.
		return json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(into)
	}
}

// figuresPause is how long the workloads are left in peace: shorter while people
// wait for the first readings of a twin that has just started.
func (r *Reconciler) figuresPause(s *scope) time.Duration {
	flow := meta.FindStatusCondition(s.before.Status.Conditions, v1.ConditionDataFlowing)
	if flow != nil && flow.Reason != v1.ReasonWaiting && flow.Reason != v1.ReasonNoReadings {
		return figuresEvery
	}
	started := meta.FindStatusCondition(s.before.Status.Conditions, v1.ConditionWorkloadsReady)
	if started != nil && started.Status == metav1.ConditionTrue && r.Now().Sub(started.LastTransitionTime.Time) > firstFiguresFor {
		return figuresEvery
	}
	return firstFiguresEvery
}

// observeFigures asks the workloads how they stand, now and then.
func (r *Reconciler) observeFigures(ctx context.Context, s *scope) error {
	if s.spec.State != v1.StateRunning || !r.recent.due(s.key(), s.now, r.figuresPause(s)) {
		return nil
	}
	f := &figures{}
	asked, answered := false, false
	ask := func(component string, each func(podIP string) error) error {
		pods, err := r.pods(ctx, s, component)
		if err != nil {
			return err
		}
		for i := range pods {
			if !madeHere(&pods[i], s.name(component)) {
				continue
			}
			asked = true
			if err := each(pods[i].Status.PodIP); err != nil {
				s.log.V(1).Info("no figures", "pod", pods[i].Name, "reason", err.Error())
				continue
			}
			answered = true
		}
		return nil
	}
	err := firstOf(
		func() error {
			return ask(v1.ComponentGenerator, func(ip string) error {
				var g config.GeneratorFigures
				err := r.Figures(ctx, ip, &g)
				if err == nil {
					f.generator = &g
				}
				return err
			})
		},
		func() error {
			return ask(v1.ComponentProcessor, func(ip string) error {
				var p config.ProcessorFigures
				err := r.Figures(ctx, ip, &p)
				f.add(p)
				return err
			})
		},
		func() error {
			return ask(v1.ComponentAPI, func(ip string) error {
				if f.database != nil {
					return nil // all of them ask the same database
				}
				var d config.DatabaseFigures
				if err := r.Figures(ctx, ip, &d); err != nil {
					return err
				}
				if !d.Answered {
					return errors.New("the database does not answer the API")
				}
				f.database = &d
				return nil
			})
		},
	)
	// Pods that are gone store nothing either; those of a new twin are on their way.
	s.polled = asked || s.stored() > 0
	if asked { // also in vain: a pod that hangs holds up other twins while it is asked
		r.recent.note(s.key(), s.now)
	}
	if answered {
		s.figures = f
	}
	return err
}

func firstOf(calls ...func() error) error {
	for _, call := range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

func (f *figures) add(p config.ProcessorFigures) {
	f.partitions += len(p.Partitions)
	for _, one := range p.Partitions {
		f.lag += one.Lag
	}
	f.lost = append(f.lost, p.Lost...)
	f.recent += p.Recent.Readings
	if f.rejected == nil {
		f.rejected = map[string]int64{}
	}
	for reason, n := range p.Recent.Rejected {
		f.rejected[reason] += n
	}
}

// madeHere reports whether a running pod is of the Deployment's making: labels
// alone can be written by anybody in the namespace, and a pod on the node's
// network has the node's address.
func madeHere(p *corev1.Pod, deployment string) bool {
	owner := metav1.GetControllerOf(p)
	return owner != nil && owner.Kind == "ReplicaSet" && strings.HasPrefix(owner.Name, deployment+"-") &&
		p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil &&
		p.Status.PodIP != "" && p.Status.PodIP != p.Status.HostIP
}

// recentFigures remembers when a twin's workloads were asked last.
type recentFigures struct {
	mu    sync.Mutex
	asked map[client.ObjectKey]time.Time
}

func (c *recentFigures) due(twin client.ObjectKey, now time.Time, pause time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, ok := c.asked[twin]
	return !ok || now.Sub(last) >= pause
}

func (c *recentFigures) note(twin client.ObjectKey, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == nil {
		c.asked = map[client.ObjectKey]time.Time{}
	}
	c.asked[twin] = now
}

func (c *recentFigures) forget(twin client.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asked, twin)
}
