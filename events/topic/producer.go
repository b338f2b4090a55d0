package topic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
)

const (
	// produceTime bounds one request to store a batch. The brokers have half of it to agree; it is above the 9 s
	// after which they think one of them dead, because to send a batch anew sooner than that helps nobody.
	produceTime = 20 * time.Second
	// atOnce is how many partitions are written to at the same time, on a connection each.
	atOnce = 32
)

// What one batch holds at most. Its bytes are counted before compression and are below the limit that brokers have
// for what comes out (max.message.bytes, 1 MiB).
const (
	batchMessages = 1000
	batchBytes    = 900_000
)

// Producer puts messages on one topic, each once and those of a key in order: it gives each batch a number, by
// which the broker recognises one that it has already. The library's own Writer cannot do that, and doubles
// messages when a leader dies. The promise holds for one Producer, not across restarts.
//
// It is for one goroutine.
type Producer struct {
	cluster *Cluster
	client  *kafka.Client
	topic   string
	config  ProducerConfig
	create  map[string]string // how the topic is configured if it is missing

	quietly time.Duration // how long a batch is sent again without a word

	choose partitioner
	lanes  map[int]*lane
	// stored are messages that a Produce has stored which failed nevertheless: they are not sent again with the
	// rest. Those without an ID are not among them.
	stored map[uuid.UUID]bool
	ever   bool // something was stored, ever

	mu sync.Mutex
	id *producerID // nil: not asked for yet
}

// NewProducer makes a producer for a topic. What is in create is set if the topic is missing and created.
func NewProducer(c *Cluster, topic string, config ProducerConfig, create map[string]string) *Producer {
	return &Producer{
		cluster: c, client: c.Client(topic, produceTime), topic: topic, config: config, create: create, quietly: quietly,
		lanes: map[int]*lane{}, stored: map[uuid.UUID]bool{},
	}
}

// Start creates the topic if it is missing, and lets a broker name us. It waits as long as it must; its error is a
// *Refused, or that of ctx.
func (p *Producer) Start(ctx context.Context) error {
	if err := p.cluster.MakeTopic(ctx, p.topic, int(p.config.Partitions), p.create); err != nil {
		return err
	}
	fault := p.cluster.waiting("Kafka does not take messages yet; waiting for it", "Kafka takes messages")
	return p.cluster.wait(ctx, fault, func(ctx context.Context) error {
		_, err := p.named(ctx)
		return err
	})
}

// loading tells whether a coordinator is only just starting: a new cluster answers so for a moment.
func loading(err error) bool {
	return errors.Is(err, kafka.GroupLoadInProgress) || errors.Is(err, kafka.GroupCoordinatorNotAvailable) || errors.Is(err, kafka.NotCoordinatorForGroup)
}

// Produce returns once every message is stored on all replicas in sync, or rejected: what can never lie on this
// topic is rejected alone. An error says that some are stored and others perhaps not; a Produce after that with the
// same messages stores each of them once. Before the first message ever was stored, the error is a *Refused if we
// may not write to the topic.
func (p *Producer) Produce(ctx context.Context, messages []Message) (rejected []events.Rejection, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, err := p.partitions(ctx)
	if err != nil {
		return nil, err
	}
	loads, rejected := p.share(messages, n)
	p.sendAll(ctx, loads)
	var errs []error
	for _, l := range loads {
		rejected = append(rejected, l.rejected...)
		p.ever = p.ever || len(l.done) > 0
		if l.err != nil {
			errs = append(errs, l.err)
		}
	}
	if len(errs) == 0 {
		clear(p.stored)
		return rejected, nil
	}
	for _, l := range loads {
		for _, id := range l.done {
			p.stored[id] = true
		}
	}
	return nil, p.failed(errs)
}

// failed is one error for those of several partitions.
func (p *Producer) failed(errs []error) error {
	err := fmt.Errorf("writing to the topic %q: %w", p.topic, errs[0])
	if len(errs) > 1 {
		err = fmt.Errorf("%w (and so at %d partitions in all)", err, len(errs))
	}
	refused := PermissionError(fmt.Sprintf("writing to the topic %q", p.topic), err)
	if refused != nil && !p.ever {
		return refused
	}
	return err
}

// partitions is how many the topic has now. A topic that was deleted is created again.
func (p *Producer) partitions(ctx context.Context) (int, error) {
	n, err := Partitions(ctx, p.client, p.topic)
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		if err := p.cluster.make(ctx, p.topic, int(p.config.Partitions), p.create); err != nil {
			return 0, err
		}
		return p.cluster.Partitions(ctx, p.topic)
	}
	return n, err
}

// share gives each message to its partition. What is stored already, or is in a batch that is on its way, is left
// out. A partition with a batch on its way has a load in any case, unless the topic has that partition no more.
func (p *Producer) share(messages []Message, partitions int) (loads []*load, rejected []events.Rejection) {
	byPartition, onTheWay := map[int]*load{}, map[uuid.UUID]*load{}
	at := func(partition int) *load {
		if byPartition[partition] == nil {
			byPartition[partition] = &load{lane: p.lane(partition)}
			loads = append(loads, byPartition[partition])
		}
		return byPartition[partition]
	}
	for partition, l := range p.lanes {
		if partition >= partitions { // the topic was made anew, with fewer: what was on its way there has no place to go
			delete(p.lanes, partition)
			continue
		}
		if l.pending != nil {
			at(partition)
			for _, id := range l.pending.ids {
				onTheWay[id] = at(partition)
			}
		}
	}
	for i, m := range messages {
		switch sent := onTheWay[m.ID]; {
		case p.stored[m.ID]:
		case !dated(m.Time):
			rejected = append(rejected, events.Rejection{Index: i, Reason: fmt.Errorf("the time %s is none that Kafka can hold", m.Time.Format(time.RFC3339Nano))})
		case sent != nil:
			sent.onTheWay.add(m, i)
		default:
			at(p.choose.choose(m.Key, partitions)).add(m, i)
		}
	}
	return loads, rejected
}

func (p *Producer) lane(partition int) *lane {
	if p.lanes[partition] == nil {
		p.lanes[partition] = &lane{Producer: p, partition: partition}
	}
	return p.lanes[partition]
}

// sendAll sends to several partitions at once, and returns when all have an answer.
func (p *Producer) sendAll(ctx context.Context, loads []*load) {
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, l := range loads {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			l.err = l.send(ctx)
		})
	}
	all.Wait()
}

// named is what the brokers call us; the first time they are asked.
func (p *Producer) named(ctx context.Context) (producerID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.id == nil {
		id, err := p.name(ctx)
		if err != nil {
			return producerID{}, err
		}
		p.id = &id
	}
	return *p.id, nil
}

// name lets the brokers give us a new name. While they are only just starting it waits a little.
func (p *Producer) name(ctx context.Context) (producerID, error) {
	for began := time.Now(); ; {
		id, err := p.nameOnce(ctx)
		if !loading(err) || time.Since(began) > p.quietly {
			return id, err
		}
		if err := Rest(ctx, lastPause); err != nil {
			return producerID{}, err
		}
	}
}

func (p *Producer) nameOnce(ctx context.Context) (producerID, error) {
	answer, err := p.client.InitProducerID(ctx, &kafka.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		if refused := PermissionError(fmt.Sprintf("writing to the topic %q", p.topic), err); refused != nil {
			return producerID{}, refused
		}
		return producerID{}, fmt.Errorf("asking for a producer id: %w", plainer(err))
	}
	return producerID{int64(answer.Producer.ProducerID), int16(answer.Producer.ProducerEpoch)}, nil
}
