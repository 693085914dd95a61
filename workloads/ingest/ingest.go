// Package ingest takes readings that come from outside, over HTTP or MQTT, into the stream
// of a twin whose generator is off.
//
// A request, or a message of MQTT, becomes an Intake: rows that were decoded and judged as
// the processor decodes and judges them. A row that cannot be used is listed for the sender
// and published all the same, as it came, so that the processor quarantines and counts it
// like every other. A Publisher puts an Intake into the stream, in the order of time, under
// the keys that hold a tree of groups in one partition. A Receiver does so exactly once for
// each idempotency key.
package ingest

import (
	"math"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// Limits on one request.
const (
	MaxBodyBytes = 8 << 20 // as it is sent, and unpacked
	MaxRows      = 50_000  // readings and rejected rows
	MaxRowBytes  = 16 << 10

	// MaxListed bounds the rejected rows that an answer lists; all of them are counted.
	MaxListed = 1_000
)

// Rules are what readings of a twin are judged by, and routed. They are immutable.
type Rules struct {
	twin       *config.Twin
	tree       dsm.Tree
	partitions int
}

// NewRules makes the rules of a twin.
func NewRules(twin *config.Twin) *Rules {
	return &Rules{twin: twin, tree: twin.Processor.Policy.Tree(), partitions: twin.Kafka.Partitions}
}

// key is the message key of a meter's readings.
func (r *Rules) key(name, group []byte) []byte {
	switch {
	case len(group) == 0:
		return name
	case r.tree.Nests():
		return []byte(r.tree.Root(string(group)))
	}
	return group
}

// route is where the readings of a key go.
type route struct {
	key       []byte
	partition int
}

// record is a row on its way into the stream. The value may point into the body.
type record struct {
	start int64 // of the interval, Unix seconds; afterAll for a row that is rejected
	route
	value []byte
}

// afterAll places rejected rows behind the readings: they move no event time.
const afterAll = math.MaxInt64

// Intake is what was sent at once. It is used by one goroutine.
type Intake struct {
	rules   *Rules
	latest  time.Time // start of an interval that is accepted
	records []record
	routes  map[string]route
	decoded meter.Message

	// Accepted and Rejected count rows. Rejections are the first MaxListed of the
	// rejected ones.
	Accepted, Rejected int
	Rejections         []Rejection
	// Findings are how a file was read, as far as that was a guess, and what seems wrong.
	Findings []string
}

// NewIntake is an empty intake at the time now.
func (r *Rules) NewIntake(now time.Time) *Intake {
	return &Intake{rules: r, latest: now.Add(aheadOfClock), routes: map[string]route{}}
}

// aheadOfClock is how far a reading may lie ahead of this process's clock. The processor
// allows an hour after the broker's: a minute is for the difference of the clocks.
const aheadOfClock = time.Hour + time.Minute

// Reject takes in a message that cannot be used, as it came. The processor quarantines it.
func (in *Intake) Reject(r Rejection, raw []byte) { in.reject(r, raw[:min(len(raw), MaxRowBytes)]) }

// Rows is how many rows were taken in.
func (in *Intake) Rows() int { return in.Accepted + in.Rejected }

// Message takes a message in, as a row. It must not change until the intake is published.
func (in *Intake) Message(row int64, raw []byte) {
	if len(raw) > MaxRowBytes {
		in.reject(Rejection{Row: row, Code: CodeRowTooLong, Detail: detailRowTooLong}, raw[:MaxRowBytes])
		return
	}
	if err := meter.DecodeMessage(raw, &in.decoded); err != nil {
		in.reject(rejectionOf(row, raw, err), raw)
		return
	}
	m := &in.decoded
	start := m.Start()
	if start.After(in.latest) {
		in.reject(in.inTheFuture(row, start), raw)
		return
	}
	in.accept(start.Unix(), in.rules.key(m.Meter, m.Group), raw)
}

// accept takes a reading in.
func (in *Intake) accept(start int64, key, value []byte) {
	to, known := in.routes[string(key)]
	if !known {
		// The names of the decoded message are overwritten by the next one.
		to = route{key: slices.Clone(key), partition: stream.Partition(key, in.rules.partitions)}
		in.routes[string(key)] = to
	}
	in.Accepted++
	in.records = append(in.records, record{start: start, route: to, value: value})
}

// reject lists a row and publishes it as it came, unless the processor would take it for
// something else than a message that is malformed: a watermark, or a line of a file that
// happens to be a message.
func (in *Intake) reject(r Rejection, raw []byte) {
	in.Rejected++
	if len(in.Rejections) < MaxListed {
		in.Rejections = append(in.Rejections, r)
	}
	if _, is, _ := meter.DecodeWatermark(raw); is {
		return
	}
	if r.Code == CodeUnreadableRow && meter.DecodeMessage(raw, &in.decoded) == nil {
		return
	}
	to := route{key: []byte{}, partition: stream.Partition(raw, in.rules.partitions)}
	in.records = append(in.records, record{start: afterAll, route: to, value: raw})
}
