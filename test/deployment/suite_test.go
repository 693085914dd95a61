// Package deployment tests how EnergyTwin is deployed: the scripts of hack/ci, and
// the objects for Argo CD, Flux and GitLab in config. The API server is a real
// one; where a cluster would have a kubelet, an operator or a GitOps controller,
// the test writes the status that it would write.
package deployment

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers"
)

const root = "../.."

// patience bounds every wait: much longer than any of them takes.
const patience = 2 * time.Minute

// suite is a real API server, and the programs that speak to it.
type suite struct {
	client.Client
	env        *envtest.Environment
	kubeconfig string
	work       string // folder of this run
}

var (
	api        *suite // nil where there is no control plane
	whyNoSuite error
)

func TestMain(m *testing.M) {
	flag.Parse()
	api, whyNoSuite = startSuite()
	code := m.Run()
	if api != nil {
		if err := errors.Join(api.env.Stop(), os.RemoveAll(api.work)); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		}
	}
	os.Exit(code)
}

func startSuite() (*suite, error) {
	if testing.Short() {
		return nil, errors.New("a control plane is not started with -short")
	}
	assets, err := exec.Command(root + "/hack/control-plane").Output()
	if err != nil {
		return nil, fmt.Errorf("no control plane: hack/control-plane: %w", err)
	}
	for _, command := range []string{"kubectl", "jq", "curl", "git"} {
		if _, err := exec.LookPath(command); err != nil {
			return nil, fmt.Errorf("the scripts of hack/ci use %s: %w", command, err)
		}
	}
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	s := &suite{env: &envtest.Environment{
		BinaryAssetsDirectory: strings.TrimSpace(string(assets)),
		CRDDirectoryPaths:     []string{root + "/config/crd/bases"},
		ErrorIfCRDPathMissing: true,
		Scheme:                scheme,
	}}
	if _, err := s.env.Start(); err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	if s.Client, err = client.New(s.env.Config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	if s.work, err = os.MkdirTemp("", "energytwin-deployment"); err != nil {
		return nil, err
	}
	s.kubeconfig = filepath.Join(s.work, "kubeconfig")
	user, err := s.env.AddUser(envtest.User{Name: "deployer", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return nil, err
	}
	content, err := user.KubeConfig()
	if err != nil {
		return nil, err
	}
	return s, os.WriteFile(s.kubeconfig, content, 0o600)
}

func needSuite(t *testing.T) *suite {
	t.Helper()
	if api == nil {
		t.Skip(whyNoSuite)
	}
	return api
}

// namespace makes a namespace for the test.
func (s *suite) namespace(t *testing.T, name string) {
	t.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	require.NoError(t, client.IgnoreAlreadyExists(s.Create(t.Context(), object)))
}

// remove deletes a namespace of twins, as the namespace controller would.
func (s *suite) remove(t *testing.T, name string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	require.NoError(t, s.DeleteAllOf(ctx, &v1.DigitalTwin{}, client.InNamespace(name)))
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	require.NoError(t, s.Delete(ctx, namespace))
	require.NoError(t, s.Get(ctx, client.ObjectKeyFromObject(namespace), namespace))
	namespace.Spec.Finalizers = nil
	require.NoError(t, s.SubResource("finalize").Update(ctx, namespace))
}

// run runs a program in a folder, and returns its exit code and all that it wrote.
func (s *suite) run(t *testing.T, dir string, env []string, name string, args ...string) (code int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	// What a script started ends with it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.Env = append(append(os.Environ(), "KUBECONFIG="+s.kubeconfig), env...)
	out, err := command.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		require.NoError(t, err)
	}
	t.Logf("%s %s: exit code %d\n%s", filepath.Base(name), strings.Join(args, " "), command.ProcessState.ExitCode(), out)
	return command.ProcessState.ExitCode(), string(out)
}

// script is a script of hack, by a path that does not depend on the folder.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "hack", name))
	require.NoError(t, err)
	return path
}
