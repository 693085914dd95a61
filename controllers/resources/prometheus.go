package resources

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/config/prometheus"
)

// prometheusUser is the user of the public image.
const prometheusUser = 65534

const prometheusConfDir = "/etc/prometheus"

// prometheus collects metrics: with a server of the twin's own, or with objects
// for the Prometheus Operator.
func (b *builder) prometheus() {
	switch b.spec.Monitoring.Prometheus.Mode {
	case v1.PrometheusManaged:
		b.prometheusServer()
	case v1.PrometheusServiceMonitor:
		if b.in.Kinds.ServiceMonitor {
			b.serviceMonitor()
		}
	}
}

func (b *builder) prometheusServer() {
	name := b.name(v1.ComponentPrometheus)
	files := map[string]string{"prometheus.yml": b.prometheusConf(), "rules.yaml": string(prometheus.Rules)}
	own(b, StepMonitoring, v1.ComponentPrometheus, corev1ac.ConfigMap(name, b.twin.Namespace).WithData(files))
	own(b, StepMonitoring, v1.ComponentPrometheus, corev1ac.Service(name, b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithSelector(SelectorLabels(b.twin.Name, v1.ComponentPrometheus)).
		WithPorts(servicePort("http", PortPrometheus))))
	retention := b.spec.Monitoring.Prometheus.Retention.Std()
	container := corev1ac.Container().WithName("prometheus").WithImage(b.in.Images.Prometheus).
		WithArgs(
			"--config.file="+prometheusConfDir+"/prometheus.yml",
			"--storage.tsdb.path=/prometheus",
			"--storage.tsdb.retention.time="+fmt.Sprintf("%ds", int(retention/time.Second)),
			fmt.Sprintf("--web.listen-address=:%d", PortPrometheus),
		).
		WithPorts(port("http", PortPrometheus)).
		WithStartupProbe(httpProbe("http", "/-/ready").WithPeriodSeconds(3).WithFailureThreshold(100)).
		WithLivenessProbe(httpProbe("http", "/-/healthy")).
		WithReadinessProbe(httpProbe("http", "/-/ready")).
		WithResources(resourcesOf(b.spec.Monitoring.Prometheus.Resources)).
		WithVolumeMounts(mount("data", "/prometheus"), readOnly("config", prometheusConfDir))
	d := b.deployment(v1.ComponentPrometheus, appsv1.RollingUpdateDeploymentStrategyType, pod{
		component:  v1.ComponentPrometheus,
		user:       prometheusUser,
		group:      prometheusUser,
		reads:      hashOf(files),
		containers: []*corev1ac.ContainerApplyConfiguration{container},
		volumes:    []*corev1ac.VolumeApplyConfiguration{scratch("data"), configMapVolume("config", name)},
		grace:      30,
	})
	d.Spec.WithReplicas(b.storeRunning(1))
	own(b, StepMonitoring, v1.ComponentPrometheus, d)
}

// prometheusConf finds the workloads by the names that their Service gives them:
// no pod of a twin may ask the Kubernetes API.
func (b *builder) prometheusConf() string {
	conf := map[string]any{
		"global": map[string]any{
			"scrape_interval": "15s", "evaluation_interval": "15s",
			"external_labels": map[string]any{"namespace": b.twin.Namespace, "twin": b.twin.Name},
		},
		"rule_files": []any{prometheusConfDir + "/rules.yaml"},
		"scrape_configs": []any{map[string]any{
			"job_name": "energytwin",
			"dns_sd_configs": []any{map[string]any{
				"names": []any{b.host(b.name("workloads"))}, "type": "A", "port": PortStatus, "refresh_interval": "15s",
			}},
		}},
	}
	if a := b.spec.Monitoring.Alerts; a != nil {
		if alerting := alertmanager(a.AlertmanagerURL); alerting != nil {
			conf["alerting"] = alerting
		}
	}
	return document(conf)
}

// alertmanager is where alerts go; nil if the address is none.
func alertmanager(address string) map[string]any {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	one := map[string]any{"scheme": u.Scheme, "static_configs": []any{map[string]any{"targets": []any{u.Host}}}}
	if u.Path != "" && u.Path != "/" {
		one["path_prefix"] = u.Path
	}
	return map[string]any{"alertmanagers": []any{one}}
}

func (b *builder) serviceMonitor() {
	name := b.twin.Name
	b.other(StepMonitoring, v1.ComponentPrometheus, KindServiceMonitor, name, map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{
			LabelInstance: b.twin.Name, LabelName: "energytwin", LabelComponent: v1.ComponentProcessor,
		}},
		"jobLabel":        LabelName,
		"podTargetLabels": []any{LabelComponent, LabelInstance},
		"endpoints":       []any{map[string]any{"port": "status", "interval": "15s"}},
	})
	rules, err := rulesOf(b.twin.Namespace, name)
	if err != nil {
		b.fail("the alert rules in this binary: %w", err)
		return
	}
	b.other(StepMonitoring, v1.ComponentPrometheus, KindPrometheusRule, name, rules)
}

// rulesOf are the alert rules for a Prometheus that scrapes other twins, too: each
// expression is limited to one twin.
func rulesOf(namespace, twin string) (map[string]any, error) {
	var rules struct {
		Groups []struct {
			Name  string           `json:"name"`
			Rules []map[string]any `json:"rules"`
		} `json:"groups"`
	}
	if err := yaml.Unmarshal(prometheus.Rules, &rules); err != nil {
		return nil, err
	}
	var groups []any
	for _, group := range rules.Groups {
		var scoped []any
		for _, rule := range group.Rules {
			rule["expr"] = fmt.Sprintf("(%s)\nand on (namespace, app_kubernetes_io_instance) group by (namespace, app_kubernetes_io_instance)\n"+
				"(up{job=\"energytwin\", namespace=%q, app_kubernetes_io_instance=%q})", strings.TrimSpace(fmt.Sprint(rule["expr"])), namespace, twin)
			scoped = append(scoped, rule)
		}
		groups = append(groups, map[string]any{"name": group.Name, "rules": scoped})
	}
	return map[string]any{"groups": groups}, nil
}

// document writes a value as YAML, the same each time.
func document(value any) string {
	doc, err := yaml.Marshal(value)
	if err != nil {
		panic(err) // maps, lists and texts can be written
	}
	return string(doc)
}
