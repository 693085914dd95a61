package config_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What runs in a pod of a twin links no library of Kubernetes, at any distance: the
// configuration is plain. The parsers of YAML and JSON are of use to anybody.
func TestWorkloadsKnowNoKubernetes(t *testing.T) {
	parsers := []string{"sigs.k8s.io/yaml", "sigs.k8s.io/json", "sigs.k8s.io/json/internal/golang/encoding/json"}
	for _, importer := range []string{
		"internal/config", "internal/series", "internal/twin", "internal/backtest", "internal/whatif",
		"internal/stream", "internal/history", "internal/timescale",
		"workloads/processor", "workloads/generator", "workloads/api", "workloads/prepare", "workloads/backup",
	} {
		t.Run(importer, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../"+importer).Output()
			require.NoError(t, err)
			imported := strings.Fields(string(out))
			require.Contains(t, imported, "github.com/energytwin/energytwin/"+importer)
			for _, p := range imported {
				kubernetes := strings.HasPrefix(p, "k8s.io/") || strings.HasPrefix(p, "sigs.k8s.io/") && !slices.Contains(parsers, p)
				require.False(t, kubernetes || strings.HasPrefix(p, "github.com/energytwin/energytwin/api/"), "%s imports %s", importer, p)
			}
		})
	}
}
