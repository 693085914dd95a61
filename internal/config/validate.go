package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Longest window, and shortest history that the models need.
const (
	maxSpan          = 8784 * time.Hour
	minHistoryWindow = 672 * time.Hour
)

// Validate reports everything that is wrong with the configuration. Each message
// starts with the path of the field and names what to write instead. It guards
// workloads against a configuration that was written or changed by hand; the
// rules of the resource are stricter.
func (t *Twin) Validate() error {
	c := &check{}
	c.that(t.Namespace != "", "namespace", "is empty; write the twin's namespace")
	c.that(t.Name != "", "name", "is empty; write the twin's name")
	if _, err := meter.NewCalendar(t.Timezone); err != nil || t.Timezone == "" {
		c.fail("timezone", "%q is no known time zone; write an IANA name such as Europe/London", t.Timezone)
	}
	c.dataset(&t.Dataset, t.Generator.Mode)
	c.generator(&t.Generator, &t.Dataset)
	if m := t.Ingest.MQTT; m != nil {
		c.mqtt(m, t.Generator.Mode)
	}
	c.processor(&t.Processor)
	c.api(&t.API)
	c.stores(t)
	if t.Tracing != nil {
		c.tracing(t.Tracing)
	}
	return errors.Join(c.errs...)
}

type check struct{ errs []error }

func (c *check) fail(field, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(field+": "+format, args...))
}

func (c *check) that(ok bool, field, format string, args ...any) {
	if !ok {
		c.fail(field, format, args...)
	}
}

func (c *check) oneOf(field, v string, allowed ...string) {
	c.that(slices.Contains(allowed, v), field, "%q is unknown; write one of %q", v, allowed)
}

// wholeHours accepts from least to most whole hours, and 0 for a field that is left out.
func (c *check) wholeHours(field string, d Duration, least, most int) {
	h := d.Hours()
	c.that(d == 0 || time.Duration(d)%time.Hour == 0 && h >= least && h <= most, field, "%s; write whole hours from %dh to %dh", time.Duration(d), least, most)
}

func (c *check) dataset(d *Dataset, mode string) {
	if d.Synthetic == nil && d.Path == "" {
		c.that(mode == "Off", "dataset", "names no readings; write dataset.synthetic or dataset.path, or generator.mode: Off")
		return
	}
	c.that(d.Synthetic == nil || d.Path == "", "dataset", "has both synthetic and path; remove one of them")
	if y := d.Synthetic; y != nil {
		c.that(y.Meters >= 1, "dataset.synthetic.meters", "%d; write 1 or more", y.Meters)
		c.that(y.Groups >= 1 && y.Groups <= y.Meters, "dataset.synthetic.groups", "%d; write 1 to the number of meters", y.Groups)
	}
	c.oneOf("dataset.invalidRows", d.InvalidRows, "Reject", "Quarantine")
	c.that(d.MaxKW >= 0 && !math.IsInf(d.MaxKW, 0), "dataset.maxKW", "%v; write a power in kW, or 0 for no limit", d.MaxKW)
	span := time.Duration(d.Span)
	c.that(span >= time.Hour && span <= maxSpan, "dataset.span", "%s; write 1h to %s", span, maxSpan)
	if d.Layout != nil {
		if _, err := d.Layout.Complete(); err != nil {
			c.errs = append(c.errs, fmt.Errorf("dataset.layout.%w", err))
		}
	}
}

func (c *check) generator(g *Generator, d *Dataset) {
	c.oneOf("generator.mode", g.Mode, "Replay", "Loop", "Live", "Off")
	c.that(g.Speed >= 0 && !math.IsInf(g.Speed, 0), "generator.speed", "%v; write simulated seconds per second, or 0 for as fast as possible", g.Speed)
	c.that(g.MaxLag > 0, "generator.maxLag", "%d; write 1 or more", g.MaxLag)
	c.that(g.WarmUp >= 0, "generator.warmUp", "%s is negative; write 0s or more", time.Duration(g.WarmUp))
	hasReadings := d.Synthetic != nil || d.Path != ""
	c.that(!hasReadings || g.WarmUp < d.Span, "generator.warmUp", "%s is as long as the dataset's window of %s, so nothing would be published; write a shorter one",
		time.Duration(g.WarmUp), time.Duration(d.Span))
}

func (c *check) processor(p *Processor) {
	c.that(p.AllowedLateness >= 0, "processor.allowedLateness", "%s is negative; write 0s or more", time.Duration(p.AllowedLateness))
	c.that(time.Duration(p.HistoryWindow) >= minHistoryWindow, "processor.historyWindow", "%s; write %s or more, which the models need",
		time.Duration(p.HistoryWindow), minHistoryWindow)
	if _, err := meter.ParseIssueTime(p.IssueAt); err != nil {
		c.fail("processor.issueAt", "%v", err)
	}
	c.wholeHours("processor.horizon", p.Horizon, meter.HoursPerDay, 2*meter.HoursPerDay)
	c.wholeHours("processor.reissue.groups", p.Reissue.Groups, 1, meter.HoursPerDay)
	c.wholeHours("processor.reissue.meters", p.Reissue.Meters, 1, meter.HoursPerDay)
	q := p.Quantiles
	c.that(len(q) == 3 && q[0] == 0.1 && q[1] == 0.5 && q[2] == 0.9,
		"processor.quantiles", "%v; models give [0.1, 0.5, 0.9], write these", q)
	if err := p.Policy.Check(); err != nil {
		c.errs = append(c.errs, err)
	}
}

