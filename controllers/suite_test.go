package controllers

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// suite is a real API server. Every operator in the tests runs under the role
// that is generated for it, and nothing else.
type suite struct {
	env    *envtest.Environment
	admin  client.Client
	spaces atomic.Int64
	users  atomic.Int64
	said   saidReasons
}

var (
	api        *suite // nil where there is no control plane
	whyNoSuite error
)

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 4})))
	api, whyNoSuite = startSuite()
	code := m.Run()
	if api != nil {
		if wholeRun() && code == 0 {
			code = api.allSaid()
		}
		if err := api.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		}
	}
	os.Exit(code)
}

// wholeRun reports whether no test was left out.
func wholeRun() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
}

// allSaid is 1 if a condition or reason of the API was in no status of any
// test: nothing reaches it, or no test does.
func (s *suite) allSaid() int {
	missing, err := s.said.unsaid()
	if err != nil || len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "FAIL: no test reaches", missing, err)
		return 1
	}
	return 0
}

func startSuite() (*suite, error) {
	if testing.Short() {
		return nil, errors.New("a control plane is not started with -short")
	}
	assets, err := exec.Command("../hack/control-plane").Output()
	if err != nil {
		return nil, fmt.Errorf("no control plane: hack/control-plane: %w", err)
	}
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	s := &suite{env: &envtest.Environment{
		BinaryAssetsDirectory: strings.TrimSpace(string(assets)),
		CRDDirectoryPaths:     []string{"../config/crd/bases", "testdata/crds"},
		ErrorIfCRDPathMissing: true,
		Scheme:                scheme,
	}}
	// Twins stay until the end, and each has half a dozen Services.
	s.env.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/12")
	if _, err := s.env.Start(); err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	if s.admin, err = client.New(s.env.Config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	return s, nil
}

func needSuite(t *testing.T) *suite {
	t.Helper()
	if api == nil {
		t.Skip(whyNoSuite)
	}
	return api
}

// role is the generated role of the operator.
func role(t *testing.T) *rbacv1.ClusterRole {
	t.Helper()
	content, err := os.ReadFile("../config/rbac/role.yaml")
	require.NoError(t, err)
	out := &rbacv1.ClusterRole{}
	require.NoError(t, yaml.UnmarshalStrict(content, out))
	return out
}

// space is a namespace with an operator of its own, which may do in it what the
// generated role says.
type space struct {
	*suite
	t        *testing.T
	ctx      context.Context
	ns       string
	requests *requestLog // of the operator
	looks    *looks      // of the operator
	metrics  *prometheus.Registry
	stop     func()
	figures  sync.Map     // podIP → what its status port answers
	faults   sync.Map     // image → the state in which its containers get stuck
	unready  sync.Map     // component/image → its pods never get ready
	clock    atomic.Int64 // how far the operator's clock was put forward
	wakings  atomic.Int64
	unserved string // a group of kinds that the cluster seems not to serve
	image    string
	witness  *witness
}

// newSpace starts an operator that watches a new namespace.
func newSpace(t *testing.T) *space {
	return newSpaceWithout(t, "")
}

// newSpaceWithout is a space whose operator finds that the cluster does not
// serve a group of kinds.
func newSpaceWithout(t *testing.T, group string) *space {
	s := needSuite(t)
	t.Parallel()
	sp := &space{
		suite: s, t: t, ctx: t.Context(), ns: fmt.Sprintf("space-%d", s.spaces.Add(1)),
		image: "ghcr.io/energytwin/energytwin:v1.0.0", unserved: group,
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: sp.ns, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	require.NoError(t, s.admin.Create(sp.ctx, namespace))
	sp.observe()
	sp.start()
	t.Cleanup(func() { sp.stop() })
	return sp
}

// start runs an operator until stop is called.
func (sp *space) start() {
	t := sp.t
	t.Helper()
	cfg := sp.user()
	sp.metrics = prometheus.NewRegistry()
	sp.requests = &requestLog{}
	began := time.Now() // then time passes for the operator by sp.pass alone
	cfg.Wrap(sp.requests.wrap)
	cfg.QPS = -1
	mgr, r, err := newManager(cfg, ManagerOptions{
		Image: sp.image, WatchNamespaces: []string{sp.ns}, MetricsAddress: "0", ProbeAddress: "0",
		Concurrent: 2, Registry: sp.metrics, Figures: sp.answer, SkipNameCheck: true,
		Now: func() time.Time { return began.Add(time.Duration(sp.clock.Load())) },
	})
	require.NoError(t, err)
	sp.looks = &looks{Client: r.Client, unserved: sp.unserved, seen: map[client.ObjectKey]string{}}
	r.Client = sp.looks
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	var once sync.Once
	sp.stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-ended)
		})
	}
	require.True(t, mgr.GetCache().WaitForCacheSync(ctx))
}

// restart is an operator that restarts, knowing nothing.
func (sp *space) restart() {
	sp.stop()
	sp.start()
}

// user is a configuration of someone with the operator's rights in the space.
func (sp *space) user() *rest.Config {
	t := sp.t
	name := fmt.Sprintf("operator-%d", sp.users.Add(1))
	user, err := sp.env.AddUser(envtest.User{Name: name}, nil)
	require.NoError(t, err)
	r := role(t)
	local := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: sp.ns}, Rules: r.Rules}
	require.NoError(t, sp.admin.Create(sp.ctx, local))
	require.NoError(t, sp.admin.Create(sp.ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: sp.ns},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
	}))
	return user.Config()
}

type gvk = schema.GroupVersionKind

// requestLog keeps what an operator asks of the API server.
type requestLog struct {
	mu     sync.Mutex
	writes []string
	denied []string
}

// wrap notes a write before it is sent: a test may see what the write did
// before its answer is back.
func (l *requestLog) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		what := r.Method + " " + r.URL.Path
		if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/events.k8s.io/") {
			l.note(&l.writes, what)
		}
		response, err := next.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusForbidden {
			l.note(&l.denied, what)
		}
		return response, err
	})
}

func (l *requestLog) note(list *[]string, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, what)
}

// taken are the writes since the last time.
func (l *requestLog) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.writes
	l.writes = nil
	return out
}

// rejected are the requests that the operator had no right to.
func (l *requestLog) rejected() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.denied)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
