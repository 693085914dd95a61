package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/internal/whatif"
	"github.com/energytwin/energytwin/workloads/local"
)

// sharedBuildings are the readings of 20 buildings in 2019, where they lie beside
// the project.
const sharedBuildings = "../../../shared/data/buildings20_2019.csv.gz"

// homesTwin is a twin of made-up homes over ten weeks, with a limit that counts.
const homesTwin = `apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: homes}
spec:
  timezone: Europe/London
  dataset:
    synthetic: {meters: 9, groups: 2, year: 2019}
    window: {start: "2019-02-01", duration: 1680h}
  generator: {mode: Replay, speed: max, warmup: {history: 672h}}
  processor:
    dsm:
      mode: Advisory
      tariff:
        currency: GBP
        price: "0.24"
        demandCharge: "4"
        periods: [{name: night, start: "00:00", end: "07:00", price: "0.16"}]
      flexibility: {shiftableShare: "0.2", maxShift: 6h}
      groups: [{name: feeder-0001, capacityKW: 5}]
`

// An unchanged policy decides what the twin has decided, to the bit, from its
// dataset and from its database.
func TestWhatIfDecidesWhatTheTwinDid(t *testing.T) {
	homes := filepath.Join(t.TempDir(), "homes.yaml")
	require.NoError(t, os.WriteFile(homes, []byte(homesTwin), 0o600))
	for _, c := range []struct{ name, twin, readings string }{
		{"homes", homes, ""},
		{"buildings", "../../config/samples/buildings.yaml", sharedBuildings},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.readings != "" {
				if _, err := os.Stat(c.readings); err != nil {
					t.Skip("the readings of 20 buildings are not there: ../shared/data/buildings20_2019.csv.gz")
				}
			}
			server, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
			dt, err := readTwin(c.twin)
			require.NoError(t, err)
			require.NoError(t, local.Run(t.Context(), local.Options{
				Twin: dt, Version: version, Readings: c.readings, Listen: "127.0.0.1:0", Database: server.URL, UntilDone: true,
				Out: io.Discard, Log: slog.New(slog.DiscardHandler),
			}))
			want := storedDecisions(t, server.URL)
			require.NotEmpty(t, want)
			for name, f := range map[string]whatifFlags{
				"from the dataset":  {twin: c.twin, readings: c.readings, policy: c.twin},
				"from the database": {twin: c.twin, database: server.URL, policy: c.twin},
			} {
				base, other := f.decisions(t)
				require.Equal(t, len(want), len(base), name)
				require.Equal(t, want, base, name)
				require.Equal(t, want, other, "%s, of the alternative", name)
			}
		})
	}
}

// A twin whose policy, issue time and history changed while it ran decides the same
// in a replay of its database: each message is taken under what held then.
func TestWhatIfFollowsTheTwinsChanges(t *testing.T) {
	server, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	dir := t.TempDir()
	path := filepath.Join(dir, "twin.yaml")
	write := func(replace ...string) {
		require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(replace...).Replace(homesTwin)), 0o600))
	}
	run := func(ctx context.Context, untilDone bool) error {
		dt, err := readTwin(path)
		require.NoError(t, err)
		return local.Run(ctx, local.Options{
			Twin: dt, Version: version, DataDir: filepath.Join(dir, "data"), Listen: "127.0.0.1:0", Database: server.URL, UntilDone: untilDone,
			Out: io.Discard, Log: slog.New(slog.DiscardHandler),
		})
	}
	// As long as it replays at this speed, the stream takes a minute.
	slowly := []string{"speed: max", `speed: "60000"`}
	until := func(decisions int, replace ...string) {
		write(append(replace, slowly...)...)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, false) }()
		require.Eventually(t, func() bool { return countDecisions(t, server.URL) >= decisions }, 2*time.Minute, 20*time.Millisecond)
		cancel()
		require.NoError(t, <-ended)
	}
	until(20)
	before := countDecisions(t, server.URL)
	expensive := []string{`price: "0.24"`, `price: "0.48"`, "maxShift: 6h", "maxShift: 3h"}
	until(before+40, expensive...)
	middle := countDecisions(t, server.URL)
	write(append(expensive, "  processor:\n", "  processor:\n    forecast: {issueAt: \"06:00\", historyWindow: 1008h}\n")...)
	require.NoError(t, run(t.Context(), true))
	want := storedDecisions(t, server.URL)
	require.Greater(t, len(want), middle+20, "each of the three specifications decided something")

	write() // what the file says is of no matter
	base, _ := (&whatifFlags{twin: path, database: server.URL}).decisions(t)
	require.Equal(t, len(want), len(base))
	require.Equal(t, want, base)
}

