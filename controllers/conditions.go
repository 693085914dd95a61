package controllers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// verdict is what a condition reports.
type verdict struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

func yes(reason, format string, args ...any) verdict {
	return verdict{metav1.ConditionTrue, reason, fmt.Sprintf(format, args...)}
}

func no(reason, format string, args ...any) verdict {
	return verdict{metav1.ConditionFalse, reason, fmt.Sprintf(format, args...)}
}

func (s *scope) condition(kind string) *metav1.Condition {
	return meta.FindStatusCondition(s.twin.Status.Conditions, kind)
}

// was is a condition before this reconciliation, nil if there was none.
func (s *scope) was(kind string) *metav1.Condition {
	return meta.FindStatusCondition(s.before.Status.Conditions, kind)
}

func (s *scope) set(kind string, v verdict) { s.setSince(kind, v, s.now) }

// setSince sets a condition. If it changes its status, it has it since a time.
func (s *scope) setSince(kind string, v verdict, since time.Time) {
	meta.SetStatusCondition(&s.twin.Status.Conditions, metav1.Condition{
		Type: kind, Status: v.status, Reason: v.reason, Message: v.message, ObservedGeneration: s.twin.Generation,
		LastTransitionTime: metav1.NewTime(since),
	})
}

func (s *scope) unset(kind string) { meta.RemoveStatusCondition(&s.twin.Status.Conditions, kind) }

// componentVerdicts are the conditions that Ready is made of, in the order in which
// a twin comes up.
func (s *scope) componentVerdicts() []conditionVerdict {
	var out []conditionVerdict
	for _, c := range resources.Components() {
		if c.Store != nil {
			out = append(out, conditionVerdict{c.Condition, s.storeVerdict(c.Name, c.Condition, !c.In(s.spec))})
		}
	}
	return append(out, conditionVerdict{v1.ConditionSchemaReady, s.schemaVerdict()}, conditionVerdict{v1.ConditionWorkloadsReady, s.workloadsVerdict()})
}

type conditionVerdict struct {
	kind string
	verdict
}

func (s *scope) storeVerdict(component, kind string, external bool) verdict {
	if external {
		return s.externalVerdict(component)
	}
	if s.spec.State == v1.StateHibernated {
		return s.stopVerdict("stopped; its volume is kept", component)
	}
	p := s.observed[component]
	if p.available() {
		return yes(v1.ReasonAvailable, "%d of %d pods are ready", p.need, p.need)
	}
	return no(s.whyNot(kind, component, p), "%s", p.waiting("waiting for the pods of "+s.name(component)))
}

// externalVerdict is what the Job found out about a store that others run.
func (s *scope) externalVerdict(component string) verdict {
	if s.outcome.done {
		return yes(v1.ReasonExternal, "it answers, as the last preparation found")
	}
	if s.spec.State == v1.StateHibernated {
		return yes(v1.ReasonHibernated, "not used until the twin runs again")
	}
	f := s.outcome.failure
	if f == nil || f.Store != component {
		return no(v1.ReasonWaiting, "the preparation has not found out yet whether it answers")
	}
	if f.Denied {
		return no(v1.ReasonAccessDenied, "it rejects the user: %s", f.Message)
	}
	return no(v1.ReasonUnreachable, "it does not answer: %s", f.Message)
}

func (s *scope) schemaVerdict() verdict {
	if s.inputs.Restoring {
		return s.restoreVerdict()
	}
	if s.outcome.done {
		return yes(v1.ReasonAvailable, "topics and schema are those of this version")
	}
	if s.spec.State == v1.StateHibernated {
		return yes(v1.ReasonHibernated, "the stores are prepared when the twin runs again")
	}
	if f := s.outcome.failure; f != nil {
		if f.Store == config.StoreDataset {
			return no(v1.ReasonFixedField, "%s", f.Message)
		}
		return no(v1.ReasonPrepareFailed, "the preparation fails at %s and is tried again: %s", f.Store, f.Message)
	}
	if s.outcome.exists {
		preparing := fmt.Sprintf("the Job %s is preparing the stores", s.wanted.Prepare)
		return no(v1.ReasonMigrating, "%s", observation{trouble: s.outcome.trouble}.waiting(preparing))
	}
	return no(v1.ReasonWaiting, "waiting for the stores")
}

func (s *scope) workloadsVerdict() verdict {
	if s.spec.State != v1.StateRunning {
		return s.stopVerdict("stopped", workloadNames()...)
	}
	if s.inputs.Restoring {
		return no(v1.ReasonRestoring, "stopped until %s is restored", s.restoreFrom().Dump)
	}
	var waiting []string
	reason := ""
	for _, component := range s.workloadComponents() {
		if p := s.observed[component]; !p.available() {
			waiting = append(waiting, p.waiting(component))
			reason = worse(s.whyNot(v1.ConditionWorkloadsReady, component, p), reason)
		}
	}
	if len(waiting) == 0 {
		return yes(v1.ReasonAvailable, "all workloads are available")
	}
	// Workloads that lose their store for a while are not lost by themselves.
	if planned := s.plannedStore(); planned != "" && reason == v1.ReasonUnavailable {
		reason = planned
	}
	if !s.outcome.done {
		return no(reason, "waiting for the stores to be prepared")
	}
	return no(reason, "waiting for %s", strings.Join(waiting, ", "))
}

