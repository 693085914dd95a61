package v1

// Defaults of fields that the CRD cannot fill in: those inside a union, where a
// default would stay behind when the other member is applied, and those whose
// value depends on another field. Rules of the CRD repeat some of them; a test
// compares.
const (
	DefaultPartitions        = 12
	DefaultKafkaStorage      = Size("8Gi")
	DefaultRedisStorage      = Size("1Gi")
	DefaultTimescaleStorage  = Size("10Gi")
	DefaultBackupStorage     = Size("10Gi")
	DefaultReplicationFactor = 3
	DefaultSyntheticMeters   = 200
	DefaultSyntheticGroups   = 8
	DefaultSyntheticSeed     = 42
	DefaultSyntheticYear     = 2025
	DefaultWindow            = Duration("8760h")
	DefaultWarmup            = Duration("672h")
	DefaultSpeed             = Speed("3600")
	DefaultProgressDeadline  = Duration("10m")
)

// Default fills in everything that is left out, so that code need not ask
// again: no pointer to a member that is in force is nil afterwards. Defaults of
// the CRD are repeated for twins that did not pass through an API server.
//
// Call it on a copy, and never write the result back: a member of a union that
// it fills in would stand beside the other one that a person applies later.
func (t *DigitalTwin) Default() {
	s := &t.Spec
	text(&s.Timezone, "UTC")
	text(&s.State, StateRunning)
	text(&s.DeletionPolicy, DeletionRetain)
	text(&s.ProgressDeadline, DefaultProgressDeadline)
	text(&s.UpdatePolicy, UpdateManual)
	text(&s.NetworkPolicy, NetworkPolicyEnabled)
	object(&s.Pods)
	if s.Dataset != nil {
		s.Dataset.setDefaults()
	}
	s.Generator.setDefaults()
	if m := s.Ingest.MQTT; m != nil {
		m.setDefaults()
	}
	s.Processor.setDefaults()
	s.API.setDefaults()
	object(&s.Kafka)
	s.Kafka.setDefaults()
	object(&s.Redis)
	s.Redis.setDefaults()
	object(&s.Timescale)
	s.Timescale.setDefaults()
	s.Monitoring.setDefaults()
}

func (d *Dataset) setDefaults() {
	if d.Synthetic != nil {
		d.Synthetic.setDefaults()
	}
	text(&d.InvalidRows, InvalidRowsQuarantine)
	object(&d.Window)
	text(&d.Window.Duration, DefaultWindow)
}

func (s *SyntheticSource) setDefaults() {
	number(&s.Meters, DefaultSyntheticMeters)
	number(&s.Groups, min(DefaultSyntheticGroups, *s.Meters))
	number(&s.Seed, DefaultSyntheticSeed)
	number(&s.Year, DefaultSyntheticYear)
}

func (g *Generator) setDefaults() {
	text(&g.Mode, GeneratorReplay)
	text(&g.Speed, defaultSpeed(g.Mode))
	object(&g.Warmup)
	text(&g.Warmup.History, defaultWarmup(g.Mode))
	if g.MaxLag == 0 {
		g.MaxLag = 50_000
	}
	object(&g.Resources)
	g.Resources.setDefaults(generatorResources)
}

func (m *MQTTIngest) setDefaults() {
	object(&m.Mapping)
	object(&m.Resources)
	m.Resources.setDefaults(bridgeResources)
}

func defaultSpeed(m GeneratorMode) Speed {
	if m == GeneratorLive || m == GeneratorOff {
		return "1"
	}
	return DefaultSpeed
}

func defaultWarmup(m GeneratorMode) Duration {
	if m == GeneratorOff {
		return "0h"
	}
	return DefaultWarmup
}

func (p *Processor) setDefaults() {
	number(&p.Replicas, 1)
	text(&p.AllowedLateness, "0s")
	if a := p.Autoscaling; a != nil {
		number(&a.MinReplicas, 1)
		number(&a.TargetCPUPercent, 70)
		number(&a.TargetLag, 20_000)
	}
	text(&p.Forecast.HistoryWindow, "1344h")
	text(&p.Forecast.IssueAt, "18:00")
	text(&p.Forecast.Horizon, "24h")
	text(&p.Forecast.Reissue.Meters, "24h")
	text(&p.Forecast.Reissue.Groups, "6h")
	if len(p.Forecast.Quantiles) == 0 {
		p.Forecast.Quantiles = []Decimal{"0.1", "0.5", "0.9"}
	}
	if p.Forecast.Temperature != nil {
		p.Forecast.Temperature.setDefaults()
	}
	p.DSM.setDefaults()
	object(&p.Resources)
	p.Resources.setDefaults(processorResources)
}

