package admission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/admission/admissiontest"
)

func TestRefusals(t *testing.T) {
	checker := newChecker(t)
	for name, c := range admissiontest.Rejections() {
		t.Run(name, func(t *testing.T) {
			_, err := checker.Read("twin.yaml", c.Doc)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			match := problems[0]
			for _, p := range problems {
				if p.Field == c.Field && strings.Contains(p.Message, c.Message) {
					match = p
				}
			}
			require.Equal(t, "twin.yaml", match.File)
			require.Equal(t, c.Field, match.Field, "%v", problems)
			require.Contains(t, match.Message, c.Message)
			require.Equal(t, c.Line, match.Line, "%v", problems)
		})
	}
}

func TestNamesOfTwins(t *testing.T) {
	checker := newChecker(t)
	for name, ok := range map[string]bool{
		"a":                     true,
		"riverside-2":           true,
		strings.Repeat("a", 40): true,
		strings.Repeat("a", 41): false,
		"2-riverside":           false,
		"riverside-":            false,
		"river.side":            false,
		"Riverside":             false,
	} {
		content := strings.Replace(string(admissiontest.With("state: Running")), "riverside", name, 1)
		_, err := checker.Read("twin.yaml", []byte(content))
		if ok {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, "metadata.name", name)
	}
}

func TestAdmitted(t *testing.T) {
	cases := map[string][]byte{
		"groups on four levels": admissiontest.With("processor: {dsm: {groups: [{name: d, capacityKW: 1, parent: c}, {name: a, capacityKW: '0'}, {name: b, capacityKW: 1, parent: a}, " +
			"{name: c, capacityKW: 1, parent: b}, {name: e, capacityKW: 1, parent: b}]}}"),
		"nothing but households":   admissiontest.Twin("  dataset: {synthetic: {}}"),
		"readings from outside":    admissiontest.Twin("  generator: {mode: 'Off'}"),
		"fewer meters than groups": admissiontest.Twin("  dataset: {synthetic: {meters: 3}}"),
		"short window, outside":    admissiontest.Twin("  dataset: {synthetic: {}, window: {duration: 48h}}\n  generator: {mode: 'Off'}"),
		"stream within its volume": admissiontest.With("kafka: {topics: {retention: {size: 8Gi}}, managed: {storage: {size: 10Gi}}}"),
		"memory within the limit":  admissiontest.With("redis: {managed: {maxMemory: 1Gi, resources: {limits: {memory: 1280Mi}}}}"),
		"speed max":                admissiontest.With("generator: {speed: max}"),
		"speed as a number":        admissiontest.With("generator: {speed: 3600}"),
		"speed below one":          admissiontest.With("generator: {speed: '0.5'}"),
		"no warm-up":               admissiontest.With("generator: {warmup: {history: 0h}}"),
		"live":                     admissiontest.With("generator: {mode: Live}"),
		"negative price":           admissiontest.With("processor: {dsm: {tariff: {currency: GBP, price: '-0.05'}}}"),
		"over midnight":            admissiontest.With("processor: {dsm: {tariff: {currency: GBP, price: 1, periods: [{name: night, start: '22:00', end: '06:00', price: 0}]}}}"),
		"many processors":          admissiontest.With("processor: {replicas: 24}\n  kafka: {topics: {partitions: 24}}"),
		"no processor":             admissiontest.With("processor: {replicas: 0}"),
		"IPv6 broker":              admissiontest.With("kafka: {external: {bootstrapServers: ['[2001:db8::1]:9092']}}"),
		"zone of three parts":      admissiontest.With("timezone: America/Argentina/Buenos_Aires"),
		"zone with a sign":         admissiontest.With("timezone: Etc/GMT+3"),
		"null is left out":         admissiontest.With("kafka: null"),
		"whole number of cores":    admissiontest.With("api: {resources: {requests: {cpu: 1}, limits: {cpu: 2}}}"),
	}
	checker := newChecker(t)
	for name, content := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := checker.Read("twin.yaml", content)
			require.NoError(t, err)
		})
	}
}
