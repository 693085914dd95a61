package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

func newRestoreCommand(c *connection) *cobra.Command {
	var change changing
	var dump, claim, into string
	cmd := &cobra.Command{
		Use:   "restore NAME",
		Short: "Restore a dump into a twin, or into a new one",
		Long: "Writes spec.timescale.managed.restoreFrom. The operator stops the workloads, restores the dump beside the\n" +
			"database, counts its rows, and starts the workloads on it. What was there before is kept under another name.\n\n" +
			"With --into a new twin is created with the spec of NAME, without its Ingress, and starts from the dump.",
		Example: "  kubectl energytwin restore riverside\n" +
			"  kubectl energytwin restore riverside --dump riverside-20260101T023000Z.dump --into riverside-test",
		Args: args(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				from, err := restoreFrom(twin, dump, claim, time.Now())
				if err != nil {
					return err
				}
				if into != "" {
					return s.restoreInto(ctx, twin, into, from, &change)
				}
				return s.restore(ctx, twin, from, &change)
			})
		},
	}
	change.flags(cmd)
	change.asks(cmd)
	f := cmd.Flags()
	f.StringVar(&dump, "dump", "", "file of the dump; the newest of the twin by default")
	f.StringVar(&claim, "claim", "", "claim of the volume that holds the dump; the place of the twin's backups by default")
	f.StringVar(&into, "into", "", "name of a new twin that starts from the dump")
	return cmd
}

// restoreFrom is the request for a dump of a twin.
func restoreFrom(twin *v1.DigitalTwin, dump, claim string, now time.Time) (*v1.RestoreFrom, error) {
	t := twin.Spec.Timescale
	if t != nil && t.External != nil {
		return nil, fmt.Errorf("the database of twin %s is external; restore it where it runs", twin.Name)
	}
	if claim == "" && !backsUp(twin) {
		return nil, fmt.Errorf("twin %s has no backups; name the volume with --claim", twin.Name)
	}
	if dump == "" {
		if twin.Status.Backup == nil || len(twin.Status.Backup.Dumps) == 0 {
			return nil, fmt.Errorf("no dump of twin %s is known; name one with --dump", twin.Name)
		}
		dump = twin.Status.Backup.Dumps[0]
	}
	var last []v1.Instant
	if hasRestore := t != nil && t.Managed != nil && t.Managed.RestoreFrom != nil; hasRestore {
		last = append(last, t.Managed.RestoreFrom.At)
	}
	if twin.Status.Restore != nil {
		last = append(last, twin.Status.Restore.At)
	}
	return &v1.RestoreFrom{Dump: dump, ClaimName: claim, At: later(now, last...)}, nil
}

// restore restores into the twin itself.
func (s *session) restore(ctx context.Context, twin *v1.DigitalTwin, from *v1.RestoreFrom, change *changing) error {
	value := map[string]any{"dump": from.Dump, "at": string(from.At), "claimName": nil, "s3": nil}
	if from.ClaimName != "" {
		value["claimName"] = from.ClaimName
	}
	s.question = fmt.Sprintf("The workloads of twin %s stop, and its database starts from %s. What it holds now is kept under another name.", twin.Name, from.Dump)
	err := s.applyAndWait(ctx, twin, specPatch(value, "timescale", "managed", "restoreFrom"), change, func(t *v1.DigitalTwin) bool {
		return isReady(t) && t.Status.Restore != nil && t.Status.Restore.ID() == from.ID()
	})
	if err != nil || change.dryRun != dryRunNone || !change.wait {
		return err
	}
	return s.printRestore(ctx, client.ObjectKeyFromObject(twin))
}

func (s *session) printRestore(ctx context.Context, key client.ObjectKey) error {
	twin := &v1.DigitalTwin{}
	if err := s.Get(ctx, key, twin); err != nil {
		return err
	}
	r := twin.Status.Restore
	fmt.Fprintf(s.out, "restored %s, %d rows\n", r.Dump, r.Rows)
	if r.Previous != "" {
		fmt.Fprintf(s.out, "the database before is kept as %s\n", r.Previous)
	}
	return nil
}

// restoreInto creates a twin that starts from a dump of another.
func (s *session) restoreInto(ctx context.Context, twin *v1.DigitalTwin, into string, from *v1.RestoreFrom, change *changing) error {
	created := copyFor(twin, into, from)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(created)
	if err != nil {
		return err
	}
	delete(content, "status")
	doc, err := yaml.Marshal(content)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "a new twin:\n%s", indent(string(doc)))
	if manager := gitManagerOf(twin); manager != "" {
		fmt.Fprintf(s.errOut, "%s manages twin %s. A lasting copy is a commit with the lines above.\n", manager, twin.Name)
	}
	var options []client.CreateOption
	switch change.dryRun {
	case dryRunNone:
	case dryRunClient:
		fmt.Fprintln(s.out, "nothing is created (client dry run)")
		return nil
	case dryRunServer:
		options = append(options, client.DryRunAll)
	default:
		return usage("--dry-run: write none, client or server")
	}
	if err := s.Create(ctx, created, append(options, client.FieldOwner(fieldOwner))...); err != nil {
		return fmt.Errorf("create twin %s: %w", into, err)
	}
	if change.dryRun == dryRunServer {
		fmt.Fprintln(s.out, "the API server accepts it; nothing is created (server dry run)")
		return nil
	}
	if !change.wait {
		return nil
	}
	key := client.ObjectKeyFromObject(created)
	err = s.await(ctx, key, change.timeout, func(t *v1.DigitalTwin) (bool, error) {
		return isReady(t) && t.Status.Restore != nil, nil
	})
	if err != nil {
		return err
	}
	return s.printRestore(ctx, key)
}

// copyFor is a new twin with another's spec, but for what there can be only one
// of, and what was to be done once.
func copyFor(twin *v1.DigitalTwin, name string, from *v1.RestoreFrom) *v1.DigitalTwin {
	out := &v1.DigitalTwin{ObjectMeta: metav1.ObjectMeta{Namespace: twin.Namespace, Name: name}, Spec: *twin.Spec.DeepCopy()}
	out.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	out.Spec.Operations, out.Spec.API.Ingress, out.Spec.State = nil, nil, v1.StateRunning
	if out.Spec.Timescale == nil {
		out.Spec.Timescale = &v1.Timescale{}
	}
	if out.Spec.Timescale.Managed == nil {
		out.Spec.Timescale.Managed = &v1.ManagedTimescale{}
	}
	place := from.DeepCopy()
	if backup := out.Spec.Timescale.Managed.Backup; place.ClaimName == "" && backup != nil && backup.S3 == nil {
		place.ClaimName = resources.Name(twin.Name, resources.ComponentBackup)
	}
	out.Spec.Timescale.Managed.RestoreFrom = place
	return out
}
