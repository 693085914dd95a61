package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// crdInKubectl is the CRD as everywhere names it.
const crdInKubectl = "customresourcedefinition/digitaltwins.twin.energytwin.dev"

// TestOneNamespace: an operator that has rights in one namespace alone works
// there, and goes without a trace.
func TestOneNamespace(t *testing.T) {
	c := connect(t)
	s := c.space(t, "e2e-one-namespace")
	where := []string{"OVERLAY=namespaced", "NAMESPACE=" + s.name}
	uninstall := func() error {
		_, err := c.makeTarget(t, append([]string{"undeploy"}, where...)...)
		return err
	}
	s.instead(uninstall)

	_, err := c.makeTarget(t, "deploy-crd")
	require.NoError(t, err)
	empty := s.here()
	_, err = c.makeTarget(t, append([]string{"deploy", "IMG=" + c.image}, where...)...)
	require.NoError(t, err)
	require.Equal(t, []string{crdInKubectl}, c.everywhere(t), "what is installed for one namespace is in it")
	s.firstTwin()

	require.NoError(t, uninstall())
	s.isAsBefore(empty)
	_, err = c.makeTarget(t, "undeploy-crd")
	require.NoError(t, err)
	require.Empty(t, c.everywhere(t))
}

// TestChart: a release of the Helm chart works; uninstalled, it leaves the CRD,
// which is then removed as with the other ways.
func TestChart(t *testing.T) {
	helm := os.Getenv("ENERGYTWIN_E2E_HELM")
	if helm == "" {
		var err error
		if helm, err = exec.LookPath("helm"); err != nil {
			t.Skip("no Helm: put helm on the PATH, or name it in ENERGYTWIN_E2E_HELM")
		}
	}
	c := connect(t)
	s := c.space(t, "e2e-chart")
	uninstall := func() error {
		_, err := command(t, helm, "uninstall", "energytwin", "--namespace", s.name, "--wait")
		return err
	}
	s.instead(uninstall)

	empty := s.here()
	_, err := command(t, helm, append([]string{"install", "energytwin", "../../dist/chart", "--namespace", s.name}, imageValues(t, c.image)...)...)
	require.NoError(t, err)
	s.firstTwin()

	require.NoError(t, uninstall())
	// The operator makes its lease itself, so that no release knows of it.
	s.isAsBefore(append(empty, "lease/"+leaseName))
	require.Equal(t, []string{crdInKubectl}, c.everywhere(t))
	_, err = c.makeTarget(t, "undeploy-crd")
	require.NoError(t, err)
	require.Empty(t, c.everywhere(t))
}

// imageValues gives the chart an image.
func imageValues(t *testing.T, image string) []string {
	t.Helper()
	named, err := reference.ParseNormalizedNamed(image)
	require.NoError(t, err)
	var tag, digest string
	if tagged, ok := named.(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		digest = digested.Digest().String()
	}
	return []string{
		"--set-string", "image.repository=" + named.Name(), "--set-string", "image.tag=" + tag, "--set-string", "image.digest=" + digest,
	}
}

// instead removes the operator that all tests share, with the CRD, so that the
// test installs another in its namespace. At the end it is the other way round.
func (s *space) instead(uninstall func() error) {
	s.t.Helper()
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.describePods(context.WithoutCancel(s.t.Context()), s.name)
			_ = uninstall() // two operators undo what each other does
		}
		_, err := s.makeTarget(s.t, "deploy", "IMG="+s.image)
		require.NoError(s.t, err)
	})
	_, err := s.makeTarget(s.t, "undeploy")
	require.NoError(s.t, err)
	_, err = s.makeTarget(s.t, "undeploy-crd")
	require.NoError(s.t, err)
	require.Empty(s.t, s.everywhere(s.t))
	s.home = s.name
}

// firstTwin brings a twin to life and deletes it again.
func (s *space) firstTwin() {
	s.t.Helper()
	const name = "first"
	s.operatorWorks(s.t)
	s.make(s.synthetic(name, 20, 365, "3600"))
	s.ready(name)
	s.flows(name, 0)
	leader, err := s.leader(s.t.Context())
	require.NoError(s.t, err)
	pods, err := s.operatorPods(s.t.Context())
	require.NoError(s.t, err)
	require.Len(s.t, pods, 1)
	require.Equal(s.t, pods[0].Name, leader, "the holder of the lease")
	s.remove(name)
	s.nothingIsLeft(name, deleted)
}

// isAsBefore waits until the namespace has the objects that it had, and no other.
func (s *space) isAsBefore(before []string) {
	s.t.Helper()
	eventually(s.t, "namespace "+s.name+" as it was before", func() (string, bool) {
		now := slices.DeleteFunc(s.here(), func(o string) bool { return slices.Contains(before, o) })
		return strings.Join(now, " "), len(now) == 0
	})
}

// here are all objects of the namespace but events, which nobody deletes.
func (s *space) here() []string {
	s.t.Helper()
	// Of a group that does not answer there is nothing to say.
	lists, _ := s.kube.Discovery().ServerPreferredNamespacedResources()
	require.NotEmpty(s.t, lists)
	var out []string
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		require.NoError(s.t, err)
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && r.Name != "events" {
				out = append(out, s.names(s.t, group.WithKind(r.Kind), client.InNamespace(s.name))...)
			}
		}
	}
	return out
}

// everywhere are the objects of an installation that are in no namespace.
func (c *cluster) everywhere(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, kind := range []schema.GroupVersionKind{
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"},
	} {
		out = append(out, c.names(t, kind)...)
	}
	return slices.DeleteFunc(out, func(name string) bool { return !strings.Contains(name, "energytwin") })
}

// names are the objects of a kind as kubectl names them.
func (c *cluster) names(t *testing.T, kind schema.GroupVersionKind, options ...client.ListOption) []string {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := c.List(t.Context(), list, options...)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil // the kind went meanwhile
	}
	require.NoError(t, err, fmt.Sprint(kind))
	var out []string
	for i := range list.Items {
		out = append(out, inKubectl(&list.Items[i]))
	}
	return out
}
