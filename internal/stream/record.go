package stream

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// Record is one record of a partition. Key and Value are valid until the
// next fetch of the reader that gave them.
type Record struct {
	Offset int64
	Millis int64 // the record's time, ms since 1970; the broker's with LogAppendTime
	Key    []byte
	Value  []byte // nil in a tombstone

	headers []byte // as they came; see Header
}

// Time is the record's time: with LogAppendTime, when the broker took it.
func (r Record) Time() time.Time { return time.UnixMilli(r.Millis).UTC() }

// Header is the value of the record's header with that name, valid as long as Key and
// Value are; nil if there is none.
func (r Record) Header(name string) []byte {
	b := r.headers
	count, n := binary.Varint(b)
	if n <= 0 {
		return nil
	}
	b = b[n:]
	for range count {
		var key, value []byte
		var ok bool
		if key, b, ok = takeNullable(b); !ok {
			return nil
		}
		if value, b, ok = takeNullable(b); !ok {
			return nil
		}
		if string(key) == name {
			return value
		}
	}
	return nil
}

// Header is a named value beside a record.
type Header struct {
	Key   string
	Value []byte
}

// The layout of a record batch (message format 2): a fixed head, whose check
// sum covers everything from the attributes on, then the records.
const (
	batchLengthAt      = 8
	batchMagicAt       = 16
	batchChecksumAt    = 17
	batchAttributesAt  = 21
	batchLastDeltaAt   = 23
	batchFirstTimeAt   = 27
	batchMaxTimeAt     = 35
	batchProducerAt    = 43
	batchRecordCountAt = 57
	batchHeadSize      = 61

	batchLengthEnd = 12 // the length counts from here
	batchMagic     = 2

	attributeCompression   = 0x07
	attributeAppendTime    = 0x08
	attributeTransactional = 0x10
	attributeControl       = 0x20
)

// checksum is the check sum of a whole batch.
func checksum(batch []byte) uint32 {
	return crc32.Checksum(batch[batchAttributesAt:], crc32.MakeTable(crc32.Castagnoli))
}

// RecordBatch is a batch of records in memory, laid out as it is sent. The
// zero RecordBatch is empty and ready for use.
type RecordBatch struct {
	buf   []byte // behind the four bytes of length that a request puts before it
	count int
}

const recordSetLengthSize = 4

// Len is the number of records.
func (w *RecordBatch) Len() int { return w.count }

// Size is the size in bytes.
func (w *RecordBatch) Size() int {
	if w.count == 0 {
		return 0
	}
	return len(w.buf)
}

// Reset empties the batch and keeps its memory.
func (w *RecordBatch) Reset() { w.count = 0 }

// Append adds a record. Key, value and headers are copied.
func (w *RecordBatch) Append(key, value []byte, headers ...Header) {
	if w.count == 0 {
		w.buf = append(w.buf[:0], make([]byte, recordSetLengthSize+batchHeadSize)...)
	}
	// Attributes and the time delta are zero: all records of a batch share
	// the time at which the batch is sent.
	size := 1 + 1 + varintSize(int64(w.count)) + nullableSize(key) + nullableSize(value) + varintSize(int64(len(headers)))
	for _, h := range headers {
		size += varintSize(int64(len(h.Key))) + len(h.Key) + nullableSize(h.Value)
	}
	b := binary.AppendVarint(w.buf, int64(size))
	b = append(b, 0, 0)
	b = binary.AppendVarint(b, int64(w.count))
	b = appendNullable(b, key)
	b = appendNullable(b, value)
	b = binary.AppendVarint(b, int64(len(headers)))
	for _, h := range headers {
		b = binary.AppendVarint(b, int64(len(h.Key)))
		b = append(b, h.Key...)
		b = appendNullable(b, h.Value)
	}
	w.buf = b
	w.count++
}

// finish fills in the head and returns the record set, ready to send.
func (w *RecordBatch) finish(now time.Time) []byte {
	batch := w.buf[recordSetLengthSize:]
	be := binary.BigEndian
	be.PutUint32(w.buf, uint32(len(batch)))
	be.PutUint32(batch[batchLengthAt:], uint32(len(batch)-batchLengthEnd))
	batch[batchMagicAt] = batchMagic
	be.PutUint32(batch[batchLastDeltaAt:], uint32(w.count-1))
	be.PutUint64(batch[batchFirstTimeAt:], uint64(now.UnixMilli()))
	be.PutUint64(batch[batchMaxTimeAt:], uint64(now.UnixMilli()))
	for i := batchProducerAt; i < batchRecordCountAt; i++ {
		batch[i] = 0xff // no producer id, epoch or sequence
	}
	be.PutUint32(batch[batchRecordCountAt:], uint32(w.count))
	be.PutUint32(batch[batchChecksumAt:], checksum(batch))
	return w.buf
}

func appendNullable(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}

func nullableSize(b []byte) int {
	if b == nil {
		return 1
	}
	return varintSize(int64(len(b))) + len(b)
}

// varintSize is the length of v as a zigzag varint.
func varintSize(v int64) int {
	n := 1
	for u := uint64(v<<1) ^ uint64(v>>63); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}
