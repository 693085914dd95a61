package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"

	"github.com/energytwin/energytwin/controllers/resources"
)

// apiKey is the key of a twin's API, as its Secret has it.
func (s *space) apiKey(twin string) string {
	s.t.Helper()
	return string(s.secret(resources.CredentialsName(twin))[resources.KeyAPIKey])
}

// get asks a twin's API through its Service. The API server passes the request
// on, so that it works wherever the test runs.
func (s *space) get(ctx context.Context, twin, path, key string) ([]byte, error) {
	return s.kube.CoreV1().RESTClient().Get().
		Namespace(s.name).Resource("services").Name("http:"+resources.Name(twin, "api")+":http").
		SubResource("proxy").Suffix(path).SetHeader("X-API-Key", key).DoRaw(ctx)
}

// apiTwin is what a twin's API says of the twin.
type apiTwin struct {
	Name        string  `json:"name"`
	SimulatedAt *string `json:"simulatedAt"`
	Meters      int64   `json:"meters"`
	Counts      struct {
		Stored      int64 `json:"stored"`
		Quarantined int64 `json:"quarantined"`
		Forecasts   int64 `json:"forecasts"`
		Decisions   int64 `json:"decisions"`
	} `json:"counts"`
}

// asked is what the API answers to the key of the Secret, once it answers. base
// is the twin's base path.
func (s *space) asked(twin, base string) apiTwin {
	s.t.Helper()
	var answer struct {
		Data apiTwin `json:"data"`
	}
	eventually(s.t, fmt.Sprintf("answer of %s/%s's API", s.name, twin), func() (string, bool) {
		body, err := s.get(s.t.Context(), twin, base+"/api/v1/twin", s.apiKey(twin))
		if err != nil {
			return err.Error(), false
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return err.Error(), false
		}
		return string(body), true
	})
	require.Equal(s.t, twin, answer.Data.Name)
	return answer.Data
}

// page reads a page of the API server or of its user interface without a key.
func (s *space) page(twin, path string) string {
	s.t.Helper()
	body, err := s.get(s.t.Context(), twin, path, "")
	require.NoError(s.t, err)
	return string(body)
}

// run runs a command in a container and gives what it wrote.
func (s *space) run(ctx context.Context, pod, container string, in io.Reader, command ...string) (string, error) {
	request := s.kube.CoreV1().RESTClient().Post().Namespace(s.name).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: container, Command: command, Stdin: in != nil, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	executor, err := remotecommand.NewSPDYExecutor(s.config, http.MethodPost, request.URL())
	if err != nil {
		return "", err
	}
	var out, errs bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: &out, Stderr: &errs})
	if err != nil {
		return out.String(), fmt.Errorf("%s in %s: %w: %s", strings.Join(command, " "), pod, err, errs.String())
	}
	return out.String(), nil
}

// forward makes a port of a pod one of this machine, until close.
func (s *space) forward(ctx context.Context, pod string, port int) (address string, closeIt func(), err error) {
	transport, upgrader, err := spdy.RoundTripperFor(s.config)
	if err != nil {
		return "", nil, err
	}
	path := s.kube.CoreV1().RESTClient().Post().Namespace(s.name).Resource("pods").Name(pod).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, path)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		return "", nil, err
	}
	failed, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		failed <- forwarder.ForwardPorts()
	}()
	select {
	case <-ready:
	case err := <-failed:
		return "", nil, fmt.Errorf("forward port %d of %s: %w", port, pod, err)
	case <-ctx.Done():
		close(stop)
		return "", nil, ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		close(stop)
		return "", nil, err
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0].Local), func() { close(stop); <-done }, nil
}

// database is the address of a twin's managed database for a role, forwarded to
// this machine until the test ends.
func (s *space) database(twin, role, passwordKey string) string {
	s.t.Helper()
	address, closeIt, err := s.forward(s.t.Context(), resources.Name(twin, "timescale-0"), resources.PortPostgres)
	require.NoError(s.t, err)
	s.t.Cleanup(closeIt)
	password := string(s.secret(resources.CredentialsName(twin))[passwordKey])
	u := url.URL{
		Scheme: "postgres", Host: address, Path: "/" + resources.DatabaseName,
		User: url.UserPassword(role, password), RawQuery: "sslmode=disable",
	}
	return u.String()
}