func (s *scope) monitoringVerdict() verdict {
	if s.unwatched != nil {
		return no(v1.ReasonFailing, "%s; it is tried again", inWords(s.unwatched))
	}
	if len(s.missing) > 0 {
		return no(v1.ReasonMissingCRD, "the cluster has no %s; install the Prometheus Operator, or set monitoring.prometheus.mode to Managed or \"Off\"", strings.Join(s.missing, ", "))
	}
	if s.spec.State == v1.StateHibernated {
		return s.stopVerdict("stopped", resources.ComponentNames(resources.RoleMonitoring)...)
	}
	components := s.monitoringComponents()
	for _, component := range components {
		if p := s.observed[component]; !p.available() {
			return no(s.whyNot(v1.ConditionMonitoringReady, component, p), "%s", p.waiting("waiting for the pod of "+s.name(component)))
		}
	}
	if len(components) == 0 && s.spec.Monitoring.Prometheus.Mode == v1.PrometheusOff && s.spec.Monitoring.Grafana.Mode == v1.GrafanaOff {
		return yes(v1.ReasonDisabled, "not asked for")
	}
	return yes(v1.ReasonAvailable, "what monitoring asks for is there")
}

// summarise sets all conditions of a twin whose wanted set is known, and of which
// err went wrong, if anything did.
func (s *scope) summarise(err error) {
	ready := s.summariseComponents()
	s.unset(v1.ConditionPaused)
	var stall *stalledError
	if errors.As(err, &stall) {
		s.stall(stall.reason, inWords(err))
		return
	}
	working := yes(v1.ReasonProgressing, "%s", ready.message)
	if err != nil {
		// What the cluster rejects, by a quota, a policy or a right that the operator
		// lacks, is tried again, so that nobody has to wake the twin once it is
		// fixed. What runs may be what an older spec wanted: it does not count.
		working = yes(v1.ReasonFailing, "%s; it is tried again", inWords(err))
		if ready.status == metav1.ConditionTrue {
			ready.reason = v1.ReasonFailing
		}
		ready = no(ready.reason, "%s", inWords(err))
	}
	s.conclusion(ready, working)
}

// summariseComponents sets the conditions of the components and returns what they make of
// Ready.
func (s *scope) summariseComponents() verdict {
	ready := yes(v1.ReasonAvailable, "stores and workloads are available, the schema is current")
	for _, p := range s.componentVerdicts() {
		s.set(p.kind, p.verdict)
		if p.status != metav1.ConditionTrue && ready.status == metav1.ConditionTrue {
			ready = no(p.reason, "%s: %s", p.kind, p.message)
		}
	}
	s.set(v1.ConditionMonitoringReady, s.monitoringVerdict())
	s.dataFlow()
	s.readingsRejected()
	if len(s.resizes) > 0 {
		slices.Sort(s.resizes)
		s.set(v1.ConditionStorageResizeRefused, yes(v1.ReasonClassNoResize, "the class of the volume cannot expand it: %s", strings.Join(s.resizes, ", ")))
	} else {
		s.unset(v1.ConditionStorageResizeRefused)
	}
	s.emptyGroups()
	if len(s.unproven) > 0 {
		s.set(v1.ConditionImagesProven, s.imagesVerdict())
	} else {
		s.unset(v1.ConditionImagesProven)
	}
	switch {
	case ready.status == metav1.ConditionFalse:
		if s.served() && (ready.reason == v1.ReasonWaiting || ready.reason == v1.ReasonMigrating) {
			ready.reason = v1.ReasonUpdating
		}
	case s.spec.State == v1.StateSuspended:
		ready = yes(v1.ReasonSuspended, "workloads are stopped, stores run")
	case s.spec.State == v1.StateHibernated:
		ready = s.stopVerdict("everything is stopped, volumes are kept", sortedKeys(s.leaving)...)
	}
	return ready
}

// stall reports that the twin cannot go on without a person.
func (s *scope) stall(reason, message string) {
	s.set(v1.ConditionStalled, yes(reason, "%s", message))
	s.set(v1.ConditionReady, no(reason, "%s", message))
	s.unset(v1.ConditionReconciling)
	s.unset(v1.ConditionPaused)
}

