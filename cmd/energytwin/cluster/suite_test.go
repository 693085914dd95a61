package cluster

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/test/fakecluster"
)

// suite is a real API server with the real operator, which holds the role that is
// shipped for it. What the controllers and kubelets of a cluster do is done by the
// test.
type suite struct {
	env       *envtest.Environment
	admin     client.Client
	kubelet   *kubelet
	proofs    sync.Map // image → corev1.ContainerState in which its proof stays; by default it ends well
	spaces    atomic.Int64
	forbidden atomic.Pointer[string] // a request of the operator that its role does not allow
	stop      context.CancelFunc
}

var (
	api        *suite // nil where there is no control plane
	whyNoSuite error
)

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	api, whyNoSuite = startSuite()
	code := m.Run()
	if api != nil {
		if request := api.forbidden.Load(); request != nil {
			fmt.Fprintln(os.Stderr, "FAIL: the operator's role does not allow", *request)
			code = 1
		}
		api.stop()
		if err := api.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		}
	}
	os.Exit(code)
}

func startSuite() (*suite, error) {
	if testing.Short() {
		return nil, errors.New("a control plane is not started with -short")
	}
	assets, err := exec.Command("../../../hack/control-plane").Output()
	if err != nil {
		return nil, fmt.Errorf("no control plane: hack/control-plane: %w", err)
	}
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	s := &suite{env: &envtest.Environment{
		BinaryAssetsDirectory: strings.TrimSpace(string(assets)),
		CRDDirectoryPaths:     []string{"../../../config/crd/bases"},
		ErrorIfCRDPathMissing: true,
		Scheme:                scheme,
	}}
	if _, err := s.env.Start(); err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	if s.admin, err = client.New(s.env.Config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if err := s.roles(ctx); err != nil {
		return nil, err
	}
	if s.kubelet, err = startKubelet(ctx, s.admin); err != nil {
		return nil, err
	}
	operator, err := s.operator(ctx)
	if err != nil {
		return nil, err
	}
	mgr, err := controllers.NewManager(operator, controllers.ManagerOptions{
		Image: "ghcr.io/energytwin/energytwin:v1.0.0", MetricsAddress: "0", ProbeAddress: "0", Concurrent: 4, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return nil, err
	}
	go func() { _ = mgr.Start(ctx) }()
	go s.work(ctx)
	return s, nil
}

// roles creates the roles of the operator and for people, as they are shipped.
func (s *suite) roles(ctx context.Context) error {
	for _, file := range []string{"role.yaml", "user_roles.yaml"} {
		content, err := os.ReadFile(filepath.Join("../../../config/rbac", file))
		if err != nil {
			return err
		}
		documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
		for {
			role := &rbacv1.ClusterRole{}
			if err := documents.Decode(role); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if err := s.admin.Create(ctx, role); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// operator is the configuration of somebody who holds the operator's role alone.
func (s *suite) operator(ctx context.Context) (*rest.Config, error) {
	const name = "energytwin-operator"
	user, err := s.env.AddUser(envtest.User{Name: name}, nil)
	if err != nil {
		return nil, err
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
	}
	if err := s.admin.Create(ctx, binding); err != nil {
		return nil, err
	}
	cfg := user.Config()
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(r)
			if err == nil && response.StatusCode == http.StatusForbidden {
				request := r.Method + " " + r.URL.Path
				s.forbidden.Store(&request)
			}
			return response, err
		})
	})
	return cfg, nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// work lets children of twins get ready until ctx ends.
func (s *suite) work(ctx context.Context) {
	for ctx.Err() == nil {
		sets, jobs, deployments := &appsv1.StatefulSetList{}, &batchv1.JobList{}, &appsv1.DeploymentList{}
		_, _, _ = s.admin.List(ctx, sets), s.admin.List(ctx, jobs), s.admin.List(ctx, deployments)
		for i := range sets.Items {
			_ = fakecluster.StatefulSet(ctx, s.admin, &sets.Items[i])
		}
		for i := range jobs.Items {
			s.workOnJob(ctx, &jobs.Items[i])
		}
		for i := range deployments.Items {
			_ = fakecluster.Deployment(ctx, s.admin, &deployments.Items[i])
		}
		_ = sleep(ctx, 50*time.Millisecond)
	}
}

func (s *suite) workOnJob(ctx context.Context, job *batchv1.Job) {
	if job.Labels[resources.LabelComponent] == resources.ComponentProof {
		var stays *corev1.ContainerState
		if state, ok := s.proofs.Load(job.Spec.Template.Spec.Containers[0].Image); ok {
			state, _ := state.(corev1.ContainerState)
			stays = &state
		}
		if err := fakecluster.Proof(ctx, s.admin, job, stays); err != nil || stays != nil {
			return
		}
	}
	_ = fakecluster.Job(ctx, s.admin, job)
}

// kubelet answers for the logs of pods on the node that it registers.
type kubelet struct{ logs atomic.Value } // of func(pod, container string) string

const node = "node-1"

func startKubelet(ctx context.Context, c client.Client) (*kubelet, error) {
	k := &kubelet{}
	k.logs.Store(func(pod, container string) string { return "log of " + pod + " " + container + "\n" })
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.URL.Path, "/") // /containerLogs/namespace/pod/container
		if len(parts) != 5 || parts[1] != "containerLogs" {
			http.NotFound(w, r)
			return
		}
		say, _ := k.logs.Load().(func(pod, container string) string)
		_, _ = io.WriteString(w, say(parts[3], parts[4]))
	}))
	context.AfterFunc(ctx, server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseInt(at.Port(), 10, 32)
	if err != nil {
		return nil, err
	}
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	if err := c.Create(ctx, n); err != nil {
		return nil, err
	}
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	n.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(port)
	return k, c.Status().Update(ctx, n)
}

