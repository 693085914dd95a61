package resources

import "k8s.io/apimachinery/pkg/runtime/schema"

// ChildKind is a kind of object that a twin has, and how the operator treats its
// objects. The table below is the only list of kinds: what is cached, watched,
// deleted, reported and allowed follows from it.
type ChildKind struct {
	schema.GroupVersionKind
	// Resource is the kind's name in the paths of the Kubernetes API.
	Resource string
	// Cache is how much of each object the operator keeps and watches.
	Cache Caching
	// Kept objects outlive their twin and what the spec asks for: they hold data.
	// They have no owner.
	Kept bool
	// RunsPods is set for kinds that make pods, which may use volumes. They are
	// deleted before the volumes.
	RunsPods bool
	// Served reports whether the cluster serves the kind; nil for one that every
	// cluster serves.
	Served func(Kinds) bool
}

// Caching is how much of an object the operator keeps.
type Caching int

// The ways of caching. What is cached is watched.
const (
	CacheNothing  Caching = iota // each read is a request
	CacheMetadata                // labels, owners and generation
	CacheObject                  // and as much of the rest as is used
)

// childKinds is the table. Objects are handled in its order.
var childKinds = []ChildKind{
	{GroupVersionKind: KindStatefulSet, Resource: "statefulsets", Cache: CacheObject, RunsPods: true},
	{GroupVersionKind: KindDeployment, Resource: "deployments", Cache: CacheObject, RunsPods: true},
	{GroupVersionKind: KindCronJob, Resource: "cronjobs", Cache: CacheMetadata, RunsPods: true},
	{GroupVersionKind: KindJob, Resource: "jobs", Cache: CacheObject, RunsPods: true},
	{GroupVersionKind: KindService, Resource: "services", Cache: CacheMetadata},
	{GroupVersionKind: KindConfigMap, Resource: "configmaps", Cache: CacheMetadata},
	{GroupVersionKind: KindNetworkPolicy, Resource: "networkpolicies", Cache: CacheMetadata},
	{GroupVersionKind: KindIngress, Resource: "ingresses", Cache: CacheMetadata},
	{GroupVersionKind: KindDisruption, Resource: "poddisruptionbudgets", Cache: CacheMetadata},
	{GroupVersionKind: KindAutoscaler, Resource: "horizontalpodautoscalers", Cache: CacheMetadata},
	{GroupVersionKind: KindVolumeClaim, Resource: "persistentvolumeclaims", Cache: CacheObject, Kept: true},
	{GroupVersionKind: KindSecret, Resource: "secrets", Kept: true}, // read by name, never listed or watched
	{GroupVersionKind: KindServiceMonitor, Resource: "servicemonitors", Served: servesMonitors},
	{GroupVersionKind: KindPrometheusRule, Resource: "prometheusrules", Served: servesMonitors},
	{GroupVersionKind: KindScaledObject, Resource: "scaledobjects", Served: servesScalers},
	{GroupVersionKind: KindTriggerAuth, Resource: "triggerauthentications", Served: servesScalers},
}

func servesMonitors(k Kinds) bool { return k.ServiceMonitor }
func servesScalers(k Kinds) bool  { return k.ScaledObject }

// ChildKinds are the kinds of a twin's objects that a cluster serves.
func ChildKinds(served Kinds) []ChildKind {
	var out []ChildKind
	for _, k := range childKinds {
		if k.Served == nil || k.Served(served) {
			out = append(out, k)
		}
	}
	return out
}

// ChildKindOf is the row of a kind; false for one that no twin has.
func ChildKindOf(kind schema.GroupVersionKind) (ChildKind, bool) {
	for _, k := range childKinds {
		if k.GroupVersionKind == kind {
			return k, true
		}
	}
	return ChildKind{}, false
}
