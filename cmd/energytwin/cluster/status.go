package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// watchEvery is the pause between two pictures of a status that is watched.
const watchEvery = 2 * time.Second

// Overview is what `status -o json` prints of a twin.
type Overview struct {
	Namespace   string                `json:"namespace"`
	Name        string                `json:"name"`
	Phase       v1.Phase              `json:"phase"`
	State       v1.State              `json:"state"`
	ManagedBy   string                `json:"managedBy,omitempty"` // Argo CD or Flux
	Observed    bool                  `json:"observed"`            // whether the status speaks of the newest spec
	WaitsFor    []string              `json:"waitsFor,omitempty"`
	Warnings    []string              `json:"warnings,omitempty"` // what does not affect Ready
	Conditions  []metav1.Condition    `json:"conditions"`
	Components  []Component           `json:"components"`
	Dataset     *v1.DatasetStatus     `json:"dataset,omitempty"`
	Stream      *v1.StreamStatus      `json:"stream,omitempty"`
	Forecast    *v1.ForecastStatus    `json:"forecast,omitempty"`
	Decisions   *v1.DecisionsStatus   `json:"decisions,omitempty"`
	WorstLimit  *v1.WorstLimitStatus  `json:"worstLimit,omitempty"`
	LimitAtRisk *v1.LimitAtRiskStatus `json:"limitAtRisk,omitempty"`
	Backup      *v1.BackupStatus      `json:"backup,omitempty"`
	Restore     *v1.RestoreStatus     `json:"restore,omitempty"`
	Credentials []v1.CredentialStatus `json:"credentials,omitempty"`
	Endpoints   *v1.EndpointsStatus   `json:"endpoints,omitempty"`
}

// Component is a component of a twin with its pods.
type Component struct {
	v1.ComponentStatus `json:",inline"`
	Pods               []Pod `json:"pods,omitempty"`
}

// Pod is a pod of a component.
type Pod struct {
	Name      string          `json:"name"`
	Phase     corev1.PodPhase `json:"phase"`
	Ready     bool            `json:"ready"`
	Restarts  int32           `json:"restarts"`
	Node      string          `json:"node,omitempty"`
	Image     string          `json:"image,omitempty"` // that its main container runs
	StartedAt v1.Instant      `json:"startedAt,omitempty"`
}

