package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// longestLine bounds a line of a log, in bytes.
const longestLine = 1 << 20

// logOptions select which part of the logs is read.
type logOptions struct {
	follow, previous bool
	tail             int64
	since            time.Duration
}

func newLogsCommand(c *connection) *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:   "logs NAME [COMPONENT]",
		Short: "Print the logs of a component, or of all: every pod, with init containers",
		Long: "Prints the logs of every container of a component's pods, each line after [pod/container]. With -f also those\n" +
			"of pods that start later. Jobs are the components prepare, restore and backup.",
		Example: "  kubectl energytwin logs riverside processor -f\n  kubectl energytwin logs riverside prepare",
		Args:    args(1, 2, "NAME [COMPONENT]"),
		RunE: func(cmd *cobra.Command, given []string) error {
			labels := resources.TwinLabels(given[0])
			if len(given) == 2 {
				labels = resources.SelectorLabels(given[0], given[1])
			}
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				l := &logs{session: s, options: o, of: labels, namespace: twin.Namespace, seen: map[string]bool{}}
				return l.print(ctx, strings.Join(given, ", component "))
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on until Ctrl-C")
	f.BoolVarP(&o.previous, "previous", "p", false, "logs of the containers before the last restart")
	f.Int64Var(&o.tail, "tail", -1, "newest lines of each container; all by default")
	f.DurationVar(&o.since, "since", 0, "only lines that are not older, such as 10m")
	return cmd
}

// logs prints the logs of some pods.
type logs struct {
	*session
	options   logOptions
	of        map[string]string
	namespace string

	mu      sync.Mutex // of the output
	seen    map[string]bool
	streams sync.WaitGroup
}

func (l *logs) print(ctx context.Context, what string) error {
	defer l.streams.Wait()
	for first := true; ; first = false {
		pods := &corev1.PodList{}
		if err := l.List(ctx, pods, client.InNamespace(l.namespace), client.MatchingLabels(l.of)); err != nil {
			return endOf(ctx, err)
		}
		if first && len(pods.Items) == 0 && !l.options.follow {
			return fmt.Errorf("twin %s has no pods; write one of the components that status shows, or prepare, restore or backup", what)
		}
		var failed []error
		for i := range pods.Items {
			failed = append(failed, l.pod(ctx, &pods.Items[i]))
		}
		if err := errors.Join(failed...); err != nil || !l.options.follow {
			return endOf(ctx, err)
		}
		if sleep(ctx, watchEvery) != nil {
			return nil
		}
	}
}

// endOf is no error for what was ended by hand.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// pod prints the containers that have started since the last time.
func (l *logs) pod(ctx context.Context, p *corev1.Pod) error {
	var failed []error
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, c := range list {
			key := fmt.Sprintf("%s/%s/%d", p.UID, c.Name, c.RestartCount)
			if c.State.Running == nil && c.State.Terminated == nil && c.LastTerminationState.Terminated == nil || l.seen[key] {
				continue
			}
			l.seen[key] = true
			if !l.options.follow {
				failed = append(failed, l.container(ctx, p.Name, c.Name))
				continue
			}
			l.streams.Go(func() {
				if err := l.container(ctx, p.Name, c.Name); err != nil && ctx.Err() == nil {
					fmt.Fprintln(l.errOut, err)
				}
			})
		}
	}
	return errors.Join(failed...)
}

func (l *logs) container(ctx context.Context, pod, container string) error {
	o := &corev1.PodLogOptions{Container: container, Follow: l.options.follow, Previous: l.options.previous}
	if l.options.tail >= 0 {
		o.TailLines = ptr.To(l.options.tail)
	}
	if l.options.since > 0 {
		o.SinceTime = ptr.To(metav1.NewTime(time.Now().Add(-l.options.since)))
	}
	stream, err := l.kube.CoreV1().Pods(l.namespace).GetLogs(pod, o).Stream(ctx)
	if err != nil {
		return fmt.Errorf("log of %s/%s: %w", pod, container, err)
	}
	defer stream.Close()
	return l.lines(stream, fmt.Sprintf("[%s/%s] ", pod, container))
}

func (l *logs) lines(from io.Reader, prefix string) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		l.mu.Lock()
		_, err := fmt.Fprintf(l.out, "%s%s\n", prefix, lines.Text())
		l.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return lines.Err()
}
