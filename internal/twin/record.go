package twin

import (
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Record is one message of the stream as it came. Key and Value must stay as they
// are until the effects of the batch have been used.
type Record struct {
	Offset int64
	Millis int64 // time at which the broker accepted it, ms since 1970
	Key    []byte
	Value  []byte
}

// Reasons for which a well-formed message is rejected. Those of malformed messages
// are the errors of internal/meter.
const (
	ReasonOutsideWindow   = "outside_dataset_window"
	ReasonFuture          = "in_the_future"
	ReasonWrongPartition  = "wrong_partition"
	ReasonGroupChanged    = "group_changed"
	ReasonIncompleteHour  = "incomplete_hour"
	ReasonSubHourOverlaps = "overlapping_sub_hour"
	ReasonSubHourTooLong  = "sub_hour_too_long"
)

// Reasons are all codes of rejected messages.
func Reasons() []string {
	codes := []string{
		ReasonOutsideWindow, ReasonFuture, ReasonWrongPartition, ReasonGroupChanged, ReasonIncompleteHour, ReasonSubHourOverlaps, ReasonSubHourTooLong,
	}
	for _, err := range meter.Errors() {
		codes = append(codes, err.Error())
	}
	return codes
}

// message is a record that has been decoded and checked, once.
type message struct {
	Record
	hour      meter.Hour
	kwh       float32
	minute    uint8      // of the hour at which the interval starts
	minutes   uint8      // length of the interval: 60, 30 or 15
	meter     *Meter     // nil for a newcomer
	newcomer  *MeterKey  // what the message names, if its meter was not known when it was read
	rejection *rejection // nil if the message is accepted so far
	watermark meter.Hour // before which all hours have ended; NoHour for a reading
}

// rejection is why a message is rejected.
type rejection struct {
	reason string // a stable code
	detail string // for people: what is wrong and how to fix it
}

// Read decodes a record and checks it. It changes nothing that Apply has not seen:
// call it for each record of a batch, in order, then register the meters of Unknown,
// then call Apply.
func (p *Partition) Read(rec Record) {
	p.inbox = append(p.inbox, message{Record: rec, watermark: meter.NoHour})
	msg, d := &p.inbox[len(p.inbox)-1], &p.decoded
	if err := meter.DecodeMessage(rec.Value, d); err != nil {
		p.readOther(msg, err)
		return
	}
	if msg.rejection = p.rules.checkTime(d, rec.Millis); msg.rejection != nil {
		return
	}
	msg.hour, msg.kwh, msg.minute, msg.minutes = d.Hour, d.KWh, d.Minute, d.Minutes
	if msg.meter = p.find(d.Meter); msg.meter != nil {
		msg.rejection = p.checkOrigin(msg.meter, d.Group)
		return
	}
	msg.newcomer = &MeterKey{Name: string(d.Meter), Group: string(d.Group)}
	if _, noted := p.newcomers[msg.newcomer.Name]; !noted {
		p.newcomers[msg.newcomer.Name] = struct{}{}
		p.unknown = append(p.unknown, *msg.newcomer)
	}
}

// Unknown is the meters that records since the last Apply name and that are not
// registered, each once, in the order of their first record. The slice is valid
// until the next Apply.
func (p *Partition) Unknown() []MeterKey { return p.unknown }

// checkTime rejects a message for its time, which no accepted one may have. millis
// is when the broker accepted it.
func (r *Rules) checkTime(m *meter.Message, millis int64) *rejection {
	if !r.Accepts(m.Hour) {
		return &rejection{ReasonOutsideWindow, fmt.Sprintf("%s lies outside the dataset's window from %s to %s", m.Hour, r.From, r.To)}
	}
	if r.MaxAhead == 0 {
		return nil
	}
	accepted := time.UnixMilli(millis).UTC()
	if m.Start().After(accepted.Add(r.MaxAhead)) {
		return &rejection{ReasonFuture, fmt.Sprintf("%s is more than %s after the broker's time %s",
			m.Start().Format(time.RFC3339), r.MaxAhead, accepted.Format(time.RFC3339))}
	}
	return nil
}

// checkOrigin rejects a message of a meter that belongs elsewhere.
func (p *Partition) checkOrigin(m *Meter, group []byte) *rejection {
	switch {
	case m == nil || m.foreign:
		return &rejection{ReasonWrongPartition, p.foreignDetail(m)}
	case m.Group != string(group):
		return &rejection{ReasonGroupChanged, fmt.Sprintf("the meter belongs to group %q, the message has %q", m.Group, group)}
	}
	return nil
}

// foreignDetail names the partition that a meter's readings belong to.
func (p *Partition) foreignDetail(m *Meter) string {
	belongs := "another partition"
	if m != nil {
		belongs = fmt.Sprintf("partition %d", m.Partition)
	}
	return fmt.Sprintf("the meter belongs to %s, this reading came through partition %d: its first reading had another key, "+
		"which is the highest group above the meter, or the meter where there is none, or another partitioner", belongs, p.number)
}
