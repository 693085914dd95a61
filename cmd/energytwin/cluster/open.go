package cluster

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

func newOpenCommand(c *connection) *cobra.Command {
	var port int
	var quiet bool
	cmd := &cobra.Command{
		Use:   "open NAME",
		Short: "Forward a local port to a twin's API and open its page",
		Long: "Forwards a port of 127.0.0.1 to a pod of the API until Ctrl-C, prints the address of the page, and opens it in a\n" +
			"browser. When the pod ends, it goes on with the next. The page asks for a key of the API:\n" +
			"kubectl get secret NAME-credentials -o jsonpath='{.data.api-key}' | base64 -d",
		Example: "  kubectl energytwin open riverside --port 8080 --no-browser",
		Args:    args(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				return s.open(ctx, twin, port, !quiet)
			})
		},
	}
	cmd.Flags().IntVar(&port, "port", 0, "local port; a free one by default")
	cmd.Flags().BoolVar(&quiet, "no-browser", false, "print the address only")
	return cmd
}

func (s *session) open(ctx context.Context, twin *v1.DigitalTwin, port int, browse bool) error {
	pod, err := s.apiPod(ctx, twin)
	if err != nil {
		return err
	}
	opened := false
	for {
		established := false
		err := s.forward(ctx, pod, port, func(local int) {
			established, port = true, local
			if opened {
				fmt.Fprintf(s.errOut, "forwarding to pod %s\n", pod.Name)
				return
			}
			opened = true
			s.showPage(fmt.Sprintf("http://127.0.0.1:%d%s/ui", port, twin.Spec.API.BasePath), browse)
		})
		if ctx.Err() != nil || !established {
			return endOf(ctx, err)
		}
		fmt.Fprintf(s.errOut, "pod %s is gone; waiting for another pod of the API\n", pod.Name)
		if pod, err = s.nextAPIPod(ctx, twin); err != nil {
			return endOf(ctx, err)
		}
	}
}

// showPage prints the address of the page, and opens it for a person.
func (s *session) showPage(address string, browse bool) {
	fmt.Fprintf(s.out, "%s\n", address)
	if browse && terminal(s.out) {
		if err := browser(address).Start(); err != nil {
			fmt.Fprintf(s.errOut, "no browser: %v\n", err)
		}
	}
}

// forward leads a local port, 0 for a free one, to a pod of the API until the pod
// is gone. It calls established with the port once connections are accepted.
func (s *session) forward(ctx context.Context, pod *corev1.Pod, port int, established func(port int)) error {
	dialer, err := s.dialer(pod.Namespace, pod.Name)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddressesForStreamingWithContext(ctx, dialer, []string{"127.0.0.1"},
		[]string{fmt.Sprintf("%d:%d", port, resources.PortAPI)}, ready, io.Discard, s.errOut)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return fmt.Errorf("forward to pod %s: %w", pod.Name, err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	established(int(ports[0].Local))
	go func() {
		// A kubelet keeps the connection of a pod that is gone.
		s.untilGone(ctx, pod)
		stop()
	}()
	return <-ended
}

// untilGone waits until a pod ends.
func (s *session) untilGone(ctx context.Context, pod *corev1.Pod) {
	for sleep(ctx, pollEvery) == nil {
		now := &corev1.Pod{}
		err := s.Get(ctx, client.ObjectKeyFromObject(pod), now)
		if apierrors.IsNotFound(err) || err == nil && (now.UID != pod.UID || now.DeletionTimestamp != nil) {
			return
		}
	}
}

// nextAPIPod waits for a pod of the API that is ready.
func (s *session) nextAPIPod(ctx context.Context, twin *v1.DigitalTwin) (*corev1.Pod, error) {
	for {
		if _, err := s.twin(ctx, twin.Name); apierrors.IsNotFound(err) {
			return nil, err
		}
		if pod, err := s.apiPod(ctx, twin); err == nil {
			return pod, nil
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}

// apiPod is a pod of the API that is ready.
func (s *session) apiPod(ctx context.Context, twin *v1.DigitalTwin) (*corev1.Pod, error) {
	pods := &corev1.PodList{}
	of := client.MatchingLabels(resources.SelectorLabels(twin.Name, v1.ComponentAPI))
	if err := s.List(ctx, pods, client.InNamespace(twin.Namespace), of); err != nil {
		return nil, fmt.Errorf("pods of the API: %w", err)
	}
	i := slices.IndexFunc(pods.Items, func(p corev1.Pod) bool { return podOf(&p).Ready && p.DeletionTimestamp == nil })
	if i < 0 {
		return nil, fmt.Errorf("no pod of the API of twin %s is ready: %s", twin.Name, progress(twin, nil))
	}
	return &pods.Items[i], nil
}

// dialer forwards over a websocket, or over SPDY where the API server or a proxy
// before it knows no other way.
func (s *session) dialer(namespace, pod string) (httpstream.Dialer, error) {
	at := s.kube.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(s.config)
	if err != nil {
		return nil, err
	}
	older := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
	websocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(at, s.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(websocket, older, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// browser opens an address in the person's browser.
func browser(address string) *exec.Cmd {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", address)
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	}
	return exec.Command("xdg-open", address)
}
