package stream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// ErrCorrupt means that a fetched batch is damaged.
var ErrCorrupt = errors.New("corrupt record batch")

// Batch is what one fetch returned: records, and how far the log reaches.
type Batch struct {
	HighWatermark int64 // the offset that follows the last record
	LogStart      int64 // the offset of the first record that is still there

	rest   []byte // batches that were not opened yet
	next   int64
	err    error
	begun  bool   // a whole batch was there
	plain  []byte // decompressed batches
	opened opened

	aborted []abortedTransaction // that are not reached yet, by their start
	void    map[int64]bool       // producers whose transactional records count for nothing here
}

// opened is the record batch that is being read.
type opened struct {
	records    []byte
	left       int   // records in it
	base       int64 // offset that the records' deltas count from
	end        int64 // offset that follows the batch
	firstTime  int64
	appendTime int64 // of all records, if not 0
}

func (b *Batch) reset(reply *fetchReply, offset int64) {
	*b = Batch{
		HighWatermark: reply.highWatermark,
		LogStart:      reply.logStart,
		rest:          reply.records,
		next:          offset,
		plain:         b.plain[:0],
		aborted:       reply.aborted,
	}
}

// NextOffset is where to go on reading after the records returned so far. It
// can lie further than one past the last record: some offsets hold no record
// for a reader.
func (b *Batch) NextOffset() int64 { return b.next }

// Err is the error that ended the records early, if any.
func (b *Batch) Err() error { return b.err }

// Next reads the next record into rec; false at the end and on an error.
func (b *Batch) Next(rec *Record) bool {
	for b.err == nil {
		for b.opened.left > 0 {
			if b.err = b.opened.read(rec); b.err != nil {
				return false
			}
			// A broker sends whole batches: the first may start before the
			// offset that was asked for.
			if rec.Offset >= b.next {
				b.next = rec.Offset + 1
				return true
			}
		}
		b.next = max(b.next, b.opened.end)
		if len(b.rest) == 0 {
			return false
		}
		b.open()
	}
	return false
}

// open starts the next record batch.
func (b *Batch) open() {
	b.opened = opened{}
	head := b.rest
	if len(head) < batchHeadSize {
		b.cutOff()
		return
	}
	be := binary.BigEndian
	size := batchLengthEnd + int(int32(be.Uint32(head[batchLengthAt:])))
	if head[batchMagicAt] != batchMagic {
		b.err = fmt.Errorf("%w at offset %d: message format %d, not %d", ErrCorrupt, b.next, head[batchMagicAt], batchMagic)
		return
	}
	if size < batchHeadSize {
		b.err = fmt.Errorf("%w at offset %d: %d bytes long", ErrCorrupt, b.next, size)
		return
	}
	if size > len(head) {
		b.cutOff()
		return
	}
	body := head[:size]
	b.rest, b.begun = head[size:], true
	if checksum(body) != be.Uint32(body[batchChecksumAt:]) {
		b.err = fmt.Errorf("%w at offset %d: wrong check sum", ErrCorrupt, b.next)
		return
	}
	attributes := be.Uint16(body[batchAttributesAt:])
	base := int64(be.Uint64(body))
	o := opened{
		records:   body[batchHeadSize:],
		left:      int(int32(be.Uint32(body[batchRecordCountAt:]))),
		base:      base,
		end:       base + int64(int32(be.Uint32(body[batchLastDeltaAt:]))) + 1,
		firstTime: int64(be.Uint64(body[batchFirstTimeAt:])),
	}
	if attributes&attributeAppendTime != 0 {
		o.appendTime = int64(be.Uint64(body[batchMaxTimeAt:]))
	}
	if b.isVoid(attributes, int64(be.Uint64(body[batchProducerAt:])), o) {
		o.left = 0
	}
	if c := attributes & attributeCompression; c != 0 && o.left > 0 {
		o.records, b.err = b.decompress(compress.Compression(c), o.records)
	}
	b.opened = o
}

// isVoid reports whether a batch holds no records for a reader: marks of
// transactions, and what belongs to a transaction that was aborted.
func (b *Batch) isVoid(attributes uint16, producer int64, o opened) bool {
	for len(b.aborted) > 0 && b.aborted[0].from < o.end {
		if b.void == nil {
			b.void = map[int64]bool{}
		}
		b.void[b.aborted[0].producer] = true
		b.aborted = b.aborted[1:]
	}
	if attributes&attributeControl != 0 {
		if o.isAbortMark() {
			delete(b.void, producer)
		}
		return true
	}
	return attributes&attributeTransactional != 0 && b.void[producer]
}

// isAbortMark reports whether a control batch ends a transaction that was
// aborted. The key of its record is a version and a type, two bytes each.
func (o opened) isAbortMark() bool {
	var mark Record
	return o.left > 0 && o.read(&mark) == nil && len(mark.Key) >= 4 && binary.BigEndian.Uint16(mark.Key[2:]) == 0
}

// cutOff ends the records: brokers cut the last batch at the size asked for,
// but never the first, so that a reader always gets on.
func (b *Batch) cutOff() {
	if !b.begun {
		b.err = fmt.Errorf("%w at offset %d: first batch cut off", ErrCorrupt, b.next)
	}
	b.rest = nil
}

func (b *Batch) decompress(c compress.Compression, packed []byte) ([]byte, error) {
	codec := c.Codec()
	if codec == nil {
		return nil, fmt.Errorf("%w at offset %d: unknown compression %d", ErrCorrupt, b.next, c)
	}
	r := codec.NewReader(bytes.NewReader(packed))
	defer func() { _ = r.Close() }()
	start := len(b.plain)
	out := bytes.NewBuffer(b.plain)
	if _, err := io.Copy(out, r); err != nil {
		return nil, fmt.Errorf("%w at offset %d: %s: %w", ErrCorrupt, b.next, c, err)
	}
	b.plain = out.Bytes()
	return b.plain[start:], nil
}

// read takes the next record of the batch.
func (o *opened) read(rec *Record) error {
	b := o.records
	size, n := binary.Varint(b)
	if n <= 0 || size < 0 || size > int64(len(b)-n) {
		return fmt.Errorf("%w: record of length %d", ErrCorrupt, size)
	}
	b, o.records = b[n:n+int(size)], b[n+int(size):]
	o.left--
	if len(b) == 0 {
		return fmt.Errorf("%w: empty record", ErrCorrupt)
	}
	b = b[1:] // attributes
	timeDelta, n := binary.Varint(b)
	if n <= 0 {
		return ErrCorrupt
	}
	b = b[n:]
	offsetDelta, n := binary.Varint(b)
	if n <= 0 {
		return ErrCorrupt
	}
	b = b[n:]
	rec.Offset = o.base + offsetDelta
	rec.Millis = o.firstTime + timeDelta
	if o.appendTime != 0 {
		rec.Millis = o.appendTime
	}
	var ok bool
	if rec.Key, b, ok = takeNullable(b); !ok {
		return ErrCorrupt
	}
	if rec.Value, rec.headers, ok = takeNullable(b); !ok {
		return ErrCorrupt
	}
	return nil
}

func takeNullable(b []byte) (v, rest []byte, ok bool) {
	size, n := binary.Varint(b)
	if n <= 0 || size > int64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	if size < 0 {
		return nil, b, true
	}
	return b[:size:size], b[size:], true
}
