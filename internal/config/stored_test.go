package config_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/twin"
)

var update = flag.Bool("update", false, "write the document of this version")

// TestStoredDocumentOfEachVersion: what any version wrote is read, with the rules
// that it held.
func TestStoredDocumentOfEachVersion(t *testing.T) {
	files, err := filepath.Glob("testdata/stored/v*.json")
	require.NoError(t, err)
	require.Len(t, files, config.StoredVersion, "each version has a document in testdata/stored")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			document, err := os.ReadFile(file)
			require.NoError(t, err)
			twin, err := config.ParseStored(document)
			require.NoError(t, err)
			require.Equal(t, "riverside", twin.Name)
			require.Equal(t, 24, twin.Kafka.Partitions)
			require.Equal(t, "12:00", twin.Processor.IssueAt)
			require.Equal(t, 9.5, twin.Processor.Policy.Assets[0].Battery.CapacityKWh)
			require.Equal(t, 7.4, twin.Processor.Policy.Assets[1].EV.PowerKW)
			require.NotZero(t, twin.Processor.Policy.Tariff.Default)
			require.Equal(t, strings.HasPrefix(filepath.Base(file), "v1"), twin.Dataset.LayoutUnknown)
		})
	}
}

// A document of this version comes back as it was, and the committed one is what
// the program writes.
func TestStoredComesBack(t *testing.T) {
	twin := storedSample(t)
	document, err := twin.Stored()
	require.NoError(t, err)
	back, err := config.ParseStored(document)
	require.NoError(t, err)
	require.Equal(t, twin, back)

	const file = "testdata/stored/v2.json"
	var indented strings.Builder
	encoder := json.NewEncoder(&indented)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(document))
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(indented.String()), 0o600))
	}
	committed, err := os.ReadFile(file)
	require.NoError(t, err)
	require.JSONEq(t, string(committed), string(document),
		"the document has changed: if one of before means something else now, raise StoredVersion; then go test ./internal/config -update")
}

func TestStoredIsReadStrictly(t *testing.T) {
	document, err := storedSample(t).Stored()
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, err string }{
		"a field that is gone":    {`"issueAt"`, `"issuedAt"`, `unknown field "issuedAt"`},
		"a field of the policy":   {`"wearCost"`, `"wear"`, `unknown field "wear"`},
		"version 0":               {`"version":2`, `"version":0`, "its version 0 is no whole number"},
		"half a version":          {`"version":2`, `"version":1.5`, "its version 1.5 is no whole number"},
		"a later version":         {`"version":2`, `"version":3`, "version 3, and this program knows those up to 2"},
		"no document":             {`{"version"`, `["version"`, "invalid character"},
		"a value of another type": {`"partitions":24`, `"partitions":"24"`, "partitions"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(document), c.old, c.new, 1)
			require.NotEqual(t, string(document), changed)
			_, err := config.ParseStored([]byte(changed))
			require.ErrorIs(t, err, config.ErrStored)
			require.ErrorContains(t, err, c.err)
		})
	}
}

// A document from before forecasts were issued again means what it did.
func TestStoredWithoutReissues(t *testing.T) {
	document, err := storedSample(t).Stored()
	require.NoError(t, err)
	before := strings.Replace(string(document), `"horizon":"24h0m0s","reissue":{"meters":"24h0m0s","groups":"6h0m0s"},`, "", 1)
	require.NotEqual(t, string(document), before)
	was, err := config.ParseStored([]byte(before))
	require.NoError(t, err)
	settings, err := was.Settings()
	require.NoError(t, err)
	rules, err := twin.NewRules(settings)
	require.NoError(t, err)
	require.Equal(t, 24, rules.Reissue)
}

// A seed has 64 bits, of which a float64 would lose some.
func TestStoredKeepsEveryDigit(t *testing.T) {
	twin := storedSample(t)
	twin.Dataset.Synthetic = &config.Synthetic{Seed: math.MaxInt64 - 2}
	document, err := twin.Stored()
	require.NoError(t, err)
	back, err := config.ParseStored(document)
	require.NoError(t, err)
	require.Equal(t, twin.Dataset.Synthetic.Seed, back.Dataset.Synthetic.Seed)
}

// How version 1 read a file is not known: a layout that is written since changes
// nothing.
func TestLayoutOfVersion1IsUnknown(t *testing.T) {
	document, err := os.ReadFile("testdata/stored/v1.json")
	require.NoError(t, err)
	was, err := config.ParseStored(document)
	require.NoError(t, err)
	now := *was
	require.NotNil(t, storedSample(t).Dataset.Layout)
	now.Dataset.Layout = storedSample(t).Dataset.Layout
	require.NoError(t, now.Continues(was))
}

func storedSample(t *testing.T) *config.Twin {
	t.Helper()
	document, err := os.ReadFile("testdata/production.yaml")
	require.NoError(t, err)
	twin := &config.Twin{}
	require.NoError(t, yaml.UnmarshalStrict(document, twin))
	return twin
}
