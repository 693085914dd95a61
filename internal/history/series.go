package history

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Bytes of a series: its first hour, then a float32 for each hour.
const (
	seriesHead  = 4
	seriesValue = 4
)

func appendSeries(dst []byte, s *meter.Series) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, uint32(s.From))
	for _, v := range s.KWh {
		dst = le.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

var errSeries = errors.New("not a series of hours")

func parseSeries(b string) (meter.Series, error) {
	if len(b) < seriesHead || (len(b)-seriesHead)%seriesValue != 0 {
		return meter.Series{}, errSeries
	}
	le := binary.LittleEndian
	s := meter.Series{From: meter.Hour(int32(le.Uint32([]byte(b[:seriesHead])))), KWh: make([]float32, 0, (len(b)-seriesHead)/seriesValue)}
	for i := seriesHead; i < len(b); i += seriesValue {
		s.KWh = append(s.KWh, math.Float32frombits(le.Uint32([]byte(b[i:i+seriesValue]))))
	}
	return s, nil
}
