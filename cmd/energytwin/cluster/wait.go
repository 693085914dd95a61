package cluster

import (
	"bytes"
	"cmp"
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
	"github.com/energytwin/energytwin/controllers/resources"
)

// pollEvery is the pause between two reads of what is waited for.
const pollEvery = time.Second

func newWait(c *connection) *cobra.Command {
	var files []string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "wait (-f FILE|DIR | NAME...)",
		Short: "Wait until twins are Ready for their newest spec",
		Long: "Waits until each twin is Ready for the newest generation of its spec and runs the images that it asks for, and\n" +
			"prints what it waits for as that changes. A twin that does not exist yet is waited for too.\n\n" +
			"Exit codes: 0 all are; 1 one is Stalled, or the proof of an image failed: its conditions are printed; 2 wrong\n" +
			"usage; 3 timeout.",
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
			return s.awaitAll(cmd.Context(), keys, limit, rolledOut)
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

// twinsOf are the twins among the documents of a file, and among those of its lists.
func twinsOf(file string, content io.Reader, namespace string) ([]client.ObjectKey, error) {
	var out []client.ObjectKey
	documents := yaml.NewYAMLOrJSONDecoder(content, 4096)
	for {
		document := &struct {
			metav1.PartialObjectMetadata
			Items []metav1.PartialObjectMetadata `json:"items"`
		}{}
		err := documents.Decode(document)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, usage("%s: %w", file, err)
		}
		for _, object := range append(document.Items, document.PartialObjectMetadata) {
			if object.Kind != v1.Kind || !strings.HasPrefix(object.APIVersion, v1.Group+"/") {
				continue
			}
			if object.Name == "" {
				return nil, usage("%s: a DigitalTwin without metadata.name", file)
			}
			out = append(out, client.ObjectKey{Namespace: cmp.Or(object.Namespace, namespace), Name: object.Name})
		}
	}
}

// rolledOut reports whether a twin is Ready for its newest spec and runs the images
// that it asks for. Ready alone is about what runs: it stays True while an image is
// proven. An image that fails its proof is an error.
func rolledOut(twin *v1.DigitalTwin) (bool, error) {
	if c := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionImagesProven); c != nil && c.Reason == v1.ReasonProofFailed {
		return false, fmt.Errorf("runs its old images: %s: %s", c.Reason, c.Message)
	}
	return isReady(twin) && len(imagesToCome(twin)) == 0, nil
}

// imagesToCome is what keeps a twin from running the images that it asks for: proofs
// that run, and components that run other images.
func imagesToCome(twin *v1.DigitalTwin) []string {
	if c := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionImagesProven); c != nil {
		return []string{v1.ConditionImagesProven + ": " + c.Message}
	}
	if twin.Status.PinnedImages == nil {
		return nil
	}
	wanted, err := resources.ResolveImages(twin, resources.Images(*twin.Status.PinnedImages))
	if err != nil {
		return []string{err.Error()} // which makes the twin Stalled
	}
	var out []string
	for _, c := range twin.Status.Components {
		if to := wanted.Of(c.Name); c.Image != to {
			out = append(out, fmt.Sprintf("%s runs %s, and is to run %s", c.Name, c.Image, to))
		}
	}
	return out
}

// goal reports whether a twin's status is what is waited for, or can no longer
// become so without a change.
type goal func(*v1.DigitalTwin) (bool, error)

// isReady reports whether a twin is Ready for its newest spec.
func isReady(twin *v1.DigitalTwin) bool {
	ready := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == twin.Generation &&
		meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling) == nil
}

// await waits until a twin's status speaks of its newest spec and the goal is reached.
func (s *session) await(ctx context.Context, key client.ObjectKey, limit time.Duration, wanted goal) error {
	return s.awaitAll(ctx, []client.ObjectKey{key}, limit, wanted)
}

// awaitAll waits until all twins reach the goal, and prints each change of what is
// waited for. The first that is Stalled, or cannot reach it, ends the wait.
func (s *session) awaitAll(ctx context.Context, keys []client.ObjectKey, limit time.Duration, wanted goal) error {
	begin, last := time.Now(), map[client.ObjectKey]string{}
	for pending := keys; ; {
		var left []client.ObjectKey
		for _, key := range pending {
			line, reached, err := s.observe(ctx, key, wanted)
			if line != last[key] {
				fmt.Fprintf(s.out, "%s  %-8s %s\n", key, since(begin), line)
				last[key] = line
			}
			if err != nil {
				return err
			}
			if !reached {
				left = append(left, key)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Since(begin) >= limit {
			return s.late(ctx, left, len(keys), limit, last)
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
		pending = left
	}
}

// observe reads a twin once: what it waits for, and whether it has reached the goal.
func (s *session) observe(ctx context.Context, key client.ObjectKey, wanted goal) (line string, reached bool, err error) {
	twin := &v1.DigitalTwin{}
	err = s.Get(ctx, key, twin)
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err), meta.IsNoMatchError(err):
		return err.Error(), false, fmt.Errorf("twin %s: %w", key, err)
	case err != nil, twin.Status.ObservedGeneration != twin.Generation:
		return progress(twin, err), false, nil
	}
	if c := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled); c != nil && c.Status == metav1.ConditionTrue {
		err = fmt.Errorf("is Stalled: %s: %s", c.Reason, c.Message)
	} else {
		reached, err = wanted(twin)
	}
	switch {
	case err != nil:
		s.printConditions(twin)
		return progress(twin, nil), false, fmt.Errorf("twin %s %w", key, err)
	case reached:
		return string(twin.Status.Phase), true, nil
	}
	return progress(twin, nil), false, nil
}

// late is the error of twins that have not reached the goal in time.
func (s *session) late(ctx context.Context, left []client.ObjectKey, all int, limit time.Duration, last map[client.ObjectKey]string) error {
	for _, key := range left {
		twin := &v1.DigitalTwin{}
		if err := s.Get(ctx, key, twin); err == nil {
			s.printConditions(twin)
		}
	}
	message := fmt.Sprintf("twin %s is not there within %s: %s", left[0], limit, last[left[0]])
	if all > 1 {
		message += fmt.Sprintf(" (%d of %d twins are)", all-len(left), all)
	}
	return timeout("%s", message)
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

// waitsFor is what keeps a twin from being Ready and from running its images, component
// by component.
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
	out = append(out, imagesToCome(twin)...)
	if c := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady); len(out) == 0 && c != nil && c.Status != metav1.ConditionTrue {
		out = append(out, c.Message)
	}
	return out
}

// warnings are the conditions that need attention and do not affect Ready.
func warnings(twin *v1.DigitalTwin) []string {
	var out []string
	for _, c := range twin.Status.Conditions {
		switch c.Type {
		case v1.ConditionDataLost, v1.ConditionReadingsRejected, v1.ConditionStorageResizeRefused, v1.ConditionEmptyGroups:
			if c.Status != metav1.ConditionTrue {
				continue
			}
		case v1.ConditionImagesProven, v1.ConditionMonitoringReady:
			if c.Status != metav1.ConditionFalse {
				continue
			}
		case v1.ConditionDataFlowing:
			if c.Reason != v1.ReasonNothingStored {
				continue
			}
		default:
			continue
		}
		out = append(out, c.Type+": "+c.Message)
	}
	return out
}

func (s *session) printConditions(twin *v1.DigitalTwin) {
	for _, c := range twin.Status.Conditions {
		fmt.Fprintf(s.errOut, "  %-22s %-8s %-16s %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
}