// emptyGroups names the groups with a limit that no meter is in. Of made-up
// households all groups are known beforehand; of a file the API reports them, and
// what it reported stays while it does not answer.
func (s *scope) emptyGroups() {
	empty, known := s.wanted.Config.EmptyGroups(), s.wanted.Config.GroupNames()
	if known == "" {
		if s.figures == nil || s.figures.database == nil || s.figures.database.Rows == 0 {
			return
		}
		empty = s.figures.database.EmptyGroups
	}
	if len(empty) == 0 {
		s.unset(v1.ConditionEmptyGroups)
		return
	}
	message := "spec.processor.dsm.groups: no meter is in " + listed(empty, 5) + ", so that its limit has no effect; write the names of groups in the dataset"
	if known != "" {
		message += ", which are " + known
	}
	s.set(v1.ConditionEmptyGroups, yes(v1.ReasonNoMeters, "%s", message))
}

// listed joins words, of which only so many are written out.
func listed(words []string, most int) string {
	if len(words) > most {
		words = append(slices.Clone(words[:most]), fmt.Sprintf("and %d more", len(words)-most))
	}
	return strings.Join(words, ", ")
}

// dataFlow reports whether readings are processed. Without new figures it stays as
// it was, but for a twin that does not run or stores nothing for too long.
func (s *scope) dataFlow() {
	if none := s.noFlow(); none != nil {
		s.noteNoneToCome()
		s.set(v1.ConditionDataFlowing, *none)
		return
	}
	s.noteStored()
	flow := s.flowVerdict()
	switch overdue := s.overdue(); {
	case flow.reason == v1.ReasonReplayFinished:
		s.noteNoneToCome()
	case overdue != nil:
		flow = *overdue
	}
	s.set(v1.ConditionDataFlowing, flow)
	if s.figures != nil {
		s.dataLost(s.figures)
	}
}

// noFlow is the verdict on a twin that no readings are to come to, nil if some
// are.
func (s *scope) noFlow() *verdict {
	stopped := no(v1.ReasonReplayFinished, replayFinished) // whether the twin runs or not
	switch {
	case s.inputs.Restoring && s.spec.State != v1.StateHibernated:
		// A replay that has ended may not have in an older database: it is resumed.
		stopped = no(v1.ReasonRestoring, "no readings are processed until %s is restored", s.restoreFrom().Dump)
	case s.finishedReads() != "" && (s.spec.State != v1.StateRunning || s.finishedReads() == s.wanted.Hashes[v1.ComponentGenerator]):
	case s.spec.State == v1.StateSuspended:
		stopped = no(v1.ReasonSuspended, "the twin is suspended")
	case s.spec.State == v1.StateHibernated:
		stopped = no(v1.ReasonHibernated, "the twin hibernates")
	default:
		return nil
	}
	return &stopped
}

const replayFinished = "the replay has ended, all its readings are processed"

// flowVerdict is what the figures show. Without new ones it stays.
func (s *scope) flowVerdict() verdict {
	f := s.figures
	if f == nil {
		before := s.condition(v1.ConditionDataFlowing)
		stale := []string{v1.ReasonSuspended, v1.ReasonHibernated, v1.ReasonReplayFinished, v1.ReasonRestoring}
		if before == nil || slices.Contains(stale, before.Reason) {
			return no(v1.ReasonWaiting, "no workload has reported readings yet")
		}
		return verdict{before.Status, before.Reason, before.Message}
	}
	g := f.generator
	allReported := f.partitions >= int(*s.spec.Kafka.Topics.Partitions)
	if s.spec.Generator.Mode == v1.GeneratorReplay && g != nil && g.Phase == config.PhaseDone && allReported && f.lag == 0 {
		return no(v1.ReasonReplayFinished, replayFinished)
	}
	limit := s.spec.Generator.MaxLag * int64(*s.spec.Kafka.Topics.Partitions)
	switch {
	case f.database == nil && f.partitions == 0:
		return no(v1.ReasonWaiting, "no processor has reported readings yet")
	case f.database != nil && f.database.Rows == 0:
		return no(v1.ReasonNoReadings, "no reading has been stored yet")
	case f.lag > limit:
		return no(v1.ReasonLagging, "the processors are behind by more than %d readings", limit)
	}
	return yes(v1.ReasonFlowing, "readings are being processed")
}

// dataLost names what the stream dropped unread, until the twin is recreated:
// what is lost stays lost.
func (s *scope) dataLost(f *figures) {
	if len(f.lost) == 0 {
		return
	}
	var words []string
	for _, l := range f.lost {
		words = append(words, fmt.Sprintf("partition %d, offsets %d to %d", l.Partition, l.From, l.To))
	}
	slices.Sort(words)
	if len(words) > 5 {
		words = append(words[:5], fmt.Sprintf("and %d more", len(words)-5))
	}
	s.set(v1.ConditionDataLost, yes(v1.ReasonRetentionPast, "the stream dropped readings before they were processed: %s", strings.Join(words, "; ")))
}

// finishedReads is the hash of what the generator read whose replay has ended,
// "" if none has.
func (s *scope) finishedReads() string {
	if s.memory.Finished == nil {
		return ""
	}
	return s.memory.Finished.Reads
}
