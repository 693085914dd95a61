package controllers

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// witness sees each status that the operator writes into a space.
type witness struct {
	watch  watch.Interface
	ended  chan struct{}
	wrong  []string // what the conventions forbid, to be read once it has ended
	spaces *saidReasons
}

// observe begins to watch the twins of a space. What is wrong with a status
// fails the test at its end.
func (sp *space) observe() {
	sp.t.Helper()
	c, err := client.NewWithWatch(sp.env.Config, client.Options{Scheme: sp.env.Scheme})
	require.NoError(sp.t, err)
	w := &witness{ended: make(chan struct{}), spaces: &sp.said}
	w.watch, err = c.Watch(sp.ctx, &v1.DigitalTwinList{}, client.InNamespace(sp.ns))
	require.NoError(sp.t, err)
	go w.listen()
	sp.t.Cleanup(func() {
		w.watch.Stop()
		<-w.ended
		require.Empty(sp.t, w.wrong)
	})
}

func (w *witness) listen() {
	defer close(w.ended)
	for event := range w.watch.ResultChan() {
		twin, ok := event.Object.(*v1.DigitalTwin)
		if !ok || event.Type == watch.Deleted {
			continue
		}
		w.spaces.note(twin.Status.Conditions)
		if err := conventional(twin); err != nil {
			w.wrong = append(w.wrong, fmt.Sprintf("%s: %v; status: %+v", twin.Name, err, twin.Status))
		}
	}
}

// conventional tells where a status breaks the conventions that tools rely on.
func conventional(twin *v1.DigitalTwin) error {
	st := &twin.Status
	if st.ObservedGeneration != twin.Generation {
		return nil // a newer spec has not been looked at yet, which kstatus sees too
	}
	for _, kind := range []string{v1.ConditionReady, v1.ConditionReconciling, v1.ConditionStalled} {
		c := meta.FindStatusCondition(st.Conditions, kind)
		if c == nil {
			continue
		}
		if c.ObservedGeneration != twin.Generation {
			return fmt.Errorf("%s is of generation %d", kind, c.ObservedGeneration)
		}
		if kind != v1.ConditionReady && c.Status != metav1.ConditionTrue {
			return fmt.Errorf("%s is there and %s", kind, c.Status)
		}
	}
	return kstatusAgrees(twin)
}

// kstatusAgrees tells whether tools which know conditions only see what Ready
// says.
func kstatusAgrees(twin *v1.DigitalTwin) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(twin)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	result, err := status.Compute(u)
	if err != nil {
		return err
	}
	want := status.InProgressStatus
	switch {
	case !twin.DeletionTimestamp.IsZero():
		want = status.TerminatingStatus
	case meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionStalled):
		want = status.FailedStatus
	case meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady):
		want = status.CurrentStatus
	}
	if result.Status != want {
		return fmt.Errorf("kstatus says %s, not %s: %s", result.Status, want, result.Message)
	}
	return nil
}

// saidReasons are the conditions and reasons that were seen in any status.
type saidReasons struct {
	mu    sync.Mutex
	words map[string]bool
}

func (s *saidReasons) note(conditions []metav1.Condition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.words == nil {
		s.words = map[string]bool{}
	}
	for _, c := range conditions {
		s.words["Condition "+c.Type], s.words["Reason "+c.Reason] = true, true
	}
}

// unsaid are the conditions and reasons of the API that no status had.
func (s *saidReasons) unsaid() ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "../api/v1/conditions.go", nil, 0)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		text, err := strconv.Unquote(value.Value)
		if err != nil {
			return true
		}
		for _, kind := range []string{"Condition ", "Reason "} {
			if strings.HasPrefix(spec.Names[0].Name, strings.TrimSpace(kind)) && !s.words[kind+text] {
				missing = append(missing, spec.Names[0].Name)
			}
		}
		return true
	})
	return missing, nil
}

// The test of all statuses would notice one that breaks the conventions.
func TestWitnessNoticesBrokenConventions(t *testing.T) {
	condition := func(kind string, status metav1.ConditionStatus, generation int64) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: "X", ObservedGeneration: generation}
	}
	for name, c := range map[string]struct {
		conditions []metav1.Condition
		says       string
	}{
		"of another generation": {[]metav1.Condition{condition(v1.ConditionReady, metav1.ConditionTrue, 1)}, "generation 1"},
		"false, and there":      {[]metav1.Condition{condition(v1.ConditionStalled, metav1.ConditionFalse, 2)}, "Stalled is there"},
		"not ready, not busy":   {[]metav1.Condition{condition(v1.ConditionReconciling, metav1.ConditionTrue, 2), condition(v1.ConditionReady, metav1.ConditionTrue, 2)}, "kstatus says"},
	} {
		twin := &v1.DigitalTwin{ObjectMeta: metav1.ObjectMeta{Name: "a", Generation: 2}}
		twin.Status = v1.DigitalTwinStatus{ObservedGeneration: 2, Conditions: c.conditions}
		require.ErrorContains(t, conventional(twin), c.says, name)
	}
}
