package resources

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
)

var (
	sha   = "sha256:" + strings.Repeat("a", 64)
	other = "sha256:" + strings.Repeat("b", 64)
)

func TestParseImage(t *testing.T) {
	for _, c := range []struct{ text, repository, path, tag, suffix string }{
		{"redis", "redis", "library/redis", "", ""},
		{"redis:7", "redis", "library/redis", "7", ":7"},
		{"apache/kafka:4.1.1", "apache/kafka", "apache/kafka", "4.1.1", ":4.1.1"},
		{"docker.io/apache/kafka@" + sha, "docker.io/apache/kafka", "apache/kafka", "", "@" + sha},
		{"ghcr.io/a/b:v1@" + sha, "ghcr.io/a/b", "a/b", "v1", ":v1@" + sha},
		{"registry.example.org:5000/a/b", "registry.example.org:5000/a/b", "a/b", "", ""},
		{"registry.example.org:5000/a/b:v1", "registry.example.org:5000/a/b", "a/b", "v1", ":v1"},
		{"registry.example.org:5000/a/b:v1@" + sha, "registry.example.org:5000/a/b", "a/b", "v1", ":v1@" + sha},
		{"localhost/a:v1", "localhost/a", "a", "v1", ":v1"},
		{"localhost:5000/a@" + sha, "localhost:5000/a", "a", "", "@" + sha},
		{"127.0.0.1:5000/a:v1", "127.0.0.1:5000/a", "a", "v1", ":v1"},
		{"[fd00::1]:5000/a:v1", "[fd00::1]:5000/a", "a", "v1", ":v1"},
		{"energytwin:dev", "energytwin", "library/energytwin", "dev", ":dev"},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := parseImage(c.text)
			require.NoError(t, err)
			require.Equal(t, []string{c.repository, c.path, c.tag, c.suffix},
				[]string{got.repository(), got.path, got.tag, got.suffix()})
			require.Equal(t, c.text, got.below(""))
			require.Equal(t, "m.example.org:5000/x/"+c.path+c.suffix, got.below("m.example.org:5000/x"))
			require.Equal(t, c.repository+":9", got.at("9").text, "a digest belongs to the tag before")
			require.Equal(t, "m.example.org/"+c.path+":9", got.at("9").below("m.example.org"))
		})
	}
	for _, bad := range []string{"", ":", "a b", "a/Upper", "a:", "a@sha256:short", "https://example.org/a", "a@", "/a", "a:v1:v2", "host:port/a:1"} {
		require.Error(t, CheckImage(bad), bad)
	}
}

// The forms in which the chart, kustomize and people write the operator's own
// image: under Manual, no other operator moves a twin.
func TestPinsOutliveTheOperator(t *testing.T) {
	forms := []string{
		"ghcr.io/energytwin/energytwin:v1", "ghcr.io/energytwin/energytwin@" + sha, "ghcr.io/energytwin/energytwin:v1@" + sha,
		"registry.example.org:5000/energytwin:v1@" + sha, "localhost/energytwin:v1", "energytwin:dev",
	}
	for _, before := range forms {
		pins := DefaultImages(before)
		twin := twinOf(t, smallest)
		pinned := v1.PinnedImages(pins)
		record := &Record{Pins: &pinned}
		for _, after := range append(forms, "ghcr.io/energytwin/energytwin:v2@"+other, "elsewhere.example.org/energytwin:v2@"+other) {
			got, err := ResolveImages(twin, PinnedImages(twin, record, DefaultImages(after)))
			require.NoError(t, err)
			require.Equal(t, pins, got, "%s, then an operator of %s", before, after)
		}
	}
}

func TestResolveImages(t *testing.T) {
	pins := DefaultImages("ghcr.io/energytwin/energytwin:v1@" + sha)
	pins.Redis = "redis@" + sha
	for name, c := range map[string]struct{ spec, workloads, kafka, redis string }{
		"nothing":       {"", pins.Workloads, pins.Kafka, pins.Redis},
		"in full":       {"  image: a.example.org:5000/b@" + other + "\n  redis: {managed: {image: \"r:1\"}}\n", "a.example.org:5000/b@" + other, pins.Kafka, "r:1"},
		"version":       {"  kafka: {managed: {version: 4.1.0}}\n  redis: {managed: {version: \"7.2\"}}\n", pins.Workloads, "docker.io/apache/kafka:4.1.0", "redis:7.2"},
		"mirror":        {"  imageRegistry: m.example.org/x\n", "m.example.org/x/energytwin/energytwin:v1@" + sha, "m.example.org/x/apache/kafka:4.1.1", "m.example.org/x/library/redis@" + sha},
		"mirror, named": {"  imageRegistry: m.example.org/x\n  image: a/b:1\n  kafka: {managed: {version: 4.1.0}}\n", "a/b:1", "m.example.org/x/apache/kafka:4.1.0", "m.example.org/x/library/redis@" + sha},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ResolveImages(twinOf(t, smallest+c.spec), pins)
			require.NoError(t, err)
			require.Equal(t, []string{c.workloads, c.kafka, c.redis}, []string{got.Workloads, got.Kafka, got.Redis})
		})
	}
	for field, spec := range map[string]string{
		"spec.image":                   "  image: \"ghcr.io/energytwin/energytwin:\"\n",
		"spec.kafka.managed.image":     "  kafka: {managed: {image: \"https://example.org/kafka\"}}\n",
		"spec.redis.managed.image":     "  redis: {managed: {image: \"Redis\"}}\n",
		"spec.timescale.managed.image": "  timescale: {managed: {image: \"a@sha256:1\"}}\n",
	} {
		_, err := ResolveImages(twinOf(t, smallest+spec), pins)
		require.ErrorContains(t, err, field+": ")
	}
}

// A twin of an operator that recorded no pins keeps what it runs, but for what
// the spec names.
func TestPinsAreTakenFromWhatRuns(t *testing.T) {
	chosen := DefaultImages("ghcr.io/energytwin/energytwin:v2")
	for name, c := range map[string]struct{ spec, ran, want string }{
		"the operator's":        {"", "ghcr.io/energytwin/energytwin:v1@" + sha, "ghcr.io/energytwin/energytwin:v1@" + sha},
		"of the spec":           {"  image: example.org/own:1\n", "example.org/own:1", chosen.Workloads},
		"from another registry": {"  imageRegistry: m.example.org/x\n", "m.example.org/x/energytwin/energytwin:v1", "ghcr.io/energytwin/energytwin:v1"},
		"never ran":             {"", "", chosen.Workloads},
	} {
		t.Run(name, func(t *testing.T) {
			twin := twinOf(t, smallest+c.spec)
			record := &Record{Ran: Ran{Images: map[string]string{"processor": c.ran, "api": "x"}}}
			require.Equal(t, c.want, PinnedImages(twin, record, chosen).Workloads)
			require.Equal(t, chosen.Kafka, PinnedImages(twin, record, chosen).Kafka)
		})
	}
}

func TestPostgresMajor(t *testing.T) {
	for text, want := range map[string]string{
		DefaultImages("a").Timescale: "17", "timescale/timescaledb:2.22.1-pg17@" + sha: "17", "localhost:5000/db:2.22.1-pg16-oss": "16",
		"example.org/db@" + sha: "", "example.org/pg17:1": "", "example.org:5000/db": "",
	} {
		require.Equal(t, want, PostgresMajor(text), text)
	}
}
