package topic

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

// clientID is the name by which brokers' logs and quotas know us.
const clientID = "uptimer"

// Cluster is a Kafka cluster, reached in the way that a Config says. It may be used from many goroutines.
type Cluster struct {
	log     *slog.Logger
	config  Config
	tls     *tls.Config
	sasl    sasl.Mechanism
	conns   connections
	certain time.Duration // how long a broker must refuse in the same way until it is believed to be for good
	pause   time.Duration // from one look to the next

	mu         sync.Mutex
	transports []*kafka.Transport
}

// Open makes a Cluster; nothing is connected yet. Its error is setting.Mistakes.
func Open(c Config, log *slog.Logger) (*Cluster, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	encryption, err := c.tls()
	if err != nil {
		return nil, err
	}
	mechanism, err := c.sasl()
	if err != nil {
		return nil, err
	}
	return &Cluster{log: log, config: c, tls: encryption, sasl: mechanism, certain: certain, pause: lookAgain}, nil
}

// Brokers are the addresses to begin with.
func (c *Cluster) Brokers() []string { return c.config.Brokers }

// Client makes a client for requests about the topic, each of which may take that long. The broker gets half of it
// to answer.
func (c *Cluster) Client(topic string, timeout time.Duration) *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(c.config.Brokers...), Timeout: timeout, Transport: c.transport(topic)}
}

// metadataTTL bounds how long a partition whose leader has moved is looked for in the wrong place: the library
// asks anew by the clock only, on average after half of this.
const metadataTTL = 2 * time.Second

// transport makes a pool of connections, which Close will close.
func (c *Cluster) transport(topics ...string) *kafka.Transport {
	t := &kafka.Transport{
		Dial: c.conns.dial, DialTimeout: dialTimeout, ClientID: clientID, TLS: c.tls, SASL: c.sasl,
		MetadataTTL: metadataTTL,
		// By default all topics are asked for; and then one that we may not see looks like one that is missing.
		MetadataTopics: topics,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transports = append(c.transports, t)
	return t
}

// Dialer makes what a consumer group connects with.
func (c *Cluster) Dialer() *kafka.Dialer {
	return &kafka.Dialer{DialFunc: c.dialGroup, Timeout: dialTimeout, ClientID: clientID, TLS: c.tls, SASLMechanism: c.sasl}
}

func (c *Cluster) dialGroup(ctx context.Context, network, address string) (net.Conn, error) {
	return c.conns.dial(ctx, network, address)
}

// Close ends all connections, and the requests on them.
func (c *Cluster) Close() {
	c.conns.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
	c.transports = nil
}
