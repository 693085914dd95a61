package resources

import (
	"net"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

type (
	peer  = networkingv1ac.NetworkPolicyPeerApplyConfiguration
	ports = []*networkingv1ac.NetworkPolicyPortApplyConfiguration
)

// LabelOperator is on the operator's own pods.
const (
	LabelOperator      = LabelComponent
	LabelOperatorValue = "operator"
)

// namespaceName is the label that each namespace has of its name.
const namespaceName = "kubernetes.io/metadata.name"

// policy is the NetworkPolicy of one component: what may come in and go out,
// and nothing else.
type policy struct {
	component string
	in        []*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration
	out       []*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration
}

func (p *policy) from(on ports, who ...*peer) *policy {
	p.in = append(p.in, networkingv1ac.NetworkPolicyIngressRule().WithPorts(on...).WithFrom(who...))
	return p
}

func (p *policy) to(on ports, whom ...*peer) *policy {
	p.out = append(p.out, networkingv1ac.NetworkPolicyEgressRule().WithPorts(on...).WithTo(whom...))
	return p
}

// networkPolicies name each flow of the twin.
func (b *builder) networkPolicies() {
	if b.spec.NetworkPolicy != v1.NetworkPolicyEnabled {
		return
	}
	for _, p := range b.policies() {
		b.policy(p)
	}
}

func (b *builder) policies() []*policy {
	var all []*policy
	if b.spec.Kafka.External == nil {
		all = append(all, b.kafkaPolicy())
	}
	if b.spec.Redis.External == nil {
		all = append(all, (&policy{component: v1.ComponentRedis}).from(tcp(PortRedis),
			b.pods(v1.ComponentPrepare), b.pods(v1.ComponentGenerator), b.pods(v1.ComponentProcessor), b.pods(v1.ComponentAPI)))
	}
	if b.spec.Timescale.External == nil {
		all = append(all, b.databasePolicies()...)
	}
	all = append(all, b.toStores(&policy{component: v1.ComponentPrepare}, b.uses(v1.ComponentPrepare)...))
	if b.spec.Generator.Mode != v1.GeneratorOff {
		generator := b.status(b.toStores(&policy{component: v1.ComponentGenerator}, b.uses(v1.ComponentGenerator)...))
		if d := b.spec.Dataset; d != nil && d.URL != nil {
			// A server may send the client on to another port's scheme.
			generator.to(tcp(addressPort(d.URL.Location), 443, 80), outside()...)
		}
		all = append(all, generator)
	}
	all = append(all, b.status(b.toStores(&policy{component: v1.ComponentProcessor}, b.uses(v1.ComponentProcessor)...)))
	// People and Ingress controllers come from anywhere; keys guard the API.
	all = append(all, b.status(b.toStores(&policy{component: v1.ComponentAPI}, b.uses(v1.ComponentAPI)...)).from(tcp(PortAPI)))
	return append(all, b.monitoringPolicies()...)
}

// databasePolicies are those of a managed database and of its dumps.
func (b *builder) databasePolicies() []*policy {
	managed := b.spec.Timescale.Managed
	database := (&policy{component: v1.ComponentTimescale}).from(tcp(PortPostgres),
		b.pods(v1.ComponentPrepare), b.pods(v1.ComponentProcessor), b.pods(v1.ComponentAPI), b.pods(v1.ComponentGrafana), b.pods(ComponentBackup))
	all := []*policy{database}
	dumps := func(component string, bucket *v1.S3) {
		p := b.toStores(&policy{component: component}, "database")
		if bucket != nil {
			p.to(tcp(addressPort(bucket.Endpoint)), outside()...)
		}
		all = append(all, p)
	}
	if managed.Backup != nil {
		dumps(ComponentBackup, managed.Backup.S3)
	}
	if managed.RestoreFrom != nil {
		database.from(tcp(PortPostgres), b.pods(v1.ComponentRestore))
		_, bucket := b.dumpPlace()
		dumps(v1.ComponentRestore, bucket)
	}
	return all
}

func (b *builder) kafkaPolicy() *policy {
	p := &policy{component: v1.ComponentKafka}
	clients := []*peer{b.pods(v1.ComponentPrepare), b.pods(v1.ComponentGenerator), b.pods(v1.ComponentProcessor)}
	if b.spec.Generator.Mode == v1.GeneratorOff {
		// Readings come from outside: from pods of the namespace, with the password.
		clients = append(clients, networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector()))
	}
	if b.spec.Processor.Autoscaling != nil && b.in.Kinds.ScaledObject {
		clients = append(clients, namespace("keda"))
	}
	among := tcp(PortKafka, PortController, PortInterBroke)
	return p.from(tcp(PortKafka), clients...).from(among, b.pods(v1.ComponentKafka)).to(among, b.pods(v1.ComponentKafka))
}

