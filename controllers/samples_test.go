package controllers

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Every sample becomes Ready under the operator's own rights.
func TestSamplesBecomeReady(t *testing.T) {
	sp := newSpace(t)
	for _, name := range []string{"kafka-user", "redis-user", "database-user", "mqtt-user"} {
		sp.secret(name, "username", "twin", "password", "p")
	}
	sp.secret("company-ca", "ca.crt", authority(t))
	sp.secret("twin-api-keys", "alice", strongKey)
	sp.secret("twin-oidc", "clientSecret", "s3cret")
	sp.secret("twin-tracing", "headers", "x-api-key=s3cret")
	sp.secret("backup-bucket", "accessKeyID", "a", "secretAccessKey", "b")
	for name, key := range map[string]string{"buildings-readings": "readings.csv.gz", "agile-prices": "prices.csv.gz"} {
		sp.configMap(name, key, "1")
	}
	files, err := os.ReadDir("../config/samples")
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		if f.Name() != "kustomization.yaml" {
			names = append(names, sp.sampleTwin(f.Name()).Name)
		}
	}
	require.GreaterOrEqual(t, len(names), 4)
	for _, name := range names {
		sp.ready(name)
	}
	monitor := &unstructured.Unstructured{}
	monitor.SetGroupVersionKind(gvk{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"})
	require.True(t, sp.child(monitor, "riverside"))
	require.Empty(t, sp.requests.rejected())
	sp.quiet()
}
