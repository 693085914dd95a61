package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
)

// read reads all files, in whatever order they are named, as the policy's dataset and
// the flags describe, and picks the meters. What it finds out about the files goes to notes.
func (f *backtestFlags) read(ctx context.Context, how config.Dataset, notes io.Writer) ([]*backtest.Series, error) {
	doc, err := f.layout.document(how.Layout)
	if err != nil {
		return nil, err
	}
	o := datafile.Options{
		Layout: doc, Setting: f.layout.setting, Zone: f.timezone, Whole: true, InvalidRows: dataset.InvalidRows(how.InvalidRows),
	}
	findings := newFindings(len(f.readings))
	var files []backtest.File
	for _, path := range f.readings {
		file, info, err := readWhole(ctx, path, o)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		findings.add(path, &info)
	}
	byName, overlaps, err := backtest.Merge(files)
	if err != nil {
		return nil, err
	}
	findings.print(notes)
	for _, o := range overlaps {
		fmt.Fprintf(notes, "warning: %s and %s have %d hours of meter %s in common, of which %d differ: those of %s count\n",
			o.Earlier, o.File, o.Hours, o.Meter, o.Changed, o.File)
	}
	for _, s := range byName {
		s.Group = how.GroupOf(s.Meter, s.Group)
	}
	return f.pick(byName)
}

// pick is the meters of --meters, or all, by name.
func (f *backtestFlags) pick(byName map[string]*backtest.Series) ([]*backtest.Series, error) {
	names := slices.Sorted(maps.Keys(byName))
	if len(f.meters) > 0 {
		for _, name := range f.meters {
			if byName[name] == nil {
				return nil, fmt.Errorf("--meters %s: no such meter among the %d that were read, such as %s", name, len(names), names[0])
			}
		}
		names = f.meters
	}
	all := make([]*backtest.Series, len(names))
	for i, name := range names {
		all[i] = byName[name]
	}
	return all, nil
}

func readWhole(ctx context.Context, path string, o datafile.Options) (backtest.File, dataset.Info, error) {
	progress, done := readProgress(path)
	defer done()
	o.Progress = progress
	src, err := datafile.Open(ctx, path, o)
	if err != nil {
		return backtest.File{}, dataset.Info{}, err
	}
	info := src.Info()
	series, err := backtest.Collect(src)
	return backtest.File{Name: path, SHA256: info.SHA256, Series: series}, info, errors.Join(err, src.Close())
}

// findings are what is found out about files, each once.
type findings struct {
	files int
	texts []string
	of    map[string][]string // files by text
}

func newFindings(files int) *findings { return &findings{files: files, of: map[string][]string{}} }

func (f *findings) add(path string, info *dataset.Info) {
	texts := info.Findings()
	for _, r := range info.Reasons {
		texts = append(texts, fmt.Sprintf("warning: %d rows rejected: %s", r.Rows, r.Reason))
	}
	for _, text := range texts {
		if f.of[text] == nil {
			f.texts = append(f.texts, text)
		}
		f.of[text] = append(f.of[text], path)
	}
}

// print writes the findings, with the files that they are about where they are not
// about all.
func (f *findings) print(out io.Writer) {
	for _, text := range f.texts {
		where := ""
		if of := f.of[text]; f.files > 1 && len(of) < f.files {
			where = strings.Join(of, ", ") + ": "
		}
		fmt.Fprintf(out, "%s%s\n", where, text)
	}
}
