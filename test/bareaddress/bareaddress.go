// Package bareaddress stands in for Traefik on an address without a name, for tests
// where no Ingress controller runs: it serves https by what Traefik would read from
// the API server, the TLSStore named default and the Ingresses of its class.
package bareaddress

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Address is one of the loopback network that nothing else uses.
const Address = "127.0.0.2"

// Backend serves for a Service.
type Backend func(namespace, service string) http.Handler

// Serve serves on port 443 of Address until stop.
func Serve(c client.Client, backend Backend) (stop func(), err error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(Address, "443"))
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			namespace, service, err := route(r.Context(), c, r.URL.Path)
			if err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
				return
			}
			backend(namespace, service).ServeHTTP(w, r)
		}),
		TLSConfig: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(h.Context(), c) },
		},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return func() { _ = server.Close() }, nil
}

// system is where the Traefik of k3s reads its default certificate.
const system = "kube-system"

func certificate(ctx context.Context, c client.Client) (*tls.Certificate, error) {
	store := &unstructured.Unstructured{}
	store.SetGroupVersionKind(schema.GroupVersionKind{Group: "traefik.io", Version: "v1alpha1", Kind: "TLSStore"})
	if err := c.Get(ctx, client.ObjectKey{Namespace: system, Name: "default"}, store); err != nil {
		return nil, err
	}
	name, _, err := unstructured.NestedString(store.Object, "spec", "defaultCertificate", "secretName")
	if err != nil {
		return nil, err
	}
	secret := &corev1.Secret{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: system, Name: name}, secret); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	return &pair, err
}

// route is the Service of the longest path of an Ingress without a host.
func route(ctx context.Context, c client.Client, path string) (namespace, service string, err error) {
	list := &networkingv1.IngressList{}
	if err := c.List(ctx, list); err != nil {
		return "", "", err
	}
	longest := -1
	for _, ingress := range list.Items {
		if ingress.Spec.IngressClassName == nil || *ingress.Spec.IngressClassName != "traefik" {
			continue
		}
		for _, rule := range ingress.Spec.Rules {
			for _, p := range httpPaths(rule) {
				prefix := strings.TrimSuffix(p.Path, "/")
				if rule.Host == "" && len(prefix) > longest && strings.HasPrefix(cmp.Or(path, "/")+"/", prefix+"/") {
					longest, namespace, service = len(prefix), ingress.Namespace, p.Backend.Service.Name
				}
			}
		}
	}
	if longest < 0 {
		return "", "", fmt.Errorf("no Ingress has the path %s", path)
	}
	return namespace, service, nil
}

func httpPaths(rule networkingv1.IngressRule) []networkingv1.HTTPIngressPath {
	if rule.HTTP == nil {
		return nil
	}
	return rule.HTTP.Paths
}
