// Package bridge takes readings from a broker of MQTT 5 into the stream of a twin. A message
// is acknowledged once all replicas of the stream have it, so that a bridge that is killed
// gets it again; the broker keeps messages while no bridge is connected.
package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/workloads/ingest"
)

const (
	inFlight      = 1000          // messages that the broker sends before they are acknowledged
	sessionExpiry = 7 * 24 * 3600 // seconds for which the broker keeps messages of a bridge that is away
	maxPacket     = 64 << 10      // bytes; brokers discard greater ones. All in flight fit in the memory of a bridge
	keepAlive     = 30            // seconds
	retryAfter    = time.Second   // between attempts to publish, to connect and to subscribe
	ackEvery      = 10 * time.Millisecond
)

// ErrNotConnected is why a bridge is not ready.
var ErrNotConnected = errors.New("the broker of MQTT is not connected, or its topics are not subscribed to")

// Bridge is one connection to a broker.
type Bridge struct {
	twin      *config.Twin
	mapping   *mapping
	rules     *ingest.Rules
	publisher *ingest.Publisher
	log       *slog.Logger

	arrived chan arrival
	problem atomic.Pointer[error] // why no message can come; nil while topics are subscribed to

	messages *prometheus.CounterVec
	failures prometheus.Counter
}

// arrival is a message and how to acknowledge it.
type arrival struct {
	topic   string
	payload []byte
	ack     func() error // nil for one of QoS 0
}

// New makes the bridge of a twin. An error names the field of the configuration.
func New(twin *config.Twin, client *stream.Client, reg prometheus.Registerer, log *slog.Logger) (*Bridge, error) {
	if twin.Generator.Mode != "Off" || twin.Ingest.MQTT == nil {
		return nil, errors.New("ingest.mqtt: is missing, or a generator publishes the readings of this twin; write where readings come from, and generator.mode: Off")
	}
	m, err := newMapping(twin.Ingest.MQTT.Mapping)
	if err != nil {
		return nil, err
	}
	b := &Bridge{
		twin: twin, mapping: m, rules: ingest.NewRules(twin), publisher: ingest.NewPublisher(client, twin.Topic("readings")), log: log,
		arrived: make(chan arrival, inFlight),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energytwin_bridge_messages_total", Help: "Messages of MQTT by outcome: accepted, rejected (published all the same, to be quarantined), unwanted (of topics that are no longer asked for), dropped (of QoS 0, while the stream took none).",
		}, []string{"outcome"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "energytwin_bridge_publish_failures_total", Help: "Failed attempts to publish to the stream, which are repeated."}),
	}
	connected := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "energytwin_bridge_connected", Help: "1 while the topics of the broker are subscribed to."}, func() float64 {
		if b.problem.Load() == nil {
			return 1
		}
		return 0
	})
	b.fails(ErrNotConnected)
	for _, c := range []prometheus.Collector{b.messages, b.failures, connected} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of the bridge: %w", err)
		}
	}
	for _, outcome := range []string{"accepted", "rejected", "unwanted", "dropped"} {
		b.messages.WithLabelValues(outcome)
	}
	return b, nil
}

// Ready is ErrNotConnected, with its cause once that is known, unless the topics are
// subscribed to.
func (b *Bridge) Ready(context.Context) error {
	if problem := b.problem.Load(); problem != nil {
		return *problem
	}
	return nil
}

// Figures are how the bridge stands. A bridge that is about to connect has no problem yet.
func (b *Bridge) Figures() config.BridgeFigures {
	if problem := b.problem.Load(); problem != nil && *problem != ErrNotConnected { //nolint:errorlint // those with a cause wrap it
		return config.BridgeFigures{Problem: (*problem).Error()}
	}
	return config.BridgeFigures{}
}

func (b *Bridge) fails(err error) { b.problem.Store(&err) }

// Run takes readings until ctx ends. A broker, or a stream, that fails is waited for.
func (b *Bridge) Run(ctx context.Context) error {
	cfg, err := b.client(ctx)
	if err != nil {
		return err
	}
	connection, err := autopaho.NewConnection(ctx, cfg)
	if err != nil {
		return fmt.Errorf("ingest.mqtt: %w", err)
	}
	b.forward(ctx)
	<-connection.Done()
	return nil
}

// client is how to connect.
func (b *Bridge) client(ctx context.Context) (cfg autopaho.ClientConfig, err error) {
	c := b.twin.Ingest.MQTT
	address, err := url.Parse(c.URL)
	if err != nil || address.Host == "" || address.User != nil {
		return cfg, fmt.Errorf("ingest.mqtt.url: %q is no address of a broker; write mqtts://host:8883 or mqtt://host:1883, and the user in its own field", c.URL)
	}
	cfg = autopaho.ClientConfig{
		ServerUrls: []*url.URL{address}, KeepAlive: keepAlive, SessionExpiryInterval: sessionExpiry,
		ReconnectBackoff: func(int) time.Duration { return retryAfter },
		ConnectPacketBuilder: func(p *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			most, size := uint16(inFlight), uint32(maxPacket)
			if p.Properties == nil {
				p.Properties = &paho.ConnectProperties{}
			}
			p.Properties.ReceiveMaximum, p.Properties.MaximumPacketSize = &most, &size
			return p, nil
		},
		OnConnectionUp: func(cm *autopaho.ConnectionManager, _ *paho.Connack) { go b.subscribe(ctx, cm) },
		OnConnectionDown: func() bool {
			b.fails(ErrNotConnected)
			b.log.Warn("the connection to the broker of MQTT is lost")
			return true
		},
		OnConnectError: func(err error) {
			b.fails(fmt.Errorf("%w: %w", ErrNotConnected, err))
			b.log.Warn("the broker of MQTT cannot be reached", "error", err)
		},
	}
	cfg.ClientConfig = paho.ClientConfig{
		ClientID: c.ClientID, OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			b.receive(ctx, p)
			return true, nil
		}},
		EnableManualAcknowledgment: true, SendAcksInterval: ackEvery,
	}
	if cfg.TlsCfg, err = c.TLS.Client("ingest.mqtt.tls"); err != nil {
		return cfg, err
	}
	if c.UserFile == "" {
		return cfg, nil
	}
	if cfg.ConnectUsername, err = config.ReadSecret("ingest.mqtt.userFile", c.UserFile); err != nil {
		return cfg, err
	}
	pass, err := config.ReadSecret("ingest.mqtt.passFile", c.PassFile)
	cfg.ConnectPassword = []byte(pass)
	return cfg, err
}

