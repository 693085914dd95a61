package controllers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// finish writes the status, if it changed, and returns when to reconcile again.
func (r *Reconciler) finish(ctx context.Context, s *scope, result ctrl.Result, err error) (ctrl.Result, error) {
	result, err = r.conclude(s, result, err)
	err = errors.Join(err, r.record(ctx, s))
	r.Metrics.phase(s.key(), s.twin.Status.Phase)
	r.Metrics.outcome(err, s.twin.Status.Phase)
	if equality.Semantic.DeepEqual(s.before.Status, s.twin.Status) {
		return result, err
	}
	gone := !s.twin.DeletionTimestamp.IsZero() && len(s.twin.Finalizers) == 0
	if gone {
		return result, err
	}
	changed := s.before.DeepCopy()
	changed.Status = s.twin.Status
	if patchErr := r.Status().Patch(ctx, changed, client.MergeFrom(mergeBase(s.before)), client.FieldOwner(FieldOwner)); client.IgnoreNotFound(patchErr) != nil {
		r.recent.forget(s.key()) // what nobody has seen is asked for again
		return ctrl.Result{}, errors.Join(err, fmt.Errorf("write the status: %w", patchErr))
	}
	r.written.note(s.key(), changed.ResourceVersion, s.now)
	r.Metrics.statusWrites.Inc()
	r.reportEvents(s)
	return result, err
}

// mergeBase is what a status is compared with for its patch. The patch holds phase,
// conditions and generation also where they are as they were: computed from an old
// twin, one of them alone would be merged into a newer status.
func mergeBase(before *v1.DigitalTwin) *v1.DigitalTwin {
	base := before.DeepCopy()
	base.Status.Phase, base.Status.Conditions, base.Status.ObservedGeneration = "", nil, 0
	return base
}

// conclude turns the outcome of a reconciliation into status and rest.
func (r *Reconciler) conclude(s *scope, result ctrl.Result, err error) (ctrl.Result, error) {
	var stall *stalledError
	errors.As(err, &stall)
	switch {
	case !s.twin.DeletionTimestamp.IsZero():
		s.twin.Status.Phase = v1.PhaseDeleting
		s.set(v1.ConditionReady, no(v1.ReasonDeleting, "the twin is being deleted"))
		return quiet(result, err)
	case s.paused():
		s.set(v1.ConditionPaused, yes(v1.ReasonAnnotation, "the annotation %s is set: the operator leaves the twin alone", v1.AnnotationPaused))
		s.twin.Status.Phase = v1.PhasePaused
		return result, err
	case s.wanted == nil && stall != nil:
		s.stall(stall.reason, inWords(err))
		s.twin.Status.ObservedGeneration = s.twin.Generation
		s.twin.Status.Phase = v1.PhaseStalled
		return restAfterStall(stall), nil
	case s.wanted == nil && apierrors.IsForbidden(err):
		s.forbidden(err)
		return result, err
	case s.wanted == nil:
		return quiet(result, err)
	}
	if stall == nil {
		result, err = quiet(result, err)
	}
	s.summarise(err)
	s.twin.Status.ObservedGeneration = s.twin.Generation
	s.describe(r.Images)
	s.twin.Status.Phase = s.phase()
	if stall != nil {
		if len(failures(err)) > 1 {
			s.log.Error(err, "stalled, and not by one thing alone")
		}
		return restAfterStall(stall), nil
	}
	if err = errors.Join(err, s.unwatched); err != nil {
		return result, err
	}
	rest := restEvery
	if s.spec.State == v1.StateRunning || len(secretsOf(s.spec)) > 0 {
		rest = figuresEvery
	}
	if s.spec.State == v1.StateRunning && s.condition(v1.ConditionWorkloadsReady).Status == metav1.ConditionTrue {
		rest = r.figuresPause(s)
	}
	if s.dueIn > 0 {
		rest = min(rest, s.dueIn, s.troublePause())
	}
	return soonest(result, ctrl.Result{RequeueAfter: rest, Priority: ptr.To(idlePriority)}), nil
}

