package resources

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Each object is of a component in the table, each component has what its row states
// where a twin has it, and nothing where a twin does not.
func TestTableOfComponentsIsWhatIsBuilt(t *testing.T) {
	twins := []*v1.DigitalTwin{
		merged(t, smallest, `timescale: {managed: {backup: {schedule: "0 3 * * *", volume: {}}, restoreFrom: {dump: old.dump}}}`),
		merged(t, smallest, `{generator: {mode: "Off"}, monitoring: {prometheus: {mode: "Off"}, grafana: {mode: "Off"}}}`),
	}
	for _, name := range []string{"quickstart.yaml", "production.yaml", "external-stores.yaml", "buildings.yaml", "mqtt.yaml"} {
		twins = append(twins, sample(t, name))
	}
	has, lacks := map[string]bool{}, map[string]bool{}
	for _, twin := range twins {
		in := inputs(twin)
		for _, component := range ProvableComponents(&twin.Spec) {
			in.Proofs = append(in.Proofs, NewProof(twin.Name, &twin.Spec, component, "r.example.org/new:1"))
		}
		objects := map[string][]Object{}
		for _, o := range build(t, twin, in).Objects {
			component := labelsOf(t, o)[LabelComponent]
			objects[component] = append(objects[component], o)
		}
		for _, c := range Components() {
			runs := slices.IndexFunc(objects[c.Name], func(o Object) bool { return o.Kind == c.Kind && o.Step == c.Step })
			if c.In(&twin.Spec) {
				has[c.Name] = true
				require.NotEmpty(t, objects[c.Name], c.Name)
				require.Equal(t, c.Kind.Kind != "", runs >= 0, "%s has no %s in step %s", c.Name, c.Kind.Kind, c.Step)
			} else {
				lacks[c.Name] = true
				require.Negative(t, runs, "%s is not wanted and has a %s", c.Name, c.Kind.Kind)
			}
			if runs >= 0 && c.Image != nil {
				require.Contains(t, imagesIn(t, objects[c.Name][runs]), in.Images.Of(c.Name), c.Name)
			}
			delete(objects, c.Name)
		}
		require.Empty(t, objects, "the table has no such component")
	}
	for _, c := range Components() {
		require.True(t, has[c.Name], "no twin has %s", c.Name)
		require.Equal(t, c.Wanted != nil, lacks[c.Name], "%s may be left out, and no twin here leaves it out", c.Name)
	}
}

// Rows are complete for their role.
func TestComponentsHaveWhatTheirRoleNeeds(t *testing.T) {
	names, images := map[string]bool{}, map[string]int{}
	for _, c := range Components() {
		require.False(t, names[c.Name], "two rows of %s", c.Name)
		names[c.Name] = true
		require.NotNil(t, c.build, c.Name)
		require.Equal(t, c.Role == RoleStore, c.Store != nil, c.Name)
		require.Equal(t, c.Volume != nil, c.Reported != nil, "%s: a volume that is not reported", c.Name)
		if c.Role.InStatus() {
			require.NotEmpty(t, c.Condition, c.Name)
			require.NotEmpty(t, c.Settings, c.Name)
			require.NotNil(t, c.Image, c.Name)
			require.NotNil(t, c.flows, c.Name)
		}
		if c.proof != nil {
			require.NotNil(t, c.Choice, "%s: an image that is proven and that nobody chooses", c.Name)
		}
		if c.Choice != nil {
			probe := Images{}
			*c.Image(&probe) = "here"
			images[fmt.Sprintf("%+v", probe)]++
		}
	}
	require.Len(t, images, 6, "one row decides about each image")
	require.Equal(t, []string{v1.ConditionKafkaReady, v1.ConditionRedisReady, v1.ConditionTimescaleReady, v1.ConditionSchemaReady, v1.ConditionWorkloadsReady}, ReadyConditions())
}

// The CRD, which cannot import the table, names its components.
func TestRestartsNameTheTable(t *testing.T) {
	for _, name := range ComponentNames(RoleStore, RoleWorkload, RoleMonitoring) {
		twin := merged(t, smallest, fmt.Sprintf(`operations: {restartAt: {%s: "2026-01-31T08:00:00Z"}}`, name))
		require.Contains(t, twin.Spec.Operations.RestartAt, name)
	}
}

func labelsOf(t *testing.T, o Object) map[string]string {
	t.Helper()
	var object struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	}
	remarshal(t, o.Config, &object)
	return object.Metadata.Labels
}

// imagesIn are the images of the containers of a set, a Job or a CronJob.
func imagesIn(t *testing.T, o Object) []string {
	t.Helper()
	type template struct {
		Template corev1.PodTemplateSpec `json:"template"`
	}
	var object struct {
		Spec struct {
			template
			JobTemplate struct {
				Spec template `json:"spec"`
			} `json:"jobTemplate"`
		} `json:"spec"`
	}
	remarshal(t, o.Config, &object)
	var out []string
	for _, spec := range []corev1.PodSpec{object.Spec.Template.Spec, object.Spec.JobTemplate.Spec.Template.Spec} {
		for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
			out = append(out, c.Image)
		}
	}
	return out
}

func remarshal(t *testing.T, from, into any) {
	t.Helper()
	doc, err := yaml.Marshal(from)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(doc, into))
}
