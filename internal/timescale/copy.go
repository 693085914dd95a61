package timescale

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Encoding of PostgreSQL's binary COPY, by hand: rows go from the columns of a
// batch straight into the buffer that is sent, without an allocation. See
// "COPY, Binary Format" in PostgreSQL's documentation.

const (
	copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // signature, flags, no extension
	oidInt2    = 21
	oidFloat4  = 700

	epoch2000 = 946684800 // seconds from 1970 to PostgreSQL's zero of time
	null      = 0xffffffff
)

// copyRows are rows that can be encoded one by one.
type copyRows interface {
	Len() int
	// rowSize is an upper bound of the bytes that row i takes.
	rowSize(i int) int
	appendRow(dst []byte, i int) []byte
}

// copyReader is the stream of COPY for some rows. Its Read must be given at
// least as much room as the largest row takes.
type copyReader struct {
	rows    copyRows
	next    int
	started bool
}

func (r *copyReader) Read(p []byte) (int, error) {
	dst := p[:0]
	if !r.started {
		r.started = true
		dst = append(dst, copyHeader...)
	}
	n := r.rows.Len()
	for ; r.next < n; r.next++ {
		if len(dst)+r.rows.rowSize(r.next) > len(p) {
			if len(dst) == 0 {
				return 0, io.ErrShortBuffer
			}
			return len(dst), nil
		}
		dst = r.rows.appendRow(dst, r.next)
	}
	if len(dst)+2 > len(p) {
		return len(dst), nil
	}
	return len(dst) + 2, r.end(dst)
}

// end appends the trailer.
func (r *copyReader) end(dst []byte) error {
	binary.BigEndian.PutUint16(dst[len(dst):len(dst)+2], 0xffff)
	return io.EOF
}

const copyReadings = `COPY readings (ts, meter_no, kwh, quality) FROM STDIN BINARY`

type readingRows twin.Readings

func (r *readingRows) Len() int { return len(r.MeterNo) }

func (r *readingRows) rowSize(int) int { return 2 + (4 + 8) + (4 + 4) + (4 + 4) + (4 + 2) }

func (r *readingRows) appendRow(dst []byte, i int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 4)
	dst = appendHour(dst, r.Hour[i])
	dst = appendInt4(dst, r.MeterNo[i])
	dst = appendFloat4(dst, r.KWh[i])
	return appendInt2(dst, int16(r.Quality[i]))
}

const copyForecasts = `COPY forecasts (issued_at, meter_no, model, p10, p50, p90) FROM STDIN BINARY`

type forecastRows []twin.Forecast

func (r forecastRows) Len() int { return len(r) }

func (r forecastRows) rowSize(i int) int {
	f := &r[i]
	return 2 + 12 + 8 + 4 + len(f.Model) + floatsSize(f.P10) + floatsSize(f.P50) + floatsSize(f.P90)
}

func (r forecastRows) appendRow(dst []byte, i int) []byte {
	f := &r[i]
	dst = binary.BigEndian.AppendUint16(dst, 6)
	dst = appendHour(dst, f.IssuedAt)
	dst = appendInt4(dst, f.MeterNo)
	dst = appendText(dst, f.Model)
	dst = appendFloats(dst, f.P10)
	dst = appendFloats(dst, f.P50)
	return appendFloats(dst, f.P90)
}

func appendCount(dst []byte, columns int) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(columns))
}

func appendNull(dst []byte) []byte { return binary.BigEndian.AppendUint32(dst, null) }

func appendInt2(dst []byte, v int16) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 2)
	return binary.BigEndian.AppendUint16(dst, uint16(v))
}

func appendInt4(dst []byte, v int32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, uint32(v))
}

func appendBool(dst []byte, v bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 1)
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendFloat4(dst []byte, v float32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(v))
}

// appendNumber is appendFloat4 with NaN as null.
func appendNumber(dst []byte, v float32) []byte {
	if v != v {
		return binary.BigEndian.AppendUint32(dst, null)
	}
	return appendFloat4(dst, v)
}

func appendHour(dst []byte, h meter.Hour) []byte {
	if h == meter.NoHour {
		return binary.BigEndian.AppendUint32(dst, null)
	}
	dst = binary.BigEndian.AppendUint32(dst, 8)
	return binary.BigEndian.AppendUint64(dst, uint64((h.Unix()-epoch2000)*1_000_000))
}

func appendText(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}

func floatsSize(v []float32) int { return 4 + 20 + 8*len(v) }

// appendFloats appends a real[] of one dimension, empty if v is.
func appendFloats(dst []byte, v []float32) []byte {
	dst = appendArrayHeader(dst, len(v), 8, oidFloat4)
	for _, x := range v {
		dst = appendFloat4(dst, x)
	}
	return dst
}

// appendArrayHeader begins an array of n elements of size bytes each, their
// length included.
func appendArrayHeader(dst []byte, n, size, oid int) []byte {
	if n == 0 {
		dst = binary.BigEndian.AppendUint32(dst, 12)
		dst = binary.BigEndian.AppendUint32(dst, 0) // dimensions
		dst = binary.BigEndian.AppendUint32(dst, 0) // no nulls
		return binary.BigEndian.AppendUint32(dst, uint32(oid))
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(20+size*n))
	dst = binary.BigEndian.AppendUint32(dst, 1)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(oid))
	dst = binary.BigEndian.AppendUint32(dst, uint32(n))
	return binary.BigEndian.AppendUint32(dst, 1) // lower bound
}
