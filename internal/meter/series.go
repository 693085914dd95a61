package meter

import "math"

// Series is a run of hours of one meter in kWh; NaN is a gap.
type Series struct {
	From Hour
	KWh  []float32
}

// Append adds an hour that follows all that the series has; hours left out in
// between become gaps. Of a repeated last hour the later value counts. Earlier
// hours are written in place.
func (s *Series) Append(h Hour, kwh float32) {
	if len(s.KWh) == 0 {
		s.From = h
	}
	i := int(h - s.From)
	if i < 0 {
		return
	}
	for len(s.KWh) <= i {
		s.KWh = append(s.KWh, float32(math.NaN()))
	}
	s.KWh[i] = kwh
}
