package resources

import (
	"cmp"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// kafkaUser is the user of the public image.
const kafkaUser = 1000

const mebibyte = 1 << 20

// kafka makes 1 or 3 nodes, each a broker and a controller.
func (b *builder) kafka() {
	if b.spec.Kafka.External != nil {
		return
	}
	name := b.name(v1.ComponentKafka)
	own(b, StepKafka, v1.ComponentKafka, corev1ac.ConfigMap(name, b.twin.Namespace).
		WithData(map[string]string{"server.properties": b.kafkaProperties()}))
	own(b, StepKafka, v1.ComponentKafka, b.headless(name, v1.ComponentKafka,
		servicePort("kafka", PortKafka), servicePort("controller", PortController), servicePort("interbroker", PortInterBroke)))
	replicas := b.storeRunning(*b.spec.Kafka.Managed.Replicas)
	if b.in.KafkaStopped {
		replicas = 0
	}
	own(b, StepKafka, v1.ComponentKafka, b.storeSet(v1.ComponentKafka, replicas, b.spec.Kafka.Managed.Storage, b.kafkaPod()))
	b.disruption(StepKafka, v1.ComponentKafka, *b.spec.Kafka.Managed.Replicas)
}

// headless is a Service that only names pods, ready or not: nodes have to find
// each other before they can be ready.
func (b *builder) headless(name, component string, ports ...*corev1ac.ServicePortApplyConfiguration) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(name, b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithClusterIP(corev1.ClusterIPNone).WithPublishNotReadyAddresses(true).
		WithSelector(SelectorLabels(b.twin.Name, component)).WithPorts(ports...))
}

// storeSet is the StatefulSet of a store with one volume named data.
func (b *builder) storeSet(component string, replicas int32, storage *v1.Storage, template *corev1ac.PodTemplateSpecApplyConfiguration) *appsv1ac.StatefulSetApplyConfiguration {
	name := b.name(component)
	return appsv1ac.StatefulSet(name, b.twin.Namespace).WithSpec(appsv1ac.StatefulSetSpec().
		WithReplicas(replicas).
		WithServiceName(name).
		WithPodManagementPolicy(appsv1.ParallelPodManagement).
		WithRevisionHistoryLimit(3).
		WithPersistentVolumeClaimRetentionPolicy(appsv1ac.StatefulSetPersistentVolumeClaimRetentionPolicy().
			WithWhenDeleted(appsv1.RetainPersistentVolumeClaimRetentionPolicyType).
			WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)).
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, component))).
		WithTemplate(template).
		WithVolumeClaimTemplates(b.claimTemplate(component, storage)))
}

func (b *builder) claimTemplate(component string, storage *v1.Storage) *corev1ac.PersistentVolumeClaimApplyConfiguration {
	claim := corev1ac.PersistentVolumeClaim("data", "").WithLabels(b.labels(component)).WithSpec(b.claimSpec(component, storage))
	claim.Namespace = nil // the StatefulSet's
	return claim
}

func (b *builder) claimSpec(component string, storage *v1.Storage) *corev1ac.PersistentVolumeClaimSpecApplyConfiguration {
	size := storage.Size
	if held, ok := b.in.Sizes[component]; ok {
		size = held
	}
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithVolumeMode(corev1.PersistentVolumeFilesystem). // the API server's default, which would count as a difference
		WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size.Quantity()}))
	class := storage.ClassName
	if held, ok := b.in.Classes[component]; ok {
		class = held
	}
	if class != "" {
		spec.WithStorageClassName(class)
	}
	return spec
}

