package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/backtest"
)

// groupsOf are the groups of --groups; none without it.
func (f *backtestFlags) groupsOf(all []*backtest.Series) ([]backtest.Group, error) {
	if f.groups == "" {
		return nil, nil
	}
	if n, err := strconv.Atoi(f.groups); err == nil {
		if n < 1 {
			return nil, fmt.Errorf("--groups %d: write 1 or more meters, or the name of a file", n)
		}
		return backtest.GroupsOf(all, n), nil
	}
	file, err := os.Open(f.groups)
	if err != nil {
		return nil, fmt.Errorf("--groups: %w; name a file with the columns meter_id and group, or a number of meters", err)
	}
	defer func() { _ = file.Close() }() // it is only read
	groups, err := readGroups(file, all)
	if err != nil {
		return nil, fmt.Errorf("--groups %s: %w", f.groups, err)
	}
	return groups, nil
}

// readGroups reads lines of a meter and its group, after a header. Meters that were not
// read are rejected.
func readGroups(in io.Reader, all []*backtest.Series) ([]backtest.Group, error) {
	known := map[string]bool{}
	for _, s := range all {
		known[s.Meter] = true
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.TrimLeadingSpace = 2, true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w; write the header meter_id,group", err)
	}
	if strings.TrimPrefix(header[0], "\ufeff") != "meter_id" || header[1] != "group" {
		return nil, fmt.Errorf("line 1: the columns are %q; write the header meter_id,group", header)
	}
	byName := map[string]*backtest.Group{}
	groupOf := map[string]string{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		id, group := row[0], row[1]
		switch before, twice := groupOf[id]; {
		case !known[id]:
			return nil, fmt.Errorf("line %d: no meter %q was read; remove the line, or name the file with its readings", line, id)
		case group == "":
			return nil, fmt.Errorf("line %d: meter %q has no group; write one, or remove the line", line, id)
		case twice:
			return nil, fmt.Errorf("line %d: meter %q is in group %q already; remove one of the lines", line, id, before)
		}
		groupOf[id] = group
		if byName[group] == nil {
			byName[group] = &backtest.Group{Name: group}
		}
		byName[group].Meters = append(byName[group].Meters, id)
	}
	if len(byName) == 0 {
		return nil, errors.New("it names no meter; write lines such as m1,north after the header meter_id,group")
	}
	out := make([]backtest.Group, 0, len(byName))
	for _, g := range byName {
		slices.Sort(g.Meters)
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b backtest.Group) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
