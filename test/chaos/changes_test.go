package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
	"github.com/energytwin/energytwin/internal/config"
)

// households is the twin that is changed in mid-stream: 12 households in 3 groups,
// 24 days after a warm-up of 8. Read by simulated time, half of it takes seconds.
const households = `
dataset: {synthetic: {meters: 12, groups: 3, year: 2025}, window: {start: "2025-01-01", duration: 768h}}
generator: {warmup: {history: 192h}, speed: 400000}
kafka: {topics: {partitions: 3}}
`

// What a change in mid-stream does to rows.
const (
	sameRows     = "same rows"     // all of them are those of a twin that was never changed
	sameReadings = "same readings" // forecasts and decisions before the change too; later ones follow it
	stalls       = "stalls"        // the preparation rejects it, and the twin goes on with what it was
	deletes      = "deletes"       // maintenance deletes rows that are older than the spec says, and no other
)

// dataChange is a row of docs/reference/spec-changes.md that readings, forecasts or
// decisions depend on.
type dataChange struct {
	field, spec, does string
	// says is part of the rejection of a change that stalls.
	says string
	// holds is a query that counts what shows that the change holds.
	holds string
	// decides says that decisions after the change are others, and forecasts that these are:
	// those that plans rest on reach to the end of the planned day.
	decides, forecasts bool
}

func dataChanges() []dataChange {
	return []dataChange{
		{field: "generator.speed", spec: "generator: {speed: max}", does: sameRows},
		{field: "generator.maxLag", spec: "generator: {maxLag: 9000}", does: sameRows},
		{field: "dataset.invalidRows", spec: "dataset: {invalidRows: Reject}", does: sameRows},
		{field: "kafka.topics.retention.size", spec: "kafka: {topics: {retention: {size: 1Gi}}}", does: sameRows},
		{field: "timescale.compressAfter", spec: "timescale: {compressAfter: 336h}", does: sameRows},
		{field: "generator.mode", spec: "generator: {mode: Loop}", does: sameReadings},

		{field: "dataset.synthetic.meters", spec: "dataset: {synthetic: {meters: 13}}", does: stalls, says: "dataset.synthetic.meters"},
		{field: "dataset.synthetic.groups", spec: "dataset: {synthetic: {groups: 4}}", does: stalls, says: "dataset.synthetic.groups"},
		{field: "dataset.synthetic.seed", spec: "dataset: {synthetic: {seed: 7}}", does: stalls, says: "dataset.synthetic.seed"},
		{field: "dataset.synthetic.year", spec: "dataset: {synthetic: {year: 2024}}", does: stalls, says: "dataset.synthetic.year"},
		{field: "dataset.window", spec: "dataset: {window: {duration: 792h}}", does: stalls, says: "dataset.window.duration"},
		{field: "timezone", spec: "timezone: Europe/London", does: stalls, says: "timezone"},
		{field: "generator.warmup.history", spec: "generator: {warmup: {history: 168h}}", does: stalls, says: "generator.warmup.history"},
		{field: "kafka.topics.partitions", spec: "kafka: {topics: {partitions: 4}}", does: stalls, says: "partitions"},

		{field: "processor.allowedLateness", spec: "processor: {allowedLateness: 2h}", does: sameReadings},
		{field: "processor.forecast.historyWindow", spec: "processor: {forecast: {historyWindow: 2016h}}", does: sameReadings},
		{field: "processor.forecast.issueAt", spec: "processor: {forecast: {issueAt: \"06:00\"}}", does: sameReadings,
			holds: "SELECT count(*) FROM forecasts WHERE extract(hour FROM issued_at) = 6"},
		{field: "processor.forecast.horizon", spec: "processor: {forecast: {horizon: 48h}}", does: sameReadings,
			holds: "SELECT count(*) FROM forecasts WHERE cardinality(p50) > 25"},
		{field: "processor.forecast.reissue", spec: "processor: {forecast: {reissue: {meters: 6h}}}", does: sameReadings,
			holds: "SELECT count(*) FROM forecasts WHERE extract(hour FROM issued_at) = 12 AND NOT day_ahead"},
		{field: "processor.dsm.mode", spec: "processor: {dsm: {mode: \"Off\"}}", does: sameReadings, decides: true, forecasts: true},
		{field: "processor.dsm.objective", spec: "processor: {dsm: {objective: {peak: 3}}}", does: sameReadings, decides: true},
		{field: "processor.dsm.tariff", spec: "processor: {dsm: {tariff: {currency: EUR, price: \"0.3\"}}}", does: sameReadings,
			holds: "SELECT count(*) FROM provenance WHERE tariff LIKE '%EUR%'"},
		{field: "processor.dsm.flexibility", spec: "processor: {dsm: {flexibility: {maxShift: 2h}}}", does: sameReadings, decides: true},
		{field: "processor.dsm.groups", spec: "processor: {dsm: {groups: [{name: feeder-0001, capacityKW: 2}]}}", does: sameReadings, decides: true},
		{field: "processor.dsm.assets", spec: "processor: {dsm: {assets: [{name: roof, group: feeder-0001, pv: {peakKW: 4}}]}}", does: sameReadings, decides: true},
		{field: "processor.dsm.minSaving", spec: "processor: {dsm: {minSaving: \"5\"}}", does: sameReadings, decides: true},
		{field: "processor.dsm.hysteresis", spec: "processor: {dsm: {hysteresis: \"0.5\"}}", does: sameReadings},
		{field: "processor.dsm.leadTime", spec: "processor: {dsm: {leadTime: 12h}}", does: sameReadings, decides: true, forecasts: true,
			holds: "SELECT count(*) FROM decisions WHERE extract(hour FROM issued_at) = 12"},
		{field: "processor.dsm.notice", spec: "processor: {dsm: {notice: 3h}}", does: sameReadings},
		{field: "processor.dsm.freshness", spec: "processor: {dsm: {freshness: 24h}}", does: sameReadings},
		{field: "dataset.maxKW", spec: "dataset: {maxKW: \"100\"}", does: sameReadings},
		{field: "processor.forecast.temperature", spec: "processor: {forecast: {temperature: {configMap: {name: weather, key: t.csv}}}}", does: sameReadings,
			holds: "SELECT count(DISTINCT spec_hash) - 1 FROM provenance"},
		{field: "processor.dsm.carbonIntensity", spec: "processor: {dsm: {carbonIntensity: {configMap: {name: grid, key: c.csv}}, objective: {carbon: 2}}}", does: sameReadings,
			decides: true, holds: "SELECT count(*) FROM decisions WHERE co2_kg <> 0"},

		{field: "processor.replicas", spec: "processor: {replicas: 3}", does: sameRows},
		{field: "state", spec: "state: Suspended", does: sameRows}, // and back, after the processes have ended
		{field: "timescale.retention.raw", spec: "timescale: {retention: {raw: 336h}}", does: deletes},
		{field: "timescale.retention.decisions", spec: "timescale: {retention: {decisions: 240h}}", does: deletes},
	}
}

