package decisions

import (
	"testing"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/twin"
)

// BenchmarkDecisionRows encodes decisions for COPY.
func BenchmarkDecisionRows(b *testing.B) {
	d := dsm.Decision{Plan: make([]float32, 24), Factors: make([]dsm.WeightedFactor, 4), Alternatives: make([]dsm.Alternative, 3), Binding: make([]dsm.Constraint, 2)}
	rows := &CopyRows{rows: []twin.Decision{{Decision: d, MeterNo: 1, GroupNo: 1}}}
	buffer := make([]byte, 0, rows.RowSize(0))
	b.ReportAllocs()
	for b.Loop() {
		buffer = rows.AppendRow(buffer[:0], 0)
	}
	b.SetBytes(int64(len(buffer)))
}
