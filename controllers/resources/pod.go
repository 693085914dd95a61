package resources

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// workloadUser is the user of our image.
const workloadUser = 65532

// pod is what differs between the pods of a twin.
type pod struct {
	component   string
	labels      map[string]string // besides those of the component
	annotations map[string]string
	reads       string // hash of what it reads
	user, group int64
	inits       []*corev1ac.ContainerApplyConfiguration
	containers  []*corev1ac.ContainerApplyConfiguration
	volumes     []*corev1ac.VolumeApplyConfiguration
	grace       int64 // seconds to end in
	restart     corev1.RestartPolicy
	hostname    string // "" for the pod's name
}

// template is the pod's template: restricted, without an API token, spread over
// nodes, and with what the spec asks of all pods.
func (b *builder) template(p pod) *corev1ac.PodTemplateSpecApplyConfiguration {
	all := b.spec.Pods
	labels, annotations := map[string]string{}, map[string]string{}
	for k, v := range all.Labels {
		labels[k] = string(v)
	}
	for k, v := range all.Annotations {
		annotations[k] = string(v)
	}
	maps.Copy(labels, p.labels)
	maps.Copy(labels, b.labels(p.component))
	maps.Copy(annotations, p.annotations)
	annotations[AnnotationReads] = p.reads
	if at := b.in.Restarts[p.component]; at != "" {
		annotations[AnnotationRestartedAt] = string(at)
	}
	b.wanted.Hashes[p.component] = p.reads

	for _, c := range append(p.inits, p.containers...) {
		restrict(c)
		b.reportLastLine(p, c)
		if b.spec.ImagePullPolicy != "" {
			c.WithImagePullPolicy(corev1.PullPolicy(b.spec.ImagePullPolicy))
		}
	}
	spec := corev1ac.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(p.grace).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(p.user).WithRunAsGroup(p.group).WithFSGroup(p.group).
			// A volume of many files would hold up the start for minutes otherwise.
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithInitContainers(p.inits...).
		WithContainers(p.containers...).
		WithVolumes(p.volumes...)
	if p.restart != "" {
		spec.WithRestartPolicy(p.restart)
	}
	if p.hostname != "" {
		spec.WithHostname(p.hostname)
	}
	b.place(spec, p.component)
	return corev1ac.PodTemplateSpec().WithLabels(labels).WithAnnotations(annotations).WithSpec(spec)
}

// reportLastLine makes the end of a failed container's log its message, which the
// operator reports. What init containers and our own image write holds no secret;
// of other programs nobody knows.
func (b *builder) reportLastLine(p pod, c *corev1ac.ContainerApplyConfiguration) {
	if slices.Contains(p.inits, c) || *c.Image == b.in.Images.Workloads {
		c.WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError)
	}
}

// place sets on which nodes a pod may and would rather run.
func (b *builder) place(spec *corev1ac.PodSpecApplyConfiguration, component string) {
	all := b.spec.Pods
	if len(all.NodeSelector) > 0 {
		selector := map[string]string{}
		for k, v := range all.NodeSelector {
			selector[k] = string(v)
		}
		spec.WithNodeSelector(selector)
	}
	for i := range all.Tolerations {
		spec.WithTolerations(as[corev1ac.TolerationApplyConfiguration](all.Tolerations[i]))
	}
	if all.Affinity != nil {
		spec.WithAffinity(as[corev1ac.AffinityApplyConfiguration](all.Affinity))
	}
	if all.PriorityClassName != "" {
		spec.WithPriorityClassName(all.PriorityClassName)
	}
	for _, s := range all.ImagePullSecrets {
		spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(s.Name))
	}
	spec.WithTopologySpreadConstraints(corev1ac.TopologySpreadConstraint().
		WithMaxSkew(1).WithTopologyKey(corev1.LabelHostname).WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, component))))
}

