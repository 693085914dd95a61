package resources

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Component is what an object of a twin is about: a program that runs in pods of its
// own, or what several of them read. Functions take a spec with or without defaults,
// unless they are documented otherwise.
type Component struct {
	// Name is the value of LabelComponent, and the ending of its objects' names.
	Name string
	Role Role
	// Condition reports it; "" for what is reported elsewhere.
	Condition string
	// Kind makes its pods, in Step; no kind for what has no pods.
	Kind schema.GroupVersionKind
	Step Step
	// Settings is the field of a twin with its resources, "" if there is none.
	Settings string
	// Wanted reports whether a twin has it; nil for one that every twin has.
	Wanted func(*v1.DigitalTwinSpec) bool
	// Needs is how many pods have to be ready while a twin runs, by a spec with
	// defaults; nil for one.
	Needs func(*v1.DigitalTwinSpec) int32
	// Image is its image among those of a twin.
	Image func(*Images) *string
	// Choice is set for the component whose row decides about that image.
	Choice *ImageChoice
	// Store is set for stores alone.
	Store *Store
	// Volume is what a spec asks of its volume, nil for none.
	Volume func(*v1.DigitalTwinSpec) *v1.Storage
	// Reported is where the status has its volume.
	Reported func(*v1.VolumesStatus) **v1.VolumeStatus

	reads []string                           // groups of secrets that its pods read, those of stores that they reach
	also  func(*v1.DigitalTwinSpec) []string // further groups, by a spec with defaults; nil for none
	build func(*builder)                     // adds its objects
	flows func(*builder) *policy             // its NetworkPolicy, nil for none
	proof func(*builder, Proof) *pod         // tries its image, nil for one that is not proven
}

// Role is how the operator treats a component.
type Role int

// The roles. Stores, workloads and monitoring have a place in the status.
const (
	RoleShared     Role = iota // objects that several components read
	RoleStore                  // stops in a twin that hibernates, after the workloads
	RoleTask                   // runs to its end
	RoleWorkload               // stops in a twin that is suspended or hibernates
	RoleMonitoring             // stops in a twin that hibernates; Ready does not count it
)

// InStatus reports whether the status has a place for components of a role.
func (r Role) InStatus() bool { return r == RoleStore || r == RoleWorkload || r == RoleMonitoring }

// ImageChoice is what a spec may write about an image.
type ImageChoice struct {
	field string                                            // that names it in full
	named func(*v1.DigitalTwinSpec) (image, version string) // nil if a spec cannot
}

// Store is what stores have that others may run.
type Store struct {
	group string // of secrets
	// Kind is where the status has who runs it.
	Kind func(*v1.StoresStatus) *v1.StoreKind
	// resources are those of a managed one.
	resources func(*v1.DigitalTwinSpec) *v1.Resources
}

