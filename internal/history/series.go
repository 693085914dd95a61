package history

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Series is a run of hours of one meter in kWh; NaN is a gap.
type Series struct {
	From meter.Hour
	KWh  []float32
}

// Append adds an hour that follows all that the series has; hours left out in
// between become gaps. Of a repeated last hour the later value counts. Earlier
// hours are written in place.
func (s *Series) Append(h meter.Hour, kwh float32) {
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

// Bytes of a series: its first hour, then a float32 for each hour.
const (
	seriesHead  = 4
	seriesValue = 4
)

func (s *Series) appendBytes(dst []byte) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, uint32(s.From))
	for _, v := range s.KWh {
		dst = le.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

var errSeries = errors.New("not a series of hours")

func parseSeries(b string) (Series, error) {
	if len(b) < seriesHead || (len(b)-seriesHead)%seriesValue != 0 {
		return Series{}, errSeries
	}
	le := binary.LittleEndian
	s := Series{From: meter.Hour(int32(le.Uint32([]byte(b[:seriesHead])))), KWh: make([]float32, 0, (len(b)-seriesHead)/seriesValue)}
	for i := seriesHead; i < len(b); i += seriesValue {
		s.KWh = append(s.KWh, math.Float32frombits(le.Uint32([]byte(b[i:i+seriesValue]))))
	}
	return s, nil
}
