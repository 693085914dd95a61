package writer

import (
	"encoding/binary"
	"io"

	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/twin"
)

// Encoding of PostgreSQL's binary COPY, by hand: rows go from the columns of a
// batch straight into the buffer that is sent, without an allocation. See
// "COPY, Binary Format" in PostgreSQL's documentation.

const (
	copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // signature, flags, no extension
)

// copyRows are rows that can be encoded one by one.
type copyRows interface {
	Len() int
	// RowSize is an upper bound of the bytes that row i takes.
	RowSize(i int) int
	AppendRow(dst []byte, i int) []byte
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
		if len(dst)+r.rows.RowSize(r.next) > len(p) {
			if len(dst) == 0 {
				return 0, io.ErrShortBuffer
			}
			return len(dst), nil
		}
		dst = r.rows.AppendRow(dst, r.next)
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

func (r *readingRows) RowSize(int) int { return 2 + (4 + 8) + (4 + 4) + (4 + 4) + (4 + 2) }

func (r *readingRows) AppendRow(dst []byte, i int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 4)
	dst = pgvalue.AppendHour(dst, r.Hour[i])
	dst = pgvalue.AppendInt4(dst, r.MeterNo[i])
	dst = pgvalue.AppendFloat4(dst, r.KWh[i])
	return pgvalue.AppendInt2(dst, int16(r.Quality[i]))
}

const copyForecasts = `COPY forecasts (issued_at, meter_no, model, p10, p50, p90, day_ahead) FROM STDIN BINARY`

type forecastRows []twin.Forecast

func (r forecastRows) Len() int { return len(r) }

func (r forecastRows) RowSize(i int) int {
	f := &r[i]
	return 2 + 12 + 8 + 4 + len(f.Model) + 5 + pgvalue.FloatsSize(f.P10) + pgvalue.FloatsSize(f.P50) + pgvalue.FloatsSize(f.P90)
}

func (r forecastRows) AppendRow(dst []byte, i int) []byte {
	f := &r[i]
	dst = binary.BigEndian.AppendUint16(dst, 7)
	dst = pgvalue.AppendHour(dst, f.IssuedAt)
	dst = pgvalue.AppendInt4(dst, f.MeterNo)
	dst = pgvalue.AppendText(dst, f.Model)
	dst = pgvalue.AppendFloats(dst, f.P10)
	dst = pgvalue.AppendFloats(dst, f.P50)
	dst = pgvalue.AppendFloats(dst, f.P90)
	return pgvalue.AppendBool(dst, f.DayAhead)
}
