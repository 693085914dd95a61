package resources

import (
	"fmt"
	"path"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Files of the user that reads the live streams.
const (
	fileLiveUser = "live-username"
	fileLivePass = "live-password"
)

// readsLive reports whether the API can read the live streams: a Redis of others lets it in as
// a user of its own, or where nobody logs in.
func readsLive(s *v1.DigitalTwinSpec) bool {
	if s.Redis == nil || s.Redis.External == nil {
		return true
	}
	return s.Redis.External.SecretRef == nil || s.Redis.External.LiveSecretRef != nil
}

// secretFiles are the keys of the connections Secret that a group shows as
// files.
func (b *builder) secretFiles(group, component string) map[string]string {
	switch group {
	case groupKafka:
		return map[string]string{keyKafkaUser: "username", keyKafkaPass: "password"}
	case groupRedis:
		if component == v1.ComponentAPI {
			return map[string]string{keyLiveUser: fileLiveUser, keyLivePass: fileLivePass}
		}
		return map[string]string{keyRedisUser: "username", keyRedisPass: "password"}
	case groupDatabase:
		if component == v1.ComponentAPI {
			return map[string]string{keyDatabaseURLAPI: "url"}
		}
		return map[string]string{keyDatabaseURL: "url"}
	case groupTracing:
		return map[string]string{keyTracingHeaders: "headers"}
	case groupMQTT:
		return map[string]string{keyMQTTUser: "username", keyMQTTPass: "password"}
	}
	files := map[string]string{keyAPIKeys: keyAPIKeys, keySession: keySession}
	if o := b.spec.API.Auth.OIDC; o != nil && o.ClientSecretRef != nil {
		files[keyOIDCSecret] = keyOIDCSecret
	}
	return files
}

// reads is a hash of exactly what a workload's pods read: the part of the
// configuration, the secrets and the files.
func (b *builder) reads(component string) string {
	values := b.connectionValues()
	read := []any{b.configRead(component)}
	if component == v1.ComponentPrepare && b.in.Restored != "" {
		read = append(read, b.in.Restored) // a dump has the schema of the version that wrote it
	}
	for _, group := range b.groups(component) {
		for _, key := range sortedKeys(b.secretFiles(group, component)) {
			read = append(read, key, values[key])
		}
		for _, name := range b.certificates(group) {
			read = append(read, b.in.Secrets[name.secret])
		}
	}
	if component == v1.ComponentProcessor || component == v1.ComponentAPI {
		for _, s := range b.series(component) {
			if c := s.source.ConfigMap; c != nil {
				read = append(read, b.in.Digests[ConfigMapKey(c.Name, c.Key)])
			}
		}
	}
	return hashOf(read...)
}

// groups are the groups of secrets that a component reads in this twin.
func (b *builder) groups(component string) []string {
	c := ComponentOf(component)
	return c.groups(b.spec)
}

// certificate is a Secret of certificates, mounted in a folder of its own.
type certificate struct{ folder, secret string }

func (b *builder) certificates(store string) []certificate {
	var tls *v1.ClientTLS
	switch {
	case store == groupKafka && b.spec.Kafka.External != nil:
		tls = b.spec.Kafka.External.TLS
	case store == groupRedis && b.spec.Redis.External != nil:
		tls = b.spec.Redis.External.TLS
	case store == groupDatabase && b.spec.Timescale.External != nil:
		tls = b.spec.Timescale.External.TLS
	case store == groupAPI && b.spec.API.Auth.OIDC != nil:
		tls = &v1.ClientTLS{CASecretRef: b.spec.API.Auth.OIDC.CASecretRef}
	case store == groupTracing && b.spec.Monitoring.Tracing != nil:
		tls = &v1.ClientTLS{CASecretRef: b.spec.Monitoring.Tracing.CASecretRef}
	case store == groupMQTT:
		tls = b.spec.Bridged().TLS
	}
	var out []certificate
	if tls != nil && tls.CASecretRef != nil {
		out = append(out, certificate{store + "-ca", tls.CASecretRef.Name})
	}
	if tls != nil && tls.CertSecretRef != nil {
		out = append(out, certificate{store + "-cert", tls.CertSecretRef.Name})
	}
	return out
}

func (b *builder) workloadMounts(component string) []*corev1ac.VolumeMountApplyConfiguration {
	out := []*corev1ac.VolumeMountApplyConfiguration{readOnly("config", configDir), mount("tmp", scratchDir)}
	for _, group := range b.groups(component) {
		if b.hasSecrets(group) {
			out = append(out, readOnly(group, path.Join(secretsDir, group)))
		}
		for _, c := range b.certificates(group) {
			out = append(out, readOnly(c.folder, path.Join(secretsDir, c.folder)))
		}
	}
	return out
}

func (b *builder) workloadVolumes(component string) []*corev1ac.VolumeApplyConfiguration {
	out := []*corev1ac.VolumeApplyConfiguration{configMapVolume("config", ConfigName(b.twin.Name)), scratch("tmp")}
	values := b.connectionValues()
	for _, group := range b.groups(component) {
		if b.hasSecrets(group) {
			files := b.secretFiles(group, component)
			for key := range files {
				if values[key] == "" {
					delete(files, key) // such as a user without a name
				}
			}
			out = append(out, secretVolume(group, ConnectionsName(b.twin.Name), files))
		}
		for _, c := range b.certificates(group) {
			source := corev1ac.SecretVolumeSource().WithSecretName(c.secret).WithDefaultMode(0o440)
			out = append(out, corev1ac.Volume().WithName(c.folder).WithSecret(source))
		}
	}
	return out
}

// hasSecrets reports whether anybody logs in to a store.
func (b *builder) hasSecrets(group string) bool {
	switch group {
	case groupKafka:
		return b.spec.Kafka.External == nil || b.spec.Kafka.External.SASLSecretRef != nil
	case groupRedis:
		return b.spec.Redis.External == nil || b.spec.Redis.External.SecretRef != nil
	case groupTracing:
		return b.spec.Monitoring.Tracing.HeadersSecretRef != nil
	case groupMQTT:
		return b.spec.Bridged().SecretRef != nil
	}
	return true
}

// workload is the container of a component that runs from our image.
func (b *builder) workload(component string, resources *v1.Resources) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().WithName(component).WithImage(b.in.Images.Workloads).
		WithArgs(component, "--log-format", "json").
		WithEnv(env("GOMEMLIMIT", fmt.Sprint(resources.Limits.Memory.Value()/10*9))). // collect garbage rather than be killed
		WithPorts(port("status", PortStatus)).
		WithStartupProbe(httpProbe("status", "/health").WithPeriodSeconds(2).WithFailureThreshold(150)).
		WithLivenessProbe(httpProbe("status", "/health")).
		WithReadinessProbe(httpProbe("status", "/ready")).
		WithResources(resourcesOf(resources)).
		WithVolumeMounts(b.workloadMounts(component)...)
}

