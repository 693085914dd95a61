package v1

// API is the REST API and the web UI.
// +kubebuilder:validation:XValidation:rule="!has(self.auth) || !has(self.auth.oidc) || has(self.auth.oidc.publicURL) || has(self.ingress)",message="people who sign in at an issuer are sent back to an address of the API; write auth.oidc.publicURL, or an ingress"
type API struct {
	// Number of API servers.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=64
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// Path under which everything is served, such as /riverside, so that twins
	// can share a host. Empty is the root.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[A-Za-z0-9._~-]+)*$')",message="write a path that starts with / and does not end with it, such as /riverside"
	// +optional
	BasePath string `json:"basePath,omitempty"`

	// Networks of proxies whose X-Forwarded headers are believed. None if left
	// out.
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.all(p, isCIDR(p))",message="write each proxy as a network, such as 10.0.0.0/8 or 192.0.2.7/32"
	// +optional
	TrustedProxies []string `json:"trustedProxies,omitempty"`

	// How the API's Service is reached.
	// +kubebuilder:default=ClusterIP
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	// +optional
	ServiceType string `json:"serviceType,omitempty"`

	// An Ingress for the API and the UI. If left out, there is none.
	// +optional
	Ingress *Ingress `json:"ingress,omitempty"`

	// Who may use the API.
	// +kubebuilder:default={}
	// +optional
	Auth Auth `json:"auth,omitzero"`

	// Sends what is stored to addresses that are given over the API. If left out,
	// nothing is sent.
	// +optional
	Webhooks *Webhooks `json:"webhooks,omitempty"`

	// From when a statement of the database is logged as slow, with the request that
	// it is for and without values; 1s if left out, and 0s logs none.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('1h')",message="write a duration from 0s to 1h, such as 1s"
	// +optional
	SlowQuery Duration `json:"slowQuery,omitempty"`

	// What each API server asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// Webhooks defines whether and where the API sends what is stored.
type Webhooks struct {
	// Sends webhooks, and opens the network policy of the API to their addresses.
	// +kubebuilder:default=false
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// Allows receivers on addresses that are not public, such as those of the
	// cluster, by http too and on any port. Otherwise they have public addresses,
	// https, and port 443 or 8443.
	// +kubebuilder:default=false
	// +optional
	AllowPrivate bool `json:"allowPrivate,omitempty"`

	// How long a receiver may take nothing before its webhook is turned off.
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="write a duration from 1m to 168h, such as 24h"
	// +optional
	GiveUpAfter Duration `json:"giveUpAfter,omitempty"`

	// Most webhooks that there may be.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Max *int32 `json:"max,omitempty"`
}

// Ingress leads a host name to the API.
type Ingress struct {
	// Host name, such as twin.example.org.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="write a host name without a scheme, port and path, such as twin.example.org"
	Host string `json:"host"`

	// IngressClass. If left out, the cluster's default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ClassName string `json:"className,omitempty"`

	// Annotations of the Ingress, for its controller or cert-manager.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	Annotations map[string]Text `json:"annotations,omitempty"`

	// Serves https. If left out, http.
	// +optional
	TLS *IngressTLS `json:"tls,omitempty"`
}

// IngressTLS defines which certificate an Ingress shows.
type IngressTLS struct {
	// Secret of type kubernetes.io/tls. cert-manager can fill it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName"`
}

// Auth defines who may use the API.
type Auth struct {
	// Secret with API keys: under each name a key of 256 random bits. If left out,
	// the operator makes one Secret with a key for administration.
	// +optional
	APIKeysSecretRef *SecretReference `json:"apiKeysSecretRef,omitempty"`

	// Secret with the key secret, which signs sessions. If left out, the operator
	// makes one.
	// +optional
	JWTSecretRef *SecretReference `json:"jwtSecretRef,omitempty"`

	// How long a session of the UI lasts.
	// +kubebuilder:default="12h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="write a duration from 1m to 720h, such as 12h"
	// +optional
	SessionTTL Duration `json:"sessionTTL,omitempty"`

	// An issuer of OpenID Connect at which people sign in, beside API keys. If left
	// out, an API key is the only way in.
	// +optional
	OIDC *OIDC `json:"oidc,omitempty"`
}

// OIDC defines an issuer of OpenID Connect, such as Keycloak, Dex or Entra ID, and the
// twin as its client. The twin's redirect URI is the public address, the base path and
// /sign-in/callback.
type OIDC struct {
	// What people call the issuer; on the button that leads there.
	// +kubebuilder:default="single sign-on"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	DisplayName string `json:"displayName,omitempty"`

	// Address of the issuer, exactly as its discovery document writes it, such as
	// https://id.example.org/realms/energy.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^ /?#@]+(/[^ ?#]*)?$') || self.matches('^http://(localhost|127[.]0[.]0[.]1)(:[0-9]+)?(/[^ ?#]*)?$')",message="write an https address without a user name and query, such as https://id.example.org/realms/energy"
	Issuer string `json:"issuer"`

	// Id under which the issuer knows the twin.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ClientID string `json:"clientID"`

	// Secret with the key clientSecret. If left out, the twin is a public client. PKCE
	// is used in any case.
	// +optional
	ClientSecretRef *SecretReference `json:"clientSecretRef,omitempty"`

	// Secret with the key ca.crt, the authority that signed the issuer's certificate.
	// If left out, those that the image trusts.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`

	// Scope values that the issuer is asked for beside openid; profile and email if
	// left out. Issuers such as Dex want groups for the claim of groups.
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.matches('^[!#-Z^-~]+$'))",message="write scope values such as profile, without spaces and quotes"
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// Claim with a person's groups: a list of names or one name. A dot leads into an
	// object, as in realm_access.roles.
	// +kubebuilder:default="groups"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	GroupsClaim string `json:"groupsClaim,omitempty"`

	// Claim by which others know a person, such as email. If left out, the first that
	// there is of preferred_username, email and sub.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	NameClaim string `json:"nameClaim,omitempty"`

	// What the members of a group may do. Who is in several may do what the highest
	// gives; who is in none is not let in.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Groups []OIDCGroup `json:"groups"`

	// Scheme and host under which browsers reach the API, such as
	// https://twin.example.org, without the base path. If left out, that of the
	// Ingress.
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^ /?#@]+$')",message="write a scheme and a host without a path, such as https://twin.example.org"
	// +optional
	PublicURL string `json:"publicURL,omitempty"`
}

