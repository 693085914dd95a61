package cluster

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// Bounds of what a report takes of one container's log.
const (
	reportLines = 5_000
	reportBytes = 4 << 20
)

func newReportCommand(c *connection) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "report NAME",
		Short: "Write what is known of a twin into a file for support, without secrets",
		Long: "Writes the twin, its objects, events and logs into a .tar.gz. Secrets are never part of it. Their values are taken\n" +
			"out of everything else, in the forms in which programs write them, if you may read them; and what has the shape\n" +
			"of a password, key or token, in any case. Read the file before you give it away.",
		Example: "  kubectl energytwin report riverside",
		Args:    args(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				if file == "" {
					file = fmt.Sprintf("%s-%s.tar.gz", twin.Name, time.Now().UTC().Format("20060102T150405Z"))
				}
				return s.report(ctx, twin, file)
			})
		},
	}
	cmd.Flags().StringVar(&file, "out", "", "file to write; NAME and the time by default")
	return cmd
}

// report writes the file, whole or not at all.
func (s *session) report(ctx context.Context, twin *v1.DigitalTwin, file string) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	packed := gzip.NewWriter(out)
	b := &bundle{session: s, twin: twin, archive: tar.NewWriter(packed), at: time.Now()}
	err = errors.Join(b.write(ctx), b.archive.Close(), packed.Close(), out.Close())
	if err != nil {
		return errors.Join(err, os.Remove(file))
	}
	fmt.Fprintf(s.out, "%s: %d files\n", file, b.files)
	return nil
}

// bundle is a report being written.
type bundle struct {
	*session
	twin    *v1.DigitalTwin
	archive *tar.Writer
	at      time.Time
	secrets *redactor
	notes   []string // what is missing, and why
	files   int
}

// reportedKinds are the kinds of objects in a report. Secrets are none of them.
func reportedKinds() []schema.GroupVersionKind {
	kinds := []schema.GroupVersionKind{{Version: "v1", Kind: "Pod"}}
	for _, kind := range resources.ChildKinds(resources.Kinds{}) {
		if kind.GroupVersionKind != resources.KindSecret {
			kinds = append(kinds, kind.GroupVersionKind)
		}
	}
	return kinds
}

