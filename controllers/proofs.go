package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// proofPatience is how long a proof may run before it counts as failed: an image
// that ends neither well nor badly.
const proofPatience = 10 * time.Minute

// unproven is an image that a component is to run once it is proven.
type unproven struct {
	component string
	image     string // that is to run
	kept      string // that runs meanwhile
	job       string
	failure   string // why the proof failed, "" while it has not
}

// proveImages holds back each image that is new to a running component until a Job has
// run it. What never ran needs no proof: there is nothing to lose.
func (r *Reconciler) proveImages(ctx context.Context, s *scope, in *resources.Inputs) error {
	running := s.memory.RunningImages()
	for _, component := range resources.ProvableComponents(s.spec) {
		runs, want := running.Of(component), in.Images.Of(component)
		if runs == "" || runs == want {
			continue
		}
		proof := resources.NewProof(s.twin.Name, s.spec, component, want)
		job, err := r.proofJob(ctx, s, proof)
		if err != nil {
			return err
		}
		if job != nil {
			proof.Job = job.Name
		}
		in.Proofs = append(in.Proofs, proof)
		verdict, err := r.proofVerdict(ctx, s, job)
		if err != nil {
			return err
		}
		if verdict.proven {
			continue
		}
		in.Images = in.Images.Keep(component, runs)
		s.unproven = append(s.unproven, unproven{component, want, runs, proof.Job, verdict.failure})
	}
	return nil
}

// proofJob is the Job that proves an image: one that has proven it already, under
// whatever settings of pods, else that of the present settings; nil if there is
// none.
func (r *Reconciler) proofJob(ctx context.Context, s *scope, proof resources.Proof) (*batchv1.Job, error) {
	list := &batchv1.JobList{}
	labels := client.MatchingLabels(resources.SelectorLabels(s.twin.Name, resources.ComponentProof))
	labels[resources.LabelProves] = proof.Proves()
	if err := r.List(ctx, list, client.InNamespace(s.twin.Namespace), labels); err != nil {
		return nil, fmt.Errorf("list the proofs of images: %w", err)
	}
	var present *batchv1.Job
	for i := range list.Items {
		job := &list.Items[i]
		if !metav1.IsControlledBy(job, s.twin) || job.DeletionTimestamp != nil {
			continue
		}
		verdict, err := r.proofVerdict(ctx, s, job)
		if err != nil || verdict.proven {
			return job, err
		}
		if job.Name == proof.Job {
			present = job
		}
	}
	return present, nil
}

// proofVerdict is what a proof has come to.
type proofVerdict struct {
	proven  bool
	failure string // why it failed, "" while it has not
	lost    bool   // it ended, but its pod and its answer are gone
}

func (r *Reconciler) proofVerdict(ctx context.Context, s *scope, job *batchv1.Job) (proofVerdict, error) {
	if job == nil {
		return proofVerdict{}, nil
	}
	all, err := r.pods(ctx, s, resources.ComponentProof)
	if err != nil {
		return proofVerdict{}, err
	}
	pods := slices.DeleteFunc(all, func(p corev1.Pod) bool { return !metav1.IsControlledBy(&p, job) })
	if jobHas(job, batchv1.JobComplete) {
		return endedVerdict(job.Name, pods), nil
	}
	if why := proofTrouble(pods); why != "" {
		return proofVerdict{failure: why}, nil
	}
	if r.Now().Sub(job.CreationTimestamp.Time) > proofPatience {
		return proofVerdict{failure: fmt.Sprintf("it has not ended within %d minutes", int(proofPatience.Minutes()))}, nil
	}
	return proofVerdict{}, nil
}

// endedVerdict reads the answer of a proof that ended well. A store's image has
// answered by having done what its command names.
func endedVerdict(token string, pods []corev1.Pod) proofVerdict {
	newestFirst(pods)
	for i := range pods {
		for _, c := range pods[i].Status.ContainerStatuses {
			if c.State.Terminated == nil || c.State.Terminated.ExitCode != 0 {
				continue
			}
			if c.Name != resources.ContainerProve {
				return proofVerdict{proven: true}
			}
			var answer config.ProofAnswer
			if err := json.Unmarshal([]byte(c.State.Terminated.Message), &answer); err != nil || answer.Token != token {
				return proofVerdict{failure: "it ends with exit code 0 and without an answer: it is no image of EnergyTwin, or of a version that cannot answer"}
			}
			return proofVerdict{proven: true}
		}
	}
	return proofVerdict{lost: true}
}