// OIDCGroup defines what the members of a group may do.
type OIDCGroup struct {
	// Name of the group as the claim holds it. Entra ID sends ids.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name"`

	// Read sees everything; operate may also change what the twin does; admin may also
	// manage keys and end sessions.
	// +kubebuilder:validation:Enum=read;operate;admin
	Scope string `json:"scope"`
}

// Address is where browsers reach the API, by an issuer's settings or the Ingress; "" if
// neither names it.
func (a *API) Address() string {
	if o := a.Auth.OIDC; o != nil && o.PublicURL != "" {
		return o.PublicURL
	}
	if a.Ingress == nil {
		return ""
	}
	if a.Ingress.TLS != nil {
		return "https://" + a.Ingress.Host
	}
	return "http://" + a.Ingress.Host
}

// Monitoring is metrics, dashboards and alerts.
type Monitoring struct {
	// Metrics and alert rules.
	// +kubebuilder:default={}
	// +optional
	Prometheus Prometheus `json:"prometheus,omitzero"`

	// Dashboards.
	// +kubebuilder:default={}
	// +optional
	Grafana Grafana `json:"grafana,omitzero"`

	// Where alerts go. If left out, they are only shown.
	// +optional
	Alerts *Alerts `json:"alerts,omitempty"`

	// Sends traces of requests and of the stream to a collector of OpenTelemetry. If
	// left out, none are made.
	// +optional
	Tracing *Tracing `json:"tracing,omitempty"`
}

// Prometheus collects metrics.
type Prometheus struct {
	// Managed runs one for this twin; ServiceMonitor leaves objects for the
	// Prometheus Operator; "Off" does nothing. Write "Off" in quotes, as YAML
	// reads a bare Off as false.
	// +kubebuilder:default=Managed
	// +optional
	Mode PrometheusMode `json:"mode,omitempty"`

	// How long a managed one keeps its samples; 168h if left out.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h')",message="write at least 1h"
	// +optional
	Retention Duration `json:"retention,omitempty"`

	// What a managed one asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// PrometheusMode defines who collects metrics.
// +kubebuilder:validation:Enum=Managed;ServiceMonitor;Off
type PrometheusMode string

// The modes.
const (
	PrometheusManaged        PrometheusMode = "Managed"
	PrometheusServiceMonitor PrometheusMode = "ServiceMonitor"
	PrometheusOff            PrometheusMode = "Off"
)

// Grafana shows dashboards.
type Grafana struct {
	// Managed runs one for this twin; DashboardsOnly leaves ConfigMaps that a
	// Grafana of yours can load; "Off" does nothing. Write "Off" in quotes, as
	// YAML reads a bare Off as false.
	// +kubebuilder:default=Managed
	// +optional
	Mode GrafanaMode `json:"mode,omitempty"`

	// What a managed one asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// GrafanaMode defines who shows dashboards.
// +kubebuilder:validation:Enum=Managed;DashboardsOnly;Off
type GrafanaMode string

// The modes.
const (
	GrafanaManaged        GrafanaMode = "Managed"
	GrafanaDashboardsOnly GrafanaMode = "DashboardsOnly"
	GrafanaOff            GrafanaMode = "Off"
)

// Alerts defines where alerts go.
type Alerts struct {
	// Address of an Alertmanager, such as http://alertmanager.monitoring:9093.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^ /?#@]+(/[^ ?#]*)?$')",message="write an http or https address without a user name, such as http://alertmanager.monitoring:9093"
	AlertmanagerURL string `json:"alertmanagerURL"`
}