// subscribe subscribes until the broker takes it, or the connection is another one.
func (b *Bridge) subscribe(ctx context.Context, cm *autopaho.ConnectionManager) {
	var topics []paho.SubscribeOptions
	for _, topic := range b.twin.Ingest.MQTT.Topics {
		topics = append(topics, paho.SubscribeOptions{Topic: topic, QoS: 1})
	}
	for ctx.Err() == nil {
		_, err := cm.Subscribe(ctx, &paho.Subscribe{Subscriptions: topics})
		if err == nil {
			b.problem.Store(nil)
			b.log.Info("subscribed", "topics", b.twin.Ingest.MQTT.Topics)
			return
		}
		if errors.Is(err, autopaho.ConnectionDownError) {
			return
		}
		b.fails(fmt.Errorf("%w: %w", ErrNotConnected, err))
		b.log.Warn("the broker of MQTT rejects the subscription", "topics", b.twin.Ingest.MQTT.Topics, "error", err)
		sleep(ctx, retryAfter)
	}
}

// receive queues a message. The broker sends no more of QoS 1 than the queue holds, beside
// those of a connection before.
func (b *Bridge) receive(ctx context.Context, p paho.PublishReceived) {
	a := arrival{topic: p.Packet.Topic, payload: p.Packet.Payload}
	if !b.wants(a.topic) {
		b.messages.WithLabelValues("unwanted").Inc()
		_ = p.Client.Ack(p.Packet) // where that fails, it comes again
		return
	}
	if p.Packet.QoS == 0 {
		select {
		case b.arrived <- a:
		default:
			b.messages.WithLabelValues("dropped").Inc()
		}
		return
	}
	a.ack = func() error { return p.Client.Ack(p.Packet) }
	select {
	case b.arrived <- a:
	case <-ctx.Done():
	}
}

// wants reports whether a topic is asked for. The broker's session also has the filters of
// earlier configurations, which are not known any more and so cannot be unsubscribed from.
func (b *Bridge) wants(topic string) bool {
	return slices.ContainsFunc(b.twin.Ingest.MQTT.Topics, func(filter string) bool { return matches(filter, topic) })
}

// forward publishes what has arrived, together, and acknowledges it.
func (b *Bridge) forward(ctx context.Context) {
	for {
		var batch []arrival
		select {
		case <-ctx.Done():
			return
		case first := <-b.arrived:
			batch = append(batch, first)
		}
		for len(batch) < inFlight && len(b.arrived) > 0 {
			batch = append(batch, <-b.arrived)
		}
		in := b.intake(batch)
		if !b.publish(ctx, in) {
			return
		}
		b.messages.WithLabelValues("accepted").Add(float64(in.Accepted))
		b.messages.WithLabelValues("rejected").Add(float64(in.Rejected))
		for _, a := range batch {
			if a.ack == nil {
				continue
			}
			if err := a.ack(); err != nil { // the connection is another one: the broker sends it again
				b.log.Info("a message cannot be acknowledged, and will come again", "error", err)
			}
		}
	}
}

func (b *Bridge) intake(batch []arrival) *ingest.Intake {
	in := b.rules.NewIntake(time.Now())
	for i, a := range batch {
		row := int64(i + 1)
		message, err := b.mapping.message(a.topic, a.payload)
		if err != nil {
			b.log.Warn("a message is rejected", "topic", a.topic, "error", err)
			in.Reject(ingest.Rejection{Row: row, Code: ingest.CodeUnreadableRow, Detail: err.Error()}, a.payload)
			continue
		}
		in.Message(row, message)
	}
	return in
}

// publish puts an intake into the stream, however often it takes. It reports false if ctx
// ends before.
func (b *Bridge) publish(ctx context.Context, in *ingest.Intake) bool {
	var from []int64
	id := uuid.New()
	for ctx.Err() == nil {
		err := func() (err error) {
			if from == nil {
				if from, err = b.publisher.LogEnds(ctx); err != nil {
					return err
				}
				_, err = b.publisher.Publish(ctx, id, in)
				return err
			}
			_, err = b.publisher.Complete(ctx, id, in, from)
			return err
		}()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		b.failures.Inc()
		b.log.Warn("readings cannot be published, and are tried again", "error", err)
		sleep(ctx, retryAfter)
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