// few are the changes that are made by default: one of each kind. `make chaos` makes
// all of them, which takes some minutes: ENERGYTWIN_CHAOS_CHANGES=all.
var few = []string{"generator.speed", "generator.mode", "dataset.synthetic.groups", "processor.forecast.issueAt", "processor.dsm.tariff"}

// TestChangesInMidStream makes each change that a row depends on while a twin
// replays: generator and processor are processes on a real broker, Redis and
// PostgreSQL, are stopped, prepared and started with the changed spec, as a
// roll-out does. No reading is lost, repeated or rejected by any of them.
func TestChangesInMidStream(t *testing.T) {
	all := os.Getenv("ENERGYTWIN_CHAOS_CHANGES") == "all"
	table, err := os.ReadFile("../../docs/reference/spec-changes.md")
	require.NoError(t, err)
	s := startStores(t)
	s.writeSeries()
	binary := build(t)
	calm := s.apply("calm", s.newDatabase("calm"), households)
	generator, processor := calm.start(binary, "generator", "--until-done"), calm.start(binary, "processor")
	generator.requireEnd()
	processor.stop()
	want := contentsOf(t, calm.database, "infinity")
	require.Positive(t, want["forecasts"].rows)
	require.Positive(t, want["decisions"].rows)
	require.EqualValues(t, 12*768, want["readings"].rows)
	s.forget(calm)
	for i, c := range dataChanges() {
		t.Run(c.field, func(t *testing.T) {
			require.Contains(t, string(table), "| `"+c.field+"` |")
			if !all && !slices.Contains(few, c.field) {
				t.Skip("made with ENERGYTWIN_CHAOS_CHANGES=all, as by make chaos")
			}
			s := s.in(t)
			twin, at := s.interrupted(binary, fmt.Sprintf("changed_%d", i))
			before := contentsOf(t, twin.database, at)
			twin = s.apply("changed", twin.database, households, c.spec)
			if c.does == stalls {
				out, err := exec.CommandContext(t.Context(), binary, "prepare", "--config", twin.config).CombinedOutput()
				require.Error(t, err)
				require.Contains(t, string(out), c.says)
				twin = s.apply("changed", twin.database, households, "generator: {speed: max}")
			}
			processor := twin.start(binary, "processor")
			others := twin.otherProcessors(binary)
			if strings.Contains(c.spec, "Loop") {
				generator := twin.start(binary, "generator")
				awaitHours(t, twin.database, 800)
				generator.stop()
			} else {
				twin.start(binary, "generator", "--until-done").requireEnd()
			}
			for _, p := range append(others, processor) {
				p.stop()
			}
			if c.does == deletes {
				requireOldRowsDeleted(t, twin, want)
				s.forget(twin)
				return
			}
			got := contentsOf(t, twin.database, "infinity")
			require.Zero(t, count(t, twin.database, "SELECT count(*) FROM quarantine"), "rejected")
			if strings.Contains(c.spec, "Loop") {
				require.Greater(t, got["readings"].rows, want["readings"].rows)
				require.Equal(t, got["readings"].rows, count(t, twin.database, "SELECT count(DISTINCT (ts, meter_no)) FROM readings"))
			} else {
				require.Equal(t, want["readings"], got["readings"])
			}
			switch c.does {
			case sameReadings:
				// What was issued before the change stays.
				require.Equal(t, before, contentsOf(t, twin.database, at))
				switch {
				case c.forecasts:
					require.NotEqual(t, want["forecasts"], got["forecasts"])
				case strings.HasPrefix(c.field, "processor.dsm."):
					require.Equal(t, want["forecasts"], got["forecasts"])
				}
				if c.decides {
					require.NotEqual(t, want["decisions"], got["decisions"])
				}
				if c.holds != "" {
					require.Positive(t, count(t, twin.database, c.holds))
				}
			default:
				require.Equal(t, want, got)
			}
			s.forget(twin)
		})
	}
}

