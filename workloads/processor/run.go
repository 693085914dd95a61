// Package processor turns the stream of readings into windows, forecasts,
// decisions and rows of the database. One goroutine follows one partition;
// the database holds the partition's offset beside the rows it led to, so that
// nothing is lost and nothing counts twice.
package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/series"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/twin"
)

// Stores are the connections that a processor works with. The caller owns and
// closes them.
type Stores struct {
	DB     *writer.DB
	Redis  *history.Store
	Stream *stream.Client
	Tracer *tracing.Tracer // of batches and issues; nil: they are not traced
}

// Processor follows the partitions that its consumer group assigns to it.
type Processor struct {
	cfg         *config.Twin
	rules       *twin.Rules
	stores      Stores
	owner       string
	metrics     *metrics
	log         *slog.Logger
	saver       *saver
	recent      *recent
	unannounced *unannounced
	series      *sentSeries // for workers
	settling    *sentSeries // prices and carbon intensities, for outcomes

	mu      sync.Mutex
	workers map[int]*worker
}

// New makes the processor of a twin, and reads the price and carbon series that
// its policy names into cfg. Its metrics are registered with reg.
func New(cfg *config.Twin, stores Stores, reg prometheus.Registerer, log *slog.Logger) (*Processor, error) {
	files, err := series.Read(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	logSeries(files, log)
	r, err := rulesOf(cfg)
	if err != nil {
		return nil, fmt.Errorf("spec of twin %s/%s: %w", cfg.Namespace, cfg.Name, err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("host name: %w", err)
	}
	return &Processor{
		cfg: cfg, rules: r, stores: stores,
		owner:   fmt.Sprintf("%s/%d", host, os.Getpid()),
		metrics: newMetrics(reg), log: log, saver: &saver{}, recent: &recent{}, unannounced: &unannounced{},
		series:   &sentSeries{db: stores.DB, log: &twin.SeriesLog{}},
		settling: &sentSeries{db: stores.DB, log: (&twin.SeriesLog{}).Only(twin.SeriesPrice, twin.SeriesCarbon)},
		workers:  map[int]*worker{},
	}, nil
}

// rulesOf are the rules of a twin.
func rulesOf(cfg *config.Twin) (*twin.Rules, error) {
	s, err := cfg.Settings()
	if err != nil {
		return nil, err
	}
	return twin.NewRules(s)
}

// logSeries shows how the files of prices, carbon intensities and temperatures were
// read. A guess is a warning, as a person has to check it.
func logSeries(files []series.File, log *slog.Logger) {
	for _, s := range files {
		for _, e := range s.Detection {
			level := slog.LevelInfo
			if e.Sure == dataset.Guess {
				level = slog.LevelWarn
			}
			log.Log(context.Background(), level, "series read", "source", s.Source, "field", e.What, "taken for", e.Guess, "sure", e.Sure, "because", e.Because, "to change it", e.Change)
		}
		for _, w := range s.Warnings {
			log.Warn("series read", "source", s.Source, "warning", w)
		}
	}
}

// errStuck ends a processor that makes no progress; what restarts it gives its
// partitions a fresh start.
var errStuck = errors.New("no progress")

// fetchBytes bounds one fetch, and so one transaction: large enough that the
// transaction's cost is small beside that of its rows.
const fetchBytes = 2 << 20

// stuckAfter is how long a worker may be silent. Waiting for a store counts as
// progress: a restart would not help.
const stuckAfter = 5 * time.Minute

// finalSave bounds the time that a clean stop spends on checkpoints.
const finalSave = 5 * time.Second

// Run follows the stream until ctx ends. It returns nil then, and an error
// only where a restart of the process is the fix.
func (p *Processor) Run(ctx context.Context) error {
	topic := p.cfg.Topic("readings")
	group := p.stores.Stream.Group(p.cfg.ConsumerGroup(), topic, p.log)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		return group.Run(ctx, func(ctx context.Context, partition int) error {
			return p.worker(partition).run(ctx, group.CommitHint)
		})
	})
	tasks.Go(func() error { return p.relay(ctx) })
	tasks.Go(func() error { return p.watch(ctx) })
	tasks.Go(func() error { return p.maintain(ctx) })
	tasks.Go(func() error { return p.keepSettled(ctx) })
	tasks.Go(func() error { return p.keepForecast(ctx) })
	tasks.Go(func() error { return p.keepSeries(ctx) })
	tasks.Go(func() error { return p.storeReport(ctx) })
	err := tasks.Wait()
	p.saveAll(context.WithoutCancel(ctx))
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// worker is the partition's worker, made when the partition first comes here.
func (p *Processor) worker(partition int) *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.workers[partition]
	if w == nil {
		w = &worker{
			number: partition, owner: p.owner, cfg: p.cfg, rules: p.rules,
			db: p.stores.DB, hist: p.stores.Redis, client: p.stores.Stream,
			reader:  p.stores.Stream.PartitionReader(p.cfg.Topic("readings"), partition, stream.ReaderOptions{MaxBytes: fetchBytes}),
			metrics: p.metrics, saver: p.saver, recent: p.recent, unannounced: p.unannounced, series: p.series,
			log: p.log.With("partition", partition), spans: batchSpans{tracer: p.stores.Tracer},
		}
		p.workers[partition] = w
	}
	return w
}

// watch ends the process when a worker that should run has been silent.
func (p *Processor) watch(ctx context.Context) error {
	tick := time.NewTicker(stuckAfter / 10)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			p.mu.Lock()
			for number, w := range p.workers {
				silent := now.Sub(time.Unix(w.lastProgress.Load(), 0))
				if w.running.Load() && silent > stuckAfter {
					p.mu.Unlock()
					return fmt.Errorf("%w in partition %d for %s", errStuck, number, silent.Round(time.Second))
				}
			}
			p.mu.Unlock()
		}
	}
}

// saveAll writes a checkpoint of every partition, so that the next start has
// little to replay.
func (p *Processor) saveAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, finalSave)
	defer cancel()
	for _, w := range p.workers {
		p.saver.final(ctx, w)
	}
}