// Components is the table of components, in the order in which they come up: what is
// built, observed, reported, stopped, sized and proven follows from it.
func Components() []Component {
	return []Component{
		{Name: componentSecrets, Step: StepCredentials, build: func(b *builder) { b.credentials(); b.connections() }},
		{Name: componentConfig, Step: StepConfig, build: (*builder).configMap},
		{
			Name: ComponentProof, Role: RoleTask, Condition: v1.ConditionImagesProven, Kind: KindJob, Step: StepProofs,
			build: (*builder).proofs,
		},
		{
			Name: v1.ComponentKafka, Role: RoleStore, Condition: v1.ConditionKafkaReady, Kind: KindStatefulSet, Step: StepKafka,
			Settings: "spec.kafka.managed",
			Wanted:   func(s *v1.DigitalTwinSpec) bool { return s.Kafka == nil || s.Kafka.External == nil },
			Needs:    func(s *v1.DigitalTwinSpec) int32 { return *s.Kafka.Managed.Replicas },
			Image:    func(i *Images) *string { return &i.Kafka },
			Choice:   &ImageChoice{"spec.kafka.managed.image", func(s *v1.DigitalTwinSpec) (image, version string) { m := kafkaOf(s); return m.Image, m.Version }},
			Store: &Store{groupKafka, func(st *v1.StoresStatus) *v1.StoreKind { return &st.Kafka },
				func(s *v1.DigitalTwinSpec) *v1.Resources { return kafkaOf(s).Resources }},
			Volume:   func(s *v1.DigitalTwinSpec) *v1.Storage { return kafkaOf(s).Storage },
			Reported: func(v *v1.VolumesStatus) **v1.VolumeStatus { return &v.Kafka },
			build:    (*builder).kafka, flows: (*builder).kafkaPolicy, proof: (*builder).kafkaProof,
		},
		{
			Name: v1.ComponentRedis, Role: RoleStore, Condition: v1.ConditionRedisReady, Kind: KindStatefulSet, Step: StepRedis,
			Settings: "spec.redis.managed",
			Wanted:   func(s *v1.DigitalTwinSpec) bool { return s.Redis == nil || s.Redis.External == nil },
			Image:    func(i *Images) *string { return &i.Redis },
			Choice:   &ImageChoice{"spec.redis.managed.image", func(s *v1.DigitalTwinSpec) (image, version string) { m := redisOf(s); return m.Image, m.Version }},
			Store: &Store{groupRedis, func(st *v1.StoresStatus) *v1.StoreKind { return &st.Redis },
				func(s *v1.DigitalTwinSpec) *v1.Resources { return redisOf(s).Resources }},
			Volume:   func(s *v1.DigitalTwinSpec) *v1.Storage { return redisOf(s).Storage },
			Reported: func(v *v1.VolumesStatus) **v1.VolumeStatus { return &v.Redis },
			build:    (*builder).redis, flows: (*builder).redisPolicy, proof: (*builder).redisProof,
		},
		{
			Name: v1.ComponentTimescale, Role: RoleStore, Condition: v1.ConditionTimescaleReady, Kind: KindStatefulSet, Step: StepTimescale,
			Settings: "spec.timescale.managed",
			Wanted:   func(s *v1.DigitalTwinSpec) bool { return s.Timescale == nil || s.Timescale.External == nil },
			Image:    func(i *Images) *string { return &i.Timescale },
			Choice:   &ImageChoice{"spec.timescale.managed.image", func(s *v1.DigitalTwinSpec) (image, version string) { m := timescaleOf(s); return m.Image, m.Version }},
			Store: &Store{groupDatabase, func(st *v1.StoresStatus) *v1.StoreKind { return &st.Timescale },
				func(s *v1.DigitalTwinSpec) *v1.Resources { return timescaleOf(s).Resources }},
			Volume:   func(s *v1.DigitalTwinSpec) *v1.Storage { return timescaleOf(s).Storage },
			Reported: func(v *v1.VolumesStatus) **v1.VolumeStatus { return &v.Timescale },
			build:    (*builder).timescale, flows: (*builder).timescalePolicy, proof: (*builder).timescaleProof,
		},
		{
			Name: v1.ComponentRestore, Role: RoleTask, Condition: v1.ConditionSchemaReady, Kind: KindJob, Step: StepRestore,
			Wanted: func(s *v1.DigitalTwinSpec) bool { return timescaleOf(s).RestoreFrom != nil },
			Image:  func(i *Images) *string { return &i.Timescale },
			reads:  []string{groupDatabase},
			build:  (*builder).restore, flows: (*builder).restorePolicy,
		},
		{
			// Its claim and its schedule come with the database.
			Name: ComponentBackup, Role: RoleTask, Kind: KindCronJob, Step: StepTimescale,
			Wanted: func(s *v1.DigitalTwinSpec) bool { return timescaleOf(s).Backup != nil },
			Image:  func(i *Images) *string { return &i.Timescale },
			Volume: func(s *v1.DigitalTwinSpec) *v1.Storage {
				if backup := timescaleOf(s).Backup; backup != nil {
					return backup.Volume
				}
				return nil
			},
			Reported: func(v *v1.VolumesStatus) **v1.VolumeStatus { return &v.Backup },
			reads:    []string{groupDatabase},
			build:    (*builder).backup, flows: (*builder).backupPolicy,
		},
		{
			Name: v1.ComponentPrepare, Role: RoleTask, Condition: v1.ConditionSchemaReady, Kind: KindJob, Step: StepPrepare,
			Image: workloadsImage,
			reads: []string{groupKafka, groupRedis, groupDatabase},
			build: (*builder).prepare, flows: (*builder).preparePolicy,
		},
		{
			Name: v1.ComponentGenerator, Role: RoleWorkload, Condition: v1.ConditionWorkloadsReady, Kind: KindDeployment, Step: StepWorkloads,
			Settings: "spec.generator",
			Wanted:   func(s *v1.DigitalTwinSpec) bool { return s.Generator.Mode != v1.GeneratorOff },
			Image:    workloadsImage,
			reads:    []string{groupKafka, groupRedis},
			build:    (*builder).generator, flows: (*builder).generatorPolicy,
		},
		{
			Name: v1.ComponentBridge, Role: RoleWorkload, Condition: v1.ConditionWorkloadsReady, Kind: KindDeployment, Step: StepWorkloads,
			Settings: "spec.ingest.mqtt",
			Wanted:   func(s *v1.DigitalTwinSpec) bool { return s.Bridged() != nil },
			Image:    workloadsImage,
			reads:    []string{groupKafka, groupMQTT},
			build:    (*builder).bridge, flows: (*builder).bridgePolicy,
		},
		{
			// It stands for all workloads where their image is chosen and proven.
			Name: v1.ComponentProcessor, Role: RoleWorkload, Condition: v1.ConditionWorkloadsReady, Kind: KindDeployment, Step: StepWorkloads,
			Settings: "spec.processor",
			Needs: func(s *v1.DigitalTwinSpec) int32 {
				// An autoscaler's number is its own affair: the least that it may choose counts.
				if a := s.Processor.Autoscaling; a != nil {
					return *a.MinReplicas
				}
				return *s.Processor.Replicas
			},
			Image:  workloadsImage,
			Choice: &ImageChoice{"spec.image", func(s *v1.DigitalTwinSpec) (image, version string) { return s.Image, "" }},
			reads:  []string{groupKafka, groupRedis, groupDatabase},
			build:  (*builder).processor, flows: (*builder).processorPolicy, proof: (*builder).workloadProof,
		},
		{
			Name: v1.ComponentAPI, Role: RoleWorkload, Condition: v1.ConditionWorkloadsReady, Kind: KindDeployment, Step: StepWorkloads,
			Settings: "spec.api",
			Needs:    func(s *v1.DigitalTwinSpec) int32 { return *s.API.Replicas },
			Image:    workloadsImage,
			reads:    []string{groupDatabase, groupAPI},
			also: func(s *v1.DigitalTwinSpec) (groups []string) {
				if s.TakesHTTP() {
					groups = append(groups, groupKafka)
				}
				if readsLive(s) {
					groups = append(groups, groupRedis)
				}
				return groups
			},
			build: (*builder).api, flows: (*builder).apiPolicy,
		},
		{
			Name: v1.ComponentPrometheus, Role: RoleMonitoring, Condition: v1.ConditionMonitoringReady, Kind: KindDeployment, Step: StepMonitoring,
			Settings: "spec.monitoring.prometheus",
			Wanted: func(s *v1.DigitalTwinSpec) bool {
				return s.Monitoring.Prometheus.Mode == "" || s.Monitoring.Prometheus.Mode == v1.PrometheusManaged
			},
			Image: func(i *Images) *string { return &i.Prometheus }, Choice: &ImageChoice{},
			build: (*builder).prometheus, flows: (*builder).prometheusPolicy,
		},
		{
			Name: v1.ComponentGrafana, Role: RoleMonitoring, Condition: v1.ConditionMonitoringReady, Kind: KindDeployment, Step: StepMonitoring,
			Settings: "spec.monitoring.grafana",
			Wanted: func(s *v1.DigitalTwinSpec) bool {
				return s.Monitoring.Grafana.Mode == "" || s.Monitoring.Grafana.Mode == v1.GrafanaManaged
			},
			Image: func(i *Images) *string { return &i.Grafana }, Choice: &ImageChoice{},
			reads: []string{groupDatabase},
			build: (*builder).grafana, flows: (*builder).grafanaPolicy,
		},
	}
}

