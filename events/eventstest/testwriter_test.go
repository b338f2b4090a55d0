package eventstest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
)

// shelf is a destination in memory. It can never hold events that are about the target "refused".
type shelf struct {
	mu      sync.Mutex
	ids     []uuid.UUID
	stall   chan struct{}   // closed when it takes something; nil: always
	lasting context.Context // ends with the test
}

func (s *shelf) put(ctx context.Context, e events.Event) error {
	s.mu.Lock()
	stall := s.stall
	s.mu.Unlock()
	if stall != nil {
		select {
		case <-stall:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, e.ID())
	return nil
}

func (s *shelf) holds(e events.Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.ids, e.ID())
}

func (s *shelf) stored(testing.TB) []uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids)
}

func (s *shelf) block(testing.TB) (release func()) {
	stall := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stall = stall
	return func() { close(stall) }
}

func refused(e events.Event) bool { return strings.Contains(string(e.JSON()), `"target":"refused"`) }

func someRefused(t testing.TB) (list []events.Event) {
	for range 3 {
		list = append(list, newEvent(t, "DummyEvent", dummy{Target: "refused"}))
	}
	return list
}

// shelfWriter is a writer to a shelf as it should be. The fields that are set break it.
type shelfWriter struct {
	*shelf
	write  func(ctx context.Context, batch []events.Event) ([]events.Rejection, error)
	limits func() (int, int, time.Duration)
	end    func(ctx context.Context) error
}

func (w *shelfWriter) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	if w.write != nil {
		return w.write(ctx, batch)
	}
	return w.right(ctx, batch)
}

func (w *shelfWriter) right(ctx context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
	for i, e := range batch {
		switch {
		case refused(e):
			rejected = append(rejected, events.Rejection{Index: i, Reason: errors.New("refused")})
		case w.holds(e):
		default:
			if err := w.put(ctx, e); err != nil {
				return nil, err
			}
		}
	}
	return rejected, nil
}

func (w *shelfWriter) Limits() (events, bytes int, age time.Duration) {
	if w.limits != nil {
		return w.limits()
	}
	return 100, 1 << 20, 0
}

func (w *shelfWriter) Close(ctx context.Context) error {
	if w.end != nil {
		return w.end(ctx)
	}
	return nil
}

// shelves is a WriterTest of writers that are broken in one way.
func shelves(patience time.Duration, broken func(w *shelfWriter)) WriterTest {
	return WriterTest{Once: true, Patience: patience, New: func(t testing.TB) Destination {
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		s := &shelf{lasting: ctx}
		return Destination{
			Open: func(testing.TB) events.Writer {
				w := &shelfWriter{shelf: s}
				broken(w)
				return w
			},
			Stored: s.stored, Stall: s.block, Refused: someRefused,
		}
	}}
}

// If this failed, good writers would be called bad.
func TestGoodWritersPass(t *testing.T) {
	TestWriter(t, shelves(0, func(*shelfWriter) {}))
	t.Run("the fake", func(t *testing.T) {
		TestWriter(t, WriterTest{Once: true, New: func(t testing.TB) Destination {
			w := &Writer{}
			return Destination{
				Open: func(testing.TB) events.Writer { return w },
				Stored: func(testing.TB) (ids []uuid.UUID) {
					for _, e := range w.Stored() {
						ids = append(ids, e.ID())
					}
					return ids
				},
			}
		}})
	})
}

