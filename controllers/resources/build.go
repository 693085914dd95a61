// Package resources makes the Kubernetes objects of a twin: pure functions from
// the twin and a few inputs to typed apply configurations. It knows no client,
// no clock and no randomness, so the same twin gives the same objects.
//
// It has more than 3,500 lines, as builders of all components share one builder: names,
// labels, hashes of what pods read, mounted secrets and network flows of one
// component follow from others. A package for each component would export the builder
// and its helpers to the next. Each component is a file, and components.go is their
// table.
package resources

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
)

// Step is when an object is written. Steps run in this order.
type Step string

// The steps. The three stores do not wait for each other.
const (
	StepCredentials   Step = "credentials"
	StepConfig        Step = "config"
	StepNetworkPolicy Step = "networkPolicy"
	StepProofs        Step = "proofs"
	StepKafka         Step = "kafka"
	StepRedis         Step = "redis"
	StepTimescale     Step = "timescale"
	StepRestore       Step = "restore"
	StepPrepare       Step = "prepare"
	StepWorkloads     Step = "workloads"
	StepMonitoring    Step = "monitoring"
	StepBackup        Step = "backup"
)

// Object is one wanted child of a twin.
type Object struct {
	Kind   schema.GroupVersionKind
	Name   string
	Step   Step
	Config runtime.ApplyConfiguration
	// Kept objects outlive the twin and have no owner: credentials, and volumes
	// that no StatefulSet makes.
	Kept bool
}

// Inputs is what the objects depend on besides the spec.
type Inputs struct {
	Images      Images  // that run now: of images to be proven, those before
	Proofs      []Proof // of images that are to run
	Credentials Credentials
	Written     map[string][]byte // values of the credentials Secret as somebody wrote them, by key
	// WrittenVersion is the resource version of the credentials Secret that Written
	// and Credentials are read from, "" if there was none.
	WrittenVersion string
	Secrets        map[string]map[string][]byte // content of the Secrets that the spec names, by name
	Digests        map[string]string            // checksums of the ConfigMaps' values that the spec names, by ConfigMapKey
	Kinds          Kinds                        // what the cluster serves besides the usual

	// FinishedReads is the hash of what the generator read whose replay has ended:
	// while it reads the same, nothing is left to publish.
	FinishedReads string
	// AutoscalerHolds reports that another field manager holds the number of
	// processors, so that it may be left out without being reset to 1.
	AutoscalerHolds bool
	// KafkaStopped keeps the brokers at zero until all of them are gone, so that
	// they come back with a new password for each other.
	KafkaStopped bool
	// StoresHeld keeps the stores of a twin that is to hibernate running until its
	// workloads have ended.
	StoresHeld bool
	// Restoring keeps the workloads stopped until the dump of the spec is restored.
	Restoring bool
	// Restored is the ID of the restore that the database starts from, "" for none.
	Restored string
	// Backup is the newest request for a backup, carried out or not; "" for none.
	Backup v1.Instant
	// Restarts are the newest requests for restarts, by component.
	Restarts map[string]v1.Instant
	// KafkaHelper is the image of the helper beside each broker; "" for that of the
	// workloads.
	KafkaHelper string
	// Changes are the ages of the credentials.
	Changes Changes
	// Sizes replaces the size of a component's volume where it cannot grow.
	Sizes map[string]v1.Size
	// Classes replaces the class of a volume that is there.
	Classes map[string]string

	OperatorNamespace string // "" if the operator runs outside the cluster
}

// Kinds are which optional kinds the cluster serves.
type Kinds struct {
	ServiceMonitor bool // monitoring.coreos.com: ServiceMonitor and PrometheusRule
	ScaledObject   bool // keda.sh: ScaledObject and TriggerAuthentication
}

// Wanted is the whole of what a twin needs.
type Wanted struct {
	Objects []Object
	Config  *config.Twin      // that the workloads read
	Hashes  map[string]string // of what each component's pods read, by component
	Prepare string            // name of the Job that prepares the stores
	Restore string            // name of the Job that restores a dump; "" if none is asked for
	Backup  string            // name of the Job of the newest request for a backup; "" for none
}

// Build makes the objects of a twin. An error names the field of the resource
// and the fix.
func Build(twin *v1.DigitalTwin, in Inputs) (*Wanted, error) {
	b, err := newBuilder(twin, in)
	if err != nil {
		return nil, err
	}
	b.components(RoleShared)
	b.networkPolicies()
	b.components(RoleStore, RoleTask, RoleWorkload, RoleMonitoring)
	if b.err != nil {
		return nil, b.err
	}
	return &b.wanted, nil
}

// components adds the objects of the components of some roles.
func (b *builder) components(roles ...Role) {
	for _, c := range Components() {
		if slices.Contains(roles, c.Role) {
			c.build(b)
		}
	}
}

// builder gathers the objects of one twin.
type builder struct {
	twin   *v1.DigitalTwin // with all defaults
	spec   *v1.DigitalTwinSpec
	in     Inputs
	conf   *config.Twin
	wanted Wanted
	err    error // the first that happened
}

func newBuilder(twin *v1.DigitalTwin, in Inputs) (*builder, error) {
	filled := twin.DeepCopy()
	filled.Default()
	b := &builder{twin: filled, spec: &filled.Spec, in: in, wanted: Wanted{Hashes: map[string]string{}}}
	conf, err := fromtwin.Config(twin, b.endpoints())
	if err != nil {
		return nil, err
	}
	b.conf = conf
	b.wanted.Config = conf
	return b, nil
}

// configuration is an apply configuration that can be given labels and an owner.
type configuration[T any] interface {
	runtime.ApplyConfiguration
	GetAPIVersion() *string
	GetKind() *string
	GetName() *string
	WithLabels(map[string]string) T
	WithOwnerReferences(...*metav1ac.OwnerReferenceApplyConfiguration) T
}

// own puts an object of a component into the wanted set, with the twin as its
// owner.
func own[T configuration[T]](b *builder, step Step, component string, object T) {
	object.WithLabels(b.labels(component)).WithOwnerReferences(b.owner())
	b.wanted.Objects = append(b.wanted.Objects, objectOf(step, object))
}

// keep puts an object into the wanted set that outlives the twin.
func keep[T configuration[T]](b *builder, step Step, component string, object T) {
	object.WithLabels(b.labels(component))
	o := objectOf(step, object)
	o.Kept = true
	b.wanted.Objects = append(b.wanted.Objects, o)
}

func objectOf[T configuration[T]](step Step, object T) Object {
	kind := schema.FromAPIVersionAndKind(*object.GetAPIVersion(), *object.GetKind())
	return Object{Kind: kind, Name: *object.GetName(), Step: step, Config: object}
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// owner makes the garbage collector delete an object with its twin.
func (b *builder) owner() *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1.GroupVersion.String()).WithKind(v1.Kind).
		WithName(b.twin.Name).WithUID(b.twin.UID).
		WithController(true).WithBlockOwnerDeletion(true)
}

// works reports whether the workloads are to run.
func (b *builder) works() bool { return b.spec.State == v1.StateRunning && !b.in.Restoring }

// running is a number of replicas of a workload, or zero where workloads are to
// be stopped.
func (b *builder) running(replicas int32) int32 {
	if b.works() {
		return replicas
	}
	return 0
}

// storeRunning is a number of replicas of a store, or zero in a twin that
// hibernates.
func (b *builder) storeRunning(replicas int32) int32 {
	if b.spec.State == v1.StateHibernated && !b.in.StoresHeld {
		return 0
	}
	return replicas
}
