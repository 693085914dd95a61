package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// bench is the API on a filled database, with a key, and a second one whose statements are
// recorded: these are asked again without the API.
type bench struct {
	dir      string
	key      string
	db       *reader.DB
	server   *httptest.Server
	recorder *recorder
	recorded http.Handler
	recordDB *reader.DB
}

func newBench(ctx context.Context, url string) (b *bench, err error) {
	b = &bench{recorder: &recorder{}}
	if b.dir, err = os.MkdirTemp("", "energytwin-benchapi-"); err != nil {
		return nil, err
	}
	twin := filled.Twin()
	twin.API.APIKeysFile = filepath.Join(b.dir, "keys")
	key, line, err := auth.NewKey("bench", auth.ScopeRead, time.Time{})
	if err != nil {
		return nil, err
	}
	b.key = key
	if err := os.WriteFile(twin.API.APIKeysFile, []byte(line+"\n"), 0o600); err != nil {
		return nil, err
	}
	if b.db, err = reader.Open(ctx, url, timescale.Options{}); err != nil {
		return nil, err
	}
	handler, err := handlerOf(twin, b.db)
	if err != nil {
		return nil, err
	}
	b.server = httptest.NewServer(handler)
	if b.recordDB, err = recordingDB(ctx, b.db, b.recorder); err != nil {
		return nil, err
	}
	b.recorded, err = handlerOf(twin, b.recordDB)
	return b, err
}

func handlerOf(twin config.Twin, db *reader.DB) (http.Handler, error) {
	const unlimited = 1e9 // the limits of a key are not what is measured
	return api.NewHandler(twin, api.Deps{DB: db, Requests: auth.Rate{PerSecond: unlimited, Burst: unlimited}})
}

func (b *bench) close() {
	b.server.Close()
	b.db.Close()
	b.recordDB.Close()
	_ = os.RemoveAll(b.dir) // a folder for temporary files
}

// statement is what the API asked of the database.
type statement struct {
	sql  string
	args []any
}

// recorder is a tracer of pgx that keeps statements, those of a batch one by one.
type recorder struct {
	mu  sync.Mutex
	all []statement
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, statement{data.SQL, slices.Clone(data.Args)})
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, statement{data.SQL, slices.Clone(data.Args)})
}

func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// take returns what was recorded since it was last called.
func (r *recorder) take() []statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.all
	r.all = nil
	return out
}

func recordingDB(ctx context.Context, of *reader.DB, r *recorder) (*reader.DB, error) {
	cfg := of.Pool.Config()
	cfg.ConnConfig.Tracer = r
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db := *of
	db.Pool = pool
	return &db, nil
}

// statementsOf are those that answer a question when nothing of it is remembered from
// before but what the API remembers between requests.
func (b *bench) statementsOf(q question) ([]statement, error) {
	ask := func() error {
		r := httptest.NewRequest(http.MethodGet, "/api/v1"+q.path, nil)
		r.Header.Set("X-API-Key", b.key)
		w := httptest.NewRecorder()
		b.recorded.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return fmt.Errorf("%s: status %d: %s", q.path, w.Code, w.Body)
		}
		return nil
	}
	if err := ask(); err != nil { // connects, and remembers the size of the twin
		return nil, err
	}
	b.recorder.take()
	if err := ask(); err != nil {
		return nil, err
	}
	return b.recorder.take(), nil
}

// line is the figures of a question, in seconds.
type line struct {
	Question  string  `json:"question"`
	Target    float64 `json:"target"`
	Median    float64 `json:"median"`
	SQLMedian float64 `json:"sqlMedian"`
	P99       float64 `json:"p99"`
	SQLP99    float64 `json:"sqlP99"`
	Asked     int     `json:"asked"`
	Rejected  int     `json:"rejected"` // answered with 503: others were at work for too long
}

func (l *line) met() bool {
	return l.Rejected == 0 && l.Median <= l.Target && l.Median <= mostOverMedian*l.SQLMedian && l.P99 <= mostOverP99*l.SQLP99
}

func metAll(lines []line) bool {
	return !slices.ContainsFunc(lines, func(l line) bool { return !l.met() })
}

// measure asks a question in turns with its SQL: first one client, then several.
func (b *bench) measure(ctx context.Context, q question, o options) (line, error) {
	statements, err := b.statementsOf(q)
	if err != nil {
		return line{}, err
	}
	l := line{Question: q.name, Target: q.target.Seconds()}
	var rejected atomic.Int64
	overHTTP := func(ctx context.Context) error {
		err := b.ask(ctx, q)
		if errors.Is(err, errRejected) {
			rejected.Add(1)
			return nil
		}
		return err
	}
	bare := func(ctx context.Context) error { return b.askBare(ctx, statements) }
	one, oneBare, err := alternate(ctx, o.least, turnsOfOne, 1, overHTTP, bare)
	if err != nil {
		return line{}, err
	}
	many, manyBare, err := alternate(ctx, o.least, turnsOfMany, o.clients, overHTTP, bare)
	if err != nil {
		return line{}, err
	}
	l.Asked, l.Rejected = len(one)+len(many), int(rejected.Load())
	l.Median, l.SQLMedian = quantile(one, 0.5), quantile(oneBare, 0.5)
	l.P99, l.SQLP99 = quantile(many, 0.99), quantile(manyBare, 0.99)
	return l, nil
}

// How often the two ways take turns: the more often, the less does a machine's changing
// clock favour one of them. With several clients each turn is as long as some answers.
const (
	turnsOfOne  = 40
	turnsOfMany = 4
)

// alternate lets clients ask in one way and then in the other, in turns, for least in all
// each, and returns how long each answer took in seconds.
func alternate(ctx context.Context, least time.Duration, turns, clients int, a, b func(context.Context) error) (ofA, ofB []float64, err error) {
	for range turns {
		for _, way := range []struct {
			ask  func(context.Context) error
			took *[]float64
		}{{a, &ofA}, {b, &ofB}} {
			took, err := askFor(ctx, least/time.Duration(turns), clients, way.ask)
			if err != nil {
				return nil, nil, err
			}
			*way.took = append(*way.took, took...)
		}
	}
	return ofA, ofB, nil
}

func askFor(ctx context.Context, span time.Duration, clients int, ask func(context.Context) error) ([]float64, error) {
	var mu sync.Mutex
	var all []float64
	g, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(span)
	for range clients {
		g.Go(func() error {
			for once := true; once || time.Now().Before(end); once = false {
				began := time.Now()
				if err := ask(ctx); err != nil {
					return err
				}
				took := time.Since(began).Seconds()
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
			}
			return nil
		})
	}
	err := g.Wait()
	return all, err
}

func (b *bench) ask(ctx context.Context, q question) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/api/v1"+q.path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-API-Key", b.key)
	w, err := b.server.Client().Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	if _, err := io.Copy(io.Discard, w.Body); err != nil {
		return err
	}
	switch w.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusServiceUnavailable:
		return errRejected
	}
	return fmt.Errorf("%s: status %d", q.path, w.StatusCode)
}

var errRejected = errors.New("rejected: others are at work")

// askBare asks the statements one after the other on one connection, and reads all rows.
func (b *bench) askBare(ctx context.Context, statements []statement) error {
	conn, err := b.db.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for _, s := range statements {
		rows, err := conn.Query(ctx, s.sql, s.args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if _, err := rows.Values(); err != nil {
				return errors.Join(err, rows.Err())
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

// quantile is the q-quantile of some values.
func quantile(of []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