// troublePause is shorter while pods are missing and nobody has reported why: nothing
// wakes the twin when the cluster does.
func (s *scope) troublePause() time.Duration {
	for _, p := range s.observed {
		if p.exists && !p.available() && p.trouble == "" {
			return troubleEvery
		}
	}
	if s.outcome.exists && !s.outcome.done && s.outcome.trouble == "" {
		return troubleEvery
	}
	return restEvery
}

// forbidden reports that the operator lacks a right without which it cannot know
// what the twin needs.
func (s *scope) forbidden(err error) {
	s.unset(v1.ConditionPaused)
	s.conclusion(no(v1.ReasonFailing, "%s", inWords(err)), yes(v1.ReasonFailing, "%s; it is tried again", inWords(err)))
	s.twin.Status.ObservedGeneration = s.twin.Generation
	s.twin.Status.Phase = s.phase()
}

// idlePriority lets the observation of a twin that nobody changed wait for all twins that
// have something to do, also for those that the operator finds when it starts.
const idlePriority = 2 * handler.LowPriority

// quiet makes no noise about what is fleeting.
func quiet(result ctrl.Result, err error) (ctrl.Result, error) {
	if fleeting(err) {
		return ctrl.Result{RequeueAfter: conflictWait}, nil
	}
	return result, err
}

// fleeting is what another try fixes: someone was faster.
func fleeting(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || errors.Is(err, errPredecessor) || errors.Is(err, errRecreated)
}

// restAfterStall: a wrong spec waits for its next version, which wakes the twin.
// What somebody adds or deletes elsewhere does not, so that it is checked again.
func restAfterStall(e *stalledError) ctrl.Result {
	switch e.reason {
	case v1.ReasonInvalidSpec, v1.ReasonMajorUpgrade:
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: missingEvery}
}

func (s *scope) phase() v1.Phase {
	st := &s.twin.Status
	ready, flow := s.condition(v1.ConditionReady), s.condition(v1.ConditionDataFlowing)
	switch {
	case s.condition(v1.ConditionStalled) != nil:
		return v1.PhaseStalled
	case ready.Status == metav1.ConditionTrue && s.spec.State == v1.StateSuspended:
		return v1.PhaseSuspended
	case ready.Status == metav1.ConditionTrue && s.spec.State == v1.StateHibernated:
		return v1.PhaseHibernated
	case ready.Status == metav1.ConditionTrue && flow != nil && flow.Reason == v1.ReasonReplayFinished:
		return v1.PhaseCompleted
	case ready.Status == metav1.ConditionTrue:
		return v1.PhaseRunning
	case ready.Reason == v1.ReasonSuspending:
		return v1.PhaseSuspending
	case ready.Reason == v1.ReasonHibernating:
		return v1.PhaseHibernating
	case ready.Reason == v1.ReasonUnavailable, ready.Reason == v1.ReasonFailing && s.served():
		return v1.PhaseDegraded
	case s.served(), slices.Contains(plannedReasons, ready.Reason):
		return v1.PhaseUpdating
	case len(st.Components) == 0:
		return v1.PhasePending
	}
	return v1.PhaseStarting
}

// describe fills in everything but conditions and phase.
func (s *scope) describe(chosen resources.Images) {
	st := &s.twin.Status
	st.SpecHash = s.wanted.Config.SpecHash
	st.Stores = &v1.StoresStatus{}
	for _, c := range resources.Components() {
		if c.Store == nil {
			continue
		}
		*c.Store.Kind(st.Stores) = v1.StoreExternal
		if c.In(s.spec) {
			*c.Store.Kind(st.Stores) = v1.StoreManaged
		}
	}
	st.Components = nil
	for _, component := range s.components() {
		p := s.observed[component]
		hash := s.wanted.Hashes[component]
		if component == v1.ComponentGenerator && p.exists && !s.applied[objectID{resources.KindDeployment, s.name(component)}] {
			hash = p.reads // it waits for the preparation, or for the processors
		}
		st.Components = append(st.Components, v1.ComponentStatus{Name: component, Replicas: p.replicas, Ready: p.ready, ConfigHash: hash})
	}
	s.describeImages(chosen)
	st.Processor = &v1.ProcessorStatus{
		Replicas: s.observed[v1.ComponentProcessor].replicas,
		Selector: resources.Selector(s.twin.Name, v1.ComponentProcessor),
	}
	if s.outcome.done {
		s.stream().Partitions = *s.spec.Kafka.Topics.Partitions
	}
	s.describeOperations()
	st.Restore = nil
	if last := s.memory.Restored; last != nil {
		st.Restore = &last.RestoreStatus
	}
	st.Endpoints = s.endpoints()
	s.describeFigures()
}

