package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// memoryLimit is that of a twin's API by default; goMemory is its GOMEMLIMIT.
const (
	memoryLimit = 128 << 20
	goMemory    = memoryLimit / 10 * 9
)

// areaYear is a year of an area in SQL: 400 meters in 20 groups, with everything that
// expensive requests read.
const areaYear = `
	INSERT INTO groups (group_no, name) SELECT i, 'feeder-' || lpad(i::text, 4, '0') FROM generate_series(1, 20) i;
	INSERT INTO meters (meter_no, name, group_no, partition) SELECT i, 'home-' || lpad(i::text, 6, '0'), 1 + i % 20, 0 FROM generate_series(1, 400) i;
	INSERT INTO meter_state (meter_no, first_ts, last_ts, last_kwh, readings) SELECT i, '2019-01-01T00:00Z', '2019-12-31T23:00Z', 0.5, 8760 FROM generate_series(1, 400) i;
	INSERT INTO stream_offsets (partition, next_offset, watermark, messages, stored) VALUES (0, 3504000, '2020-01-01T00:00Z', 3504000, 3504000);
	INSERT INTO provenance (digest, model, model_version, image, spec_hash, dataset_sha, tariff, origin) VALUES ('x', 'm', '1', 'i', 's', 'd', 't', 'stream');
	INSERT INTO readings (ts, meter_no, kwh) SELECT t, i, 0.5 FROM generate_series('2019-01-01T00:00Z'::timestamptz, '2019-12-31T23:00Z', interval '1 hour') t, generate_series(1, 20) i;
	INSERT INTO group_load (ts, group_no, partition, kwh, meters, fed_in) SELECT t, i, 0, 10.123456 + i, 20, 0 FROM generate_series('2019-01-01T00:00Z'::timestamptz, '2019-12-31T23:00Z', interval '1 hour') t, generate_series(1, 20) i;
	INSERT INTO forecast_totals (issued_at, group_no, partition, p10, p50, p90, meters) SELECT t, i, 0, array_fill(8.5::float8, ARRAY[24]), array_fill(10.5::float8, ARRAY[24]), array_fill(13.5::float8, ARRAY[24]), array_fill(20, ARRAY[24])
		FROM generate_series('2019-01-01T00:00Z'::timestamptz, '2020-01-01T00:00Z', interval '1 day') t, generate_series(1, 20) i;
	INSERT INTO forecasts (issued_at, meter_no, model, p10, p50, p90) SELECT t, 1, 'combined', array_fill(0.3::real, ARRAY[24]), array_fill(0.5::real, ARRAY[24]), array_fill(0.8::real, ARRAY[24]) FROM generate_series('2019-01-01T00:00Z'::timestamptz, '2020-01-01T00:00Z', interval '1 day') t;
	INSERT INTO decisions (id, issued_at, valid_from, valid_to, actionable_from, last_reading, partition, meter_no, group_no, provenance_no, kwh_shifted, kw_reduction, saving_p10, saving_p50, saving_p90, confidence, missing_share, action, reason, stale, plan, packed_version, saving_energy, saving_demand)
		SELECT gen_random_uuid(), t, t, t + interval '24 hours', t, t, 0, i, 1 + i % 20, 1, 1, 0.5, 0.1, 0.2 + i * 0.0001, 0.3, 0.9, 0, 1, 1, false, array_cat(array_fill(0.5::real, ARRAY[12]), array_fill((-0.5)::real, ARRAY[12])), 2, 0.2, 0.05
		FROM generate_series('2019-01-01T00:00Z'::timestamptz, '2020-01-01T00:00Z', interval '1 day') t, generate_series(1, 100) i;
	INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, co2_kg, saving_demand) SELECT id, issued_at, 0, 1, 1, 0.5, 0.15, 0.1, 0.01 FROM decisions WHERE valid_to <= '2020-01-01T00:00Z';
	INSERT INTO quarantine (partition, stream_offset, reason, detail, key, value) SELECT 0, i, 'bad_kwh', 'x', 'k', convert_to(repeat('v', 400000), 'UTF8') FROM generate_series(1, 500) i;
	ANALYZE`