// A twin that was sent prices, carbon intensities and temperatures while it ran decides the same
// in a replay of its database, and so does an unchanged policy beside it.
func TestWhatIfTakesTheSeriesThatWereSent(t *testing.T) {
	server, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	dir := t.TempDir()
	path := filepath.Join(dir, "twin.yaml")
	run := func(ctx context.Context, speed string, untilDone bool) error {
		if err := os.WriteFile(path, []byte(strings.Replace(homesTwin, "speed: max", speed, 1)), 0o600); err != nil {
			return err
		}
		dt, err := readTwin(path)
		if err != nil {
			return err
		}
		return local.Run(ctx, local.Options{
			Twin: dt, Version: version, DataDir: filepath.Join(dir, "data"), Listen: "127.0.0.1:0", Database: server.URL, UntilDone: untilDone,
			Out: io.Discard, Log: slog.New(slog.DiscardHandler),
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- run(ctx, `speed: "60000"`, false) }()
	require.Eventually(t, func() bool { return countDecisions(t, server.URL) >= 20 }, 2*time.Minute, 20*time.Millisecond)
	cancel()
	require.NoError(t, <-stopped)
	before := countDecisions(t, server.URL)

	db, err := reader.Open(t.Context(), server.URL, timescale.Options{})
	require.NoError(t, err)
	defer db.Close()
	start := meter.HourOf(time.Date(2019, 2, 1, 0, 0, 0, 0, time.UTC))
	for name, value := range map[twin.SeriesName]func(h int) float64{
		twin.SeriesPrice:       func(h int) float64 { return .1 + float64((h+9)%24)/40 },
		twin.SeriesCarbon:      func(h int) float64 { return .2 + float64(h%7)/50 },
		twin.SeriesTemperature: func(h int) float64 { return float64(h/40%15) - 2 },
	} {
		n := reader.NewSeries{Series: name, Caller: "test"}
		if name == twin.SeriesPrice {
			n.Currency = "GBP"
		}
		for h := range 80 * meter.HoursPerDay {
			v := value(h)
			n.Hours, n.Values = append(n.Hours, start+meter.Hour(h)), append(n.Values, &v)
		}
		_, _, err := db.PutSeries(t.Context(), &n)
		require.NoError(t, err)
	}
	require.NoError(t, run(t.Context(), "speed: max", true))
	want := storedDecisions(t, server.URL)
	require.Greater(t, len(want), before+20)

	base, other := (&whatifFlags{twin: path, database: server.URL, policy: path}).decisions(t)
	require.Equal(t, len(want), len(base))
	require.Equal(t, want, base)
	require.Equal(t, want, other, "of the alternative")
}

// countDecisions is how many decisions a database has, 0 while it has no tables.
func countDecisions(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return 0
	}
	defer conn.Close(t.Context())
	_ = conn.QueryRow(t.Context(), "SELECT count(*) FROM decisions").Scan(&n)
	return n
}

// storedDecisions are all decisions of a database, by id.
func storedDecisions(t *testing.T, url string) map[string]string {
	t.Helper()
	db, err := reader.Open(t.Context(), url, timescale.Options{})
	require.NoError(t, err)
	defer db.Close()
	out := map[string]string{}
	found, err := db.ListDecisions(t.Context(), reader.DecisionList{To: math.MaxInt32 / 2, Limit: 1 << 20})
	require.NoError(t, err)
	for i := range found {
		out[found[i].ID.String()] = decisionText(&found[i].Decision)
	}
	return out
}

// decisions are those of both scenarios, by id.
func (f *whatifFlags) decisions(t *testing.T) (base, other map[string]string) {
	t.Helper()
	cfg, err := f.config(t.Context(), f.twin)
	require.NoError(t, err)
	in, err := f.open(t.Context(), cfg)
	require.NoError(t, err)
	defer in.close()
	o, err := f.options(t.Context(), in)
	require.NoError(t, err)
	var mu sync.Mutex
	out := [2]map[string]string{{}, {}}
	o.Decided = func(s whatif.Scenario, decisions []twin.Decision) {
		mu.Lock()
		defer mu.Unlock()
		for i := range decisions {
			out[s][decisions[i].ID.String()] = decisionText(&decisions[i].Decision)
		}
	}
	_, err = whatif.Run(t.Context(), in.readings, o)
	require.NoError(t, err)
	return out[0], out[1]
}

// decisionText has every field and every digit.
func decisionText(d *dsm.Decision) string { return fmt.Sprintf("%+v", *d) }

func runWhatif(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newWhatifCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// A tariff at twice the price costs twice as much, to the cent.
func TestWhatIfTheTariffDoubles(t *testing.T) {
	dir := t.TempDir()
	base, double := filepath.Join(dir, "base.yaml"), filepath.Join(dir, "double.yaml")
	require.NoError(t, os.WriteFile(base, []byte(homesTwin), 0o600))
	twice := strings.NewReplacer(`"0.24"`, `"0.48"`, `"0.16"`, `"0.32"`, `"4"`, `"8"`).Replace(homesTwin)
	require.NoError(t, os.WriteFile(double, []byte(twice), 0o600))
	page := filepath.Join(dir, "whatif.html")
	text, err := runWhatif(t, "-f", base, "--policy", double, "--json", "--report", page)
	require.NoError(t, err)
	var r whatif.Report
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	cents := func(v float64) string { return fmt.Sprintf("%.2f", v) }
	check := func(base, other *whatif.Figures) {
		require.Positive(t, base.Energy)
		require.Positive(t, base.Demand)
		require.Equal(t, cents(2*base.Energy), cents(other.Energy))
		require.Equal(t, cents(2*base.Demand), cents(other.Demand))
		require.Equal(t, base.Measured, other.Measured, "what was measured does not change")
	}
	check(&r.Base, r.Alternative)
	require.Len(t, r.Groups, 2)
	energy, plans := 0.0, 0
	for i := range r.Groups {
		check(&r.Groups[i].Base, r.Groups[i].Alternative)
		energy, plans = energy+r.Groups[i].Base.Energy, plans+r.Groups[i].Base.Plans
	}
	require.InDelta(t, r.Base.Energy, energy, 1e-6)
	require.Equal(t, r.Base.Plans, plans)
	require.Positive(t, r.Base.Realised.Energy)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), cents(r.Alternative.Energy))

	text, err = runWhatif(t, "-f", base)
	require.NoError(t, err)
	require.Contains(t, text, cents(r.Base.Energy))
	require.NotContains(t, text, "alternative")
}

