// Package pgvalue turns values into those of PostgreSQL and back: nulls, and the
// encoding of binary COPY.
package pgvalue

import (
	"encoding/binary"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Encoding of values in PostgreSQL's binary COPY, by hand: they go from the columns
// of a batch straight into the buffer that is sent, without an allocation. See
// "COPY, Binary Format" in PostgreSQL's documentation.

// OIDs of the elements of arrays.
const (
	OIDInt2   = 21
	OIDFloat4 = 700
)

const (
	epoch2000 = 946684800 // seconds from 1970 to PostgreSQL's zero of time
	null      = 0xffffffff
)

// MicrosecondsPerHour is an hour as PostgreSQL counts time.
const MicrosecondsPerHour = 3600 * 1_000_000

// Microseconds is an hour as the binary value of a timestamptz.
func Microseconds(h meter.Hour) int64 { return (h.Unix() - epoch2000) * 1_000_000 }

// AppendCount begins a row of columns.
func AppendCount(dst []byte, columns int) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(columns))
}

// AppendNull appends a null of any type.
func AppendNull(dst []byte) []byte { return binary.BigEndian.AppendUint32(dst, null) }

// AppendInt2 appends a smallint.
func AppendInt2(dst []byte, v int16) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 2)
	return binary.BigEndian.AppendUint16(dst, uint16(v))
}

// AppendUUID appends a uuid.
func AppendUUID(dst []byte, id [16]byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(id))), id[:]...)
}

// AppendInt4 appends an integer.
func AppendInt4(dst []byte, v int32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, uint32(v))
}

// AppendBool appends a boolean.
func AppendBool(dst []byte, v bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 1)
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendFloat4 appends a real.
func AppendFloat4(dst []byte, v float32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(v))
}

// AppendFloat8 appends a double precision.
func AppendFloat8(dst []byte, v float64) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 8)
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
}

// AppendNumber is AppendFloat4 with NaN as null.
func AppendNumber(dst []byte, v float32) []byte {
	if v != v {
		return binary.BigEndian.AppendUint32(dst, null)
	}
	return AppendFloat4(dst, v)
}

// AppendHour appends a timestamptz, null for meter.NoHour.
func AppendHour(dst []byte, h meter.Hour) []byte {
	if h == meter.NoHour {
		return binary.BigEndian.AppendUint32(dst, null)
	}
	dst = binary.BigEndian.AppendUint32(dst, 8)
	return binary.BigEndian.AppendUint64(dst, uint64(Microseconds(h)))
}

// AppendText appends a text.
func AppendText(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}

// FloatsSize is how many bytes AppendFloats appends, at most.
func FloatsSize(v []float32) int { return 4 + 20 + 8*len(v) }

// AppendFloats appends a real[] of one dimension, empty if v is.
func AppendFloats(dst []byte, v []float32) []byte {
	dst = AppendArrayHeader(dst, len(v), 8, OIDFloat4)
	for _, x := range v {
		dst = AppendFloat4(dst, x)
	}
	return dst
}

// AppendArrayHeader begins an array of n elements of size bytes each, their
// length included.
func AppendArrayHeader(dst []byte, n, size, oid int) []byte {
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
