package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInstalledOperatorIsReady: the operator runs from the image under test.
func TestInstalledOperatorIsReady(t *testing.T) {
	c := connect(t)
	c.operatorWorks(t)
	pods, err := c.operatorPods(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, pods)
	for _, p := range pods {
		require.Equal(t, c.image, p.Spec.Containers[0].Image)
	}
}
