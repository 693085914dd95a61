package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/energytwin/energytwin/controllers"
)

// patience is how long a test waits for anything: much longer than it takes, as
// nobody knows how slow the machine is.
const patience = 15 * time.Minute

// pause is the time between two looks.
const pause = time.Second

// cluster is the cluster that the tests run on.
type cluster struct {
	client.Client // reads from the API server, not from a cache
	config        *rest.Config
	kube          kubernetes.Interface
	scheme        *runtime.Scheme
	image         string // of the operator
	home          string // the operator's namespace
}

// connect finds the cluster, or skips the test.
func connect(t *testing.T) *cluster {
	t.Helper()
	image := os.Getenv("ENERGYTWIN_E2E_IMAGE")
	if os.Getenv("KUBECONFIG") == "" || image == "" {
		t.Skip("no cluster: `hack/e2e` sets KUBECONFIG and ENERGYTWIN_E2E_IMAGE")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	require.NoError(t, err)
	config.QPS = -1
	log.SetLogger(logr.Discard()) // the client has nothing to say that its errors do not
	scheme, err := controllers.Scheme()
	require.NoError(t, err)
	c := &cluster{config: config, image: image, home: operatorNamespace, scheme: scheme}
	c.Client, err = client.New(config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	c.kube, err = kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return c
}

// eventually looks until ok, and fails with the last answer when patience is at
// its end. Each new answer is printed.
func eventually(t *testing.T, what string, look func() (answer string, ok bool)) {
	t.Helper()
	began, last := time.Now(), ""
	for {
		answer, ok := look()
		if ok {
			t.Logf("%s after %s", what, time.Since(began).Round(100*time.Millisecond))
			return
		}
		if answer != last {
			t.Logf("waiting for %s: %s", what, answer)
			last = answer
		}
		if time.Since(began) > patience {
			t.Fatalf("no %s within %s: %s", what, patience, answer)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("no %s: the test was stopped: %s", what, answer)
		case <-time.After(pause):
		}
	}
}