func (b *bundle) write(ctx context.Context) error {
	if err := b.learnSecrets(ctx); err != nil {
		return err
	}
	twin := &unstructured.Unstructured{}
	twin.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	if err := b.Get(ctx, client.ObjectKeyFromObject(b.twin), twin); err != nil {
		return err
	}
	if err := b.object("twin.yaml", twin); err != nil {
		return err
	}
	for _, kind := range reportedKinds() {
		if err := b.kind(ctx, kind); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{b.events, b.logs} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return b.text("README.txt", fmt.Sprintf("Twin %s/%s at %s.\n%s\n", b.twin.Namespace, b.twin.Name, b.at.UTC().Format(time.RFC3339), strings.Join(b.notes, "\n")))
}

// learnSecrets reads what must not be in the report, as far as the person may.
func (b *bundle) learnSecrets(ctx context.Context) error {
	names := []string{resources.CredentialsName(b.twin.Name), resources.ConnectionsName(b.twin.Name)}
	doc, err := json.Marshal(b.twin.Spec)
	if err != nil {
		return err
	}
	for _, ref := range secretRefs.FindAllStringSubmatch(string(doc), -1) {
		names = append(names, ref[1])
	}
	var values []string
	for _, name := range names {
		secret := &corev1.Secret{}
		err := b.Get(ctx, client.ObjectKey{Namespace: b.twin.Namespace, Name: name}, secret)
		switch {
		case apierrors.IsForbidden(err):
			b.notes = append(b.notes, fmt.Sprintf("Secret %s could not be read: only what has the shape of a secret was taken out.", name))
		case apierrors.IsNotFound(err):
		case err != nil:
			return err
		}
		for key, value := range secret.Data {
			if !publicKeys[key] {
				values = append(values, string(value))
			}
		}
	}
	b.secrets = newRedactor(values)
	return nil
}

// secretRefs are the names of Secrets in a spec.
var secretRefs = regexp.MustCompile(`"[A-Za-z]*[sS]ecretRef":\{"name":"([^"]+)"`)

// publicKeys are keys of Secrets whose values are none: names of users that stand
// in every log.
var publicKeys = map[string]bool{"username": true, "kafka-username": true, "redis-username": true, "database-read-user": true, "ca.crt": true}

// kind writes the twin's objects of a kind.
func (b *bundle) kind(ctx context.Context, kind schema.GroupVersionKind) error {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := b.List(ctx, list, client.InNamespace(b.twin.Namespace), client.MatchingLabels(resources.TwinLabels(b.twin.Name)))
	if apierrors.IsForbidden(err) {
		b.notes = append(b.notes, kind.Kind+": "+err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", kind.Kind, err)
	}
	for i := range list.Items {
		o := &list.Items[i]
		if err := b.object(fmt.Sprintf("%s/%s.yaml", strings.ToLower(kind.Kind), o.GetName()), o); err != nil {
			return err
		}
	}
	return nil
}

// object writes an object without what repeats it and without the values of
// variables that are named like secrets.
func (b *bundle) object(name string, o *unstructured.Unstructured) error {
	o.SetManagedFields(nil)
	annotations := o.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	o.SetAnnotations(annotations)
	hideVariables(o.Object)
	doc, err := yaml.Marshal(o.Object)
	if err != nil {
		return err
	}
	return b.text(name, string(doc))
}

// secretNames are names of environment variables that hold secrets.
var secretNames = regexp.MustCompile(`(?i)pass|secret|token|key|credential|auth|dsn|database_url`)

// hideVariables replaces the values of environment variables whose names show that
// they are secret, wherever in an object.
func hideVariables(value any) {
	switch v := value.(type) {
	case map[string]any:
		name, isVariable := v["name"].(string)
		if text, ok := v["value"].(string); ok && isVariable && secretNames.MatchString(name) && !strings.HasPrefix(text, "/") {
			v["value"] = redacted
		}
		for _, below := range v {
			hideVariables(below)
		}
	case []any:
		for _, below := range v {
			hideVariables(below)
		}
	}
}

func (b *bundle) events(ctx context.Context) error {
	list := &corev1.EventList{}
	err := b.List(ctx, list, client.InNamespace(b.twin.Namespace))
	if apierrors.IsForbidden(err) {
		b.notes = append(b.notes, "events: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, e := range list.Items {
		about := e.InvolvedObject.Name
		if about == b.twin.Name || strings.HasPrefix(about, b.twin.Name+"-") || strings.Contains(about, "-"+b.twin.Name+"-") {
			fmt.Fprintf(&text, "%s\t%s\t%s\t%s/%s\t%s\n", e.LastTimestamp.UTC().Format(time.RFC3339), e.Type, e.Reason, e.InvolvedObject.Kind, about, e.Message)
		}
	}
	return b.text("events.txt", text.String())
}

func (b *bundle) logs(ctx context.Context) error {
	pods := &corev1.PodList{}
	if err := b.List(ctx, pods, client.InNamespace(b.twin.Namespace), client.MatchingLabels(resources.TwinLabels(b.twin.Name))); err != nil {
		return err
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
			for _, c := range list {
				if err := b.log(ctx, p.Name, c.Name, false); err != nil {
					return err
				}
				if c.RestartCount > 0 {
					if err := b.log(ctx, p.Name, c.Name, true); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (b *bundle) log(ctx context.Context, pod, container string, previous bool) error {
	o := &corev1.PodLogOptions{Container: container, Previous: previous, TailLines: ptr.To[int64](reportLines), LimitBytes: ptr.To[int64](reportBytes)}
	stream, err := b.kube.CoreV1().Pods(b.twin.Namespace).GetLogs(pod, o).Stream(ctx)
	if err != nil {
		b.notes = append(b.notes, fmt.Sprintf("log of %s/%s: %v", pod, container, err))
		return ctx.Err()
	}
	defer stream.Close()
	content, err := io.ReadAll(io.LimitReader(stream, reportBytes))
	if err != nil {
		b.notes = append(b.notes, fmt.Sprintf("log of %s/%s: %v", pod, container, err))
	}
	name := container
	if previous {
		name += ".previous"
	}
	return b.text(fmt.Sprintf("logs/%s/%s.txt", pod, name), string(content))
}

// text writes a file. Nothing gets into the archive by another way, so that all
// of it is redacted.
func (b *bundle) text(name, content string) error {
	content = b.secrets.text(content)
	header := &tar.Header{Name: b.twin.Name + "/" + name, Mode: 0o644, Size: int64(len(content)), ModTime: b.at}
	if err := b.archive.WriteHeader(header); err != nil {
		return err
	}
	b.files++
	_, err := io.WriteString(b.archive, content)
	return err
}
