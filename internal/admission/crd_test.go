package admission

import (
	"context"
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

// The API server accepts the CRD: its schema is structural, its defaults pass
// its own rules, and the estimated cost of all rules is within the limits.
func TestCRDIsAcceptedByTheAPIServersValidation(t *testing.T) {
	var v1crd apiextensionsv1.CustomResourceDefinition
	require.NoError(t, yaml.UnmarshalStrict(crd.DigitalTwin, &v1crd))
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&v1crd)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&v1crd.Spec)
	s := runtime.NewScheme()
	install.Install(s)
	var internal apiextensions.CustomResourceDefinition
	require.NoError(t, s.Convert(&v1crd, &internal, nil))
	internal.Status.StoredVersions = []string{"v1"}
	require.NoError(t, validation.ValidateCustomResourceDefinition(context.Background(), &internal).ToAggregate())
}