// expensive are requests that are allowed and ask for as much as they can.
func expensive() []string {
	return []string{
		"/api/v1/load?from=now-365d",
		"/api/v1/groups/feeder-0003/load?from=now-365d",
		"/api/v1/history?from=now-365d&step=1h&groupBy=group&maxPoints=2500",
		"/api/v1/history?from=now-365d&step=1h&groupBy=group&maxPoints=2500&format=csv",
		"/api/v1/history?from=now-365d&step=1h&maxPoints=10000",
		"/api/v1/kpis?from=now-365d&by=day",
		"/api/v1/decisions?from=now-365d&sort=-savingP50&limit=1000",
		"/api/v1/decisions?from=now-365d&sort=-risk&limit=1000",
		"/api/v1/meters?sort=-lastKwh&limit=1000",
		"/api/v1/meters/home-000001/history?from=now-365d&step=1h&maxPoints=10000",
		"/api/v1/meters/home-000001/forecasts?from=now-365d&limit=400",
		"/api/v1/data-quality?limit=500",
		"/api/v1/data-quality/missing?from=now-364d&limit=500",
		"/api/v1/meters?sort=-lastKwh&limit=1000&offset=300&total=true&last24h=true",
		"/api/v1/meters/home-000001/load?from=now-365d",
		"/api/v1/meters/home-000001/data-quality?from=now-365d",
		"/api/v1/groups/feeder-0003/forecasts?from=now-365d&limit=400",
		"/api/v1/groups/feeder-0003/breaches?from=now-365d&probability=0.01",
		"/api/v1/forecasts?from=now-365d&format=csv",
		"/api/v1/forecasts?from=now-365d&format=parquet",
		"/api/v1/forecasts/accuracy?from=now-190d&of=meters&by=hour&all=true",
		"/api/v1/forecasts/accuracy?from=now-365d&of=groups&by=group&all=true",
		"/api/v1/history?from=now-365d&step=1h&format=parquet",
		"/api/v1/decisions?from=now-365d&format=parquet",
		"/api/v1/decisions?from=now-365d&format=ndjson",
		"/api/v1/kpis?from=now-30d&groupBy=meter&by=day&format=csv",
		"/api/v1/prices?from=now-365d&to=now",
		"/api/v1/series/price?from=now-365d&to=now",
		"/api/v1/signals/cheap-hours?from=now-365d&to=now&hours=12&by=carbon",
		"/api/v1/openadr/events?limit=50",
	}
}

// Each operation whose answer grows with a range, or with what is asked for at once, is one of
// the expensive requests.
func TestExpensiveRequestsAreOfEachOperation(t *testing.T) {
	newTestAPI(t, nil) // skips where there is no database
	asked := map[string]bool{}
	for _, request := range expensive() {
		path, _, _ := strings.Cut(request, "?")
		for _, name := range []string{"home-000001", "feeder-0003"} {
			path = strings.ReplaceAll(path, name, "{id}")
		}
		asked[strings.ReplaceAll(path, "/series/price", "/series/{series}")] = true
	}
	short := []string{"/api/v1/webhooks/{id}/deliveries"} // as many as are kept of one
	for path, item := range operationsOf(t).Paths {
		if item.Get == nil || slices.Contains(short, path) {
			continue
		}
		grows := slices.ContainsFunc(item.Get.Parameters, func(p *huma.Param) bool { return p.Name == "from" || p.Name == "limit" })
		require.True(t, !grows || asked[path], "ask for as much of %s as is allowed", path)
	}
}

// No key takes the API down: whatever 32 clients of one ask for, the process stays within
// its memory, another key's plain questions are answered, and what is not answered is
// rejected with when to ask again.
func TestHostileLoad(t *testing.T) {
	u := emptyDatabase(t)
	require.NoError(t, schema.Migrate(t.Context(), u, schema.MigrateOptions{}))
	conn, err := pgx.Connect(t.Context(), u)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), areaYear, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	keys, file := newKeysFile(t)
	base, process, limited := startChild(t, u, file)
	peak := watchMemory(t, process.Pid)

	for _, path := range expensive() {
		// Alone, each is answered; where the machine is busy with other work, once it was asked again.
		require.Eventually(t, func() bool {
			status, header := ask(t, base+path, keys["operator"])
			if status == http.StatusServiceUnavailable {
				assertRetryAfter(t, path, header)
				return false
			}
			assertStatus(t, path, status)
			return true
		}, 5*time.Minute, time.Second)
	}
	var flood, plain sync.WaitGroup
	var over atomic.Bool
	for i := range 32 {
		flood.Go(func() {
			for n := range 5 {
				path := expensive()[(i+n)%len(expensive())]
				status, header := ask(t, base+path, keys["reader"])
				if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
					assertRetryAfter(t, path, header)
					continue
				}
				assertStatus(t, path, status)
			}
		})
	}
	plain.Go(func() {
		for !over.Load() {
			for _, path := range []string{"/api/v1/twin", "/api/v1/decisions?limit=10", "/ready"} {
				if status, header := ask(t, base+path, keys["operator"]); status != http.StatusOK {
					t.Errorf("%s: %d %v", path, status, header)
				}
			}
		}
	})
	flood.Wait()
	over.Store(true)
	plain.Wait()
	t.Logf("at most %d MiB", peak()>>20)
	require.Less(t, peak(), memoryLimit, "the kernel would have ended the process")
	require.Zero(t, limited.kills(t), "the kernel ended the process")
}