// as is a value of the API as an apply configuration, which has the same
// fields.
func as[T any](value any) *T {
	out := new(T)
	doc, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(doc, out)
	}
	if err != nil {
		panic(err) // the types of one API in two shapes
	}
	return out
}

// restrict takes from a container what no container of a twin needs.
func restrict(c *corev1ac.ContainerApplyConfiguration) {
	c.WithSecurityContext(corev1ac.SecurityContext().
		WithAllowPrivilegeEscalation(false).
		WithReadOnlyRootFilesystem(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL")))
}

// resourcesOf are what a container asks of its node.
func resourcesOf(r *v1.Resources) *corev1ac.ResourceRequirementsApplyConfiguration {
	out := corev1ac.ResourceRequirements()
	if list := amounts(r.Requests); len(list) > 0 {
		out.WithRequests(list)
	}
	if list := amounts(r.Limits); len(list) > 0 {
		out.WithLimits(list)
	}
	return out
}

func amounts(a *v1.ResourceAmounts) corev1.ResourceList {
	list := corev1.ResourceList{}
	if a == nil {
		return list
	}
	if a.CPU != nil {
		list[corev1.ResourceCPU] = *a.CPU
	}
	if a.Memory != nil {
		list[corev1.ResourceMemory] = *a.Memory
	}
	return list
}

// small are the resources of a container that does next to nothing.
func small(cpu, memory, limit string) *corev1ac.ResourceRequirementsApplyConfiguration {
	return corev1ac.ResourceRequirements().
		WithRequests(corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}).
		WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(limit)})
}

func mount(volume, at string) *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(volume).WithMountPath(at)
}

func readOnly(volume, at string) *corev1ac.VolumeMountApplyConfiguration {
	return mount(volume, at).WithReadOnly(true)
}

// scratch is a volume that ends with the pod.
func scratch(name string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).WithEmptyDir(corev1ac.EmptyDirVolumeSource())
}

// secretVolume shows some keys of a Secret as files, by key.
func secretVolume(name, secret string, files map[string]string) *corev1ac.VolumeApplyConfiguration {
	source := corev1ac.SecretVolumeSource().WithSecretName(secret).WithDefaultMode(0o440)
	for _, key := range sortedKeys(files) {
		source.WithItems(corev1ac.KeyToPath().WithKey(key).WithPath(files[key]))
	}
	return corev1ac.Volume().WithName(name).WithSecret(source)
}

func configMapVolume(name, configMap string, keys ...string) *corev1ac.VolumeApplyConfiguration {
	source := corev1ac.ConfigMapVolumeSource().WithName(configMap)
	for _, key := range keys {
		source.WithItems(corev1ac.KeyToPath().WithKey(key).WithPath(key))
	}
	return corev1ac.Volume().WithName(name).WithConfigMap(source)
}

// claimVolume shows a volume of the spec's, which is only read.
func claimVolume(name, claim string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).WithPersistentVolumeClaim(
		corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(claim).WithReadOnly(true))
}

func port(name string, number int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(number)
}

func servicePort(name string, number int32) *corev1ac.ServicePortApplyConfiguration {
	return corev1ac.ServicePort().WithName(name).WithPort(number).WithTargetPort(intstr.FromString(name))
}

// probe asks every 10 s and gives up after 3 times.
func probe() *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(3)
}

// httpProbe asks a page of a named port.
func httpProbe(portName, path string) *corev1ac.ProbeApplyConfiguration {
	return probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPort(intstr.FromString(portName)).WithPath(path))
}

func tcpProbe(portName string) *corev1ac.ProbeApplyConfiguration {
	return probe().WithTCPSocket(corev1ac.TCPSocketAction().WithPort(intstr.FromString(portName)))
}

func execProbe(command ...string) *corev1ac.ProbeApplyConfiguration {
	return probe().WithExec(corev1ac.ExecAction().WithCommand(command...))
}

func env(name, value string) *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(name).WithValue(value)
}
