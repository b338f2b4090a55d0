package postgres

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/pipeline"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// source emits small batches from several goroutines until it is told to stop, and remembers what was acknowledged.
type source struct {
	t    *testing.T
	stop chan struct{}

	mu           sync.Mutex
	acknowledged []uuid.UUID
}

func (s *source) Read(ctx context.Context, emit events.Emit) error {
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for {
				select {
				case <-s.stop:
					return
				default:
				}
				batch := append(eventstest.Checks(s.t, 20), eventstest.Dummies(s.t, 5)...)
				rejected, err := emit(ctx, batch)
				if err != nil || len(rejected) > 0 {
					s.t.Errorf("emit: %v, rejected %v", err, rejected)
					return
				}
				s.mu.Lock()
				for _, e := range batch {
					s.acknowledged = append(s.acknowledged, e.ID())
				}
				s.mu.Unlock()
			}
		})
	}
	running.Wait()
	return nil
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acknowledged)
}

// If this failed, a crash of the database would cost events that were acknowledged, or leave some twice, or fill the
// log. (Seen to fail with synchronous_commit left off.)
func TestCrashesOfTheServer(t *testing.T) {
	server := testservices.NewServer(t, "synchronous_commit=off", "wal_writer_delay=10s")
	migrate(t, server.URL)
	log := &logged{}
	w := open(t, log, "DATABASE_URL="+server.URL, "POSTGRES_QUEUE_TIMEOUT=0.01")
	s := &source{t: t, stop: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		ended <- pipeline.Run(context.Background(), []events.Reader{s}, []pipeline.Sink{{Name: "postgres", Writers: []events.Writer{w}}},
			pipeline.Config{Grace: time.Minute, Log: slog.New(slog.NewTextHandler(log, nil))})
	}()
	const crashes = 3
	for range crashes {
		before := s.count()
		unhurried.Until(t, "more is acknowledged", func() bool { return s.count() > before+500 })
		server.Stop(t, "immediate")
		server.Start(t)
	}
	before := s.count()
	unhurried.Until(t, "more is acknowledged after the last crash", func() bool { return s.count() > before+500 })
	close(s.stop)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	stored := storedIDs(t, server.URL)
	compare := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(stored, compare)
	if n := len(slices.Compact(slices.Clone(stored))); n != len(stored) {
		t.Errorf("%d rows of %d events", len(stored), n)
	}
	for _, id := range s.acknowledged {
		if _, there := slices.BinarySearchFunc(stored, id, compare); !there {
			t.Fatalf("%s was acknowledged and is not there (%d acknowledged, %d stored)", id, len(s.acknowledged), len(stored))
		}
	}
	if n := log.times("level=ERROR"); n < 1 || n > crashes {
		t.Errorf("%d lines of errors for %d crashes:\n%s", n, crashes, log)
	}
}
