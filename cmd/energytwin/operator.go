package main

import (
	"cmp"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/energytwin/energytwin/controllers"
)

// Environment of the operator's pod.
const (
	imageEnv           = "ENERGYTWIN_IMAGE" // of the workloads: the operator's own, by digest where possible
	watchNamespaceEnv  = "WATCH_NAMESPACE"
	podNamespaceEnv    = "POD_NAMESPACE"
	defaultRepository  = "ghcr.io/energytwin/energytwin"
	serviceAccountFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
)

// operatorGC is the garbage collector's target for the operator, as GOGC. Its
// heap is a cache that lives as long as twins do; what a reconciliation leaves
// behind is collected sooner, for less memory.
const operatorGC = 20

func newOperatorCommand() *cobra.Command {
	var o controllers.ManagerOptions
	var namespaces string
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Make running twins out of the DigitalTwin resources of a cluster",
		Long: "Watches DigitalTwin resources and brings the cluster to what they describe. Outside a cluster it takes the\n" +
			"one of KUBECONFIG or ~/.kube/config.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(operatorGC)
			}
			logger := logr.FromSlogHandler(slog.Default().Handler())
			ctrl.SetLogger(logger)
			klog.SetLogger(logger) // the client library logs through it
			cfg, err := ctrl.GetConfig()
			if err != nil {
				return err
			}
			// Its own limit would be the slowest part where a cluster has many twins;
			// the API server has one of its own.
			cfg.QPS = -1
			o.WatchNamespaces = listOf(namespaces)
			o.Namespace = ownNamespace()
			o.Registry = metrics.Registry
			mgr, err := controllers.NewManager(cfg, o)
			if err != nil {
				return err
			}
			slog.Info("operator", "version", version, "image", o.Image, "namespaces", cmp.Or(namespaces, "all"))
			return mgr.Start(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Image, "image", workloadImage(), "image of the workloads of new twins ("+imageEnv+")")
	f.StringVar(&namespaces, "watch-namespace", os.Getenv(watchNamespaceEnv), "namespaces to watch, separated by commas; all if empty ("+watchNamespaceEnv+")")
	f.StringVar(&o.MetricsAddress, "metrics-address", ":8080", "address of /metrics; 0 for none")
	f.StringVar(&o.ProbeAddress, "probe-address", ":8081", "address of /healthz and /readyz; 0 for none")
	f.BoolVar(&o.LeaderElection, "leader-elect", false, "work only while holding the lease, so that several operators may run")
	f.IntVar(&o.Concurrent, "concurrent", 4, "twins that are worked on at the same time")
	return cmd
}

// workloadImage is the image of the workloads by default.
func workloadImage() string {
	tag := version
	if tag == "dev" {
		tag = "latest"
	}
	return cmp.Or(os.Getenv(imageEnv), defaultRepository+":"+tag)
}

// ownNamespace is where the operator's pod runs, "" outside a cluster.
func ownNamespace() string {
	if n := os.Getenv(podNamespaceEnv); n != "" {
		return n
	}
	b, err := os.ReadFile(serviceAccountFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func listOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