func (d *DSM) setDefaults() {
	text(&d.Mode, DSMAdvisory)
	text(&d.Objective.Cost, "1")
	text(&d.Objective.Peak, "1")
	text(&d.Objective.Carbon, "0")
	if d.Tariff == nil {
		d.Tariff = defaultTariff()
	}
	d.Tariff.setDefaults()
	if d.CarbonIntensity != nil {
		d.CarbonIntensity.setDefaults()
	}
	text(&d.Flexibility.ShiftableShare, "0.15")
	text(&d.Flexibility.MaxShift, "6h")
	text(&d.Flexibility.Rebound, "0")
	text(&d.Flexibility.MaxIncrease, "0.25")
	setDays(d.Flexibility.Comfort)
	text(&d.Plan.Mode, PlanWindows)
	number(&d.Plan.MaxWindows, 2)
	text(&d.Plan.MinBlock, "1h")
	for i := range d.Groups {
		text(&d.Groups[i].Exceedance, "0.1")
	}
	for i := range d.Assets {
		d.Assets[i].setDefaults()
	}
	text(&d.MinSaving, "0.02")
	text(&d.Hysteresis, "0.05")
	text(&d.LeadTime, "6h")
	text(&d.Notice, "1h")
	text(&d.Freshness, "6h")
}

// defaultTariff is a time-of-use tariff of the kind that British suppliers
// offer: a cheap night, an expensive early evening.
func defaultTariff() *Tariff {
	return &Tariff{
		Currency: "GBP",
		Price:    "0.25",
		Periods: []TariffPeriod{
			{Name: "night", Start: "00:30", End: "07:30", Price: "0.14"},
			{Name: "evening-peak", Start: "16:00", End: "19:00", Price: "0.38"},
		},
	}
}

func (t *Tariff) setDefaults() {
	for i := range t.Periods {
		text(&t.Periods[i].Days, DaysAll)
	}
	if t.Dynamic != nil {
		t.Dynamic.setDefaults()
	}
	text(&t.ExportPrice, "0")
	text(&t.DemandCharge, "0")
}

func setDays(windows []TimeWindow) {
	for i := range windows {
		text(&windows[i].Days, DaysAll)
	}
}

func (s *SeriesSource) setDefaults() {
	text(&s.TimeColumn, "timestamp")
	text(&s.ValueColumn, "value")
}

func (a *API) setDefaults() {
	number(&a.Replicas, 1)
	text(&a.ServiceType, "ClusterIP")
	text(&a.Auth.SessionTTL, "12h")
	if a.Webhooks != nil {
		text(&a.Webhooks.GiveUpAfter, "24h")
		number(&a.Webhooks.Max, 20)
	}
	if o := a.Auth.OIDC; o != nil {
		text(&o.DisplayName, "single sign-on")
		text(&o.GroupsClaim, "groups")
		if o.Scopes == nil {
			o.Scopes = []string{"profile", "email"}
		}
	}
	object(&a.Resources)
	a.Resources.setDefaults(apiResources)
}

func (m *Monitoring) setDefaults() {
	text(&m.Prometheus.Mode, PrometheusManaged)
	text(&m.Prometheus.Retention, "168h")
	object(&m.Prometheus.Resources)
	m.Prometheus.Resources.setDefaults(prometheusResources)
	text(&m.Grafana.Mode, GrafanaManaged)
	object(&m.Grafana.Resources)
	m.Grafana.Resources.setDefaults(grafanaResources)
	if t := m.Tracing; t != nil {
		text(&t.Protocol, TracingHTTP)
		text(&t.SamplingRatio, "1")
	}
}

// text sets a field that holds no text.
func text[T ~string](field *T, def T) {
	if *field == "" {
		*field = def
	}
}

// number sets a field that is absent.
func number[T any](field **T, def T) {
	if *field == nil {
		*field = &def
	}
}

// object makes a field that is absent.
func object[T any](field **T) {
	if *field == nil {
		*field = new(T)
	}
}
