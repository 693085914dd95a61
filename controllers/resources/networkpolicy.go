package resources

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

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
	for _, c := range Components() {
		if c.flows != nil && c.In(b.spec) {
			b.policy(c.flows(b))
		}
	}
}

// clients are the pods that reach a store.
func (b *builder) clients(group string) []*peer {
	var out []*peer
	for _, c := range Components() {
		if slices.Contains(c.groups(b.spec), group) {
			out = append(out, b.pods(c.Name))
		}
	}
	return out
}

func (b *builder) kafkaPolicy() *policy {
	clients := b.clients(groupKafka)
	if b.spec.Generator.Mode == v1.GeneratorOff {
		// Readings come from outside: from pods of the namespace, with the password.
		clients = append(clients, networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector()))
	}
	if b.spec.Processor.Autoscaling != nil && b.in.Kinds.ScaledObject {
		clients = append(clients, namespace("keda"))
	}
	among := tcp(PortKafka, PortController, PortInterBroke)
	return (&policy{component: v1.ComponentKafka}).from(tcp(PortKafka), clients...).
		from(among, b.pods(v1.ComponentKafka)).to(among, b.pods(v1.ComponentKafka))
}

func (b *builder) redisPolicy() *policy {
	return (&policy{component: v1.ComponentRedis}).from(tcp(PortRedis), b.clients(groupRedis)...)
}

func (b *builder) timescalePolicy() *policy {
	return (&policy{component: v1.ComponentTimescale}).from(tcp(PortPostgres), b.clients(groupDatabase)...)
}

func (b *builder) restorePolicy() *policy {
	_, bucket := b.dumpPlace()
	return b.dumpsPolicy(v1.ComponentRestore, bucket)
}

func (b *builder) backupPolicy() *policy {
	return b.dumpsPolicy(ComponentBackup, b.spec.Timescale.Managed.Backup.S3)
}

// dumpsPolicy is that of pods that write or read dumps.
func (b *builder) dumpsPolicy(component string, bucket *v1.S3) *policy {
	p := b.toStores(component)
	if bucket != nil {
		p.to(tcp(addressPort(bucket.Endpoint)), outside()...)
	}
	return p
}

func (b *builder) preparePolicy() *policy { return b.toStores(v1.ComponentPrepare) }

func (b *builder) generatorPolicy() *policy {
	p := b.status(b.toStores(v1.ComponentGenerator))
	if d := b.spec.Dataset; d != nil && d.URL != nil {
		// A server may send the client on to another port's scheme.
		p.to(tcp(addressPort(d.URL.Location), 443, 80), outside()...)
	}
	return p
}

func (b *builder) bridgePolicy() *policy {
	_, address, _ := strings.Cut(b.spec.Bridged().URL, "://")
	address, _, _ = strings.Cut(address, "/")
	return b.status(b.toStores(v1.ComponentBridge)).to(tcp(hostPorts(address)...), outside()...)
}

func (b *builder) processorPolicy() *policy { return b.status(b.toStores(v1.ComponentProcessor)) }

// apiPolicy lets people and Ingress controllers in from anywhere; keys guard the API. It
// asks the issuer at which people sign in, whose pages may be on another port than its
// discovery document.
func (b *builder) apiPolicy() *policy {
	p := b.status(b.toStores(v1.ComponentAPI)).from(tcp(PortAPI))
	if w := b.spec.API.Webhooks; w != nil && w.Enabled {
		if w.AllowPrivate {
			p.to(nil, outside()...) // on any port
		} else {
			p.to(tcp(443, 8443), public()...)
		}
	}
	if o := b.spec.API.Auth.OIDC; o != nil {
		p.to(tcp(addressPort(o.Issuer), 443), outside()...)
	}
	return p
}

func (b *builder) prometheusPolicy() *policy {
	p := (&policy{component: v1.ComponentPrometheus}).from(tcp(PortPrometheus), b.pods(v1.ComponentGrafana))
	p.to(tcp(PortStatus), networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector().
		WithMatchLabels(map[string]string{LabelInstance: b.twin.Name, LabelMetrics: "true"})))
	if a := b.spec.Monitoring.Alerts; a != nil {
		p.to(tcp(addressPort(a.AlertmanagerURL)), outside()...)
	}
	return p
}

func (b *builder) grafanaPolicy() *policy {
	return b.toStores(v1.ComponentGrafana).from(tcp(PortGrafana)).to(tcp(PortPrometheus), b.pods(v1.ComponentPrometheus))
}

// toStores is a policy that lets a component reach its stores, the twin's own or
// external ones, and the collector of its traces.
func (b *builder) toStores(component string) *policy {
	p := &policy{component: component}
	for _, group := range b.groups(component) {
		switch group {
		case groupKafka:
			if e := b.spec.Kafka.External; e != nil {
				p.to(tcp(hostPorts(e.BootstrapServers...)...), outside()...)
			} else {
				p.to(tcp(PortKafka), b.pods(v1.ComponentKafka))
			}
		case groupRedis:
			if e := b.spec.Redis.External; e != nil {
				p.to(tcp(hostPorts(e.Address)...), outside()...)
			} else {
				p.to(tcp(PortRedis), b.pods(v1.ComponentRedis))
			}
		case groupDatabase:
			if e := b.spec.Timescale.External; e != nil {
				p.to(tcp(*e.Port), outside()...)
			} else {
				p.to(tcp(PortPostgres), b.pods(v1.ComponentTimescale))
			}
		case groupTracing:
			p.to(tcp(addressPort(b.spec.Monitoring.Tracing.Endpoint)), outside()...)
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

// public is everywhere but networks that are private, or nobody's.
func public() []*peer {
	return []*peer{
		networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR("0.0.0.0/0").WithExcept(
			"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3")),
		networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR("2000::/3")),
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
