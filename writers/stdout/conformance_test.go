package stdout

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
)

// screen is an output in memory that can stop taking bytes.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	gate sync.Mutex // held while it takes nothing
}

func (s *screen) Write(p []byte) (int, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *screen) stall(testing.TB) (release func()) {
	s.gate.Lock()
	return s.gate.Unlock
}

// printed are the ids of the events on the screen, as JSON.
func (s *screen) printed(t testing.TB) (ids []uuid.UUID) {
	dec := json.NewDecoder(bytes.NewReader([]byte(s.String())))
	for {
		var event struct{ UUID uuid.UUID }
		switch err := dec.Decode(&event); err {
		case nil:
			ids = append(ids, event.UUID)
		case io.EOF:
			return ids
		default:
			t.Errorf("after %d events: %v", len(ids), err)
			return ids
		}
	}
}

// If this failed, the pipeline could not trust the writer: events could be lost, torn or printed twice, or the
// program hang.
func TestConformance(t *testing.T) {
	for _, format := range []string{"json", "pretty"} {
		t.Run(format, func(t *testing.T) {
			eventstest.TestWriter(t, eventstest.WriterTest{New: func(testing.TB) eventstest.Destination {
				s := new(screen)
				return eventstest.Destination{
					Open:   func(t testing.TB) events.Writer { return open(t, format, s) },
					Stored: s.printed,
					Stall:  s.stall,
				}
			}})
		})
	}
}