func newStatusCommand(c *connection) *cobra.Command {
	var output string
	var watch, everywhere bool
	cmd := &cobra.Command{
		Use:   "status [NAME...]",
		Short: "Show twins: components, pods, images, ages of passwords and backups, the stream, the worst limit, what waits for what",
		Example: "  kubectl energytwin status\n  kubectl energytwin status riverside -w\n" +
			"  kubectl energytwin status riverside -o json",
		Args: args(0, -1, ""),
		RunE: func(cmd *cobra.Command, names []string) error {
			if output != "" && output != "json" {
				return usage("-o %s: write json, or leave it out", output)
			}
			if everywhere && len(names) > 0 {
				return usage("write either names or --all-namespaces")
			}
			s, err := c.connect(cmd)
			if err != nil {
				return err
			}
			if everywhere {
				s.namespace = metav1.NamespaceAll
			}
			return s.showStatus(cmd.Context(), names, output == "json", watch)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "json for programs")
	f.BoolVarP(&watch, "watch", "w", false, "show it again as it changes, until Ctrl-C")
	f.BoolVarP(&everywhere, "all-namespaces", "A", false, "twins of all namespaces")
	return cmd
}

func (s *session) showStatus(ctx context.Context, names []string, asJSON, watch bool) error {
	last := ""
	for {
		all, err := s.overviews(ctx, names)
		if err != nil {
			return err
		}
		var text strings.Builder
		if asJSON {
			enc := json.NewEncoder(&text)
			enc.SetIndent("", "  ")
			err = enc.Encode(all)
		} else {
			err = printOverviews(&text, all, len(names) > 0, time.Now())
		}
		if err != nil {
			return err
		}
		if picture := text.String(); picture != last {
			if watch && terminal(s.out) {
				fmt.Fprint(s.out, "\x1b[H\x1b[2J") // a clear screen
			}
			fmt.Fprint(s.out, picture)
			last = picture
		}
		if !watch {
			return nil
		}
		if err := sleep(ctx, watchEvery); err != nil {
			return nil // watching ends as it was asked to
		}
	}
}

// overviews are those of the named twins, or of all in the namespace.
func (s *session) overviews(ctx context.Context, names []string) ([]Overview, error) {
	twins := &v1.DigitalTwinList{}
	if len(names) == 0 {
		if err := s.List(ctx, twins, client.InNamespace(s.namespace)); err != nil {
			return nil, fmt.Errorf("list twins: %w", err)
		}
	}
	for _, name := range names {
		twin, err := s.twin(ctx, name)
		if err != nil {
			return nil, err
		}
		twins.Items = append(twins.Items, *twin)
	}
	out := []Overview{}
	for i := range twins.Items {
		one, err := s.overview(ctx, &twins.Items[i])
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (s *session) overview(ctx context.Context, twin *v1.DigitalTwin) (Overview, error) {
	st := &twin.Status
	out := Overview{
		Namespace: twin.Namespace, Name: twin.Name, Phase: st.Phase, State: twin.Spec.State, ManagedBy: string(gitManagerOf(twin)),
		Observed: st.ObservedGeneration == twin.Generation, WaitsFor: waitsFor(twin), Warnings: warnings(twin), Conditions: st.Conditions,
		Dataset: st.Dataset, Stream: st.Stream, Forecast: st.Forecast, Decisions: st.Decisions, WorstLimit: st.WorstLimit, LimitAtRisk: st.LimitAtRisk,
		Backup: st.Backup, Restore: st.Restore, Credentials: st.Credentials, Endpoints: st.Endpoints,
	}
	if out.Backup == nil && backsUp(twin) {
		out.Backup = &v1.BackupStatus{}
	}
	pods := &corev1.PodList{}
	if err := s.List(ctx, pods, client.InNamespace(twin.Namespace), client.MatchingLabels(resources.TwinLabels(twin.Name))); err != nil {
		return out, fmt.Errorf("pods of twin %s: %w", twin.Name, err)
	}
	for _, component := range st.Components {
		c := Component{ComponentStatus: component}
		for i := range pods.Items {
			if pods.Items[i].Labels[resources.LabelComponent] == component.Name {
				c.Pods = append(c.Pods, podOf(&pods.Items[i]))
			}
		}
		out.Components = append(out.Components, c)
	}
	return out, nil
}

func podOf(p *corev1.Pod) Pod {
	out := Pod{Name: p.Name, Phase: p.Status.Phase, Node: p.Spec.NodeName}
	out.Ready = slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	for _, c := range p.Status.ContainerStatuses {
		out.Restarts += c.RestartCount
	}
	if len(p.Spec.Containers) > 0 {
		out.Image = p.Spec.Containers[0].Image
	}
	if p.Status.StartTime != nil {
		out.StartedAt = v1.InstantOf(p.Status.StartTime.Time)
	}
	return out
}

// printOverviews prints a line for each twin, or all of them in detail.
func printOverviews(out io.Writer, all []Overview, detailed bool, now time.Time) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "no twins")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !detailed {
		fmt.Fprintln(t, "NAMESPACE\tNAME\tPHASE\tMETERS\tPROGRESS\tLAG\tWAITS FOR")
	}
	for i := range all {
		if detailed {
			printOverview(t, &all[i], now)
			continue
		}
		o := &all[i]
		meters, progress, lag := "-", "-", "-"
		if o.Dataset != nil {
			meters = fmt.Sprint(o.Dataset.Meters)
		}
		if o.Stream != nil {
			progress, lag = o.Stream.Progress, fmt.Sprint(o.Stream.Lag)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.Namespace, o.Name, o.Phase, meters, progress, lag, strings.Join(o.WaitsFor, "; "))
	}
	return t.Flush()
}

func printOverview(t io.Writer, o *Overview, now time.Time) {
	fmt.Fprintf(t, "%s/%s\t%s\n", o.Namespace, o.Name, o.Phase)
	if o.ManagedBy != "" {
		fmt.Fprintf(t, "managed by\t%s\n", o.ManagedBy)
	}
	if !o.Observed {
		fmt.Fprintln(t, "spec\tthe operator has not observed the newest one yet")
	}
	for _, why := range o.WaitsFor {
		fmt.Fprintf(t, "waits for\t%s\n", why)
	}
	for _, warning := range o.Warnings {
		fmt.Fprintf(t, "warning\t%s\n", warning)
	}
	if d := o.Dataset; d != nil {
		fmt.Fprintf(t, "dataset\t%d meters, %d readings stored, %d quarantined\n", d.Meters, d.Rows, d.Quarantined)
	}
	if st := o.Stream; st != nil {
		position := ""
		if st.LastEventTime != nil {
			position = ", processed up to " + st.LastEventTime.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(t, "stream\t%s, %d behind%s\n", orDash(st.Progress), st.Lag, position)
	}
	if d := o.Decisions; d != nil {
		fmt.Fprintf(t, "decisions\t%d\n", d.Total)
	}
	if l := o.WorstLimit; l != nil {
		kind := "measured"
		if l.Forecast {
			kind = "forecast"
		}
		fmt.Fprintf(t, "worst limit\t%s: %s kW of %s kW (%s) %s for %s\n", l.Group, l.PeakKW, l.CapacityKW, l.Share, kind, l.At.UTC().Format(time.RFC3339))
	}
	if l := o.LimitAtRisk; l != nil {
		fmt.Fprintf(t, "limit at risk\t%s\n", l.Summary)
	}
	if e := o.Endpoints; e != nil {
		fmt.Fprintf(t, "page\t%s\n", e.UI)
	}
	printBackup(t, o, now)
	fmt.Fprintln(t, "\nCOMPONENT\tREADY\tIMAGE\tRESTARTED")
	for _, c := range o.Components {
		fmt.Fprintf(t, "%s\t%d/%d\t%s\t%s\n", c.Name, c.Ready, c.Replicas, c.Image, age(c.RestartedAt, now))
	}
	printPods(t, o, now)
	fmt.Fprintln(t, "\nPASSWORD OR KEY\tAGE")
	for _, c := range o.Credentials {
		fmt.Fprintf(t, "%s\t%s\n", c.Key, age(c.ChangedAt, now))
	}
	fmt.Fprintln(t)
}

func printPods(t io.Writer, o *Overview, now time.Time) {
	header := "\nPOD\tREADY\tPHASE\tRESTARTS\tNODE\tAGE\n"
	for _, c := range o.Components {
		for _, p := range c.Pods {
			fmt.Fprintf(t, "%s%s\t%t\t%s\t%d\t%s\t%s\n", header, p.Name, p.Ready, p.Phase, p.Restarts, orDash(p.Node), age(p.StartedAt, now))
			header = ""
		}
	}
}

func printBackup(t io.Writer, o *Overview, now time.Time) {
	if b := o.Backup; b != nil {
		if b.LastSuccessAt == "" {
			fmt.Fprintln(t, "backup\tnone yet")
		} else {
			fmt.Fprintf(t, "backup\tnewest is %s old\n", age(b.LastSuccessAt, now))
		}
		if b.LastFailureAt != "" {
			fmt.Fprintf(t, "backup\tfailed %s ago: %s\n", age(b.LastFailureAt, now), b.Message)
		}
		for _, dump := range b.Dumps {
			fmt.Fprintf(t, "dump\t%s\n", dump)
		}
	}
	if r := o.Restore; r != nil {
		fmt.Fprintf(t, "restored from\t%s, %d rows\n", r.Dump, r.Rows)
	}
}

// age is how long ago a moment was, in its largest unit.
func age(at v1.Instant, now time.Time) string {
	if at == "" {
		return "-"
	}
	d := now.Sub(at.Time())
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
