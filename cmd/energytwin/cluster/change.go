package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Values of --dry-run.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"
)

// changing are the flags of commands that change a twin.
type changing struct {
	dryRun  string
	force   bool
	yes     bool
	wait    bool
	timeout time.Duration
}

func (c *changing) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.dryRun, "dry-run", dryRunNone, "client prints the change; server lets the API server check it too; neither makes it")
	f.BoolVar(&c.force, "force", false, "change fields that Git holds as well; the next synchronisation puts them back")
	f.BoolVar(&c.wait, "wait", true, "wait until it is done")
	f.DurationVar(&c.timeout, "timeout", 10*time.Minute, "longest wait")
}

func (c *changing) asks(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask")
}

// patch is a change of a twin's spec, as a JSON merge patch.
type patch map[string]any

// specPatch nests a value below spec.
func specPatch(value any, path ...string) patch {
	for i := len(path) - 1; i >= 0; i-- {
		value = map[string]any{path[i]: value}
	}
	return patch{"spec": value}
}

// yaml is the patch as a file in Git would have it.
func (p patch) yaml() string {
	doc, err := yaml.Marshal(withoutNulls(map[string]any(p)))
	if err != nil {
		return err.Error()
	}
	return string(doc)
}

// withoutNulls leaves out what a merge patch removes.
func withoutNulls(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			out[k] = withoutNulls(v)
		default:
			out[k] = v
		}
	}
	return out
}

// apply makes a change, or shows it. done is false if nothing was changed, as
// asked for.
func (s *session) apply(ctx context.Context, twin *v1.DigitalTwin, p patch, c *changing) (done bool, err error) {
	if c.dryRun != dryRunNone && c.dryRun != dryRunClient && c.dryRun != dryRunServer {
		return false, usage("--dry-run: write none, client or server")
	}
	fmt.Fprintf(s.out, "digitaltwin/%s in namespace %s:\n%s", twin.Name, twin.Namespace, indent(p.yaml()))
	manager := gitManagerOf(twin)
	held := manager != "" && manager.holds(twin, p)
	if manager != "" {
		fmt.Fprintf(s.errOut, "%s manages this twin. A lasting change is a commit with the lines above in the twin's file.\n", manager)
	}
	if c.dryRun == dryRunClient {
		fmt.Fprintln(s.out, "nothing is changed (client dry run)")
		return false, nil
	}
	if held && !c.force {
		return false, fmt.Errorf("%s holds what would be changed and would put it back; commit the change to Git, or give --force", manager)
	}
	if c.dryRun == dryRunNone {
		if err := s.confirm(c); err != nil {
			return false, err
		}
	}
	doc, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	options := []client.PatchOption{client.FieldOwner(fieldOwner)}
	if c.dryRun == dryRunServer {
		options = append(options, client.DryRunAll)
	}
	if err := s.Patch(ctx, twin, client.RawPatch(types.MergePatchType, doc), options...); err != nil {
		return false, fmt.Errorf("change twin %s: %w", twin.Name, err)
	}
	if c.dryRun == dryRunServer {
		fmt.Fprintln(s.out, "the API server accepts it; nothing is changed (server dry run)")
		return false, nil
	}
	return true, nil
}

// confirm asks, unless --yes answers.
func (s *session) confirm(c *changing) error {
	if c.yes || s.question == "" {
		return nil
	}
	if !terminal(s.in) {
		return usage("%s Give --yes to go on without a terminal", s.question)
	}
	fmt.Fprintf(s.errOut, "%s Go on? [y/N] ", s.question)
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(line), "y") {
		return fmt.Errorf("nothing is changed")
	}
	return nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}

// later is the time of a new request: now, but after the last one.
func later(now time.Time, last ...v1.Instant) v1.Instant {
	at := v1.InstantOf(now)
	for _, l := range last {
		if at <= l {
			at = v1.InstantOf(l.Time().Add(time.Second))
		}
	}
	return at
}