// interrupted is a twin whose replay was stopped on its way, and an hour up to which all is
// stored. One that was through before anybody could stop it is replayed again, slower.
func (s *stores) interrupted(binary, name string) (twin *runningTwin, at string) {
	s.t.Helper()
	for speed := 400_000; ; speed /= 4 {
		require.Greater(s.t, speed, 1_000, "no replay can be stopped on its way")
		twin = s.apply("changed", s.newDatabase(fmt.Sprintf("%s_%d", name, speed)), households, fmt.Sprintf("generator: {speed: %d}", speed))
		generator, processor := twin.start(binary, "generator"), twin.start(binary, "processor")
		at = awaitHours(s.t, twin.database, 300)
		generator.stop()
		processor.stop()
		if count(s.t, twin.database, "SELECT count(*) FROM readings") < 12*768 {
			return twin, at
		}
		s.forget(twin)
	}
}

// A zone that is no whole hours off UTC, and whose clocks change within the window,
// through a generator and a processor of their own: what is sent is stored.
func TestOddZonesStoreWhatIsSent(t *testing.T) {
	s := startStores(t)
	binary := build(t)
	for zone, dataset := range map[string]string{
		"Asia/Kolkata":        `synthetic: {year: 2025}, window: {start: "2025-01-01", duration: 500h}`,
		"Asia/Kathmandu":      `synthetic: {year: 2025}, window: {start: "2025-01-01", duration: 500h}`,
		"Australia/Lord_Howe": `synthetic: {year: 2025}, window: {start: "2025-03-28", duration: 500h}`, // back by half an hour on 6 April
		"America/St_Johns":    `synthetic: {year: 2025}, window: {start: "2025-03-01", duration: 500h}`,
		"America/Sao_Paulo":   `synthetic: {year: 2018}, window: {start: "2018-10-25", duration: 500h}`, // no midnight on 4 November
	} {
		t.Run(zone, func(t *testing.T) {
			s := s.in(t)
			database := s.newDatabase(strings.ToLower(strings.ReplaceAll(zone, "/", "_")))
			twin := s.apply("odd", database, households, "timezone: "+zone+"\ndataset: {"+dataset+"}\ngenerator: {speed: max}")
			generator, processor := twin.start(binary, "generator", "--until-done"), twin.start(binary, "processor")
			generator.requireEnd()
			processor.stop()
			require.EqualValues(t, 12*500, count(t, database, "SELECT count(*) FROM readings"))
			require.Zero(t, count(t, database, "SELECT count(*) FROM quarantine"))
			s.forget(twin)
		})
	}
}

