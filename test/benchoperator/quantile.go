package main

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// buckets are a histogram's counts up to each bound, as Prometheus keeps them.
type buckets struct {
	bounds []float64 // ascending; the last is +Inf
	counts []float64 // cumulative
}

// reconciliations are the durations of reconciliations so far.
func (m metricFamilies) reconciliations() buckets {
	var b buckets
	controllers := m["controller_runtime_reconcile_time_seconds"].GetMetric()
	if len(controllers) == 0 {
		return b
	}
	h := controllers[0].GetHistogram() // there is one
	for _, bucket := range h.GetBucket() {
		b.bounds = append(b.bounds, bucket.GetUpperBound())
		b.counts = append(b.counts, float64(bucket.GetCumulativeCount()))
	}
	b.end(h)
	return b
}

func (b *buckets) end(h *dto.Histogram) {
	if len(b.bounds) == 0 || !math.IsInf(b.bounds[len(b.bounds)-1], 1) {
		b.bounds = append(b.bounds, math.Inf(1))
		b.counts = append(b.counts, float64(h.GetSampleCount()))
	}
}

// since takes away what was there before.
func (b buckets) since(before buckets) buckets {
	out := buckets{bounds: b.bounds}
	for i, n := range b.counts {
		if i < len(before.counts) {
			n -= before.counts[i]
		}
		out.counts = append(out.counts, n)
	}
	return out
}

func (b buckets) total() float64 {
	if len(b.counts) == 0 {
		return 0
	}
	return b.counts[len(b.counts)-1]
}

// quantile lies between the bounds of its bucket in proportion, as Prometheus'
// histogram_quantile has it. The last bound is the most that it can say.
func (b buckets) quantile(q float64) float64 {
	rank := q * b.total()
	if rank == 0 {
		return 0
	}
	for i, count := range b.counts {
		if count < rank {
			continue
		}
		if math.IsInf(b.bounds[i], 1) {
			return b.bounds[max(0, i-1)]
		}
		var low, below float64
		if i > 0 {
			low, below = b.bounds[i-1], b.counts[i-1]
		}
		return low + (b.bounds[i]-low)*(rank-below)/(count-below)
	}
	return 0
}
