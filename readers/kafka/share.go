package kafka

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/uptimer/uptimer/events/topic"
)

// share is the partitions that are ours in one generation of the group.
type share struct {
	*member
	generation *kafka.Generation

	reading     context.Context // ends when nothing more is to be fetched
	stopReading context.CancelFunc
	emitting    context.Context // ends when what is in hand is given up
	stopEmit    context.CancelFunc

	committing sync.Mutex  // the library's connection takes one request at a time
	gone       atomic.Bool // the topic was deleted
}

func newShare(m *member, g *kafka.Generation) *share { return &share{member: m, generation: g} }

// run reads all partitions until ctx ends, or the generation does, or something fails. It returns when everything
// that was emitted is settled.
func (s *share) run(ctx context.Context) {
	s.reading, s.stopReading = context.WithCancel(ctx)
	defer s.stopReading()
	// What is in hand when ctx ends is written for as long as the pipeline likes: emit returns at the latest at the
	// end of the grace.
	s.emitting, s.stopEmit = context.WithCancel(context.WithoutCancel(ctx))
	defer s.stopEmit()

	partitions := s.generation.Assignments[s.config.Topic]
	s.log.Debug("partitions are assigned", "generation", s.generation.ID, "partitions", partitions)
	done := make(chan struct{})
	s.generation.Start(func(over context.Context) { // one function for all: the first that returns ends the generation
		defer close(done)
		stop := context.AfterFunc(over, s.lose)
		defer stop()
		var all sync.WaitGroup
		var ours []*partition
		for _, a := range partitions {
			p := newPartition(s, a)
			ours = append(ours, p)
			all.Go(p.run)
		}
		all.Go(func() { s.tellLags(ours) })
		s.watch()
		all.Wait()
	})
	<-done
}

// lose is called when the generation is over: others wait for us.
func (s *share) lose() {
	s.stopReading()
	t := time.AfterFunc(handOver, s.stopEmit)
	context.AfterFunc(s.emitting, func() { t.Stop() })
}

// abort ends Read with an error.
func (s *share) abort(err error) {
	s.fail(err)
	s.stopReading()
	s.stopEmit()
}

// watch waits until nothing more is to be read, and sees to that when the number of partitions changes: the group
// must share them out anew.
func (s *share) watch() {
	ticker := time.NewTicker(watchAgain)
	defer ticker.Stop()
	known := 0
	for {
		n, err := topic.Partitions(s.reading, s.client, s.config.Topic)
		switch {
		case missing(err):
			s.vanish()
		case err == nil && known != 0 && n != known:
			s.log.Info("the number of partitions of the topic has changed", "before", known, "now", n)
			s.stopReading()
		case err == nil:
			known = n
		}
		select {
		case <-s.reading.Done():
			return
		case <-ticker.C:
			s.grave.buried.Quiet(silence)
			if time.Since(s.found) < newTopic && len(s.generation.Assignments[s.config.Topic]) == 0 {
				s.stopReading()
			}
		}
	}
}

// vanish is called when the topic is missing. If it comes back it is another one, where our places mean nothing: the
// group has forgotten them with the topic, and nothing may remind it.
func (s *share) vanish() {
	s.gone.Store(true)
	s.stopReading()
}

// missing tells whether there is no such topic, or partition.
func missing(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition)
}

// commitTries is how often a commit is tried before the generation is given up: its connection is of no use then.
const commitTries = 3

// commit says that everything before offset is done with. Where it fails, the messages are read again, by whoever
// gets the partition; so we stop.
func (s *share) commit(partition int, offset int64) bool {
	if s.gone.Load() {
		return false
	}
	var err error
	for range commitTries {
		if err = s.commitOnce(partition, offset); err == nil {
			return true
		}
		if lost(err) || s.emitting.Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.log.Debug("an offset could not be committed; joining the group again", "partition", partition, "offset", offset, "error", err)
	s.stopReading()
	return false
}

func (s *share) commitOnce(partition int, offset int64) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	return s.generation.CommitOffsets(map[string]map[int]int64{s.config.Topic: {partition: offset}})
}

// lost tells whether the partition is not ours any more.
func lost(err error) bool {
	return errors.Is(err, kafka.UnknownMemberId) || errors.Is(err, kafka.IllegalGeneration) || errors.Is(err, kafka.FencedInstanceID)
}
