package ingest

import (
	"cmp"
	"slices"

	"github.com/energytwin/energytwin/internal/stream"
)

// chunk is a part of an intake that is appended to a partition at once, wholly or not at
// all.
type chunk struct {
	number    int // among those of the intake
	partition int
	records   []record
}

// recordOverhead is what a record takes beside its key and value, at most.
const recordOverhead = 32

// chunks divides an intake. Readings are in the order of time within a partition: a reading
// of a later hour ends the hours before. Those of one time keep the order in which they were
// sent. The same rows give the same chunks.
func (in *Intake) chunks() []chunk {
	slices.SortStableFunc(in.records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.partition, b.partition), cmp.Compare(a.start, b.start))
	})
	var out []chunk
	size := 0
	begin := 0
	for i, r := range in.records {
		bytes := len(r.key) + len(r.value) + recordOverhead
		if i > begin && (r.partition != in.records[begin].partition || size+bytes > stream.BatchBytes) {
			out = append(out, chunk{number: len(out), partition: in.records[begin].partition, records: in.records[begin:i]})
			begin, size = i, 0
		}
		size += bytes
	}
	if begin < len(in.records) {
		out = append(out, chunk{number: len(out), partition: in.records[begin].partition, records: in.records[begin:]})
	}
	return out
}
