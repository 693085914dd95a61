// Package stream is the twin's side of Kafka: topics, an ordered producer, a
// reader of one partition at offsets of its own, and membership in a consumer
// group.
package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/energytwin/energytwin/internal/config"
)

const (
	clientID       = "energytwin"
	requestTimeout = 30 * time.Second
	dialTimeout    = 5 * time.Second
	metadataTTL    = 3 * time.Second // how long a new partition leader may stay unknown
)

// Client talks to one Kafka cluster. All users of a client share its
// connections; it is safe for concurrent use.
type Client struct {
	kafka     *kafka.Client
	transport *kafka.Transport
	dialer    *kafka.Dialer // consumer groups have connections of their own
	brokers   []string
}

// Connect prepares a client of the cluster. It reads the files that cfg names
// but opens no connection yet: brokers that are down show at the first call.
func Connect(cfg config.Kafka) (*Client, error) {
	if len(cfg.Brokers) == 0 {
		return nil, errors.New("kafka: no brokers given; set kafka.brokers to a list of host:port")
	}
	tlsConfig, err := cfg.TLS.Client("kafka.tls")
	if err != nil {
		return nil, err
	}
	mechanism, err := mechanismOf(cfg)
	if err != nil {
		return nil, err
	}
	transport := &kafka.Transport{
		ClientID:    clientID,
		DialTimeout: dialTimeout,
		MetadataTTL: metadataTTL,
		TLS:         tlsConfig,
		SASL:        mechanism,
	}
	return &Client{
		kafka:     &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: requestTimeout, Transport: transport},
		transport: transport,
		dialer:    &kafka.Dialer{ClientID: clientID, Timeout: dialTimeout, TLS: tlsConfig, SASLMechanism: mechanism},
		brokers:   cfg.Brokers,
	}, nil
}

// Close closes the connections that are idle, and the others as soon as they
// are.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Ping answers nil if a broker answers and lets this client in. The first
// request asks a broker, but any stranger may send it; the second may come from
// the cache, but only if a broker has taken such a request before.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.kafka.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	if err == nil {
		_, err = c.kafka.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}})
	}
	if err != nil {
		return fmt.Errorf("kafka %s: %w", strings.Join(c.brokers, ","), err)
	}
	return nil
}

// mechanismOf is how to log in, nil if nobody does.
func mechanismOf(cfg config.Kafka) (sasl.Mechanism, error) {
	if cfg.UserFile == "" {
		return nil, nil
	}
	user, err := config.ReadSecret("kafka.userFile", cfg.UserFile)
	if err != nil {
		return nil, err
	}
	if cfg.PassFile == "" {
		return nil, errors.New("kafka.passFile is empty; kafka.userFile and kafka.passFile belong together")
	}
	pass, err := config.ReadSecret("kafka.passFile", cfg.PassFile)
	if err != nil {
		return nil, err
	}
	switch cfg.Mechanism {
	case "PLAIN":
		return plain.Mechanism{Username: user, Password: pass}, nil
	case "SCRAM-SHA-256":
		return scramMechanism(scram.SHA256, user, pass)
	case "", "SCRAM-SHA-512":
		return scramMechanism(scram.SHA512, user, pass)
	default:
		return nil, fmt.Errorf("kafka.mechanism %q: use SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN", cfg.Mechanism)
	}
}

func scramMechanism(algorithm scram.Algorithm, user, pass string) (sasl.Mechanism, error) {
	mechanism, err := scram.Mechanism(algorithm, user, pass)
	if err != nil {
		return nil, fmt.Errorf("kafka: user name or password not allowed in SCRAM: %w", err)
	}
	return mechanism, nil
}
