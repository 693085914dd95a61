package admission

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/config/crd"
)

type schemaProps = apiextensionsv1.JSONSchemaProps

// The API server accepts the CRD: its schema is structural, its defaults pass
// its own rules, and the estimated cost of all rules is within the limits.
func TestCRDIsAcceptedByTheAPIServersValidation(t *testing.T) {
	require.NoError(t, validateCRD(t, definition(t)))
}

// The test above would notice a rule that costs too much or does not compile.
func TestValidationNoticesBadRules(t *testing.T) {
	for rule, says := range map[string]string{
		"self.nothing == 1": "undefined field 'nothing'",
		"self.processor.dsm.groups.all(a, self.processor.dsm.groups.all(b, a.name.contains(b.name)))": "estimated rule cost",
	} {
		d := definition(t)
		spec := d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		spec.XValidations = append(spec.XValidations, apiextensionsv1.ValidationRule{Rule: rule})
		d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"] = spec
		require.ErrorContains(t, validateCRD(t, d), says)
	}
}

// kubectl apply keeps the applied object in an annotation, as JSON without white
// space, and an object has room for 256 KiB of annotations.
func TestCRDFitsIntoAnAnnotation(t *testing.T) {
	applied, err := yaml.YAMLToJSON(crd.DigitalTwin)
	require.NoError(t, err)
	require.Less(t, len(applied), 256<<10)
}

func TestCRDNames(t *testing.T) {
	d := definition(t)
	require.Equal(t, "digitaltwins.twin.energytwin.dev", d.Name)
	require.Equal(t, []string{"dt"}, d.Spec.Names.ShortNames)
	require.Equal(t, []string{"all"}, d.Spec.Names.Categories)
	version := d.Spec.Versions[0]
	require.NotNil(t, version.Subresources.Status)
	require.Equal(t, ".spec.processor.replicas", version.Subresources.Scale.SpecReplicasPath)
	require.Equal(t, ".status.processor.replicas", version.Subresources.Scale.StatusReplicasPath)
	var columns []string
	for _, c := range version.AdditionalPrinterColumns {
		columns = append(columns, c.Name)
	}
	require.Equal(t, []string{"Phase", "Ready", "Meters", "Progress", "Lag", "URL", "Age", "Reason", "Rejected", "Limit At Risk", "Last Event"}, columns)
}

func TestEachFieldIsDescribed(t *testing.T) {
	fields := 0
	walk(schemaForTest(t), "", func(path string, s *schemaProps) {
		switch {
		case path == "" || path == "metadata", strings.HasSuffix(path, "[]"), strings.HasSuffix(path, "{}"):
			return // fields have descriptions, items of lists and maps those of their field
		}
		fields++
		require.NotEmpty(t, s.Description, "%s has no description", path)
	})
	require.Greater(t, fields, 250)
}

// Every list, map and text is bounded: the cost of rules is estimated from the
// bounds. The exceptions are types of Kubernetes that no rule reads.
func TestListsMapsAndTextsAreBounded(t *testing.T) {
	walk(schemaForTest(t), "", func(path string, s *schemaProps) {
		if strings.HasPrefix(path, "spec.pods.affinity.") || strings.HasPrefix(path, "spec.pods.tolerations[]") {
			require.Empty(t, s.XValidations, path)
			return
		}
		switch {
		case s.XIntOrString || s.Type == "string":
			bounded := s.MaxLength != nil || len(s.Enum) > 0 || s.Format == "date-time"
			require.True(t, bounded || path == "apiVersion" || path == "kind", "%s has no maxLength", path)
		case s.Type == "array":
			require.NotNil(t, s.MaxItems, "%s has no maxItems", path)
		case s.AdditionalProperties != nil:
			require.NotNil(t, s.MaxProperties, "%s has no maxProperties", path)
		}
	})
}

// A default inside a union stays behind when another member is applied, and is
// then rejected beside it.
func TestNoDefaultInsideAUnion(t *testing.T) {
	members := map[string]bool{
		"managed": true, "external": true, // stores
		"synthetic": true, "url": true, "configMap": true, "persistentVolumeClaim": true, // sources
		"volume": true, "s3": true, // backups
	}
	walk(schemaForTest(t), "", func(path string, s *schemaProps) {
		if s.Default == nil {
			return
		}
		for _, step := range strings.Split(path, ".") {
			require.False(t, members[strings.TrimSuffix(step, "[]")], "%s has a default", path)
		}
	})
}

func definition(t *testing.T) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	d := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.UnmarshalStrict(crd.DigitalTwin, d))
	return d
}

func schemaForTest(t *testing.T) *schemaProps {
	return definition(t).Spec.Versions[0].Schema.OpenAPIV3Schema
}

func validateCRD(t *testing.T, d *apiextensionsv1.CustomResourceDefinition) error {
	t.Helper()
	apiextensionsv1.SetDefaults_CustomResourceDefinition(d)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&d.Spec)
	scheme := runtime.NewScheme()
	install.Install(scheme)
	var internal apiextensions.CustomResourceDefinition
	require.NoError(t, scheme.Convert(d, &internal, nil))
	internal.Status.StoredVersions = []string{"v1"}
	return validation.ValidateCustomResourceDefinition(context.Background(), &internal).ToAggregate()
}

// walk visits a schema and all below it; [] stands for items of a list, {} for
// values of a map.
func walk(s *schemaProps, path string, visit func(string, *schemaProps)) {
	visit(path, s)
	for name, p := range s.Properties {
		walk(&p, join(path, name), visit)
	}
	if s.Items != nil && s.Items.Schema != nil {
		walk(s.Items.Schema, path+"[]", visit)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		walk(s.AdditionalProperties.Schema, path+"{}", visit)
	}
}
