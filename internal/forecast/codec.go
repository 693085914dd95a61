package forecast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// errState means that bytes are no state of this version.
var errState = errors.New("no state of this model")

// weatherSize is the length of an encoded regression on the weather.
const weatherSize = 4 * (weatherTriangle + 2*weatherFeatures)

// stateSize is the length of an encoded state.
const stateSize = 4 + 4*(triangle+2*regressors) + weatherSize + 4*blocks*experts + spreadDays*hoursADay + 1 + 4*4 + 1 + // what was learned
	4 + 4 + 1 + 4*hoursADay + (2+experts)*hoursADay // the outlook

// AppendBinary appends the state, little-endian: all fields in the order of
// their declaration.
func (s *meterState) AppendBinary(dst []byte) []byte {
	dst = appendHour(dst, s.next)
	dst = appendFloats(dst, s.regression.square[:])
	dst = appendFloats(dst, s.regression.moment[:])
	dst = appendFloats(dst, s.regression.delta[:])
	dst = s.weather.appendBinary(dst)
	for b := range s.weights {
		dst = appendFloats(dst, s.weights[b][:])
	}
	for d := range s.spread.errors {
		dst = appendCodes(dst, s.spread.errors[d][:])
	}
	dst = append(dst, s.spread.newest)
	for _, l := range s.spread.levels {
		dst = appendFloats(dst, []float32{l.below, l.over})
	}
	dst = append(dst, byte(s.smoothing))

	a := &s.ahead
	dst = appendHour(dst, a.issue)
	dst = appendFloats(dst, []float32{a.scale})
	dst = append(dst, asByte(a.positive))
	dst = appendFloats(dst, a.middle[:])
	dst = appendCodes(dst, a.below[:])
	dst = appendCodes(dst, a.over[:])
	for e := range a.experts {
		dst = appendCodes(dst, a.experts[e][:])
	}
	return dst
}

// Restore reads back what AppendBinary wrote and returns the bytes that follow
// it. After an error the state is as before.
func (s *meterState) Restore(src []byte) ([]byte, error) {
	if len(src) < stateSize {
		return nil, fmt.Errorf("%w: %d bytes, need %d", errState, len(src), stateSize)
	}
	r := meterState{model: s.model}
	b := src[:stateSize]
	b = readHour(b, &r.next)
	b = readFloats(b, r.regression.square[:])
	b = readFloats(b, r.regression.moment[:])
	b = readFloats(b, r.regression.delta[:])
	b = readWeather(b, &r.weather)
	for i := range r.weights {
		b = readFloats(b, r.weights[i][:])
	}
	for d := range r.spread.errors {
		b = readCodes(b, r.spread.errors[d][:])
	}
	r.spread.newest, b = b[0], b[1:]
	for i := range r.spread.levels {
		var l [2]float32
		b = readFloats(b, l[:])
		r.spread.levels[i] = levels{below: l[0], over: l[1]}
	}
	r.smoothing, b = choice(b[0]), b[1:]

	a := &r.ahead
	b = readHour(b, &a.issue)
	var scale [1]float32
	b = readFloats(b, scale[:])
	a.scale = scale[0]
	a.positive, b = b[0] == 1, b[1:]
	b = readFloats(b, a.middle[:])
	b = readCodes(b, a.below[:])
	b = readCodes(b, a.over[:])
	for e := range a.experts {
		b = readCodes(b, a.experts[e][:])
	}
	if r.spread.newest >= spreadDays || r.smoothing > untuned {
		return nil, fmt.Errorf("%w: day %d of %d and smoothing %d of %d", errState, r.spread.newest, spreadDays, r.smoothing, smoothings)
	}
	r.quantiles = r.spread.quantiles()
	*s = r
	return src[stateSize:], nil
}

// appendBinary appends the regression: zeros before something is learned.
func (r *weatherRegression) appendBinary(dst []byte) []byte {
	if r == nil {
		r = new(weatherRegression)
	}
	dst = appendFloats(dst, r.square[:])
	dst = appendFloats(dst, r.moment[:])
	return appendFloats(dst, r.delta[:])
}

// readWeather reads back what weatherRegression.appendBinary wrote.
func readWeather(src []byte, to **weatherRegression) []byte {
	rest := src[weatherSize:]
	if !slices.ContainsFunc(src[:weatherSize], func(b byte) bool { return b != 0 }) {
		return rest
	}
	r := new(weatherRegression)
	src = readFloats(src, r.square[:])
	src = readFloats(src, r.moment[:])
	readFloats(src, r.delta[:])
	*to = r
	return rest
}

func appendHour(dst []byte, h meter.Hour) []byte {
	return binary.LittleEndian.AppendUint32(dst, uint32(h))
}

func readHour(src []byte, h *meter.Hour) []byte {
	*h = meter.Hour(binary.LittleEndian.Uint32(src))
	return src[4:]
}

func appendFloats(dst []byte, values []float32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

func readFloats(src []byte, values []float32) []byte {
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
	return src[4*len(values):]
}

func appendCodes(dst []byte, codes []int8) []byte {
	for _, c := range codes {
		dst = append(dst, byte(c))
	}
	return dst
}

func readCodes(src []byte, codes []int8) []byte {
	for i := range codes {
		codes[i] = int8(src[i])
	}
	return src[len(codes):]
}

func asByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}
