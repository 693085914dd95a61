// Package cluster operates twins in a Kubernetes cluster: the commands of
// `energytwin cluster`, which are those of the plugin `kubectl energytwin`. What
// changes a twin patches its spec and nothing else; the operator does the rest.
package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// fieldOwner is the field manager of changes that people make with the plugin.
const fieldOwner = "kubectl-energytwin"

// connection defines how to reach a cluster, as flags and a kubeconfig have it.
type connection struct {
	rules     *clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

// session is one command's connection.
type session struct {
	client.Client // reads from the API server, not from a cache
	kube          kubernetes.Interface
	config        *rest.Config
	namespace     string
	in            io.Reader
	out, errOut   io.Writer

	question string // that is asked before a change; "" for none
}

// NewCommand is the command with all subcommands. shown is its name as people
// write it: cluster, or kubectl energytwin.
func NewCommand(shown string) *cobra.Command {
	c := newConnection()
	cmd := &cobra.Command{
		Use:         strings.ReplaceAll(shown, " ", "-"),
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: shown},
		Short:       "Operate twins in a Kubernetes cluster",
		Long: "Shows and operates twins in a Kubernetes cluster. The same commands are a plugin of kubectl: install this\n" +
			"binary as kubectl-energytwin on the PATH.\n\n" +
			"What changes a twin patches its spec and nothing else. A twin that Argo CD or Flux manages is changed in Git:\n" +
			"the patch is printed, and fields that Git holds are left alone unless --force is given.\n\n" +
			"Exit codes: 0 done, 1 failed or stalled, 2 wrong usage, 3 timeout.",
		Args:          args(0, 0, "COMMAND"),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.flags(cmd)
	cmd.AddCommand(
		newStatusCommand(c), newLogsCommand(c), newWait(c), newRestartCommand(c), newBackupCommand(c), newRestoreCommand(c),
		newHibernateCommand(c), newResumeCommand(c), newRotateCommand(c), newReportCommand(c), newOpenCommand(c),
	)
	return cmd
}

// NewWaitCommand is `wait` by itself, for pipelines.
func NewWaitCommand() *cobra.Command {
	c := newConnection()
	cmd := newWait(c)
	c.flags(cmd)
	return cmd
}

func newConnection() *connection {
	return &connection{rules: clientcmd.NewDefaultClientConfigLoadingRules()}
}

// flags are those of kubectl, by their usual names.
func (c *connection) flags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&c.rules.ExplicitPath, "kubeconfig", "", "path of the kubeconfig file; KUBECONFIG or ~/.kube/config by default")
	clientcmd.BindOverrideFlags(&c.overrides, f, clientcmd.RecommendedConfigOverrideFlags(""))
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; see %s --help", err, cmd.CommandPath())
	})
}

// connect reaches the cluster for a command.
func (c *connection) connect(cmd *cobra.Command) (*session, error) {
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(c.rules, &c.overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, usage("no cluster: %w; set KUBECONFIG or --kubeconfig", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, usage("namespace: %w", err)
	}
	log.SetLogger(logr.Discard()) // what the client reports is in its errors
	config.WarningHandler = rest.NewWarningWriter(cmd.ErrOrStderr(), rest.WarningWriterOptions{Deduplicate: true})
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	s := &session{config: config, namespace: namespace, in: cmd.InOrStdin(), out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr()}
	if s.Client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	s.kube, err = kubernetes.NewForConfig(config)
	return s, err
}

// twin reads a twin of the session's namespace.
func (s *session) twin(ctx context.Context, name string) (*v1.DigitalTwin, error) {
	twin := &v1.DigitalTwin{}
	if err := s.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, twin); err != nil {
		return nil, fmt.Errorf("twin %s in namespace %s: %w", name, s.namespace, err)
	}
	return twin, nil
}

// terminal reports whether a stream is a person's.
func terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
