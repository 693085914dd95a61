package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// ComponentProof are the pods that try an image before the twin runs it.
const ComponentProof = "proof"

// ContainerProve is the container of a proof whose end is the answer.
const ContainerProve = "prove"

// LabelProves is on a Job and its pods, with a hash of the component and the image
// that the Job proves.
const LabelProves = v1.Group + "/proves"

// Proof is an image that a component is to run and that has to be proven
// first.
type Proof struct {
	Component string // v1.ComponentProcessor stands for all workloads
	Image     string
	Job       string // name of the Job that proves it
}

// NewProof is the proof of an image under a twin's present settings of pods. Other
// settings make another Job: a missing pull secret is added there.
func NewProof(twin string, spec *v1.DigitalTwinSpec, component, image string) Proof {
	settings := hashOf(component, image, spec.Pods, spec.ImagePullPolicy, proofResources(spec, component))
	return Proof{Component: component, Image: image, Job: Name(twin, ComponentProof) + "-" + settings[:8]}
}

// Proves is the value of LabelProves.
func (p Proof) Proves() string { return hashOf(p.Component, p.Image)[:16] }

// proofResources are the settings that bound the memory of a proof.
func proofResources(spec *v1.DigitalTwinSpec, component string) *v1.Resources {
	if store := ComponentOf(component).Store; store != nil {
		return store.resources(spec)
	}
	return nil
}

// Keep is the images with that of one component replaced.
func (i Images) Keep(component, image string) Images {
	if c := ComponentOf(component); c.Image != nil {
		*c.Image(&i) = image
	}
	return i
}

// ProvableComponents are the components of a twin whose images are proven: those whose
// pods cannot run beside the ones that they replace. A workload stands for all
// that run its image, Kafka's helper among them. Monitoring replaces a pod only by
// one that is ready, and keeps nothing.
func ProvableComponents(spec *v1.DigitalTwinSpec) []string {
	var out []string
	for _, c := range Components() {
		if c.proof != nil && c.In(spec) {
			out = append(out, c.Name)
		}
	}
	return out
}

// proofs makes a Job for each image that is to be proven. It runs the image as
// the twin's own pods do, on the same nodes, from the same registry and under the
// same restrictions, but on scratch volumes and without a network.
func (b *builder) proofs() {
	for _, p := range b.in.Proofs {
		template := b.template(b.proofPod(p))
		template.WithLabels(map[string]string{LabelProves: p.Proves()})
		job := batchv1ac.Job(p.Job, b.twin.Namespace).WithSpec(batchv1ac.JobSpec().
			WithBackoffLimit(10_000). // a registry or a node may be away for long
			WithTemplate(template))
		own(b, StepProofs, ComponentProof, job)
		job.WithLabels(map[string]string{LabelProves: p.Proves()})
	}
	if len(b.in.Proofs) > 0 && b.spec.NetworkPolicy == v1.NetworkPolicyEnabled {
		own(b, StepNetworkPolicy, ComponentProof, networkingv1ac.NetworkPolicy(b.name(ComponentProof), b.twin.Namespace).
			WithSpec(networkingv1ac.NetworkPolicySpec().
				WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, ComponentProof))).
				WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)))
	}
}

func (b *builder) proofPod(p Proof) pod {
	out := *ComponentOf(p.Component).proof(b, p)
	out.component = ComponentProof
	out.reads = p.Proves()
	out.restart = corev1.RestartPolicyOnFailure
	out.grace = 10
	for _, c := range append(out.inits, out.containers...) {
		c.WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError)
	}
	return out
}

// workloadProof reads the twin's configuration and answers by its termination
// message. An image of something else may end well too, but does not know the
// answer.
func (b *builder) workloadProof(p Proof) *pod {
	return &pod{
		user: workloadUser, group: workloadUser,
		containers: []*corev1ac.ContainerApplyConfiguration{
			corev1ac.Container().WithName(ContainerProve).WithImage(p.Image).
				WithArgs("prove", "--token", p.Job, "--log-format", "json").
				WithResources(small("50m", "64Mi", "64Mi")).
				WithVolumeMounts(readOnly("config", configDir)),
		},
		volumes: []*corev1ac.VolumeApplyConfiguration{configMapVolume("config", ConfigName(b.twin.Name))},
	}
}

// kafkaProof formats a scratch volume by the broker's own settings. A broker is
// not started: it would search for the voters of the live one.
func (b *builder) kafkaProof(p Proof) *pod {
	format := b.kafkaFormatContainer(p.Image)
	lessRequested(format)
	return &pod{
		user: kafkaUser, group: kafkaUser,
		hostname:   "proof-0", // the node's number
		containers: []*corev1ac.ContainerApplyConfiguration{format},
		volumes:    append(b.kafkaPodVolumes(), scratch("data")),
	}
}

// redisProof starts the store on a scratch volume, until it answers.
func (b *builder) redisProof(p Proof) *pod {
	return startedProof(&pod{
		user: redisUser, group: redisUser,
		volumes: append(b.redisVolumes(), scratch("data")),
	}, b.redisContainer(p.Image), "redis-server", "--version")
}

// timescaleProof initialises a database on a scratch volume and starts it, until
// it answers.
func (b *builder) timescaleProof(p Proof) *pod {
	return startedProof(&pod{
		user: postgresUser, group: postgresUser,
		volumes: append(b.timescaleVolumes(), scratch("data")),
	}, b.timescaleContainer(p.Image), "postgres", "--version")
}

// startedProof is a pod that ends when a server has started: the server runs
// beside the command, which waits for its startup probe.
func startedProof(p *pod, server *corev1ac.ContainerApplyConfiguration, command ...string) *pod {
	server.WithRestartPolicy(corev1.ContainerRestartPolicyAlways)
	server.LivenessProbe, server.ReadinessProbe = nil, nil
	lessRequested(server)
	p.inits = []*corev1ac.ContainerApplyConfiguration{server}
	p.containers = []*corev1ac.ContainerApplyConfiguration{
		corev1ac.Container().WithName("started").WithImage(*server.Image).WithCommand(command...).
			WithResources(small("10m", "16Mi", "64Mi")),
	}
	return p
}

// lessRequested keeps the limits of a container, under which it has to work, and
// asks next to nothing of the node: a proof that finds no room beside the store
// would never end.
func lessRequested(c *corev1ac.ContainerApplyConfiguration) {
	requests := *small("10m", "16Mi", "16Mi").Requests
	c.Resources.Requests = &requests
}
