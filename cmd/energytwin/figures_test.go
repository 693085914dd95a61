package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/generator"
	"github.com/energytwin/energytwin/workloads/processor"
)

// The operator reads what the workloads write, though neither knows the
// other's types.
func TestStatusPagesAreWhatTheOperatorReads(t *testing.T) {
	through := func(page, into any) {
		doc, err := json.Marshal(page)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(doc, into))
	}
	var g config.GeneratorFigures
	start := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	through(generator.Progress{Phase: generator.PhaseDone, Published: 7, Total: 9, Start: start, End: start.AddDate(1, 0, 0)}, &g)
	require.Equal(t, config.GeneratorFigures{Phase: config.PhaseDone, Published: 7, Total: 9, Start: start, End: start.AddDate(1, 0, 0)}, g)

	var p config.ProcessorFigures
	through(processor.Status{
		Partitions: []processor.PartitionStatus{{Partition: 3, Lag: 5, NextOffset: 8}},
		Lost:       []processor.LostRange{{Partition: 3, From: 1, To: 2}},
		Recent:     processor.RecentStatus{Readings: 9, Rejected: map[string]int64{"malformed": 2}},
	}, &p)
	require.Equal(t, config.ProcessorFigures{
		Partitions: []config.PartitionFigures{{Partition: 3, Lag: 5}},
		Lost:       []config.LostFigures{{Partition: 3, From: 1, To: 2}},
		Recent:     config.RecentFigures{Readings: 9, Rejected: map[string]int64{"malformed": 2}},
	}, p)
}