func (c *check) mqtt(m *MQTT, mode string) {
	c.that(mode == "Off", "ingest.mqtt", "needs generator.mode: Off, as a generator publishes all readings itself")
	u, err := url.Parse(m.URL)
	c.that(err == nil && u.Port() != "" && u.User == nil && slices.Contains([]string{"mqtt", "mqtts", "ws", "wss"}, u.Scheme),
		"ingest.mqtt.url", "%q; write mqtts://host:8883, mqtt://host:1883, wss://host:443/path or ws://host:80/path, and the user in its own field", m.URL)
	c.that(len(m.Topics) > 0, "ingest.mqtt.topics", "is empty; write at least one filter, such as meters/+/energy")
	c.that(m.ClientID != "", "ingest.mqtt.clientID", "is empty; write an id that no other client of the broker has")
	c.that((m.UserFile == "") == (m.PassFile == ""), "ingest.mqtt.userFile", "write both userFile and passFile, or neither")
	c.oneOf("ingest.mqtt.mapping.unit", m.Mapping.Unit, "", "kWh", "Wh")
	c.oneOf("ingest.mqtt.mapping.interval", m.Mapping.Interval, "", "PT1H", "PT30M", "PT15M")
}

func (c *check) api(a *API) {
	c.that(a.Listen != "", "api.listen", "is empty; write an address such as :8080")
	c.that(a.StatusListen != "", "api.statusListen", "is empty; write an address such as :9090")
	if h := &a.Webhooks; h.Enabled {
		c.that(h.GiveUpAfter > 0, "api.webhooks.giveUpAfter", "%s; write a duration such as 24h", time.Duration(h.GiveUpAfter))
		c.that(h.Max >= 1, "api.webhooks.max", "%d; write 1 or more", h.Max)
	}
	if q := a.SlowQuery; q != nil {
		c.that(*q >= 0, "api.slowQuery", "%s is negative; write 0s for none, or more", time.Duration(*q))
	}
	c.that(a.SessionTTL > 0, "api.sessionTTL", "%s; write a duration such as 12h", time.Duration(a.SessionTTL))
	if a.OIDC != nil {
		c.oidc(a.OIDC)
	}
}

func (c *check) oidc(o *OIDC) {
	c.that(o.ClientID != "", "api.oidc.clientID", "is empty; write the id under which the issuer knows the twin")
	c.that(o.GroupsClaim != "", "api.oidc.groupsClaim", "is empty; write the claim with a person's groups, such as groups")
	c.that(len(o.Groups) > 0, "api.oidc.groups", "is empty; write what the members of at least one group may do")
	for _, g := range o.Groups {
		c.oneOf("api.oidc.groups."+g.Name+".scope", g.Scope, "read", "operate", "admin")
	}
	u, err := url.Parse(o.Issuer)
	c.that(err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())),
		"api.oidc.issuer", "%q; write an https address, or an http address of this machine", o.Issuer)
	u, err = url.Parse(o.PublicURL)
	c.that(err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.Path == "" && u.RawQuery == "",
		"api.oidc.publicURL", "%q; write the scheme and host under which browsers reach the API, such as https://twin.example.org", o.PublicURL)
}

func (c *check) tracing(t *Tracing) {
	c.oneOf("tracing.protocol", t.Protocol, TracingHTTP, TracingGRPC)
	c.that(t.Ratio >= 0 && t.Ratio <= 1, "tracing.ratio", "%v; write a number from 0 to 1", t.Ratio)
	u, err := url.Parse(t.Endpoint)
	c.that(err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && u.RawQuery == "",
		"tracing.endpoint", "%q; write the address of a collector, such as https://collector.example.org:4318", t.Endpoint)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *check) stores(t *Twin) {
	k := &t.Kafka
	c.that(len(k.Brokers) > 0, "kafka.brokers", "is empty; write at least one host:port")
	c.that(k.Partitions >= 1, "kafka.partitions", "%d; write 1 or more", k.Partitions)
	c.that(k.Replicas >= 1, "kafka.replicas", "%d; write 1 or more", k.Replicas)
	c.that(k.RetentionBytes == -1 || k.RetentionBytes > 0, "kafka.retentionBytes", "%d; write 1 or more, or -1 for no bound", k.RetentionBytes)
	if k.UserFile != "" {
		c.oneOf("kafka.mechanism", k.Mechanism, "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
	}
	c.that(t.Redis.Address != "", "redis.address", "is empty; write host:port")
	d := &t.Database
	c.that((d.URL == "") != (d.URLFile == ""), "database", "needs exactly one of url and urlFile")
	for _, a := range []struct {
		field string
		v     Duration
	}{{"database.retainRaw", d.RetainRaw}, {"database.retainDecisions", d.RetainDecisions}, {"database.compressAfter", d.CompressAfter}, {"kafka.retentionTime", k.RetentionTime}} {
		c.that(a.v >= 0, a.field, "%s is negative; write 0s for ever, or more", time.Duration(a.v))
	}
}
