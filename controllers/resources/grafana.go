package resources

import (
	"io/fs"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/config/grafana"
)

// The public image runs as this user, in the group of root.
const (
	grafanaUser  = 472
	grafanaGroup = 472
)

const (
	provisioningDir = "/etc/grafana/provisioning"
	dashboardsDir   = "/var/lib/grafana-dashboards"
)

// LabelDashboard marks a ConfigMap of dashboards for the sidecar that many
// Grafanas run.
const LabelDashboard = "grafana_dashboard"

// grafana shows dashboards: in one of the twin's own, or as ConfigMaps that
// another can load.
func (b *builder) grafana() {
	switch b.spec.Monitoring.Grafana.Mode {
	case v1.GrafanaManaged:
		b.dashboards()
		b.grafanaServer()
	case v1.GrafanaDashboardsOnly:
		b.dashboards()
	}
}

func (b *builder) dashboardFiles() map[string]string {
	files := map[string]string{}
	entries, err := fs.ReadDir(grafana.Dashboards, "dashboards")
	if err != nil {
		b.fail("the dashboards in this binary: %w", err)
		return nil
	}
	for _, e := range entries {
		content, err := fs.ReadFile(grafana.Dashboards, path.Join("dashboards", e.Name()))
		if err != nil {
			b.fail("the dashboards in this binary: %w", err)
			return nil
		}
		files[e.Name()] = string(content)
	}
	return files
}

func (b *builder) dashboards() {
	object := corev1ac.ConfigMap(b.name("dashboards"), b.twin.Namespace).WithData(b.dashboardFiles())
	own(b, StepMonitoring, v1.ComponentGrafana, object)
	object.WithLabels(map[string]string{LabelDashboard: "1"})
}

func (b *builder) grafanaServer() {
	name := b.name(v1.ComponentGrafana)
	files := b.provisioning()
	own(b, StepMonitoring, v1.ComponentGrafana, corev1ac.ConfigMap(name, b.twin.Namespace).WithData(files))
	own(b, StepMonitoring, v1.ComponentGrafana, corev1ac.Service(name, b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithSelector(SelectorLabels(b.twin.Name, v1.ComponentGrafana)).
		WithPorts(servicePort("http", PortGrafana))))
	secret := path.Join(secretsDir, "grafana")
	container := corev1ac.Container().WithName("grafana").WithImage(b.in.Images.Grafana).
		WithEnv(
			env("GF_PATHS_PROVISIONING", provisioningDir),
			env("GF_SERVER_HTTP_PORT", strconv.Itoa(PortGrafana)),
			env("GF_SECURITY_ADMIN_PASSWORD__FILE", secret+"/admin"),
			env("GF_ANALYTICS_REPORTING_ENABLED", "false"),
			env("GF_ANALYTICS_CHECK_FOR_UPDATES", "false"),
			env("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false"),
			env("GF_NEWS_NEWS_FEED_ENABLED", "false"),
			env("GF_USERS_ALLOW_SIGN_UP", "false"),
			env("GF_PLUGINS_PREINSTALL_DISABLED", "true"), // nothing of a twin calls out
		).
		WithPorts(port("http", PortGrafana)).
		WithStartupProbe(httpProbe("http", "/api/health").WithPeriodSeconds(3).WithFailureThreshold(100)).
		WithLivenessProbe(tcpProbe("http")). // its health includes its database, which a restart does not fix
		WithReadinessProbe(httpProbe("http", "/api/health")).
		WithResources(resourcesOf(b.spec.Monitoring.Grafana.Resources)).
		WithVolumeMounts(
			mount("data", "/var/lib/grafana"), mount("tmp", "/tmp"),
			readOnly("datasources", provisioningDir+"/datasources"), readOnly("providers", provisioningDir+"/dashboards"),
			readOnly("dashboards", dashboardsDir), readOnly("secrets", secret))
	values := b.connectionValues()
	d := b.deployment(v1.ComponentGrafana, appsv1.RollingUpdateDeploymentStrategyType, pod{
		component:  v1.ComponentGrafana,
		user:       grafanaUser,
		group:      grafanaGroup,
		reads:      hashOf(files, b.dashboardFiles(), values[keyGrafanaAdmin], values[keyGrafanaSources]),
		containers: []*corev1ac.ContainerApplyConfiguration{container},
		grace:      10,
		volumes: []*corev1ac.VolumeApplyConfiguration{
			scratch("data"), scratch("tmp"),
			secretVolume("datasources", ConnectionsName(b.twin.Name), map[string]string{keyGrafanaSources: "datasources.yaml"}),
			configMapVolume("providers", name, "dashboards.yaml"),
			configMapVolume("dashboards", b.name("dashboards")),
			secretVolume("secrets", ConnectionsName(b.twin.Name), map[string]string{keyGrafanaAdmin: "admin"}),
		},
	})
	d.Spec.WithReplicas(b.storeRunning(1))
	own(b, StepMonitoring, v1.ComponentGrafana, d)
}

// grafanaSources is the file of data sources. It holds the database's password:
// Grafana expands variables in a value that it reads from a file of its own, and
// has no way to quote them there.
func (b *builder) grafanaSources() string {
	user, password := b.databaseReader()
	database := map[string]any{
		"name": "Timescale", "uid": "timescale", "type": "grafana-postgresql-datasource", "access": "proxy", "editable": false,
		"url":            b.databaseHost(),
		"user":           grafanaValue(user),
		"secureJsonData": map[string]any{"password": grafanaValue(password)},
		"jsonData":       map[string]any{"database": grafanaValue(b.databaseName()), "sslmode": b.grafanaSSL(), "timescaledb": true},
	}
	sources := []any{database}
	if b.spec.Monitoring.Prometheus.Mode == v1.PrometheusManaged {
		at := url.URL{Scheme: "http", Host: net.JoinHostPort(b.host(b.name(v1.ComponentPrometheus)), strconv.Itoa(PortPrometheus))}
		sources = append(sources, map[string]any{
			"name": "Prometheus", "uid": "prometheus", "type": "prometheus", "access": "proxy", "editable": false,
			"isDefault": true, "url": at.String(),
		})
	}
	return document(map[string]any{"apiVersion": 1, "datasources": sources})
}

// grafanaValue is a value that Grafana takes as it is: a single $ would begin a
// variable.
func grafanaValue(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// provisioning is the file that names the folder of dashboards.
func (b *builder) provisioning() map[string]string {
	return map[string]string{
		"dashboards.yaml": document(map[string]any{"apiVersion": 1, "providers": []any{map[string]any{
			"name": "energytwin", "type": "file", "disableDeletion": true, "allowUiUpdates": false,
			"options": map[string]any{"path": dashboardsDir},
		}}}),
	}
}

func (b *builder) databaseHost() string {
	if e := b.spec.Timescale.External; e != nil {
		return net.JoinHostPort(e.Host, strconv.Itoa(int(*e.Port)))
	}
	return net.JoinHostPort(b.host(b.name(v1.ComponentTimescale)), strconv.Itoa(PortPostgres))
}

func (b *builder) databaseName() string {
	if e := b.spec.Timescale.External; e != nil {
		return e.Database
	}
	return DatabaseName
}

// grafanaSSL: Grafana gets none of the twin's certificates, so that it can
// encrypt but not check an external database.
func (b *builder) grafanaSSL() string {
	if e := b.spec.Timescale.External; e != nil && e.TLS != nil {
		return "require"
	}
	return "disable"
}