// space is a namespace with people who hold the shipped roles in it.
type space struct {
	*suite
	t      *testing.T
	ns     string
	viewer string // kubeconfig of one who holds energytwin-view
	editor string // of one who holds energytwin-edit too
}

func newSpace(t *testing.T) *space {
	t.Helper()
	if api == nil {
		t.Skip(whyNoSuite)
	}
	t.Parallel()
	sp := &space{suite: api, t: t, ns: fmt.Sprintf("people-%d", api.spaces.Add(1))}
	require.NoError(t, api.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: sp.ns}}))
	sp.viewer = sp.person("viewer", "energytwin-view")
	sp.editor = sp.person("editor", "energytwin-view", "energytwin-edit")
	return sp
}

// person is the kubeconfig of somebody who holds some roles in the namespace.
func (sp *space) person(name string, roles ...string) string {
	sp.t.Helper()
	user, err := sp.env.AddUser(envtest.User{Name: sp.ns + "-" + name}, nil)
	require.NoError(sp.t, err)
	for _, role := range roles {
		require.NoError(sp.t, sp.admin.Create(sp.t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: name + "-" + role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: sp.ns + "-" + name}},
		}))
	}
	config, err := user.KubeConfig()
	require.NoError(sp.t, err)
	file := filepath.Join(sp.t.TempDir(), "kubeconfig")
	require.NoError(sp.t, os.WriteFile(file, config, 0o600))
	return file
}

// outcome is what a command did.
type outcome struct {
	out, errs string
	code      int
	err       error
}

// run runs a command as somebody.
func (sp *space) run(kubeconfig string, args ...string) outcome {
	sp.t.Helper()
	cmd := NewCommand("kubectl energytwin")
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetIn(strings.NewReader(""))
	cmd.SetArgs(append([]string{"--kubeconfig", kubeconfig, "-n", sp.ns}, args...))
	err := cmd.ExecuteContext(sp.t.Context())
	return outcome{out.String(), errs.String(), ExitCode(err), err}
}

// ok runs a command that must succeed, and returns what it printed.
func (sp *space) ok(kubeconfig string, args ...string) string {
	sp.t.Helper()
	got := sp.run(kubeconfig, args...)
	require.NoError(sp.t, got.err, "%v: %s%s", args, got.out, got.errs)
	return got.out
}

// twin creates a twin from a spec in YAML.
func (sp *space) twin(name, spec string) {
	sp.t.Helper()
	twin := &v1.DigitalTwin{}
	doc := fmt.Sprintf("apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: %s, namespace: %s}\nspec: %s", name, sp.ns, spec)
	require.NoError(sp.t, yaml.Unmarshal([]byte(doc), twin))
	require.NoError(sp.t, sp.admin.Create(sp.t.Context(), twin))
}

func (sp *space) get(name string) *v1.DigitalTwin {
	sp.t.Helper()
	twin := &v1.DigitalTwin{}
	require.NoError(sp.t, sp.admin.Get(sp.t.Context(), client.ObjectKey{Namespace: sp.ns, Name: name}, twin))
	return twin
}

func (sp *space) patch(o client.Object, doc string) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.Patch(sp.t.Context(), o, client.RawPatch("application/merge-patch+json", []byte(doc))))
}

// pod makes a pod of a component that runs on the kubelet's node.
func (sp *space) pod(twin, component string, change func(*corev1.Pod)) {
	sp.t.Helper()
	d := &appsv1.Deployment{}
	require.NoError(sp.t, sp.admin.Get(sp.t.Context(), client.ObjectKey{Namespace: sp.ns, Name: twin + "-" + component}, d))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: d.Name + "-x", Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
	pod.Spec.NodeName = node
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "first", Image: "example.org/first"})
	if change != nil {
		change(pod)
	}
	require.NoError(sp.t, sp.admin.Create(sp.t.Context(), pod))
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: "192.0.2.7", PodIPs: []corev1.PodIP{{IP: "192.0.2.7"}},
		Conditions:            []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		InitContainerStatuses: []corev1.ContainerStatus{{Name: "first", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}},
		ContainerStatuses:     []corev1.ContainerStatus{{Name: component, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
	}
	require.NoError(sp.t, sp.admin.Status().Update(sp.t.Context(), pod))
}
