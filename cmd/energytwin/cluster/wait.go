package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// pollEvery is the pause between two reads of what is waited for.
const pollEvery = time.Second

func newWait(c *connection) *cobra.Command {
	var files []string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "wait (-f FILE|DIR | NAME...)",
		Short: "Wait until twins are Ready for their newest spec",
		Long: "Waits until each twin is Ready for the newest generation of its spec, and prints what it waits for as that\n" +
			"changes. A twin that does not exist yet is waited for too.\n\n" +
			"Exit codes: 0 all are Ready; 1 one is Stalled, its conditions are printed; 2 wrong usage; 3 timeout.",
		Example: "  energytwin wait -f twins/ --timeout 15m\n  energytwin wait riverside -n demo",
		Args:    args(0, -1, ""),
		RunE: func(cmd *cobra.Command, names []string) error {
			if (len(files) == 0) == (len(names) == 0) {
				return usage("write either names of twins or -f FILE|DIR")
			}
			s, err := c.connect(cmd)
			if err != nil {
				return err
			}
			var keys []client.ObjectKey
			for _, name := range names {
				keys = append(keys, client.ObjectKey{Namespace: s.namespace, Name: name})
			}
			for _, file := range files {
				found, err := twinsIn(file, s.namespace, cmd.InOrStdin())
				if err != nil {
					return err
				}
				keys = append(keys, found...)
			}
			return s.waitAll(cmd.Context(), keys, limit)
		},
	}
	cmd.Flags().StringSliceVarP(&files, "filename", "f", nil, "file or folder with DigitalTwins in YAML or JSON; - is standard input")
	cmd.Flags().DurationVar(&limit, "timeout", 10*time.Minute, "longest wait for all twins")
	return cmd
}

// twinsIn are the twins of a file, or of all files below a folder.
func twinsIn(path, namespace string, stdin io.Reader) ([]client.ObjectKey, error) {
	if path == "-" {
		return twinsOf("standard input", stdin, namespace)
	}
	var out []client.ObjectKey
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if file != path && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		found, err := twinsOf(file, bytes.NewReader(content), namespace)
		out = append(out, found...)
		return err
	})
	if err != nil {
		return nil, usage("%w", err)
	}
	if len(out) == 0 {
		return nil, usage("%s: no DigitalTwin in it", path)
	}
	return out, nil
}

func twinsOf(file string, content io.Reader, namespace string) ([]client.ObjectKey, error) {
	var out []client.ObjectKey
	documents := yaml.NewYAMLOrJSONDecoder(content, 4096)
	for {
		object := &metav1.PartialObjectMetadata{}
		err := documents.Decode(object)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, usage("%s: %w", file, err)
		}
		if object.Kind != v1.Kind || !strings.HasPrefix(object.APIVersion, v1.Group+"/") {
			continue
		}
		if object.Name == "" {
			return nil, usage("%s: a DigitalTwin without metadata.name", file)
		}
		key := client.ObjectKey{Namespace: object.Namespace, Name: object.Name}
		if key.Namespace == "" {
			key.Namespace = namespace
		}
		out = append(out, key)
	}
}

// waitAll waits until all twins are Ready. The first that is Stalled ends it.
func (s *session) waitAll(ctx context.Context, twins []client.ObjectKey, limit time.Duration) error {
	for i, key := range twins {
		begin := time.Now()
		if err := s.await(ctx, key, limit, isReady); err != nil {
			return err
		}
		if limit -= time.Since(begin); limit <= 0 && i < len(twins)-1 {
			return timeout("%d of %d twins are Ready in time", i+1, len(twins))
		}
	}
	return nil
}

// isReady reports whether a twin is Ready for its newest spec.
func isReady(twin *v1.DigitalTwin) bool {
	ready := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == twin.Generation &&
		meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling) == nil
}

// await waits until a twin's status speaks of its newest spec and is as wanted,
// and prints each change of what is waited for.
func (s *session) await(ctx context.Context, key client.ObjectKey, limit time.Duration, wanted func(*v1.DigitalTwin) bool) error {
	begin, last := time.Now(), ""
	for {
		twin := &v1.DigitalTwin{}
		err := s.Get(ctx, key, twin)
		switch {
		case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err), meta.IsNoMatchError(err):
			return fmt.Errorf("twin %s: %w", key, err)
		case err == nil && twin.Status.ObservedGeneration == twin.Generation:
			if stalled := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled); stalled != nil && stalled.Status == metav1.ConditionTrue {
				s.printConditions(twin)
				return fmt.Errorf("twin %s is Stalled: %s: %s", key, stalled.Reason, stalled.Message)
			}
			if wanted(twin) {
				fmt.Fprintf(s.out, "%s  %-8s %s\n", key, since(begin), twin.Status.Phase)
				return nil
			}
		}
		if line := progress(twin, err); line != last {
			fmt.Fprintf(s.out, "%s  %-8s %s\n", key, since(begin), line)
			last = line
		}
		if time.Since(begin) >= limit {
			s.printConditions(twin)
			return timeout("twin %s is not there within %s: %s", key, limit, last)
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

func since(begin time.Time) string { return time.Since(begin).Round(time.Second).String() }

// progress is what a twin waits for, in one line.
func progress(twin *v1.DigitalTwin, err error) string {
	switch {
	case apierrors.IsNotFound(err):
		return "does not exist yet"
	case err != nil:
		return err.Error()
	case twin.Status.ObservedGeneration != twin.Generation:
		return fmt.Sprintf("the operator has not observed generation %d yet", twin.Generation)
	}
	words := string(twin.Status.Phase)
	if why := waitsFor(twin); len(why) > 0 {
		words += ": " + strings.Join(why, "; ")
	}
	return words
}

// waitsFor is what keeps a twin from being Ready, part by part.
func waitsFor(twin *v1.DigitalTwin) []string {
	var out []string
	for _, kind := range []string{
		v1.ConditionStalled, v1.ConditionPaused, v1.ConditionKafkaReady, v1.ConditionRedisReady, v1.ConditionTimescaleReady,
		v1.ConditionSchemaReady, v1.ConditionWorkloadsReady,
	} {
		c := meta.FindStatusCondition(twin.Status.Conditions, kind)
		bad := kind == v1.ConditionStalled || kind == v1.ConditionPaused
		if c != nil && (c.Status == metav1.ConditionTrue) == bad {
			out = append(out, kind+": "+c.Message)
		}
	}
	if c := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady); len(out) == 0 && c != nil && c.Status != metav1.ConditionTrue {
		out = append(out, c.Message)
	}
	return out
}

func (s *session) printConditions(twin *v1.DigitalTwin) {
	for _, c := range twin.Status.Conditions {
		fmt.Fprintf(s.errOut, "  %-22s %-8s %-16s %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
}