func (b *builder) monitoringPolicies() []*policy {
	var all []*policy
	if b.spec.Monitoring.Prometheus.Mode == v1.PrometheusManaged {
		p := (&policy{component: v1.ComponentPrometheus}).from(tcp(PortPrometheus), b.pods(v1.ComponentGrafana))
		p.to(tcp(PortStatus), networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector().
			WithMatchLabels(map[string]string{LabelInstance: b.twin.Name, LabelMetrics: "true"})))
		if a := b.spec.Monitoring.Alerts; a != nil {
			p.to(tcp(addressPort(a.AlertmanagerURL)), outside()...)
		}
		all = append(all, p)
	}
	if b.spec.Monitoring.Grafana.Mode == v1.GrafanaManaged {
		p := b.toStores((&policy{component: v1.ComponentGrafana}).from(tcp(PortGrafana)), "database")
		all = append(all, p.to(tcp(PortPrometheus), b.pods(v1.ComponentPrometheus)))
	}
	return all
}

// toStores lets a component reach stores, the twin's own or external ones.
func (b *builder) toStores(p *policy, groups ...string) *policy {
	for _, group := range groups {
		switch group {
		case "kafka":
			if e := b.spec.Kafka.External; e != nil {
				p.to(tcp(hostPorts(e.BootstrapServers...)...), outside()...)
			} else {
				p.to(tcp(PortKafka), b.pods(v1.ComponentKafka))
			}
		case "redis":
			if e := b.spec.Redis.External; e != nil {
				p.to(tcp(hostPorts(e.Address)...), outside()...)
			} else {
				p.to(tcp(PortRedis), b.pods(v1.ComponentRedis))
			}
		case "database":
			if e := b.spec.Timescale.External; e != nil {
				p.to(tcp(*e.Port), outside()...)
			} else {
				p.to(tcp(PortPostgres), b.pods(v1.ComponentTimescale))
			}
		}
	}
	return p
}

// status lets the operator and Prometheus at the status port.
func (b *builder) status(p *policy) *policy {
	switch b.spec.Monitoring.Prometheus.Mode {
	case v1.PrometheusManaged:
		p.from(tcp(PortStatus), b.pods(v1.ComponentPrometheus))
	case v1.PrometheusServiceMonitor:
		// Which namespace the cluster's Prometheus runs in is not ours to know.
		p.from(tcp(PortStatus), networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector()))
	}
	if b.in.OperatorNamespace != "" {
		p.from(tcp(PortStatus), namespace(b.in.OperatorNamespace).
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{LabelName: "energytwin", LabelOperator: LabelOperatorValue})))
	}
	return p
}

func (b *builder) policy(p *policy) {
	p.to(dns())
	own(b, StepNetworkPolicy, p.component, networkingv1ac.NetworkPolicy(b.name(p.component), b.twin.Namespace).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, p.component))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(p.in...).WithEgress(p.out...)))
}

func (b *builder) pods(component string) *peer {
	return networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(b.twin.Name, component)))
}

func namespace(name string) *peer {
	return networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{namespaceName: name}))
}

// outside is everywhere but the link-local addresses: behind one of them clouds
// keep the node's credentials.
func outside() []*peer {
	return []*peer{
		networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR("0.0.0.0/0").WithExcept("169.254.0.0/16")),
		networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR("::/0").WithExcept("fe80::/10", "fd00:ec2::254/128")),
	}
}

func tcp(numbers ...int32) ports {
	var out ports
	seen := map[int32]bool{}
	for _, n := range numbers {
		if seen[n] {
			continue
		}
		seen[n] = true
		out = append(out, networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(n)))
	}
	return out
}

// dns names ports and no pods: some clusters answer from the node.
func dns() ports {
	return append(tcp(53), networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolUDP).WithPort(intstr.FromInt32(53)))
}

// addressPort is the port of an http address; that of AWS if there is none.
func addressPort(address string) int32 {
	u, err := url.Parse(address)
	if err != nil {
		return 443
	}
	if n, err := strconv.ParseInt(u.Port(), 10, 32); err == nil {
		return int32(n)
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

func hostPorts(addresses ...string) []int32 {
	var out []int32
	for _, a := range addresses {
		_, text, err := net.SplitHostPort(a)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			out = append(out, int32(n))
		}
	}
	return out
}
