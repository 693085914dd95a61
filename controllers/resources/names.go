package resources

import (
	"maps"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Labels of everything that belongs to a twin.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	LabelMetrics   = v1.Group + "/metrics" // on pods that Prometheus scrapes

	ManagedBy = "energytwin" // value of LabelManagedBy, by which the operator's cache is scoped
)

// Annotations of pod templates and volumes.
const (
	// AnnotationReads is a hash of exactly what the pod reads, so that a change
	// rolls the pods that read it and no other.
	AnnotationReads = v1.Group + "/reads"
	// AnnotationInternal is a hash of the password that brokers show each other.
	AnnotationInternal = v1.Group + "/internal"
	// AnnotationRestartedAt is the newest restart of the pod's component that was
	// asked for.
	AnnotationRestartedAt = v1.Group + "/restarted-at"
	// AnnotationAddress, on an Ingress, is the host and path that the twin was given.
	AnnotationAddress = v1.Group + "/address"
	// AnnotationChanges, on the credentials Secret, has the age of each value.
	AnnotationChanges = v1.Group + "/changes"
)

// Components that have no place in the status.
const (
	ComponentBackup = "backup" // scheduled dumps

	componentSecrets = "secrets"
	componentConfig  = "config"
)

// Ports on which pods listen.
const (
	PortAPI        = 8080
	PortStatus     = 9090 // metrics, probes and figures
	PortKafka      = 9092
	PortController = 9093
	PortInterBroke = 9094
	PortKafkaLocal = 9095 // on 127.0.0.1 only
	PortKafkaUsers = 9096 // probe of the helper that sets users
	PortRedis      = 6379
	PortPostgres   = 5432
	PortPrometheus = 9091
	PortGrafana    = 3000
)

// The kinds of children.
var (
	KindSecret        = schema.GroupVersionKind{Version: "v1", Kind: "Secret"}
	KindConfigMap     = schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	KindService       = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	KindVolumeClaim   = schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}
	KindStatefulSet   = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}
	KindDeployment    = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	KindJob           = schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}
	KindCronJob       = schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "CronJob"}
	KindNetworkPolicy = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}
	KindIngress       = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}
	KindDisruption    = schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}
	KindAutoscaler    = schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}

	KindServiceMonitor = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}
	KindPrometheusRule = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"}
	KindScaledObject   = schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"}
	KindTriggerAuth    = schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "TriggerAuthentication"}
)

// Name is the name of a component of a twin: riverside-kafka.
func Name(twin, component string) string { return twin + "-" + component }

// CredentialsName is the Secret of a twin's passwords. It outlives the twin
// under deletionPolicy: Retain.
func CredentialsName(twin string) string { return Name(twin, "credentials") }

// ConnectionsName is the Secret of what follows from passwords and Secrets that
// the spec names: URLs, access lists.
func ConnectionsName(twin string) string { return Name(twin, "connections") }

// ConfigName is the ConfigMap of the workloads' configuration.
func ConfigName(twin string) string { return Name(twin, "config") }

// TwinLabels select everything of a twin.
func TwinLabels(twin string) map[string]string {
	return map[string]string{LabelName: "energytwin", LabelInstance: twin, LabelManagedBy: ManagedBy}
}

// SelectorLabels select the pods of one component. They never change, as
// selectors of workloads are fixed.
func SelectorLabels(twin, component string) map[string]string {
	return map[string]string{LabelName: "energytwin", LabelInstance: twin, LabelComponent: component}
}

// Selector is SelectorLabels as text.
func Selector(twin, component string) string {
	return labels.SelectorFromSet(SelectorLabels(twin, component)).String()
}

// ComponentLabels are the labels of a component's objects.
func ComponentLabels(twin, component string) map[string]string {
	l := SelectorLabels(twin, component)
	maps.Copy(l, TwinLabels(twin))
	return l
}

func (b *builder) name(component string) string { return Name(b.twin.Name, component) }

func (b *builder) labels(component string) map[string]string {
	return ComponentLabels(b.twin.Name, component)
}

// host is the name of a Service in the cluster. It is not tied to the cluster's
// domain.
func (b *builder) host(service string) string {
	return service + "." + b.twin.Namespace + ".svc"
}
