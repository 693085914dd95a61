package controllers

import (
	"errors"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// rejections remembers what the API server rejects as invalid: sent again, it
// would be rejected again, until it or the object that is there is another.
type rejections struct {
	mu    sync.Mutex
	twins map[client.ObjectKey]map[digest]rejection // by the digest of an objectID
}

type rejection struct {
	intent, live digest
	err          error
}

func (r *rejections) get(twin client.ObjectKey, id objectID, intent, live digest) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.twins[twin][id.digest()]; ok && last.intent == intent && last.live == live {
		return last.err
	}
	return nil
}

func (r *rejections) put(twin client.ObjectKey, id objectID, last rejection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.twins == nil {
		r.twins = map[client.ObjectKey]map[digest]rejection{}
	}
	if r.twins[twin] == nil {
		r.twins[twin] = map[digest]rejection{}
	}
	r.twins[twin][id.digest()] = last
}

func (r *rejections) forget(twin client.ObjectKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.twins, twin)
}

// liveDigest stands for an object that may not be there.
func liveDigest(live *metav1.PartialObjectMetadata) digest {
	if live == nil {
		return digest{}
	}
	return versionOf(live)
}

// isInvalid reports whether the API server rejects an object for what is in it. A
// policy of the cluster may answer the same, but names no field: it may change at
// any time.
func isInvalid(err error) bool {
	return apierrors.IsInvalid(err) && len(causes(err)) > 0 &&
		!slices.ContainsFunc(causes(err), func(c metav1.StatusCause) bool { return c.Field == "" })
}

func causes(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	return status.Status().Details.Causes
}

// invalid stalls a twin of which an object is rejected for what is in it, which
// follows from its spec. The message names the field of the spec where one field
// of the object comes from it.
func invalid(o resources.Object, err error) error {
	var words []string
	for _, cause := range causes(err) {
		field := cause.Field
		if own := specField(o, field); own != "" {
			field = own
		}
		if word := field + ": " + cause.Message; !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return stalled(v1.ReasonInvalidSpec, "%s; correct it, as the API server rejects the %s %s", strings.Join(words, "; "), o.Kind.Kind, o.Name)
}

// specField is the field of a twin from which a field of an object comes, "" if
// it comes from several or from none.
func specField(o resources.Object, field string) string {
	if o.Kind == resources.KindCronJob && field == "spec.schedule" {
		return "spec.timescale.managed.backup.schedule"
	}
	if o.Kind == resources.KindIngress {
		return ingressField(field)
	}
	field, ofPods := strings.CutPrefix(strings.TrimPrefix(field, "spec.jobTemplate."), "spec.template.")
	if !ofPods {
		return ""
	}
	for _, from := range []struct{ object, twin string }{
		{"metadata.labels", "spec.pods.labels"},
		{"metadata.annotations", "spec.pods.annotations"},
		{"spec.nodeSelector", "spec.pods.nodeSelector"},
		{"spec.tolerations", "spec.pods.tolerations"},
		{"spec.affinity", "spec.pods.affinity"},
		{"spec.priorityClassName", "spec.pods.priorityClassName"},
		{"spec.imagePullSecrets", "spec.pods.imagePullSecrets"},
	} {
		if rest, ok := strings.CutPrefix(field, from.object); ok {
			return from.twin + rest
		}
	}
	return ""
}

func ingressField(field string) string {
	for _, from := range []struct{ object, twin string }{
		{"spec.ingressClassName", "spec.api.ingress.className"},
		{"spec.tls", "spec.api.ingress.tls"},
		{"metadata.annotations", "spec.api.ingress.annotations"},
	} {
		if strings.HasPrefix(field, from.object) {
			return from.twin
		}
	}
	if strings.HasPrefix(field, "spec.rules") && strings.HasSuffix(field, ".host") {
		return "spec.api.ingress.host"
	}
	return ""
}
