package stream

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// fetchCall is one fetch of one partition. It lets the library choose broker,
// connection and version, but writes the request and reads the response
// itself: the library's own decoder makes several objects for each record,
// which costs more than all the rest of reading it.
type fetchCall struct {
	topic     string
	partition int
	offset    int64
	minBytes  int
	maxBytes  int
	maxWait   int32 // ms
	version   int16
	buf       []byte // memory for the response
}

// fetchReply is the answer to a fetchCall. The record set lies in the buffer
// of the call.
type fetchReply struct {
	code          int16
	highWatermark int64
	logStart      int64
	records       []byte
	aborted       []abortedTransaction
	buf           []byte
}

// abortedTransaction reports that records of a producer are void from an offset
// on, until the mark that ends the transaction.
type abortedTransaction struct {
	producer int64
	from     int64
}

var (
	_ protocol.BrokerMessage = (*fetchCall)(nil)
	_ protocol.RawExchanger  = (*fetchCall)(nil)
)

func (f *fetchCall) ApiKey() protocol.ApiKey  { return protocol.Fetch }
func (r *fetchReply) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Broker is the leader of the partition.
func (f *fetchCall) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	req := fetch.Request{Topics: []fetch.RequestTopic{{
		Topic:      f.topic,
		Partitions: []fetch.RequestPartition{{Partition: int32(f.partition)}},
	}}}
	return req.Broker(cluster)
}

// Versions of the request that encode and decode know. The library asks for
// version 11 where the broker has it.
const (
	minFetchVersion = 4
	maxFetchVersion = 11
)

// Required takes note of the version that was agreed on the connection.
func (f *fetchCall) Required(versions map[protocol.ApiKey]int16) bool {
	f.version = versions[protocol.Fetch]
	return true
}

// RawExchange sends the request and reads the response.
func (f *fetchCall) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if f.version < minFetchVersion || f.version > maxFetchVersion {
		return nil, fmt.Errorf("the broker speaks fetch version %d; %d to %d are needed (Kafka 0.11 or later)",
			f.version, minFetchVersion, maxFetchVersion)
	}
	if _, err := rw.Write(f.encode()); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(rw, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if n > f.maxBytes+maxReplyOverhead {
		return nil, fmt.Errorf("fetch response of %d bytes where at most %d were asked for", n, f.maxBytes)
	}
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	f.buf = f.buf[:n]
	if _, err := io.ReadFull(rw, f.buf); err != nil {
		return nil, err
	}
	return f.decode(f.buf)
}

// maxReplyOverhead is how much larger than asked for a response may be: a
// broker sends at least one whole batch, however large.
const maxReplyOverhead = 128 << 20

func (f *fetchCall) encode() []byte {
	be := binary.BigEndian
	b := make([]byte, 4, 128+len(f.topic))
	b = be.AppendUint16(b, uint16(protocol.Fetch))
	b = be.AppendUint16(b, uint16(f.version))
	b = be.AppendUint32(b, 0) // correlation id: one request is in flight on the connection
	b = appendShortString(b, clientID)

	b = be.AppendUint32(b, ^uint32(0)) // replica: a consumer
	b = be.AppendUint32(b, uint32(f.maxWait))
	b = be.AppendUint32(b, uint32(f.minBytes))
	b = be.AppendUint32(b, uint32(f.maxBytes))
	b = append(b, 1) // isolation: read committed
	if f.version >= 7 {
		b = be.AppendUint32(b, 0)          // no fetch session
		b = be.AppendUint32(b, ^uint32(0)) // and none asked for
	}
	b = be.AppendUint32(b, 1)
	b = appendShortString(b, f.topic)
	b = be.AppendUint32(b, 1)
	b = be.AppendUint32(b, uint32(f.partition))
	if f.version >= 9 {
		b = be.AppendUint32(b, ^uint32(0)) // leader epoch: any
	}
	b = be.AppendUint64(b, uint64(f.offset))
	if f.version >= 5 {
		b = be.AppendUint64(b, ^uint64(0)) // log start: only followers send it
	}
	b = be.AppendUint32(b, uint32(f.maxBytes))
	if f.version >= 7 {
		b = be.AppendUint32(b, 0) // forgotten topics
	}
	if f.version >= 11 {
		b = appendShortString(b, "") // rack
	}
	be.PutUint32(b, uint32(len(b)-4))
	return b
}

func appendShortString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

var errShortReply = errors.New("fetch response ends too early")

func (f *fetchCall) decode(buf []byte) (*fetchReply, error) {
	r := wireReader{b: buf}
	r.skip(4 + 4) // correlation id, throttle time
	if f.version >= 7 {
		code := r.int16()
		r.skip(4) // session
		if code != 0 {
			return &fetchReply{code: code, buf: buf}, nil
		}
	}
	if topics := r.int32(); topics != 1 && !r.short {
		return nil, fmt.Errorf("fetch response with %d topics, not 1", topics)
	}
	r.skip(int(r.int16())) // topic
	if partitions := r.int32(); partitions != 1 && !r.short {
		return nil, fmt.Errorf("fetch response with %d partitions, not 1", partitions)
	}
	reply := &fetchReply{buf: buf, logStart: NoOffset}
	r.skip(4) // partition
	reply.code = r.int16()
	reply.highWatermark = r.int64()
	r.skip(8) // last stable offset
	if f.version >= 5 {
		reply.logStart = r.int64()
	}
	for n := r.int32(); n > 0 && !r.short; n-- {
		reply.aborted = append(reply.aborted, abortedTransaction{producer: r.int64(), from: r.int64()})
	}
	// A broker lists them in the order in which they end.
	slices.SortFunc(reply.aborted, func(a, b abortedTransaction) int { return cmp.Compare(a.from, b.from) })
	if f.version >= 11 {
		r.skip(4) // preferred read replica
	}
	if n := r.int32(); n > 0 {
		reply.records = r.take(int(n))
	}
	if r.short {
		return nil, errShortReply
	}
	return reply, nil
}

// wireReader reads big-endian fields; past the end it reads zeros and reports it.
type wireReader struct {
	b     []byte
	short bool
}

var zeros [8]byte

func (r *wireReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short, r.b = true, nil
		return zeros[:min(max(n, 0), len(zeros))]
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *wireReader) skip(n int)   { r.take(n) }
func (r *wireReader) int16() int16 { return int16(binary.BigEndian.Uint16(r.take(2))) }
func (r *wireReader) int32() int32 { return int32(binary.BigEndian.Uint32(r.take(4))) }
func (r *wireReader) int64() int64 { return int64(binary.BigEndian.Uint64(r.take(8))) }
