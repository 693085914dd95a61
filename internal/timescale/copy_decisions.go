package timescale

import (
	"encoding/binary"

	"github.com/energytwin/energytwin/internal/dsm"

	"github.com/energytwin/energytwin/internal/twin"
)

// decisionColumns are the columns of decisions in the order in which they are
// written and read.
const decisionColumns = `id, issued_at, valid_from, valid_to, actionable_from, last_reading,
	partition, meter_no, group_no, provenance_no,
	kwh_shifted, kw_reduction, peak_before, peak_after, par_before, par_after, cap_kw, price_threshold,
	saving_p10, saving_p50, saving_p90, co2_kg, confidence, missing_share,
	action, reason, stale, plan, factors, alternatives, binding, parts`

const (
	copyDecisions       = `COPY decisions (` + decisionColumns + `) FROM STDIN BINARY`
	decisionColumnCount = 32
)

type decisionRows struct {
	partition  int32
	provenance int32
	rows       []twin.Decision
}

func (r *decisionRows) Len() int { return len(r.rows) }

func (r *decisionRows) rowSize(i int) int {
	d := &r.rows[i]
	arrays := floatsSize(d.Plan) + 24 + 8*2*len(d.Factors) + 24 + 8*3*len(d.Alternatives) + 24 + 6*len(d.Binding) + 24
	for j := range d.Parts {
		p := &d.Parts[j]
		arrays += 8 * (5 + len(p.Plan) + len(p.Value) + len(p.AtOnce))
	}
	return 2 + (4 + 16) + 5*12 + 4*8 + 14*8 + 2*6 + 5 + arrays
}

func (r *decisionRows) appendRow(dst []byte, i int) []byte {
	d := &r.rows[i]
	dst = binary.BigEndian.AppendUint16(dst, decisionColumnCount)
	dst = binary.BigEndian.AppendUint32(dst, 16)
	dst = append(dst, d.ID[:]...)
	dst = appendHour(dst, d.IssuedAt)
	dst = appendHour(dst, d.ValidFrom)
	dst = appendHour(dst, d.ValidTo)
	dst = appendHour(dst, d.ActionableFrom)
	dst = appendHour(dst, d.LastReading)
	dst = appendInt4(dst, r.partition)
	dst = appendInt4(dst, d.MeterNo)
	dst = appendInt4(dst, d.GroupNo)
	dst = appendInt4(dst, r.provenance)
	dst = appendDecisionNumbers(dst, &d.Decision)
	dst = appendInt2(dst, int16(d.Action))
	dst = appendInt2(dst, int16(d.Reason))
	dst = appendBool(dst, d.Stale)
	return appendDecisionArrays(dst, &d.Decision)
}

func appendDecisionNumbers(dst []byte, d *dsm.Decision) []byte {
	dst = appendFloat4(dst, d.KWhShifted)
	dst = appendFloat4(dst, d.KWReduction)
	dst = appendNumber(dst, d.PeakBefore)
	dst = appendNumber(dst, d.PeakAfter)
	dst = appendNumber(dst, d.PARBefore)
	dst = appendNumber(dst, d.PARAfter)
	dst = appendNumber(dst, d.CapKW)
	dst = appendNumber(dst, d.PriceThresh)
	dst = appendFloat4(dst, d.SavingP10)
	dst = appendFloat4(dst, d.SavingP50)
	dst = appendFloat4(dst, d.SavingP90)
	dst = appendNumber(dst, d.CO2Kg)
	dst = appendFloat4(dst, d.Confidence)
	return appendFloat4(dst, d.MissingShare)
}

// appendDecisionArrays writes empty lists as null: a null takes no room.
func appendDecisionArrays(dst []byte, d *dsm.Decision) []byte {
	if len(d.Plan) == 0 {
		dst = binary.BigEndian.AppendUint32(dst, null)
	} else {
		dst = appendFloats(dst, d.Plan)
	}
	if len(d.Factors) == 0 {
		dst = binary.BigEndian.AppendUint32(dst, null)
	} else {
		dst = appendArrayHeader(dst, 2*len(d.Factors), 8, oidFloat4)
		for _, f := range d.Factors {
			dst = appendFloat4(appendFloat4(dst, float32(f.Factor)), f.Weight)
		}
	}
	if len(d.Alternatives) == 0 {
		dst = binary.BigEndian.AppendUint32(dst, null)
	} else {
		dst = appendArrayHeader(dst, 3*len(d.Alternatives), 8, oidFloat4)
		for _, a := range d.Alternatives {
			dst = appendFloat4(appendFloat4(appendFloat4(dst, float32(a.Action)), float32(a.Reason)), a.Saving)
		}
	}
	if len(d.Binding) == 0 {
		dst = binary.BigEndian.AppendUint32(dst, null)
	} else {
		dst = appendArrayHeader(dst, len(d.Binding), 6, oidInt2)
		for _, c := range d.Binding {
			dst = appendInt2(dst, int16(c))
		}
	}
	if len(d.Parts) == 0 {
		return binary.BigEndian.AppendUint32(dst, null)
	}
	return appendFloats(dst, packParts(d.Parts))
}
