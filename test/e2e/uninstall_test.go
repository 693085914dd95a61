package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/controllers/resources"
)

// TestUninstall: without the operator a twin runs on; the CRD is not deleted as
// long as there is a twin; an operator that is installed again takes the twin up
// without restarting a pod; and when the twin is gone nothing keeps the CRD.
func TestUninstall(t *testing.T) {
	c := connect(t)
	s := c.space(t, "e2e-uninstall")
	const name = "stays"
	s.make(s.synthetic(name, 20, 365, "3600"))
	s.ready(name)
	stored := s.flows(name, 0)
	t.Cleanup(func() {
		_, err := c.makeTarget(t, "deploy", "IMG="+c.image)
		require.NoError(t, err)
	})

	s.rolls(name, nil, func() {
		_, err := c.makeTarget(t, "undeploy")
		require.NoError(t, err)
		pods, err := c.operatorPods(t.Context())
		require.NoError(t, err)
		require.Empty(t, pods)
		stored = s.flows(name, stored)
		said, err := c.makeTarget(t, "undeploy-crd")
		require.Error(t, err, "the CRD was deleted under a twin: %s", said)
		require.Contains(t, said, name)
		_, err = c.makeTarget(t, "deploy", "IMG="+c.image)
		require.NoError(t, err)
		s.newOperatorLooked(name)
	})

	s.remove(name)
	s.nothingIsLeft(name, deleted)
	_, err := c.makeTarget(t, "undeploy")
	require.NoError(t, err)
	_, err = c.makeTarget(t, "undeploy-crd")
	require.NoError(t, err)
	_, err = c.makeTarget(t, "deploy", "IMG="+c.image)
	require.NoError(t, err)
	c.operatorWorks(t)
	require.Empty(t, s.pods(resources.Name(name, "")))
}

// makeTarget runs one of the targets that a person would.
func (c *cluster) makeTarget(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return command(t, "make", append([]string{"--no-print-directory", "-C", "../.."}, args...)...)
}

// command runs a program and gives what it wrote.
func command(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	t.Logf("%s %s", name, strings.Join(args, " "))
	out, err := exec.Command(name, args...).CombinedOutput()
	t.Log(string(out))
	return string(out), err
}
