package topic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/internal/lasting"
)

const (
	// lookTime bounds one look at one broker.
	lookTime = 5 * time.Second
	// lookAgain is the pause between two looks at the cluster.
	lookAgain = time.Second
	// certain is how long a refusal must last until it is believed to be for good: a broker that is just being
	// stopped or started closes connections, too. Twice a look and this must fit into 15 s.
	certain = 4 * time.Second
)

// Find waits until the cluster answers: one of the bootstrap addresses, and then the brokers at the addresses that
// they go by. While it cannot be reached, the log says so. The error is a *Refused if the cluster refuses us for
// good, or that of ctx.
func (c *Cluster) Find(ctx context.Context) error {
	away := lasting.Fault{
		Log: c.log, Level: slog.LevelWarn,
		Began: "Kafka cannot be reached; waiting for it", Ended: "Kafka can be reached",
	}
	return c.wait(ctx, &away, c.look)
}

// Reach asks once whether the cluster answers, as Find does again and again: it takes ten seconds at most. The error is a
// *Refused if the cluster refuses us now.
func (c *Cluster) Reach(ctx context.Context) error { return c.look(ctx) }

// Look asks once whether the cluster answers and has the topic.
func (c *Cluster) Look(ctx context.Context, topic string) error {
	if err := c.look(ctx); err != nil {
		return err
	}
	_, err := c.Partitions(ctx, topic)
	return err
}

// wait repeats a look until it succeeds, or has been refused for long enough.
func (c *Cluster) wait(ctx context.Context, fault *lasting.Fault, look func(context.Context) error) error {
	var since time.Time // when it began to be refused, without a break
	for {
		err := look(ctx)
		var refused *Refused
		switch {
		case err == nil:
			fault.Over()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &refused):
			since = time.Time{}
			fault.Happened("error", err)
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= c.certain:
			return err
		}
		if err := Rest(ctx, c.pause); err != nil {
			return err
		}
	}
}

// Rest sleeps, at most until ctx ends, whose error it then is.
func Rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look looks at the cluster once.
func (c *Cluster) look(ctx context.Context) error {
	found, err := c.ask(ctx, c.config.Brokers)
	if len(found) == 0 {
		return err
	}
	var advertised []string
	for _, answer := range found {
		for _, b := range answer.Brokers {
			advertised = append(advertised, net.JoinHostPort(b.Host, strconv.Itoa(b.Port)))
		}
	}
	there, err := c.ask(ctx, distinct(advertised))
	var refused *Refused
	switch {
	case len(there) > 0:
		return nil
	case err == nil:
		return errors.New("the cluster has no brokers yet")
	case errors.As(err, &refused):
		return err
	}
	return &Refused{
		fmt.Sprintf("a broker of %v was reached, but says that the cluster is at %v, where nobody can be reached from here (see advertised.listeners of the broker)",
			c.config.Brokers, distinct(advertised)), err,
	}
}

func distinct(list []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// ask asks each of the brokers about the cluster. The error, if none has answered, is a refusal if there was one.
func (c *Cluster) ask(ctx context.Context, brokers []string) (found []*kafka.MetadataResponse, err error) {
	answers, errs := make([]*kafka.MetadataResponse, len(brokers)), make([]error, len(brokers))
	var all sync.WaitGroup
	for i, broker := range brokers {
		all.Go(func() { answers[i], errs[i] = c.askOne(ctx, broker) })
	}
	all.Wait()
	for i := range brokers {
		if answers[i] != nil {
			found = append(found, answers[i])
		}
		var refused *Refused
		if errs[i] != nil && (err == nil || errors.As(errs[i], &refused)) {
			err = errs[i]
		}
	}
	return found, err
}

// askOne asks a broker about the cluster, on a connection that is closed again.
func (c *Cluster) askOne(ctx context.Context, broker string) (*kafka.MetadataResponse, error) {
	t := &kafka.Transport{
		Dial: c.conns.dial, DialTimeout: dialTimeout, ClientID: clientID, TLS: c.tls, SASL: c.sasl,
		MetadataTTL: lookTime, MetadataTopics: []string{}, // none: the brokers alone
	}
	defer t.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(broker), Timeout: lookTime, Transport: t}
	answer, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}})
	if err != nil {
		return nil, c.config.explain(broker, err)
	}
	return answer, nil
}

// waiting is a fault of the cluster, for the log.
func (c *Cluster) waiting(began, ended string) *lasting.Fault {
	return &lasting.Fault{Log: c.log, Level: slog.LevelWarn, Began: began, Ended: ended}
}
