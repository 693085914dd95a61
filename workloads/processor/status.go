package processor

import (
	"cmp"
	"slices"
	"time"
)

// Status is where a processor is, for its status port.
type Status struct {
	Partitions []PartitionStatus `json:"partitions"` // those assigned to this process, by number
	Lost       []LostRange       `json:"lost"`       // since this process began
	Recent     RecentStatus      `json:"recent"`     // of the last ten minutes
}

// PartitionStatus is where one partition is.
type PartitionStatus struct {
	Partition  int    `json:"partition"`
	NextOffset int64  `json:"nextOffset"` // everything before it is in the database
	Lag        int64  `json:"lag"`        // messages in the log that are not read yet
	Watermark  string `json:"watermark"`  // RFC 3339; "none" before the first readings
	Meters     int    `json:"meters"`
}

// LostRange is messages that the log dropped before they were read: retention
// was too short, or someone deleted them.
type LostRange struct {
	Partition int   `json:"partition"`
	From      int64 `json:"from"` // offset
	To        int64 `json:"to"`   // offset, inclusive
}

// Status returns where the processor is.
func (p *Processor) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Partitions: []PartitionStatus{}, Lost: []LostRange{}, Recent: p.recent.counts(time.Now())}
	for _, w := range p.workers {
		if w.running.Load() {
			if status := w.status.Load(); status != nil {
				s.Partitions = append(s.Partitions, *status)
			}
		}
		if lost := w.lost.Load(); lost != nil {
			s.Lost = append(s.Lost, *lost...)
		}
	}
	slices.SortFunc(s.Partitions, func(a, b PartitionStatus) int { return cmp.Compare(a.Partition, b.Partition) })
	slices.SortFunc(s.Lost, func(a, b LostRange) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.From, b.From))
	})
	return s
}

// publishStatus publishes where the worker is, with the log's end.
func (w *worker) publishStatus(end int64) {
	lag := max(0, end-w.p.Next())
	w.status.Store(&PartitionStatus{
		Partition: w.number, NextOffset: w.p.Next(), Lag: lag, Watermark: w.p.Watermark().String(), Meters: w.p.Len(),
	})
	w.metrics.lag.WithLabelValues(w.label()).Set(float64(lag))
	w.metrics.watermark.WithLabelValues(w.label()).Set(float64(w.p.Watermark().Unix()))
}

// recordDataLoss notes messages that the log dropped before they were read.
func (w *worker) recordDataLoss(from, to int64) {
	ranges := []LostRange{{Partition: w.number, From: from, To: to}}
	if before := w.lost.Load(); before != nil {
		ranges = append(slices.Clone(*before), ranges...)
	}
	w.lost.Store(&ranges)
	w.metrics.lost.Add(float64(to - from + 1))
	w.log.Error("data lost: the log no longer has records that were never taken", "from", from, "to", to)
}