func (b *builder) kafkaPod() *corev1ac.PodTemplateSpecApplyConfiguration {
	image := b.in.Images.Kafka
	kafka, helper := kafkaResources(b.spec.Kafka.Managed.Resources)
	heap := fmt.Sprintf("-Xms%[1]dm -Xmx%[1]dm", heapMebibytes(kafka))
	credentials := b.in.Credentials

	format := b.kafkaFormatContainer(image)
	users := corev1ac.Container().WithName("users").WithImage(cmp.Or(b.in.KafkaHelper, b.in.Images.Workloads)).
		WithArgs("kafka-users", "--address", fmt.Sprintf("127.0.0.1:%d", PortKafkaLocal), "--user", StoreUser,
			"--password-file", kafkaSecretDir+"/password", "--listen", fmt.Sprintf(":%d", PortKafkaUsers)).
		WithPorts(port("users", PortKafkaUsers)).
		// It starts before the broker and stays beside it.
		WithRestartPolicy(corev1.ContainerRestartPolicyAlways).
		WithReadinessProbe(httpProbe("users", "/ready").WithPeriodSeconds(5)).
		WithResources(helper).
		WithVolumeMounts(readOnly("secrets", kafkaSecretDir))
	broker := corev1ac.Container().WithName("kafka").WithImage(image).
		WithCommand("/opt/kafka/bin/kafka-server-start.sh", kafkaReadyDir+"/server.properties").
		WithEnv(env("LOG_DIR", "/var/log/kafka"), env("KAFKA_HEAP_OPTS", heap)).
		WithPorts(port("kafka", PortKafka), port("controller", PortController), port("interbroker", PortInterBroke)).
		WithStartupProbe(tcpProbe("controller").WithPeriodSeconds(3).WithFailureThreshold(100)).
		WithLivenessProbe(tcpProbe("controller")).
		WithReadinessProbe(tcpProbe("kafka").WithPeriodSeconds(5)).
		WithResources(kafka).
		WithVolumeMounts(kafkaRunMounts()...)

	return b.template(pod{
		component:   v1.ComponentKafka,
		user:        kafkaUser,
		group:       kafkaUser,
		reads:       hashOf(b.kafkaProperties(), credentials[KeyKafkaPassword], credentials[KeyKafkaInternal]),
		annotations: map[string]string{AnnotationInternal: InternalHash(credentials)},
		inits:       []*corev1ac.ContainerApplyConfiguration{format, users},
		containers:  []*corev1ac.ContainerApplyConfiguration{broker},
		grace:       60,
		volumes:     b.kafkaPodVolumes(),
	})
}

func kafkaRunMounts() []*corev1ac.VolumeMountApplyConfiguration {
	return []*corev1ac.VolumeMountApplyConfiguration{
		mount("data", kafkaVolumeDir), mount("run", kafkaReadyDir), mount("logs", "/var/log/kafka"), mount("tmp", "/tmp"),
	}
}

func (b *builder) kafkaPodVolumes() []*corev1ac.VolumeApplyConfiguration {
	return []*corev1ac.VolumeApplyConfiguration{
		scratch("run"), scratch("logs"), scratch("tmp"),
		configMapVolume("config", b.name(v1.ComponentKafka)),
		secretVolume("secrets", ConnectionsName(b.twin.Name), map[string]string{keyKafkaPass: "password", keyKafkaLogin: "login.properties"}),
	}
}

// kafkaFormatContainer makes a node's own settings and formats its volume.
func (b *builder) kafkaFormatContainer(image string) *corev1ac.ContainerApplyConfiguration {
	kafka, _ := kafkaResources(b.spec.Kafka.Managed.Resources)
	return corev1ac.Container().WithName("format").WithImage(image).
		WithCommand("/bin/sh", "-c", kafkaFormat(KafkaClusterID(b.twin.Namespace, b.twin.Name))).
		WithEnv(env("LOG_DIR", "/var/log/kafka"), env("KAFKA_HEAP_OPTS", "-Xms64m -Xmx128m")).
		WithResources(kafka).
		WithVolumeMounts(append(kafkaRunMounts(), readOnly("config", kafkaConfDir), readOnly("secrets", kafkaSecretDir))...)
}

// InternalHash is a hash of the password that brokers show each other.
func InternalHash(c Credentials) string { return hashOf("internal", c[KeyKafkaInternal]) }

// kafkaResources shares what a node asks between the broker and its helper.
func kafkaResources(r *v1.Resources) (broker, helper *corev1ac.ResourceRequirementsApplyConfiguration) {
	const helperLimit = 64 * mebibyte
	limit := r.Limits.Memory.Value()
	left := max(limit-helperLimit, limit*3/4)
	shared := r.DeepCopy()
	shared.Limits.Memory = resource.NewQuantity(left, resource.BinarySI)
	if shared.Requests.Memory.Value() > left {
		shared.Requests.Memory = shared.Limits.Memory
	}
	helper = small("10m", "16Mi", resource.NewQuantity(limit-left, resource.BinarySI).String())
	return resourcesOf(shared), helper
}

// heapMebibytes is half of a broker's memory: the rest is for its code, threads
// and buffers, and for the system's cache of the log.
func heapMebibytes(r *corev1ac.ResourceRequirementsApplyConfiguration) int64 {
	limit := (*r.Limits)[corev1.ResourceMemory]
	return max(limit.Value()/2/mebibyte, 64)
}