// components are those of the twin that the status has, in the order in which they
// come up.
func (s *scope) components() []string {
	return s.namesOf(resources.RoleStore, resources.RoleWorkload, resources.RoleMonitoring)
}

func (s *scope) endpoints() *v1.EndpointsStatus {
	base := "http://" + s.name(v1.ComponentAPI) + "." + s.twin.Namespace + ".svc"
	if in := s.spec.API.Ingress; in != nil {
		base = "http://" + in.Host
		if in.TLS != nil {
			base = "https://" + in.Host
		}
	}
	base += s.spec.API.BasePath
	out := &v1.EndpointsStatus{UI: base + "/ui", API: base + "/api/v1", Docs: base + "/docs"}
	if s.spec.Monitoring.Grafana.Mode == v1.GrafanaManaged {
		out.Grafana = "http://" + s.name(v1.ComponentGrafana) + "." + s.twin.Namespace + ".svc:" + strconv.Itoa(resources.PortGrafana)
	}
	return out
}

// describeFigures takes over what the workloads reported. What none of them reported
// stays.
func (s *scope) describeFigures() {
	st := &s.twin.Status
	if st.Dataset == nil {
		st.Dataset = &v1.DatasetStatus{}
	}
	st.Dataset.SHA256 = s.wanted.Config.Dataset.SHA256
	f := s.figures
	if f == nil {
		return
	}
	stream := s.stream()
	if f.partitions > 0 {
		stream.Lag = f.lag
	}
	stream.Progress = s.progress(f)
	switch g, d := f.generator, f.database; {
	case g != nil && g.Dataset != nil:
		describeFile(st.Dataset, g.Dataset)
	case d != nil && d.Dataset != nil: // the generator of a finished replay is gone
		describeFile(st.Dataset, d.Dataset)
	}
	if d := f.database; d != nil {
		st.Dataset.Meters, st.Dataset.Rows, st.Dataset.Quarantined, st.Dataset.Suspect = d.Meters, d.Rows, d.Quarantined, d.Suspect
		if d.LastEventTime != nil {
			at := metav1.NewTime(d.LastEventTime.UTC())
			stream.LastEventTime = &at
		}
		if st.Decisions == nil {
			st.Decisions = &v1.DecisionsStatus{}
		}
		st.Decisions.Total = d.Decisions
		if d.LastDecisionAt != nil {
			at := metav1.NewTime(d.LastDecisionAt.UTC())
			st.Decisions.LastIssuedAt = &at
		}
		if st.Forecast == nil {
			st.Forecast = &v1.ForecastStatus{}
		}
		st.Forecast.Meters = d.ForecastMeters
		if d.ForecastSkill != nil {
			st.Forecast.SkillVsNaive = strconv.Itoa(int(math.Round(100**d.ForecastSkill))) + "%"
		}
		st.WorstLimit = worstLimit(d.WorstLimit)
		st.LimitAtRisk = limitAtRisk(d.LimitAtRisk, s.spec.Timezone)
	}
}

func decimals(v float64, n int) string { return strconv.FormatFloat(v, 'f', n, 64) }

func worstLimit(l *config.LimitFigures) *v1.WorstLimitStatus {
	if l == nil {
		return nil
	}
	return &v1.WorstLimitStatus{
		Group: l.Group, CapacityKW: decimals(l.CapacityKW, -1), PeakKW: decimals(l.PeakKW, 1),
		Share: decimals(100*l.Share(), 0) + "%", At: metav1.NewTime(l.At.UTC()), Forecast: l.Forecast,
	}
}