// Groups of secrets. Those of stores name the stores that a component reaches, too.
const (
	groupKafka    = "kafka"
	groupRedis    = "redis"
	groupDatabase = "database"
	groupAPI      = "api"
	groupTracing  = "tracing" // of workloads alone
	groupMQTT     = "mqtt"
)

// groups are the groups of secrets that the pods of a component read, in a twin of a spec.
func (c *Component) groups(spec *v1.DigitalTwinSpec) []string {
	groups := slices.Clone(c.reads)
	if c.also != nil {
		groups = append(groups, c.also(spec)...)
	}
	if c.Role == RoleWorkload && c.Name != v1.ComponentBridge && spec.Monitoring.Tracing != nil { // the bridge traces nothing
		groups = append(groups, groupTracing)
	}
	return groups
}

func workloadsImage(i *Images) *string { return &i.Workloads }

// kafkaOf is what a spec asks of a managed Kafka; nothing where it does not, or has
// one of others.
func kafkaOf(s *v1.DigitalTwinSpec) v1.ManagedKafka {
	if s.Kafka == nil || s.Kafka.Managed == nil {
		return v1.ManagedKafka{}
	}
	return *s.Kafka.Managed
}

func redisOf(s *v1.DigitalTwinSpec) v1.ManagedRedis {
	if s.Redis == nil || s.Redis.Managed == nil {
		return v1.ManagedRedis{}
	}
	return *s.Redis.Managed
}