func assertStatus(t *testing.T, path string, status int) {
	if status != http.StatusOK {
		t.Errorf("%s: %d", path, status)
	}
}

func assertRetryAfter(t *testing.T, path string, h http.Header) {
	if n, err := strconv.Atoi(h.Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("%s: Retry-After %q", path, h.Get("Retry-After"))
	}
}

// ask reads the whole answer, and nothing of it into memory.
func ask(t *testing.T, url, key string) (int, http.Header) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	r.Header.Set("X-API-Key", key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Errorf("%s: %v", url, err)
	}
	return answer.StatusCode, answer.Header
}

// watchMemory looks every few milliseconds how much memory of its own a process has, which the
// kernel cannot take back as it can pages of the program. peak is the most that was seen, bytes; 0
// where that is not known.
func watchMemory(t *testing.T, pid int) (peak func() int) {
	t.Helper()
	var most atomic.Int64
	go func() {
		for each := time.Tick(5 * time.Millisecond); t.Context().Err() == nil; <-each {
			text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
			if err != nil {
				return
			}
			for line := range strings.Lines(string(text)) {
				rest, found := strings.CutPrefix(line, "RssAnon:")
				if !found {
					continue
				}
				if kB, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
					most.Store(max(most.Load(), int64(kB)<<10))
				}
			}
		}
	}()
	return func() int { return int(most.Load()) }
}

// Variables that make this test binary serve an API, in a process whose memory is its own.
const (
	childDatabase = "ENERGYTWIN_TEST_API_DATABASE"
	childKeys     = "ENERGYTWIN_TEST_API_KEYS"
)

// memoryGroup is a control group of the kernel with the memory limit of a twin's API.
type memoryGroup struct{ folder, events string }

// newMemoryGroup makes a group where the kernel and the user's rights allow it.
func newMemoryGroup(t *testing.T) memoryGroup {
	t.Helper()
	for _, version := range []struct{ root, limit, events string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"},
		{"/sys/fs/cgroup", "memory.max", "memory.events"},
	} {
		folder, err := os.MkdirTemp(version.root, "energytwin-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { require.NoError(t, os.Remove(folder)) })
		// A file that the kernel has not made cannot be made here.
		if os.WriteFile(filepath.Join(folder, version.limit), []byte(strconv.Itoa(memoryLimit)), 0o644) == nil {
			return memoryGroup{folder, version.events}
		}
	}
	t.Log("no control group for memory can be made: the kernel does not hold the process to its limit")
	return memoryGroup{}
}

func (g memoryGroup) take(t *testing.T, pid int) {
	t.Helper()
	if g.folder != "" {
		require.NoError(t, os.WriteFile(filepath.Join(g.folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644))
	}
}

// kills is how many processes of the group the kernel has ended.
func (g memoryGroup) kills(t *testing.T) int {
	t.Helper()
	if g.folder == "" {
		return 0
	}
	text, err := os.ReadFile(filepath.Join(g.folder, g.events))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if count, found := strings.CutPrefix(line, "oom_kill "); found {
			n, err := strconv.Atoi(strings.TrimSpace(count))
			require.NoError(t, err)
			return n
		}
	}
	t.Errorf("%s does not count what was ended: %s", g.events, text)
	return 0
}

// startChild starts the API as a process with the memory that a twin's has.
func startChild(t *testing.T, database, keys string) (base string, p *os.Process, limited memoryGroup) {
	t.Helper()
	limited = newMemoryGroup(t)
	address := freeAddress(t)
	child := exec.Command(os.Args[0], address)
	child.Env = append(os.Environ(), childDatabase+"="+database, childKeys+"="+keys, "GOMEMLIMIT="+strconv.Itoa(goMemory))
	log, err := child.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	limited.take(t, child.Process.Pid)
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			t.Log(lines.Text())
		}
	}()
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	require.Eventually(t, func() bool { return statusOf("http://"+address+"/ready") == 200 }, 2*time.Minute, 10*time.Millisecond)
	return "http://" + address, child.Process, limited
}

// serveChild is what that process does.
func serveChild(database, keys, address string) error {
	ctx := context.Background()
	db, err := reader.Open(ctx, database, timescale.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	twin := filled.Twin()
	twin.API.APIKeysFile, twin.API.Listen = keys, address
	return Run(ctx, twin, Deps{DB: db, Requests: auth.Rate{PerSecond: 1e6, Burst: 1e6}}) // the rate of keys is not what protects it
}
