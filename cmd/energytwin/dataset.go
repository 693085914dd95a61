package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
)

func newDatasetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dataset",
		Short: "Inspect, convert and make up datasets of meter readings",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDatasetInspectCommand(), newDatasetConvertCommand(), newDatasetSynthCommand(), newDatasetShapeCommand(), newDatasetFetchCommand(), newDatasetLayoutsCommand())
	return cmd
}

// readFlags are the flags of subcommands that read a file.
type readFlags struct {
	layout              layoutFlags
	invalid             string
	span                time.Duration
	timezone, start     string
	quarantine, scratch string
	bufferMiB           int
}

func (f *readFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	f.layout.register(cmd)
	s.StringVar(&f.timezone, "timezone", "UTC", "IANA zone whose midnights bound the window, and of times without an offset where the layout names none")
	s.StringVar(&f.start, "start", "", "start of the window, RFC 3339; the local midnight before the first reading by default")
	s.DurationVar(&f.span, "span", datafile.MaxSpan, "length of the window, at most a year")
	s.StringVar(&f.invalid, "invalid-rows", "Quarantine", "Quarantine goes on without bad rows, Reject stops at the first")
	s.StringVar(&f.quarantine, "quarantine", "", "file for bad rows: JSON lines if it ends in .jsonl, else CSV")
	s.StringVar(&f.scratch, "scratch", "", "folder for what does not fit in memory; the system's by default")
	s.IntVar(&f.bufferMiB, "buffer", datafile.DefaultBuffer>>20, "memory for sorting, MiB")
}

func (f *readFlags) options() (datafile.Options, error) {
	doc, err := f.layout.document(nil)
	if err != nil {
		return datafile.Options{}, err
	}
	o := datafile.Options{
		Layout: doc, Setting: f.layout.setting, Zone: f.timezone, Span: f.span,
		InvalidRows: dataset.InvalidRows(f.invalid), BufferBytes: f.bufferMiB << 20, ScratchDir: f.scratch,
	}
	if f.bufferMiB < 1 {
		return o, fmt.Errorf("--buffer %d: use at least 1 (MiB)", f.bufferMiB)
	}
	if f.start == "" {
		return o, nil
	}
	t, err := time.Parse(time.RFC3339, f.start)
	if err != nil {
		return o, fmt.Errorf("--start %q: write it like 2019-01-01T00:00:00Z", f.start)
	}
	o.Start = t
	return o, nil
}

// open reads a file as the flags ask for, with a progress bar on a terminal.
func (f *readFlags) open(ctx context.Context, path string) (dataset.Source, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	progress, done := readProgress(path)
	defer done()
	o.Progress = progress
	if f.quarantine == "" {
		return datafile.Open(ctx, path, o)
	}
	q, err := os.Create(f.quarantine)
	if err != nil {
		return nil, fmt.Errorf("make the quarantine: %w", err)
	}
	o.BadRows = dataset.NewCSVQuarantine(q)
	if strings.HasSuffix(f.quarantine, ".jsonl") {
		o.BadRows = dataset.NewJSONLQuarantine(q)
	}
	src, err := datafile.Open(ctx, path, o)
	if closeErr := q.Close(); err == nil && closeErr != nil {
		return nil, errors.Join(fmt.Errorf("write the quarantine: %w", closeErr), src.Close())
	}
	return src, err
}

// readProgress is a bar on a terminal's standard error, and nothing elsewhere.
func readProgress(path string) (progress func(read, total int64), done func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetDescription(path), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(read, total int64) {
		bar.ChangeMax64(total)
		_ = bar.Set64(read) // a bar that cannot be drawn stops nothing
	}, func() { _ = bar.Finish() }
}

// writeTo lets fill write to a file, packed as its name asks for, or to out if it
// is "-". A file appears under its name only when it is complete; what is no
// plain file, such as a device, a pipe or a link, is written to in place and
// never replaced.
func writeTo(path string, out io.Writer, fill func(io.Writer) error) error {
	if path == "-" {
		return fill(out)
	}
	st, err := os.Lstat(path)
	if err == nil && !st.Mode().IsRegular() {
		return writeFile(path, path, fill)
	}
	part := path + ".part"
	if err := writeFile(part, path, fill); err != nil {
		_ = os.Remove(part) // there may be none
		return err
	}
	return os.Rename(part, path)
}

// writeFile writes to path, packed as name asks for.
func writeFile(path, name string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	err = fillPacked(name, f, fill)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func fillPacked(path string, f io.Writer, fill func(io.Writer) error) error {
	z, err := dataset.Compress(path, f)
	if err != nil {
		return err
	}
	if err := fill(z); err != nil {
		return errors.Join(err, z.Close())
	}
	return z.Close()
}
