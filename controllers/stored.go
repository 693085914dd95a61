package controllers

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

const (
	// storedGrace is how much longer than explained a twin may store nothing: pods
	// are replaced, brokers elect leaders, and a generator reads its file again.
	storedGrace = 5 * time.Minute
	// reportingInterval is the time that each reading covers.
	reportingInterval = time.Hour
)

// stored counts the readings that were in the database when the status was written.
func (s *scope) stored() int64 {
	if d := s.before.Status.Dataset; d != nil {
		return d.Rows
	}
	return 0
}

// stream is the status of the stream, never nil.
func (s *scope) stream() *v1.StreamStatus {
	if s.twin.Status.Stream == nil {
		s.twin.Status.Stream = &v1.StreamStatus{}
	}
	return s.twin.Status.Stream
}

// noteStored keeps since when nothing more is stored. A database that nobody
// shows stores nothing either.
func (s *scope) noteStored() {
	if !s.polled {
		return
	}
	if s.storesMore() {
		s.noteNoneToCome()
		return
	}
	stream := s.stream()
	if stream.WaitingSince == nil {
		stream.WaitingSince = ptr.To(metav1.NewTime(s.now))
	}
	if s.figures == nil || s.figures.generator == nil {
		return // its pod may be replaced: what was due stays due
	}
	stream.NextReadingsAt = nil
	pause, _ := s.longestPause()
	if due := s.figures.generator.Due; due.After(stream.WaitingSince.Add(pause)) {
		stream.NextReadingsAt = ptr.To(metav1.NewTime(due.UTC().Truncate(time.Second)))
	}
}

// noteNoneToCome ends the waiting for readings.
func (s *scope) noteNoneToCome() {
	if stream := s.twin.Status.Stream; stream != nil {
		stream.WaitingSince, stream.NextReadingsAt = nil, nil
	}
}

// storesMore reports whether the database holds something else than when
// the status was written.
func (s *scope) storesMore() bool {
	if s.figures == nil || s.figures.database == nil {
		return false
	}
	d, before := s.figures.database, s.before.Status.Stream
	if d.Rows != s.stored() {
		return true
	}
	return d.LastEventTime != nil && (before == nil || before.LastEventTime == nil || !before.LastEventTime.Time.Equal(*d.LastEventTime))
}

// overdue is the verdict on a twin that has stored nothing for longer than its
// mode and speed explain, nil if they explain it.
func (s *scope) overdue() *verdict {
	stream := s.twin.Status.Stream
	if !s.polled || stream == nil || stream.WaitingSince == nil {
		return nil
	}
	pause, why := s.longestPause()
	until := stream.WaitingSince.Add(pause)
	if next := stream.NextReadingsAt; next != nil {
		until, why = next.Time, "the next were due at "+next.UTC().Format(time.RFC3339)
	}
	if !s.now.After(until.Add(storedGrace)) {
		return nil
	}
	v := no(v1.ReasonNothingStored, "no reading has been stored since %s, although %s; %s",
		stream.WaitingSince.UTC().Format(time.RFC3339), why, s.likelyCause())
	return &v
}

// longestPause is how long nothing may be stored although all is well, and the
// reason in words. A generator that waits longer reports until when.
func (s *scope) longestPause() (time.Duration, string) {
	switch g := s.wanted.Config.Generator; {
	case s.spec.Generator.Mode == v1.GeneratorOff:
		late := time.Duration(s.wanted.Config.Processor.AllowedLateness)
		return reportingInterval + late, fmt.Sprintf("readings from outside are expected every hour, %s late at most", late)
	case s.spec.Generator.Mode == v1.GeneratorLive:
		return reportingInterval, "an hour's readings are due when it is over"
	case g.Speed == 0:
		return 0, "at speed max all of them are due at once"
	default:
		pause := time.Duration(float64(reportingInterval) / g.Speed)
		return pause, fmt.Sprintf("at speed %s the next hour is due after %s", s.spec.Generator.Speed, pause.Round(time.Millisecond))
	}
}

// likelyCause names the first component on the way of a reading that does not do its
// work.
func (s *scope) likelyCause() string {
	for _, kind := range resources.ReadyConditions() {
		if c := s.condition(kind); c != nil && c.Status != metav1.ConditionTrue {
			return kind + " is False: " + c.Message
		}
	}
	logOf := func(component string) string { return "read the log of the Deployment " + s.name(component) }
	f := s.figures
	switch {
	case f == nil:
		return fmt.Sprintf("no workload answers on port %d; read the logs of their pods", resources.PortStatus)
	case f.database == nil:
		return "the API does not reach the database; " + logOf(v1.ComponentAPI)
	case f.partitions == 0:
		return "no processor answers; " + logOf(v1.ComponentProcessor)
	case f.lag > 0:
		return "readings are in the stream and are not processed; " + logOf(v1.ComponentProcessor)
	case s.spec.Generator.Mode == v1.GeneratorOff:
		return "all that is in the stream is processed; check what sends the readings"
	case f.generator == nil:
		return "the generator does not answer; " + logOf(v1.ComponentGenerator)
	}
	return "the stream is processed and the generator publishes nothing more; " + logOf(v1.ComponentGenerator)
}

// reportStored records that a twin stores nothing any more, and that it does again.
func (r *Reconciler) reportStored(s *scope) {
	before := meta.FindStatusCondition(s.before.Status.Conditions, v1.ConditionDataFlowing)
	now := s.condition(v1.ConditionDataFlowing)
	was := before != nil && before.Reason == v1.ReasonNothingStored
	is := now != nil && now.Reason == v1.ReasonNothingStored
	switch {
	case is && !was:
		r.warn(s, now.Reason, "%s", now.Message)
	case was && now != nil && now.Reason == v1.ReasonFlowing:
		r.event(s, now.Reason, "readings are stored again")
	}
}
