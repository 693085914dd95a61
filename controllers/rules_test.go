package controllers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/internal/admission/admissiontest"
)

// unattended is a namespace that no operator looks after.
func (s *suite) unattended(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("unattended-%d", s.spaces.Add(1))
	require.NoError(t, s.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	return name
}

func document(t *testing.T, ns string, doc []byte) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal(doc, &u.Object))
	u.SetNamespace(ns)
	return u
}

// Each rule of the CRD is broken by a twin that the API server rejects, with the
// rule's own words.
func TestAPIServerRefusesWhatBreaksARule(t *testing.T) {
	s := needSuite(t)
	t.Parallel()
	ns := s.unattended(t)
	var said strings.Builder
	rejected := func(name string, err error) {
		require.True(t, apierrors.IsInvalid(err) || apierrors.IsBadRequest(err), "%s: %v", name, err)
		said.WriteString(err.Error() + "\n")
	}
	for name, c := range admissiontest.Rejections() {
		rejected(name, s.admin.Create(t.Context(), document(t, ns, c.Doc), client.DryRunAll))
	}
	misnamed := document(t, ns, admissiontest.With("state: Running"))
	misnamed.SetName("a.b")
	rejected("name", s.admin.Create(t.Context(), misnamed, client.DryRunAll))
	for name, c := range admissiontest.Changes() {
		before, after := c.Twins()
		live := document(t, ns, before)
		require.NoError(t, s.admin.Create(t.Context(), live), name)
		if c.HasStatus() {
			ran := document(t, ns, c.WithStatus(before))
			ran.SetResourceVersion(live.GetResourceVersion())
			require.NoError(t, s.admin.Status().Update(t.Context(), ran), name)
			live = ran
		}
		wanted := document(t, ns, after)
		wanted.SetResourceVersion(live.GetResourceVersion())
		err := s.admin.Update(t.Context(), wanted, client.DryRunAll)
		if c.Message == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.Message, name)
			rejected(name, err)
		}
		require.NoError(t, s.admin.Delete(t.Context(), live), name)
	}
	rules := ruleMessages(t)
	require.Greater(t, len(rules), 50)
	for _, message := range rules {
		require.Contains(t, said.String(), message)
	}
}

// ruleMessages are the messages of all rules of the CRD.
func ruleMessages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../config/crd/bases/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 1)
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	crd := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.Unmarshal(content, crd))
	var out []string
	gatherMessages(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &out)
	slices.Sort(out)
	return slices.Compact(out)
}

func gatherMessages(s *apiextensionsv1.JSONSchemaProps, into *[]string) {
	for _, rule := range s.XValidations {
		*into = append(*into, rule.Message)
	}
	for _, p := range s.Properties {
		gatherMessages(&p, into)
	}
	if s.Items != nil && s.Items.Schema != nil {
		gatherMessages(s.Items.Schema, into)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		gatherMessages(s.AdditionalProperties.Schema, into)
	}
}
