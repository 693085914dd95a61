package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// podAddress is that of all pods whose data flow: this program answers there.
const podAddress = "127.0.0.1"

// serveFigures answers as the status port of an API server's pod whose twin
// stores rows all the time, until ctx ends.
func serveFigures(ctx context.Context) error {
	l, err := net.Listen("tcp", net.JoinHostPort(podAddress, strconv.Itoa(resources.PortStatus)))
	if err != nil {
		return fmt.Errorf("pods' status port: %w; free the port, or measure without -flowing", err)
	}
	var rows atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		now := time.Now().UTC()
		_ = json.NewEncoder(w).Encode(config.DatabaseFigures{
			Answered: true, Meters: 200, Rows: rows.Add(100), Decisions: rows.Load() / 24, LastEventTime: &now, WrittenAt: &now,
		})
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("pods' status port:", err)
		}
	}()
	return nil
}

// startFlowing gives twins a pod of the API server.
func (b *bench) startFlowing(ctx context.Context) error {
	return inParallel(ctx, b.o.flowing, func(ctx context.Context, i int) error {
		key := nameOfTwin(i)
		deployment := key
		deployment.Name = resources.Name(key.Name, v1.ComponentAPI)
		d := &appsv1.Deployment{}
		if err := b.plane.admin.Get(ctx, deployment, d); err != nil {
			return err
		}
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: key.Namespace, Name: d.Name + "-0", Labels: d.Spec.Template.Labels,
				OwnerReferences: []metav1.OwnerReference{{
					APIVersion: "apps/v1", Kind: "ReplicaSet", Name: d.Name + "-0", UID: "0", Controller: ptr.To(true),
				}},
			},
			Spec: d.Spec.Template.Spec,
		}
		if err := b.plane.admin.Create(ctx, pod); err != nil {
			return err
		}
		pod.Status = corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: podAddress, PodIPs: []corev1.PodIP{{IP: podAddress}},
			HostIP: "192.0.2.1", HostIPs: []corev1.HostIP{{IP: "192.0.2.1"}},
		}
		return b.plane.admin.Status().Update(ctx, pod)
	})
}

// stopFlowing takes the pods away.
func (b *bench) stopFlowing(ctx context.Context) error {
	return inParallel(ctx, b.o.flowing, func(ctx context.Context, i int) error {
		key := nameOfTwin(i)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: resources.Name(key.Name, v1.ComponentAPI) + "-0"}}
		return b.plane.admin.Delete(ctx, pod, &deleteNow)
	})
}
