package controllers

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
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
	script string // Argo CD's

	mu     sync.Mutex
	phases map[string][]v1.Phase // of each twin, one after the other
}

// history is how the phase of a twin changed, as far as the witness has seen it.
func (w *witness) history(twin string) []v1.Phase {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.phases[twin])
}

func (w *witness) note(twin *v1.DigitalTwin) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.phases[twin.Name]
	if phase := twin.Status.Phase; phase != "" && (len(all) == 0 || all[len(all)-1] != phase) {
		w.phases[twin.Name] = append(all, phase)
	}
}

// observe begins to watch the twins of a space. What is wrong with a status
// fails the test at its end.
func (sp *space) observe() {
	sp.t.Helper()
	c, err := client.NewWithWatch(sp.env.Config, client.Options{Scheme: sp.env.Scheme})
	require.NoError(sp.t, err)
	script, err := os.ReadFile(healthScript)
	require.NoError(sp.t, err)
	w := &witness{ended: make(chan struct{}), spaces: &sp.said, script: string(script), phases: map[string][]v1.Phase{}}
	sp.witness = w
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
		w.spaces.note(&twin.Status)
		w.note(twin)
		if err := errors.Join(conventional(twin), argoAgrees(twin, w.script)); err != nil {
			w.wrong = append(w.wrong, fmt.Sprintf("%s: %v; status: %+v", twin.Name, err, twin.Status))
		}
	}
}

// conventional tells where a status breaks the conventions that tools rely on.
func conventional(twin *v1.DigitalTwin) error {
	st := &twin.Status
	if st.ObservedGeneration != twin.Generation {
		return kstatusAgrees(twin) // a newer spec has not been observed yet
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

// kstatusAgrees reports whether tools which know conditions only see what Ready
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
	case twin.Status.ObservedGeneration != twin.Generation:
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

func (s *saidReasons) note(st *v1.DigitalTwinStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.words == nil {
		s.words = map[string]bool{}
	}
	s.words["Phase "+string(st.Phase)] = true
	for _, c := range st.Conditions {
		s.words["Condition "+c.Type], s.words["Reason "+c.Reason] = true, true
	}
}

// unsaid are the conditions, reasons and phases of the API that no status had.
func (s *saidReasons) unsaid() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []string
	for file, kinds := range map[string][]string{
		"../api/v1/conditions.go": {"Condition", "Reason"}, "../api/v1/status_types.go": {"Phase"},
	} {
		err := eachConstant(file, func(name, text string) {
			for _, kind := range kinds {
				if strings.HasPrefix(name, kind) && !s.words[kind+" "+text] {
					missing = append(missing, name)
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// eachConstant visits the constants of a file that are texts.
func eachConstant(file string, visit func(name, text string)) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		if text, err := strconv.Unquote(value.Value); err == nil {
			visit(spec.Names[0].Name, text)
		}
		return true
	})
	return nil
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