// in are the stores for a part of a test.
func (s *stores) in(t *testing.T) *stores {
	part := *s
	part.t = t
	return &part
}

// apply writes the configuration of a twin whose spec is merged from some
// documents.
func (s *stores) apply(name, database string, specs ...string) *runningTwin {
	s.t.Helper()
	spec := map[string]any{}
	for _, doc := range specs {
		var change map[string]any
		require.NoError(s.t, yaml.Unmarshal([]byte(doc), &change))
		merge(spec, change)
	}
	document, err := yaml.Marshal(map[string]any{
		"apiVersion": v1.GroupVersion.String(), "kind": v1.Kind, "metadata": map[string]any{"name": "riverside"}, "spec": spec,
	})
	require.NoError(s.t, err)
	checker, err := admission.New()
	require.NoError(s.t, err)
	resource, err := checker.Read(name, document)
	require.NoError(s.t, err)
	resource.Namespace = "default"
	twin := &runningTwin{t: s.t, stores: s, database: database, config: s.configFile(name), replicas: ptr.Deref(resource.Spec.Processor.Replicas, 1)}
	s.configure(twin, resource, "", func(*config.Twin) {})
	return twin
}

// merge writes the fields of a document over those of another.
func merge(into, from map[string]any) {
	for name, value := range from {
		inner, nested := value.(map[string]any)
		if before, there := into[name].(map[string]any); nested && there {
			merge(before, inner)
			continue
		}
		into[name] = value
	}
}

// content is a table's rows.
type content struct {
	rows int64
	sum  string
}

// contentsOf are the readings, forecasts and decisions of a database before a time.
func contentsOf(t *testing.T, database, before string) map[string]content {
	t.Helper()
	conn := dial(t, database)
	out := map[string]content{}
	for table, columns := range map[string]string{
		"readings":  "ts, m.name, channel, kwh, quality",
		"forecasts": "issued_at, m.name, model, p10, p50, p90",
		"decisions": "issued_at, id, plan, saving_p50",
	} {
		moment, _, _ := strings.Cut(columns, ",")
		sql := fmt.Sprintf(`SELECT count(*), coalesce(md5(string_agg(row, '' ORDER BY row)), '') FROM (
			SELECT ROW(%s)::text AS row FROM %s LEFT JOIN meters m USING (meter_no) WHERE %s < $1::timestamptz) x`, columns, table, moment)
		var c content
		require.NoError(t, conn.QueryRow(t.Context(), sql, before).Scan(&c.rows, &c.sum))
		out[table] = c
	}
	return out
}

// awaitHours waits until each partition has stored some hours, and answers the hour
// before which all are.
func awaitHours(t *testing.T, database string, hours int) string {
	t.Helper()
	conn := dial(t, database)
	deadline := time.Now().Add(5 * time.Minute)
	for {
		var least time.Time
		var n int
		err := conn.QueryRow(t.Context(), `SELECT coalesce(min(last), 'epoch'), count(*) FROM (
			SELECT max(ts) AS last FROM readings GROUP BY meter_no HAVING count(*) >= $1) x`, hours).Scan(&least, &n)
		require.NoError(t, err)
		if n == 12 {
			return least.UTC().Format(time.RFC3339)
		}
		require.True(t, time.Now().Before(deadline), "%d meters have %d hours", n, hours)
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func count(t *testing.T, database, sql string) (n int64) {
	t.Helper()
	require.NoError(t, dial(t, database).QueryRow(t.Context(), sql).Scan(&n))
	return n
}

func dial(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
