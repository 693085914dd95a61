package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dsm"
)

// What keeps a twin from going on with the readings that are stored is named,
// with what it was; what may change is let through.
func TestContinues(t *testing.T) {
	synthetic := func(change func(*Twin)) *Twin {
		twin := &Twin{
			Timezone: "UTC", Kafka: Kafka{Partitions: 12}, Generator: Generator{Mode: "Replay", WarmUp: Duration(time.Hour)},
			Dataset: Dataset{Synthetic: &Synthetic{Meters: 200, Groups: 8, Seed: 42, Year: 2025}, Source: "synthetic households", InvalidRows: "Quarantine", Span: Duration(8760 * time.Hour)},
		}
		change(twin)
		return twin
	}
	file := func(change func(*Twin)) *Twin {
		return synthetic(func(t *Twin) {
			t.Dataset.Synthetic, t.Dataset.Source, t.Dataset.Path = nil, "url https://example.org/a.csv", "/data/dataset/readings"
			change(t)
		})
	}
	same := func(*Twin) {}
	nested := func(feeder, transformer string) func(*Twin) {
		return func(t *Twin) {
			t.Processor.Policy.Groups = []dsm.Group{{Name: "f", Parent: feeder}, {Name: "t", Parent: transformer}, {Name: "s"}}
		}
	}
	outside := func(t *Twin) { t.Generator.Mode, t.Dataset = "Off", Dataset{} }
	for name, c := range map[string]struct {
		stored, now *Twin
		wrong       string
	}{
		"the same":       {synthetic(same), synthetic(same), ""},
		"groups":         {synthetic(same), synthetic(func(t *Twin) { t.Dataset.Synthetic.Groups = 9 }), "spec.dataset.synthetic.groups is 9, but the readings that are stored were made with 8"},
		"meters":         {synthetic(same), synthetic(func(t *Twin) { t.Dataset.Synthetic.Meters = 9 }), "spec.dataset.synthetic.meters is 9"},
		"seed":           {synthetic(same), synthetic(func(t *Twin) { t.Dataset.Synthetic.Seed = 9 }), "spec.dataset.synthetic.seed is 9"},
		"year":           {synthetic(same), synthetic(func(t *Twin) { t.Dataset.Synthetic.Year = 2024 }), "spec.dataset.synthetic.year is 2024"},
		"a file instead": {synthetic(same), file(same), `spec.dataset is "url https://example.org/a.csv"`},
		"households":     {file(same), synthetic(same), `spec.dataset is "synthetic households"`},
		"another file":   {file(same), file(func(t *Twin) { t.Dataset.Source = "configMap a/b" }), `spec.dataset is "configMap a/b"`},
		"a file that moved": {
			file(func(t *Twin) { t.Dataset.SHA256 = "1" }), file(func(t *Twin) { t.Dataset.SHA256, t.Dataset.Source = "1", "configMap a/b" }), "",
		},
		"a file that grew": {file(func(t *Twin) { t.Dataset.SHA256 = "1" }), file(func(t *Twin) { t.Dataset.SHA256 = "2" }), ""},
		"layout":           {file(same), file(func(t *Twin) { t.Dataset.Layout = &layout.Document{} }), "spec.dataset.layout"},
		"groups of a file": {file(same), file(func(t *Twin) { t.Dataset.Groups = []MeterGroup{{Name: "a"}} }), "spec.dataset.groups"},
		"window":           {file(same), file(func(t *Twin) { t.Dataset.Span = Duration(48 * time.Hour) }), "spec.dataset.window.duration is 48h0m0s"},
		"zone":             {synthetic(same), synthetic(func(t *Twin) { t.Timezone = "Europe/Paris" }), `spec.timezone is "Europe/Paris"`},
		"warm-up":          {synthetic(same), synthetic(func(t *Twin) { t.Generator.WarmUp = 0 }), "spec.generator.warmup.history is 0s"},
		"Loop":             {synthetic(same), synthetic(func(t *Twin) { t.Generator.Mode = "Loop" }), ""},
		"Live":             {synthetic(same), synthetic(func(t *Twin) { t.Generator.Mode = "Live" }), "spec.generator.mode"},
		"from outside":     {synthetic(same), synthetic(outside), ""},
		"after outside":    {synthetic(outside), synthetic(same), ""},
		"a limit":          {synthetic(nested("", "")), synthetic(func(t *Twin) { nested("", "")(t); t.Processor.Policy.Groups[0].CapacityKW = 9 }), ""},
		"a parent":         {synthetic(same), synthetic(nested("t", "s")), `spec.processor.dsm.groups: the highest group above "f" is "s", but the readings that are stored came under "f"`},
		"within the tree":  {synthetic(nested("t", "s")), synthetic(nested("s", "s")), ""},
		"another root":     {synthetic(nested("t", "s")), synthetic(nested("t", "")), `the highest group above "f" is "t", but the readings that are stored came under "s"`},
		"no parent, outside": {
			synthetic(func(t *Twin) { outside(t); nested("t", "s")(t) }), synthetic(outside), `the highest group above "f" is "f", but the readings that are stored came under "s"`,
		},
		"partitions":        {synthetic(outside), synthetic(func(t *Twin) { t.Kafka.Partitions = 6 }), "spec.kafka.topics.partitions is 6"},
		"invalid rows":      {file(same), file(func(t *Twin) { t.Dataset.InvalidRows = "Reject" }), ""},
		"speed and tariffs": {synthetic(same), synthetic(func(t *Twin) { t.Generator.Speed, t.Processor.IssueAt = 9, "06:00" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.now.Continues(c.stored)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wrong)
			require.ErrorContains(t, err, "write what it was")
		})
	}
}
