package resources

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// disruption keeps evictions from taking more than one of several pods at a
// time. One pod alone has none: it would keep a node from being drained for
// ever.
func (b *builder) disruption(step Step, component string, replicas int32) {
	if replicas < 2 {
		return
	}
	own(b, step, component, policyv1ac.PodDisruptionBudget(b.name(component), b.twin.Namespace).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, component)))))
}

// autoscaler lets the number of processors follow the lag where KEDA is
// installed, else CPU. In a twin that is not running there is nothing to scale.
func (b *builder) autoscaler() {
	a := b.spec.Processor.Autoscaling
	if a == nil || !b.works() {
		return
	}
	if b.in.Kinds.ScaledObject {
		b.scaledObject(a)
		return
	}
	name := b.name(v1.ComponentProcessor)
	own(b, StepWorkloads, v1.ComponentProcessor, autoscalingv2ac.HorizontalPodAutoscaler(name, b.twin.Namespace).
		WithSpec(autoscalingv2ac.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().WithAPIVersion("apps/v1").WithKind("Deployment").WithName(name)).
			WithMinReplicas(*a.MinReplicas).WithMaxReplicas(a.MaxReplicas).
			WithMetrics(autoscalingv2ac.MetricSpec().WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(autoscalingv2ac.ResourceMetricSource().WithName(corev1.ResourceCPU).
					WithTarget(autoscalingv2ac.MetricTarget().WithType(autoscalingv2.UtilizationMetricType).WithAverageUtilization(*a.TargetCPUPercent))))))
}

// scaledObject asks KEDA to follow the lag of the processors' consumer group.
func (b *builder) scaledObject(a *v1.Autoscaling) {
	name := b.name(v1.ComponentProcessor)
	metadata := map[string]any{
		"bootstrapServers": strings.Join(b.conf.Kafka.Brokers, ","),
		"consumerGroup":    b.conf.ConsumerGroup(),
		"topic":            b.conf.Topic("readings"),
		"lagThreshold":     fmt.Sprint(*a.TargetLag),
	}
	trigger := map[string]any{"type": "kafka", "metadata": metadata}
	if refs := b.triggerSecrets(metadata); len(refs) > 0 {
		b.other(StepWorkloads, v1.ComponentProcessor, KindTriggerAuth, name, map[string]any{"secretTargetRef": refs})
		trigger["authenticationRef"] = map[string]any{"name": name}
	}
	b.other(StepWorkloads, v1.ComponentProcessor, KindScaledObject, name, map[string]any{
		"scaleTargetRef":  map[string]any{"name": name},
		"minReplicaCount": int64(*a.MinReplicas),
		"maxReplicaCount": int64(a.MaxReplicas),
		"triggers":        []any{trigger},
	})
}

// triggerSecrets are where KEDA finds what lets it in, and set in metadata what
// is no secret.
func (b *builder) triggerSecrets(metadata map[string]any) []any {
	var refs []any
	add := func(parameter, secret, key string) {
		refs = append(refs, map[string]any{"parameter": parameter, "name": secret, "key": key})
	}
	if b.conf.Kafka.UserFile != "" {
		mechanisms := map[string]string{"SCRAM-SHA-512": "scram_sha512", "SCRAM-SHA-256": "scram_sha256", "PLAIN": "plaintext"}
		metadata["sasl"] = mechanisms[b.conf.Kafka.Mechanism]
		add("username", ConnectionsName(b.twin.Name), keyKafkaUser)
		add("password", ConnectionsName(b.twin.Name), keyKafkaPass)
	}
	e := b.spec.Kafka.External
	if e == nil || e.TLS == nil {
		return refs
	}
	metadata["tls"] = "enable"
	if e.TLS.InsecureSkipVerify {
		metadata["unsafeSsl"] = "true"
	}
	if ref := e.TLS.CASecretRef; ref != nil {
		add("ca", ref.Name, "ca.crt")
	}
	if ref := e.TLS.CertSecretRef; ref != nil {
		add("cert", ref.Name, "tls.crt")
		add("key", ref.Name, "tls.key")
	}
	return refs
}

// other puts an object of a kind that Kubernetes itself does not have into the
// wanted set.
func (b *builder) other(step Step, component string, kind schema.GroupVersionKind, name string, spec map[string]any) {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetGroupVersionKind(kind)
	u.SetName(name)
	u.SetNamespace(b.twin.Namespace)
	u.SetLabels(b.labels(component))
	owner := b.owner()
	unstructuredOwner := map[string]any{
		"apiVersion": *owner.APIVersion, "kind": *owner.Kind, "name": *owner.Name, "uid": string(*owner.UID),
		"controller": true, "blockOwnerDeletion": true,
	}
	u.Object["metadata"].(map[string]any)["ownerReferences"] = []any{unstructuredOwner}
	b.wanted.Objects = append(b.wanted.Objects, Object{Kind: kind, Name: name, Step: step, Config: untyped{u}})
}

// untyped is an apply configuration without a type of its own.
type untyped struct{ *unstructured.Unstructured }

// IsApplyConfiguration marks it as one.
func (untyped) IsApplyConfiguration() {}

// Address is the host and path that a twin's Ingress asks for, "" without one.
func Address(api *v1.API) string {
	if api.Ingress == nil {
		return ""
	}
	return api.Ingress.Host + api.BasePath
}

// ingress leads a host name to the API.
func (b *builder) ingress() {
	in := b.spec.API.Ingress
	if in == nil {
		return
	}
	name := b.name(v1.ComponentAPI)
	root := b.spec.API.BasePath
	if root == "" {
		root = "/"
	}
	spec := networkingv1ac.IngressSpec().WithRules(networkingv1ac.IngressRule().WithHost(in.Host).WithHTTP(
		networkingv1ac.HTTPIngressRuleValue().WithPaths(networkingv1ac.HTTPIngressPath().
			WithPath(root).WithPathType(networkingv1.PathTypePrefix).
			WithBackend(networkingv1ac.IngressBackend().WithService(networkingv1ac.IngressServiceBackend().
				WithName(name).WithPort(networkingv1ac.ServiceBackendPort().WithName("http")))))))
	if in.ClassName != "" {
		spec.WithIngressClassName(in.ClassName)
	}
	if in.TLS != nil {
		spec.WithTLS(networkingv1ac.IngressTLS().WithHosts(in.Host).WithSecretName(in.TLS.SecretName))
	}
	object := networkingv1ac.Ingress(name, b.twin.Namespace).WithSpec(spec)
	for k, v := range in.Annotations {
		object.WithAnnotations(map[string]string{k: string(v)})
	}
	object.WithAnnotations(map[string]string{AnnotationAddress: Address(&b.spec.API)})
	own(b, StepWorkloads, v1.ComponentAPI, object)
}