func (b *builder) workloadPod(component string, c *corev1ac.ContainerApplyConfiguration) pod {
	return pod{
		component:  component,
		labels:     map[string]string{LabelMetrics: "true"},
		reads:      b.reads(component),
		user:       workloadUser,
		group:      workloadUser,
		containers: []*corev1ac.ContainerApplyConfiguration{c},
		volumes:    b.workloadVolumes(component),
		grace:      30,
	}
}

func (b *builder) deployment(component string, strategy appsv1.DeploymentStrategyType, p pod) *appsv1ac.DeploymentApplyConfiguration {
	return appsv1ac.Deployment(b.name(component), b.twin.Namespace).WithSpec(appsv1ac.DeploymentSpec().
		WithStrategy(appsv1ac.DeploymentStrategy().WithType(strategy)).
		WithRevisionHistoryLimit(3).
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, component))).
		WithTemplate(b.template(p)))
}

// generator publishes the dataset. There is never more than one: two would
// publish everything twice.
func (b *builder) generator() {
	if b.spec.Generator.Mode == v1.GeneratorOff {
		return
	}
	c := b.workload(v1.ComponentGenerator, b.spec.Generator.Resources)
	p := b.workloadPod(v1.ComponentGenerator, c)
	b.datasetFor(&p, c)
	replicas := b.running(1)
	if p.reads == b.in.FinishedReads {
		replicas = 0
	}
	d := b.deployment(v1.ComponentGenerator, appsv1.RecreateDeploymentStrategyType, p)
	d.Spec.WithReplicas(replicas)
	own(b, StepWorkloads, v1.ComponentGenerator, d)
}

// datasetFor gives the generator the file that the spec names. A file from the
// web is fetched and checked before the generator starts.
func (b *builder) datasetFor(p *pod, c *corev1ac.ContainerApplyConfiguration) {
	d := b.spec.Dataset
	if d == nil || d.Synthetic != nil {
		return
	}
	switch {
	case d.ConfigMap != nil:
		p.volumes = append(p.volumes, configMapVolume("dataset", d.ConfigMap.Name, d.ConfigMap.Key))
	case d.PersistentVolumeClaim != nil:
		p.volumes = append(p.volumes, claimVolume("dataset", d.PersistentVolumeClaim.ClaimName))
	case d.URL != nil:
		p.volumes = append(p.volumes, scratch("dataset"))
		p.inits = append(p.inits, b.fetch(p, d.URL))
	}
	c.WithVolumeMounts(readOnly("dataset", datasetDir))
}

