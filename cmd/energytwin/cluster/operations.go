package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// restartable are the components that can be restarted, in the order in which
// they come up.
func restartable() []string {
	return resources.ComponentNames(resources.RoleStore, resources.RoleWorkload, resources.RoleMonitoring)
}

func newRestartCommand(c *connection) *cobra.Command {
	var change changing
	cmd := &cobra.Command{
		Use:   "restart NAME COMPONENT...",
		Short: "Restart components of a twin",
		Long: "Writes spec.operations.restartAt. The operator replaces the pods of the components as in an update: readings\n" +
			"are neither lost nor stored twice. Components: " + strings.Join(restartable(), ", ") + ".",
		Example: "  kubectl energytwin restart riverside processor",
		Args:    args(2, -1, "NAME COMPONENT..."),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				at, err := restartTimes(twin, given[1:], time.Now())
				if err != nil {
					return err
				}
				return s.applyAndWait(ctx, twin, specPatch(at, "operations", "restartAt"), &change, func(t *v1.DigitalTwin) bool {
					return isReady(t) && restarted(t, at)
				})
			})
		},
	}
	change.flags(cmd)
	return cmd
}

// restartTimes are the requests for some components.
func restartTimes(twin *v1.DigitalTwin, components []string, now time.Time) (map[string]any, error) {
	out := map[string]any{}
	for _, component := range components {
		if !slices.Contains(restartable(), component) {
			return nil, usage("no component %s; write one of %s", component, strings.Join(restartable(), ", "))
		}
		i := slices.IndexFunc(twin.Status.Components, func(c v1.ComponentStatus) bool { return c.Name == component })
		if i < 0 {
			return nil, fmt.Errorf("twin %s has no component %s", twin.Name, component)
		}
		last := []v1.Instant{twin.Status.Components[i].RestartedAt}
		if o := twin.Spec.Operations; o != nil {
			last = append(last, o.RestartAt[component])
		}
		out[component] = string(later(now, last...))
	}
	return out, nil
}

func restarted(twin *v1.DigitalTwin, at map[string]any) bool {
	for _, c := range twin.Status.Components {
		if wanted, ok := at[c.Name]; ok && wanted != string(c.RestartedAt) {
			return false
		}
	}
	return true
}

func newRotateCommand(c *connection) *cobra.Command {
	var change changing
	var all bool
	cmd := &cobra.Command{
		Use:   "rotate NAME (KEY... | --all)",
		Short: "Replace generated passwords and keys of a twin",
		Long: "Writes spec.operations.rotateAt. The operator puts new values into the Secret NAME-credentials; stores take them\n" +
			"first, then their clients. Keys: " + strings.Join(resources.CredentialKeys(), ", ") + ".\n\n" +
			"A new api-key or kafka-password shuts out who uses the old one from outside; a new session-secret ends sessions.",
		Example: "  kubectl energytwin rotate riverside redis-password",
		Args:    args(1, -1, "NAME (KEY... | --all)"),
		RunE: func(cmd *cobra.Command, given []string) error {
			keys := given[1:]
			if all == (len(keys) > 0) {
				return usage("write either keys or --all; keys are %s", strings.Join(resources.CredentialKeys(), ", "))
			}
			if all {
				keys = resources.CredentialKeys()
			}
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				at, err := rotationTimes(twin, keys, time.Now())
				if err != nil {
					return err
				}
				s.question = fmt.Sprintf("The Secret %s gets new values of %s, and pods that use them restart.",
					resources.CredentialsName(twin.Name), strings.Join(slices.Sorted(maps.Keys(at)), ", "))
				return s.applyAndWait(ctx, twin, specPatch(at, "operations", "rotateAt"), &change, func(t *v1.DigitalTwin) bool {
					return isReady(t) && rotated(t, at)
				})
			})
		},
	}
	change.flags(cmd)
	change.asks(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "all keys")
	return cmd
}

func rotationTimes(twin *v1.DigitalTwin, keys []string, now time.Time) (map[string]any, error) {
	changed := map[string]v1.Instant{}
	for _, c := range twin.Status.Credentials {
		changed[c.Key] = c.ChangedAt
	}
	out := map[string]any{}
	for _, key := range keys {
		if !slices.Contains(resources.CredentialKeys(), key) {
			return nil, usage("no key %s; write some of %s", key, strings.Join(resources.CredentialKeys(), ", "))
		}
		last := []v1.Instant{changed[key]}
		if o := twin.Spec.Operations; o != nil {
			last = append(last, o.RotateAt[key])
		}
		out[key] = string(later(now, last...))
	}
	return out, nil
}