// proofTrouble is why the newest pod of a proof does not end well, "" if nothing is
// known against it.
func proofTrouble(pods []corev1.Pod) string {
	newestFirst(pods)
	for i := range pods {
		if endedWell(&pods[i]) {
			return ""
		}
		for _, c := range slices.Concat(pods[i].Status.InitContainerStatuses, pods[i].Status.ContainerStatuses) {
			if w := c.State.Waiting; w != nil && (w.Reason == "ErrImagePull" || w.Reason == "ImagePullBackOff") {
				return "it cannot be pulled: " + pullError(w.Message)
			}
			if end := failedEnd(&c); end != nil {
				return fmt.Sprintf("its container %s ends with exit code %d: %s", c.Name, end.ExitCode,
					cmp.Or(lastLine(end.Message), end.Reason, "it wrote nothing"))
			}
		}
	}
	return trouble(resources.ComponentProof, pods)
}

// endedWell reports whether a pod has done what it is for. A server beside it is stopped
// then, and its exit code does not count: the Job is complete a moment later.
func endedWell(p *corev1.Pod) bool {
	return len(p.Status.ContainerStatuses) > 0 && !slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		return c.State.Terminated == nil || c.State.Terminated.ExitCode != 0
	})
}

// backOff is what the kubelet puts before the error of a pull that it tries again.
var backOff = regexp.MustCompile(`^Back-off pulling image "[^"]*"(: ErrImagePull)?:?\s*`)

// pullError is the text of a failed pull, the same whether the kubelet has just
// tried or waits.
func pullError(message string) string {
	text := strings.Join(strings.Fields(backOff.ReplaceAllString(message, "")), " ")
	return cmp.Or(text, "the registry does not return it")
}

// proofs makes the Jobs that prove images. One that is there is left alone: its
// pods cannot be changed. One whose answer is lost is made again.
func (r *Reconciler) proofs(ctx context.Context, s *scope) (ctrl.Result, error) {
	var failed []error
	for _, o := range s.wanted.Objects {
		if o.Step != resources.StepProofs {
			continue
		}
		job := &batchv1.Job{}
		err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: o.Name}, job)
		switch {
		case client.IgnoreNotFound(err) != nil:
			failed = append(failed, err)
		case err != nil || !metav1.IsControlledBy(job, s.twin):
			failed = append(failed, r.apply(ctx, s, o))
		default:
			failed = append(failed, r.forgetLostProof(ctx, s, job))
		}
	}
	return ctrl.Result{}, errors.Join(failed...)
}

func (r *Reconciler) forgetLostProof(ctx context.Context, s *scope, job *batchv1.Job) error {
	verdict, err := r.proofVerdict(ctx, s, job)
	if err != nil || !verdict.lost || job.DeletionTimestamp != nil {
		return err
	}
	return r.pruneOne(ctx, s, objectID{resources.KindJob, job.Name}, job)
}

// imagesVerdict is the condition of images that are not proven.
func (s *scope) imagesVerdict() verdict {
	var failed, proving []string
	for _, u := range s.unproven {
		from := cmp.Or(resources.FieldOf(s.spec, u.component), "the operator's choice")
		stays := u.component + " stays"
		if u.component == v1.ComponentProcessor {
			stays = "the workloads stay"
		}
		if u.failure != "" {
			failed = append(failed, fmt.Sprintf("%s: %s at %s, as %s was tried by the Job %s and failed: %s", from, stays, u.kept, u.image, u.job, u.failure))
		} else {
			proving = append(proving, fmt.Sprintf("%s: %s at %s while the Job %s tries %s", from, stays, u.kept, u.job, u.image))
		}
	}
	if len(failed) > 0 {
		return no(v1.ReasonProofFailed, "%s", strings.Join(append(failed, proving...), "; "))
	}
	return no(v1.ReasonProving, "%s", strings.Join(proving, "; "))
}

// reportProofs records events about images that are tried.
func (r *Reconciler) reportProofs(s *scope) {
	before := meta.FindStatusCondition(s.before.Status.Conditions, v1.ConditionImagesProven)
	now := s.condition(v1.ConditionImagesProven)
	switch {
	case now == nil && before != nil && s.wanted != nil && len(s.inputs.Proofs) > 0:
		r.event(s, "ImagesProven", "the images that the twin is to run are proven and take the place of those before")
	case now != nil && (before == nil || before.Message != now.Message):
		kind := corev1.EventTypeNormal
		if now.Reason == v1.ReasonProofFailed {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Eventf(s.twin, nil, kind, now.Reason, "Reconcile", "%s", now.Message)
	}
}