// A limit that is higher leaves fewer hours above it.
func TestWhatIfTheLimitRises(t *testing.T) {
	dir := t.TempDir()
	base, higher := filepath.Join(dir, "base.yaml"), filepath.Join(dir, "higher.yaml")
	require.NoError(t, os.WriteFile(base, []byte(homesTwin), 0o600))
	require.NoError(t, os.WriteFile(higher, []byte(strings.Replace(homesTwin, "capacityKW: 5", "capacityKW: 6", 1)), 0o600))
	text, err := runWhatif(t, "-f", base, "--policy", higher, "--json", "--from", "2019-03-10", "--to", "2019-04-01")
	require.NoError(t, err)
	var r whatif.Report
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	require.Equal(t, "2019-03-10T00:00:00Z", r.Start)
	feeder := r.Groups[0]
	require.Equal(t, "feeder-0001", feeder.Name)
	require.Positive(t, feeder.Base.Measured.HoursOver)
	require.Less(t, feeder.Alternative.Measured.HoursOver, feeder.Base.Measured.HoursOver)
	require.LessOrEqual(t, feeder.Base.Planned.KWhOver, feeder.Base.Measured.KWhOver, "plans bring the group down")
	require.Nil(t, r.Groups[1].Base.Measured.LimitKW)
}

func TestWhatIfErrorsNameTheFix(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.yaml")
	require.NoError(t, os.WriteFile(base, []byte(homesTwin), 0o600))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--from", "2019-03-10", "--to", "2019-03-01"}, "--to 2019-03-01 is not after --from 2019-03-10"},
		{[]string{"--from", "March"}, "write a day like 2019-11-01"},
		{[]string{"--policy", base + ".none"}, "no such file"},
	} {
		_, err := runWhatif(t, append([]string{"-f", base}, c.args...)...)
		require.ErrorContains(t, err, c.want)
	}
}