func timescaleOf(s *v1.DigitalTwinSpec) v1.ManagedTimescale {
	if s.Timescale == nil || s.Timescale.Managed == nil {
		return v1.ManagedTimescale{}
	}
	return *s.Timescale.Managed
}

// ComponentOf is the row of a name; one without anything if there is none.
func ComponentOf(name string) Component {
	for _, c := range Components() {
		if c.Name == name {
			return c
		}
	}
	return Component{Name: name}
}

// In reports whether a twin of a spec has the component.
func (c *Component) In(spec *v1.DigitalTwinSpec) bool { return c.Wanted == nil || c.Wanted(spec) }

// Pods is how many pods of the component have to be ready while a twin runs, of a
// spec with defaults.
func (c *Component) Pods(spec *v1.DigitalTwinSpec) int32 {
	if c.Needs == nil {
		return 1
	}
	return c.Needs(spec)
}

// ComponentsOf are the components of some roles that a twin of a spec has.
func ComponentsOf(spec *v1.DigitalTwinSpec, roles ...Role) []Component {
	return slices.DeleteFunc(Components(), func(c Component) bool { return !slices.Contains(roles, c.Role) || !c.In(spec) })
}

// ComponentNames are the names of all components of some roles.
func ComponentNames(roles ...Role) []string {
	var out []string
	for _, c := range Components() {
		if slices.Contains(roles, c.Role) {
			out = append(out, c.Name)
		}
	}
	return out
}

// ReadyConditions are the conditions of components that Ready is made of, in the
// order in which they become true.
func ReadyConditions() []string {
	var out []string
	for _, c := range Components() {
		if c.Condition == "" || c.Role == RoleMonitoring || c.Name == ComponentProof || slices.Contains(out, c.Condition) {
			continue
		}
		out = append(out, c.Condition)
	}
	return out
}