func (b *builder) fetch(p *pod, u *v1.URLSource) *corev1ac.ContainerApplyConfiguration {
	args := []string{"dataset", "fetch", u.Location, "--out", path.Join(datasetDir, fetchedName), "--log-format", "json"}
	if u.SHA256 != "" {
		args = append(args, "--sha256", u.SHA256)
	}
	c := corev1ac.Container().WithName("fetch").WithImage(b.in.Images.Workloads).
		WithResources(resourcesOf(b.spec.Generator.Resources)).
		WithVolumeMounts(mount("dataset", datasetDir))
	if ref := u.TokenSecretRef; ref != nil {
		args = append(args, "--token-file", path.Join(secretsDir, "token", "token"))
		c.WithVolumeMounts(readOnly("token", path.Join(secretsDir, "token")))
		p.volumes = append(p.volumes, secretVolume("token", ref.Name, map[string]string{"token": "token"}))
		p.reads = hashOf(p.reads, b.secretValue(ref.Name, "token"))
	}
	return c.WithArgs(args...)
}

// bridge takes readings from a broker of MQTT. There is never more than one: two with one
// client id would take the session from each other.
func (b *builder) bridge() {
	m := b.spec.Bridged()
	if m == nil {
		return
	}
	c := b.workload(v1.ComponentBridge, m.Resources)
	c.Args = slices.Insert(c.Args, 1, "mqtt")
	d := b.deployment(v1.ComponentBridge, appsv1.RecreateDeploymentStrategyType, b.workloadPod(v1.ComponentBridge, c))
	d.Spec.WithReplicas(b.running(1))
	own(b, StepWorkloads, v1.ComponentBridge, d)
}

// processor turns the stream into rows. Its number is left to an autoscaler
// where there is one and another field manager holds the number.
func (b *builder) processor() {
	c := b.workload(v1.ComponentProcessor, b.spec.Processor.Resources)
	p := b.workloadPod(v1.ComponentProcessor, c)
	for _, s := range b.series(v1.ComponentProcessor) {
		p.volumes = append(p.volumes, s.volume())
		c.WithVolumeMounts(readOnly("series-"+s.name, path.Join(seriesDir, s.name)))
	}
	d := b.deployment(v1.ComponentProcessor, appsv1.RollingUpdateDeploymentStrategyType, p)
	if !b.in.AutoscalerHolds {
		d.Spec.WithReplicas(b.running(b.firstProcessors()))
	}
	own(b, StepWorkloads, v1.ComponentProcessor, d)
	own(b, StepConfig, v1.ComponentProcessor, b.workloadsService())
	b.autoscaler()
	b.disruption(StepWorkloads, v1.ComponentProcessor, b.firstProcessors())
}

// firstProcessors is the number of processors before an autoscaler changes it.
func (b *builder) firstProcessors() int32 {
	replicas := *b.spec.Processor.Replicas
	if a := b.spec.Processor.Autoscaling; a != nil {
		replicas = min(max(replicas, *a.MinReplicas), a.MaxReplicas)
	}
	return replicas
}

// workloadsService names all pods that show metrics, so that Prometheus finds
// them without access to the Kubernetes API.
func (b *builder) workloadsService() *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(b.name("workloads"), b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithClusterIP(corev1.ClusterIPNone).WithPublishNotReadyAddresses(true).
		WithSelector(map[string]string{LabelInstance: b.twin.Name, LabelName: "energytwin", LabelMetrics: "true"}).
		WithPorts(servicePort("status", PortStatus)))
}

func (b *builder) api() {
	c := b.workload(v1.ComponentAPI, b.spec.API.Resources)
	c.WithPorts(port("http", PortAPI))
	p := b.workloadPod(v1.ComponentAPI, c)
	for _, s := range b.series(v1.ComponentAPI) {
		// A claim may be held by the node of a processor: it would keep the API from
		// starting elsewhere.
		if s.source.ConfigMap != nil {
			p.volumes = append(p.volumes, s.volume())
			c.WithVolumeMounts(readOnly("series-"+s.name, path.Join(seriesDir, s.name)))
		}
	}
	d := b.deployment(v1.ComponentAPI, appsv1.RollingUpdateDeploymentStrategyType, p)
	d.Spec.WithReplicas(b.running(*b.spec.API.Replicas))
	own(b, StepWorkloads, v1.ComponentAPI, d)
	// A name needs no store, and who was given it keeps it while the stores are
	// prepared again.
	own(b, StepConfig, v1.ComponentAPI, corev1ac.Service(b.name(v1.ComponentAPI), b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithType(corev1.ServiceType(b.spec.API.ServiceType)).
		WithSelector(SelectorLabels(b.twin.Name, v1.ComponentAPI)).
		WithPorts(servicePort("http", 80))))
	b.ingress()
	b.disruption(StepWorkloads, v1.ComponentAPI, *b.spec.API.Replicas)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
