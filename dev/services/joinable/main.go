// Joinable waits until a broker is ready: until a topic can be created, and a consumer group joined. That its port is
// open comes long before.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
)

// patience is how long a broker may take to come up on a busy machine.
const patience = 90 * time.Second

func main() { os.Exit(run()) }

func run() int {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "want: joinable HOST:PORT")
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := wait(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "waiting for Kafka:", err)
		return 1
	}
	return 0
}

// wait creates a topic, joins a group that reads it, and deletes it.
func wait(ctx context.Context, broker string) error {
	client := &kafka.Client{Addr: kafka.TCP(broker), Timeout: 2 * time.Second}
	topic := fmt.Sprintf("joinable-%d", os.Getpid())
	err := again(ctx, func() error {
		answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
			Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}},
		})
		if err != nil {
			return err
		}
		if err := answer.Errors[topic]; !errors.Is(err, kafka.TopicAlreadyExists) {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("creating a topic: %w", err)
	}
	if err := join(ctx, broker, topic); err != nil {
		return fmt.Errorf("joining a group: %w", err)
	}
	_, err = client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	return err
}

// join becomes a member of a group, once.
func join(ctx context.Context, broker, topic string) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: topic, Brokers: []string{broker}, Topics: []string{topic},
		JoinGroupBackoff: 200 * time.Millisecond, Timeout: 3 * time.Second,
	})
	if err != nil {
		return err
	}
	defer func() { _ = group.Close() }() // it was joined, that is all that was asked
	return again(ctx, func() error {
		_, err := group.Next(ctx)
		return err
	})
}

// again calls until there is no error; a broker that starts refuses in many ways.
func again(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