// brokenWriters are writers that lose, repeat, lie or hang, and the check that must catch each.
var brokenWriters = map[string]struct {
	caughtBy string
	broken   func(w *shelfWriter)
}{
	"no page fits": {"limits are sane", func(w *shelfWriter) {
		w.limits = func() (int, int, time.Duration) { return 0, 0, -1 }
	}},
	"acknowledges before it stores": {"acknowledged is stored", func(w *shelfWriter) {
		var kept []events.Event
		w.write = func(_ context.Context, batch []events.Event) ([]events.Rejection, error) {
			kept = append(kept, batch...)
			return nil, nil
		}
		w.end = func(ctx context.Context) error { _, err := w.right(ctx, kept); return err }
	}},
	"logs its error and acknowledges": {"rejections are honest", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			_, err := w.right(ctx, batch)
			return nil, err
		}
	}},
	"leaves out the last event": {"acknowledged is stored", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			return w.right(ctx, batch[:len(batch)-1])
		}
	}},
	"changes the batch": {"acknowledged is stored", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			slices.Reverse(batch)
			return w.right(ctx, batch)
		}
	}},
	"refuses large events": {"events of any size", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			if len(batch[0].JSON()) > 1<<19 {
				return []events.Rejection{{Index: 0, Reason: errors.New("too large")}}, nil
			}
			return w.right(ctx, batch)
		}
	}},
	"keeps the slice": {"the slice is reused", func(w *shelfWriter) {
		var kept [][]events.Event
		w.write = func(_ context.Context, batch []events.Event) ([]events.Rejection, error) {
			kept = append(kept, batch)
			return nil, nil
		}
		w.end = func(ctx context.Context) error {
			for _, batch := range kept {
				if _, err := w.right(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	"stores twice": {"stored twice is there once", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
			for i, e := range batch {
				if refused(e) {
					rejected = append(rejected, events.Rejection{Index: i, Reason: errors.New("refused")})
				} else if err := w.put(ctx, e); err != nil {
					return nil, err
				}
			}
			return rejected, nil
		}
	}},
	"rejects its neighbour": {"rejections are honest", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			rejected, err := w.right(ctx, batch)
			for i := range rejected {
				rejected[i].Index--
			}
			return rejected, err
		}
	}},
	"rejects without a reason": {"rejections are honest", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			rejected, err := w.right(ctx, batch)
			for i := range rejected {
				rejected[i].Reason = nil
			}
			return rejected, err
		}
	}},
	"drops the page of a bad event": {"rejections are honest", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
			if !slices.ContainsFunc(batch, refused) {
				return w.right(ctx, batch)
			}
			for i := range batch {
				rejected = append(rejected, events.Rejection{Index: i, Reason: errors.New("refused")})
			}
			return rejected, nil
		}
	}},
	"hangs": {"Write obeys its context", func(w *shelfWriter) {
		w.write = func(_ context.Context, batch []events.Event) ([]events.Rejection, error) {
			return w.right(w.lasting, batch)
		}
	}},
	"acknowledges when told to stop": {"Write obeys its context", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			rejected, err := w.right(ctx, batch)
			if ctx.Err() != nil {
				err = nil
			}
			return rejected, err
		}
	}},
	"takes slow for gone": {"Write obeys its context", func(w *shelfWriter) {
		w.write = func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
			rejected, err := w.right(ctx, batch)
			if err != nil {
				err = events.ErrWriterGone
			}
			return rejected, err
		}
	}},
	"does not close": {"Close obeys its context", func(w *shelfWriter) {
		w.end = func(context.Context) error { <-w.lasting.Done(); return nil }
	}},
	"leaves a goroutine": {"no goroutine is left", func(w *shelfWriter) {
		go func() { <-w.lasting.Done() }()
	}},
}

// If this failed, a writer that loses, repeats, lies or hangs would pass for a good one.
func TestBrokenWritersAreCaught(t *testing.T) {
	for name, b := range brokenWriters {
		t.Run(name, func(t *testing.T) {
			for _, c := range writerChecks {
				if c.name == b.caughtBy {
					said := record(t, func(t testing.TB) { c.check(t, shelves(300*time.Millisecond, b.broken)) })
					if said == nil {
						t.Errorf("the check %q has not caught it", c.name)
					}
					return
				}
			}
			t.Errorf("there is no check %q", b.caughtBy)
		})
	}
}