// limitAtRisk is written with few digits, so that the status changes when people would notice.
func limitAtRisk(r *config.RiskFigures, zone string) *v1.LimitAtRiskStatus {
	if r == nil {
		return nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil { // the spec was read by another operator
		location = time.UTC
	}
	st := &v1.LimitAtRiskStatus{
		Group: r.Group, At: metav1.NewTime(r.At.UTC()), Probability: decimals(100*r.Probability, 0) + "%",
		ExcessKWh: decimals(r.ExcessKWh, 1), CapacityKW: decimals(r.CapacityKW, -1),
	}
	st.Summary = fmt.Sprintf("%s %s: %s to exceed %s kW, %s kWh expected above it",
		st.Group, r.At.In(location).Format("2006-01-02 15:04 MST"), st.Probability, st.CapacityKW, st.ExcessKWh)
	return st
}

// progress is the share of a replay that is published.
func (s *scope) progress(f *figures) string {
	before := s.twin.Status.Stream.Progress
	if s.spec.Generator.Mode != v1.GeneratorReplay {
		return ""
	}
	if s.condition(v1.ConditionDataFlowing).Reason == v1.ReasonReplayFinished {
		return "100%"
	}
	start, end := s.replayed(f)
	if f.database == nil || f.database.LastEventTime == nil || !start.Before(end) {
		return before
	}
	share := float64(f.database.LastEventTime.Sub(start)) / float64(end.Sub(start))
	return strconv.Itoa(int(100*max(0, min(share, 1)))) + "%"
}

// replayed bounds the hours of a replay, zero if nobody knows them: of a file
// the generator reports, synthetic readings are those of the window.
func (s *scope) replayed(f *figures) (start, end time.Time) {
	if f.generator != nil && !f.generator.Start.IsZero() {
		return f.generator.Start, f.generator.End
	}
	d := s.wanted.Config.Dataset
	if d.Synthetic == nil || d.Start.IsZero() {
		return time.Time{}, time.Time{}
	}
	return d.Start, d.Start.Add(s.spec.Dataset.Window.Duration.Std())
}

// reportEvents records events about what people would want to know.
func (r *Reconciler) reportEvents(s *scope) {
	before, now := s.before.Status, s.twin.Status
	if before.Phase != now.Phase {
		kind := corev1.EventTypeNormal
		message := "the twin is " + string(now.Phase)
		if c := s.condition(v1.ConditionReady); c != nil && c.Status != metav1.ConditionTrue {
			message += ": " + c.Message
		}
		if now.Phase == v1.PhaseStalled || now.Phase == v1.PhaseDegraded {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Eventf(s.twin, nil, kind, string(now.Phase), "Reconcile", "%s", message)
	}
	r.reportStored(s)
	if len(s.rotated) > 0 {
		r.event(s, "Rotated", "new values of %s; stores take them first, then their clients", strings.Join(s.rotated, ", "))
	}
	for _, kind := range []string{v1.ConditionDataLost, v1.ConditionStorageResizeRefused, v1.ConditionEmptyGroups} {
		c := s.condition(kind)
		if c != nil && !hasCondition(before.Conditions, kind, c.Message) {
			r.warn(s, kind, "%s", c.Message)
		}
	}
	r.reportProofs(s)
	// Its message counts, so that it is reported once, not with each figure.
	if c := s.condition(v1.ConditionReadingsRejected); c != nil && meta.FindStatusCondition(before.Conditions, c.Type) == nil {
		r.warn(s, c.Type, "%s", c.Message)
	}
	for _, kind := range []string{v1.ConditionReconciling, v1.ConditionMonitoringReady} {
		c := s.condition(kind)
		if c != nil && c.Reason == v1.ReasonFailing && !hasCondition(before.Conditions, kind, c.Message) {
			r.warn(s, c.Reason, "%s", c.Message)
		}
	}
}

func hasCondition(conditions []metav1.Condition, kind, message string) bool {
	for _, c := range conditions {
		if c.Type == kind && c.Message == message {
			return true
		}
	}
	return false
}

// warn records something that is wrong.
func (r *Reconciler) warn(s *scope, reason, format string, args ...any) {
	r.Recorder.Eventf(s.twin, nil, corev1.EventTypeWarning, reason, "Reconcile", format, args...)
}

// event records something that was done.
func (r *Reconciler) event(s *scope, reason, format string, args ...any) {
	r.Recorder.Eventf(s.twin, nil, corev1.EventTypeNormal, reason, "Reconcile", format, args...)
}
