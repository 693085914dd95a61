package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/workloads/generator"
)

// shownBadRows bounds how many bad rows are printed; the file has all.
const shownBadRows = 10

// openDataset reads the twin's dataset and settles what the spec leaves to it:
// the window. Bad rows are named, and kept in a file.
func openDataset(ctx context.Context, o Options, cfg *config.Twin, dir folder, say func(string)) (dataset.Source, error) {
	if cfg.Generator.Mode == "Off" {
		return nil, nil
	}
	quarantine, path, err := quarantineFile(o, dir)
	if err != nil {
		return nil, err
	}
	scratch, err := dir.scratch()
	if err != nil {
		return nil, errors.Join(err, quarantine.Close())
	}
	bar := readBar(o)
	source, err := generator.OpenDataset(ctx, cfg, generator.Reading{
		BadRows: dataset.NewCSVQuarantine(quarantine), Progress: bar.show, ScratchDir: scratch, Setting: o.Setting,
	})
	bar.finish()
	if err := errors.Join(err, quarantine.Close()); err != nil {
		return nil, err
	}
	info := source.Info()
	cfg.Dataset.Start = info.Start.Time()
	cfg.Dataset.Span = config.Duration(info.End.Time().Sub(info.Start.Time()))
	say(fmt.Sprintf("dataset: %s readings of %s meters, %s to %s", grouped(info.Rows), grouped(int64(len(info.Meters))),
		info.Start.Time().Format(time.DateOnly), info.End.Time().Format(time.DateOnly)))
	for _, text := range info.Findings() {
		say("dataset: " + text)
	}
	shortenWarmUp(cfg, info.Hours(), say)
	if info.Quarantined == 0 {
		return source, os.Remove(path)
	}
	say(fmt.Sprintf("dataset: %s bad rows, kept in %s:", grouped(info.Quarantined), path))
	for i, bad := range info.BadRows {
		if i == shownBadRows {
			say("  …")
			break
		}
		say(fmt.Sprintf("  line %d, column %s: %s: %q", bad.Line, bad.Column, bad.Reason, bad.Raw))
	}
	return source, nil
}

// shortenWarmUp leaves half of a short file to be published: a warm-up as long as the
// file would leave nothing.
func shortenWarmUp(cfg *config.Twin, hours int, say func(string)) {
	if cfg.Generator.Mode != generator.ModeReplay || int(cfg.Generator.WarmUp.Hours()) < hours {
		return
	}
	days := hours / 48
	cfg.Generator.WarmUp = config.Duration(time.Duration(days) * 24 * time.Hour)
	say(fmt.Sprintf("dataset: it is no longer than the warm-up of the spec, so the warm-up is its first %d days", days))
}

// quarantineFile is where bad rows go: with the twin's data, or beside the
// summary where that data is temporary.
func quarantineFile(o Options, dir folder) (*os.File, string, error) {
	path := dir.sub("bad-rows.csv")
	if dir.temporary {
		path = filepath.Join(filepath.Dir(o.Summary), o.Twin.Name+"-bad-rows.csv")
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, "", fmt.Errorf("file for bad rows: %w", err)
	}
	return file, path, nil
}

// bar is a progress bar over the bytes of the dataset's file, shown in a
// terminal only.
type bar struct {
	o   Options
	bar *progressbar.ProgressBar
}

func readBar(o Options) *bar { return &bar{o: o} }

func (b *bar) show(read, total int64) {
	if b.bar == nil {
		file, ok := b.o.Out.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			return
		}
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetDescription("  reading"), progressbar.OptionSetWriter(file),
			progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	_ = b.bar.Set64(read)
}

func (b *bar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
