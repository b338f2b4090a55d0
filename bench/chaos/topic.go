//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
)

// cluster is our own client of the broker. It shares nothing with the program's.
type cluster struct {
	client    *kafka.Client
	transport *kafka.Transport
}

func newCluster(broker string) *cluster {
	transport := &kafka.Transport{MetadataTTL: time.Second, DialTimeout: 3 * time.Second}
	return &cluster{transport: transport, client: &kafka.Client{Addr: kafka.TCP(broker), Timeout: 30 * time.Second, Transport: transport}}
}

func (c *cluster) close() { c.transport.CloseIdleConnections() }

// again calls until there is no error. A broker that is restarted is waited for.
func again(ctx context.Context, f func(context.Context) error) error {
	return wait(ctx, 2*time.Minute, f)
}

func (c *cluster) create(ctx context.Context, topic string, partitions int) error {
	return again(ctx, func(ctx context.Context) error {
		answer, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
			Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}},
		})
		if err != nil {
			return err
		}
		if err := answer.Errors[topic]; !errors.Is(err, kafka.TopicAlreadyExists) {
			return err
		}
		return nil
	})
}

// mark is the header of messages that we send ourselves: the name of the specimen.
const mark = "chaos"

// send puts a message on a partition. It tries until it is acknowledged, so it may lie there more than once.
func (c *cluster) send(ctx context.Context, topic string, partition int, name string, value []byte) error {
	err := again(ctx, func(ctx context.Context) error {
		record := kafka.Record{Time: time.Now(), Headers: []kafka.Header{{Key: mark, Value: []byte(name)}}}
		if value != nil {
			record.Value = kafka.NewBytes(value)
		}
		answer, err := c.client.Produce(ctx, &kafka.ProduceRequest{
			Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll,
			Compression: kafka.Gzip, // what is too large for uptimer is small enough for the broker
			Records:     kafka.NewRecordReader(record),
		})
		if err == nil {
			err = answer.Error
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("sending %q: %w", name, err)
	}
	return nil
}

// ends are the offsets behind the last message of each partition.
func (c *cluster) ends(ctx context.Context, topic string, partitions int) ([]int64, error) {
	var ask []kafka.OffsetRequest
	for p := range partitions {
		ask = append(ask, kafka.LastOffsetOf(p))
	}
	answer, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
	if err != nil {
		return nil, err
	}
	ends := make([]int64, partitions)
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		ends[p.Partition] = p.LastOffset
	}
	return ends, nil
}

// committed are the offsets that a group has committed; 0 where it has none.
func (c *cluster) committed(ctx context.Context, group, topic string, partitions int) ([]int64, error) {
	var ask []int
	for p := range partitions {
		ask = append(ask, p)
	}
	answer, err := c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: ask}})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return nil, err
	}
	offsets := make([]int64, partitions)
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		offsets[p.Partition] = max(0, p.CommittedOffset)
	}
	return offsets, nil
}

// owners is how many members of a group have partitions; 0 while the group shares them out.
func (c *cluster) owners(ctx context.Context, group string) (n int, err error) {
	answer, err := c.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil {
		return 0, err
	}
	for _, g := range answer.Groups {
		if g.Error != nil {
			return 0, g.Error
		}
		for _, m := range g.Members {
			if g.GroupState == "Stable" && len(m.MemberAssignments.Topics) > 0 {
				n++
			}
		}
	}
	return n, nil
}

// message is one message as it lies on its partition.
type message struct {
	partition int
	offset    int64
	value     []byte
	headers   []kafka.Header
}

func (m message) header(name string) string {
	for _, h := range m.headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// read calls with each message of a topic, partition by partition, in order.
func (c *cluster) read(ctx context.Context, topic string, partitions int, with func(message)) error {
	var ends []int64
	err := again(ctx, func(ctx context.Context) (err error) {
		ends, err = c.ends(ctx, topic, partitions)
		return err
	})
	if err != nil {
		return fmt.Errorf("looking where the topic %q ends: %w", topic, err)
	}
	for partition, end := range ends {
		for next := int64(0); next < end; {
			err := again(ctx, func(ctx context.Context) (err error) {
				next, err = c.fetch(ctx, topic, partition, next, with)
				return err
			})
			if err != nil {
				return fmt.Errorf("reading partition %d of %q from offset %d: %w", partition, topic, next, err)
			}
		}
	}
	return nil
}

// fetch reads some messages, and returns the offset behind them.
func (c *cluster) fetch(ctx context.Context, topic string, partition int, next int64, with func(message)) (int64, error) {
	answer, err := c.client.Fetch(ctx, &kafka.FetchRequest{
		Topic: topic, Partition: partition, Offset: next, MinBytes: 1, MaxBytes: 512 << 10, MaxWait: 200 * time.Millisecond,
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return next, err
	}
	for {
		record, err := answer.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return next, nil
		}
		if err != nil {
			return next, err
		}
		m := message{partition: partition, offset: record.Offset, headers: record.Headers}
		if record.Value != nil {
			if m.value, err = io.ReadAll(record.Value); err != nil {
				return next, err
			}
		}
		if m.offset >= next { // a batch may begin before what was asked for
			with(m)
			next = m.offset + 1
		}
	}
}
