package hourly

import (
	"encoding/binary"
	"math"
)

// entry is one reading on its way through the sort: 16 bytes that hold the
// start minute (27 bits, to the year 2225), the meter (24) and the length in
// minutes (13). Comparing order() compares time, then meter.
type entry struct {
	key   uint64
	value float64
}

const (
	lengthBits = 13
	meterBits  = 24
	maxMeters  = 1 << meterBits
	entryBytes = 16
)

func makeEntry(minute int64, meterIndex int32, length int, value float64) entry {
	key := uint64(minute)<<(meterBits+lengthBits) | uint64(meterIndex)<<lengthBits | uint64(length)
	return entry{key: key, value: value}
}

func (e entry) order() uint64 { return e.key >> lengthBits }
func (e entry) minute() int64 { return int64(e.key >> (meterBits + lengthBits)) }
func (e entry) meter() int32  { return int32(e.key >> lengthBits & (maxMeters - 1)) }
func (e entry) length() int   { return int(e.key & (1<<lengthBits - 1)) }

func (e entry) encode(b []byte) {
	binary.LittleEndian.PutUint64(b, e.key)
	binary.LittleEndian.PutUint64(b[8:], math.Float64bits(e.value))
}

func decodeEntry(b []byte) entry {
	return entry{
		key:   binary.LittleEndian.Uint64(b),
		value: math.Float64frombits(binary.LittleEndian.Uint64(b[8:])),
	}
}