func rotated(twin *v1.DigitalTwin, at map[string]any) bool {
	done := 0
	for _, c := range twin.Status.Credentials {
		if wanted, ok := at[c.Key].(string); ok && string(c.ChangedAt) >= wanted {
			done++
		}
	}
	return done == len(at)
}

func newBackupCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Back up a twin's database",
		Args:  args(0, 0, "now NAME"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBackupNowCommand(c))
	return cmd
}

func newBackupNowCommand(c *connection) *cobra.Command {
	var change changing
	cmd := &cobra.Command{
		Use:     "now NAME",
		Short:   "Dump a twin's database now",
		Long:    "Writes spec.operations.backupAt. The operator runs the Job of the schedule, and the dump goes to its place.",
		Example: "  kubectl energytwin backup now riverside",
		Args:    args(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				return s.backupNow(ctx, twin, &change)
			})
		},
	}
	change.flags(cmd)
	return cmd
}

func (s *session) backupNow(ctx context.Context, twin *v1.DigitalTwin, change *changing) error {
	if !backsUp(twin) {
		return fmt.Errorf("twin %s has no place for dumps; set spec.timescale.managed.backup", twin.Name)
	}
	var last []v1.Instant
	if b := twin.Status.Backup; b != nil {
		last = append(last, b.RequestedAt)
	}
	if o := twin.Spec.Operations; o != nil {
		last = append(last, o.BackupAt)
	}
	at := later(time.Now(), last...)
	err := s.applyAndWait(ctx, twin, specPatch(string(at), "operations", "backupAt"), change, func(t *v1.DigitalTwin) bool {
		return t.Status.Backup != nil && t.Status.Backup.RequestedAt >= at
	})
	if err != nil || change.dryRun != dryRunNone || !change.wait {
		return err
	}
	now, err := s.twin(ctx, twin.Name)
	if err != nil {
		return err
	}
	if b := now.Status.Backup; b.LastFailureAt != "" {
		return fmt.Errorf("the backup failed: %s", b.Message)
	} else if len(b.Dumps) > 0 {
		fmt.Fprintf(s.out, "dumped to %s\n", b.Dumps[0])
	}
	return nil
}

// backsUp reports whether a twin has a place for dumps.
func backsUp(twin *v1.DigitalTwin) bool {
	t := twin.Spec.Timescale
	return t != nil && t.Managed != nil && t.Managed.Backup != nil
}

func newHibernateCommand(c *connection) *cobra.Command {
	return newStateCommand(c, "hibernate", "Stop everything of a twin, and keep its volumes", v1.StateHibernated, func(t *v1.DigitalTwin) bool {
		return isReady(t) && t.Status.Phase == v1.PhaseHibernated
	})
}

func newResumeCommand(c *connection) *cobra.Command {
	return newStateCommand(c, "resume", "Run a twin that hibernates or is suspended", v1.StateRunning, isReady)
}

func newStateCommand(c *connection, use, short string, state v1.State, reached func(*v1.DigitalTwin) bool) *cobra.Command {
	var change changing
	cmd := &cobra.Command{
		Use:     use + " NAME",
		Short:   short,
		Long:    short + ": writes spec.state.",
		Example: "  kubectl energytwin " + use + " riverside",
		Args:    args(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.run(cmd, given[0], func(ctx context.Context, s *session, twin *v1.DigitalTwin) error {
				return s.applyAndWait(ctx, twin, specPatch(string(state), "state"), &change, reached)
			})
		},
	}
	change.flags(cmd)
	return cmd
}

// run connects, and runs a command on a twin.
func (c *connection) run(cmd *cobra.Command, name string, do func(context.Context, *session, *v1.DigitalTwin) error) error {
	s, err := c.connect(cmd)
	if err != nil {
		return err
	}
	twin, err := s.twin(cmd.Context(), name)
	if err != nil {
		return err
	}
	return do(cmd.Context(), s, twin)
}

// applyAndWait changes a twin and waits until the change is carried out.
func (s *session) applyAndWait(ctx context.Context, twin *v1.DigitalTwin, p patch, change *changing, carriedOut func(*v1.DigitalTwin) bool) error {
	if meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionPaused) && change.wait {
		fmt.Fprintf(s.errOut, "the operator leaves this twin alone until the annotation %s is removed\n", v1.AnnotationPaused)
	}
	key := client.ObjectKeyFromObject(twin)
	done, err := s.apply(ctx, twin, p, change)
	if err != nil || !done || !change.wait {
		return err
	}
	return s.await(ctx, key, change.timeout, func(t *v1.DigitalTwin) (bool, error) { return carriedOut(t), nil })
}
