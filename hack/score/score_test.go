// Package score runs kube-score over what is installed and over what the operator
// makes for every sample.
package score

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	kubescore "github.com/zegl/kube-score/config"
	"github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	"github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/scorecard"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// exception is a finding that stays, and why.
type exception struct {
	Check   string   `json:"check"`
	Objects []string `json:"objects"` // kind/name, with * for any part of it
	Reason  string   `json:"reason"`
}

// covers is the entry of objects that names the object, "" if none does.
func (e exception) covers(t *testing.T, check, object string) string {
	t.Helper()
	for _, pattern := range e.Objects {
		matches, err := path.Match(pattern, object)
		require.NoError(t, err)
		if e.Check == check && matches {
			return pattern
		}
	}
	return ""
}

func exceptions(t *testing.T) []exception {
	t.Helper()
	content, err := os.ReadFile("exceptions.yaml")
	require.NoError(t, err)
	var out []exception
	require.NoError(t, yaml.UnmarshalStrict(content, &out))
	for _, e := range out {
		require.NotEmpty(t, e.Reason, "%s on %v", e.Check, e.Objects)
	}
	return out
}

// toScore are files of objects: what config makes, and what the operator makes of
// every sample.
func toScore(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "controllers/resources/testdata/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	files = append(files, filepath.Join(root, "dist/install.yaml"), filepath.Join(root, "dist/namespaced.yaml"))
	out := map[string][]byte{}
	for _, file := range files {
		out[filepath.Base(file)], err = os.ReadFile(file)
		require.NoError(t, err)
	}
	return out
}

type named struct {
	io.Reader
	name string
}

func (n named) Name() string { return n.name }

func TestNoCriticalFinding(t *testing.T) {
	known := exceptions(t)
	used := map[string]bool{}
	for name, content := range toScore(t) {
		p, err := parser.New(nil)
		require.NoError(t, err)
		objects, err := p.ParseFiles([]domain.NamedReader{named{bytes.NewReader(content), name}})
		require.NoError(t, err)
		require.NotEmpty(t, objects.PodSpeccers(), name)
		settings := &kubescore.RunConfiguration{
			// A CPU limit slows a pod down while the node has time to spare; requests share it fairly.
			IgnoreContainerCpuLimitRequirement: true,
			MinReplicasDeployment:              2, MinReplicasHPA: 2, KubernetesVersion: kubescore.Semver{Major: 1, Minor: 30},
			EnabledOptionalTests: map[string]struct{}{"container-seccomp-profile": {}},
		}
		card, err := score.Score(objects, score.RegisterAllChecks(objects, nil, settings), settings)
		require.NoError(t, err)
		for _, object := range *card {
			of := object.TypeMeta.Kind + "/" + object.ObjectMeta.Name
			for _, check := range object.Checks {
				if check.Skipped || check.Grade > scorecard.GradeCritical {
					continue
				}
				covered := false
				for _, e := range known {
					if by := e.covers(t, check.Check.ID, of); by != "" {
						used[e.Check+" on "+by], covered = true, true
					}
				}
				if !covered {
					t.Errorf("%s: %s: %s: %s", name, of, check.Check.ID, comments(check))
				}
			}
		}
	}
	for _, e := range known {
		for _, pattern := range e.Objects {
			require.True(t, used[e.Check+" on "+pattern], "the exception for %s on %s is needed no more: delete it", e.Check, pattern)
		}
	}
}

func comments(s scorecard.TestScore) string {
	var out bytes.Buffer
	for _, c := range s.Comments {
		fmt.Fprintf(&out, "%s %s; ", c.Path, c.Summary)
	}
	return out.String()
}
