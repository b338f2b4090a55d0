package eventstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
)

// readFunc is a reader of one function.
type readFunc func(ctx context.Context, emit events.Emit) error

func (f readFunc) Read(ctx context.Context, emit events.Emit) error { return f(ctx, emit) }

// readers is a ReaderTest of a source of three batches whose reader is what open makes of them. lasting ends with
// the test.
func readers(patience time.Duration, open func(lasting context.Context, r *Reader) events.Reader) ReaderTest {
	return ReaderTest{Redelivers: true, Patience: patience, New: func(t testing.TB) Source {
		lasting, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		r := &Reader{Batches: [][]events.Event{Dummies(t, 3), Checks(t, 3), Dummies(t, 3)}}
		return Source{Open: func(testing.TB) events.Reader { return open(lasting, r) }}
	}}
}

// If this failed, good readers would be called bad: one that ends, one that waits for more, one that tries again by
// itself, and one that cannot deliver again.
func TestGoodReadersPass(t *testing.T) {
	right := func(_ context.Context, r *Reader) events.Reader { return r }
	t.Run("ends", func(t *testing.T) { TestReader(t, readers(0, right)) })
	t.Run("endless", func(t *testing.T) {
		endless := readers(0, func(_ context.Context, r *Reader) events.Reader {
			r.Endless = true
			return r
		})
		endless.Endless = true
		TestReader(t, endless)
	})
	t.Run("tries again", func(t *testing.T) {
		TestReader(t, readers(0, func(_ context.Context, r *Reader) events.Reader {
			return readFunc(func(ctx context.Context, emit events.Emit) error {
				for {
					err := r.Read(ctx, emit)
					if !errors.Is(err, errAway) || ctx.Err() != nil {
						return endedWell(ctx, err)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}))
	})
	t.Run("fleeting", func(t *testing.T) {
		fleeting := readers(0, func(_ context.Context, r *Reader) events.Reader {
			return readFunc(func(ctx context.Context, emit events.Emit) error {
				for _, batch := range r.Batches {
					if ctx.Err() == nil {
						_, _ = emit(context.WithoutCancel(ctx), batch)
					}
				}
				return nil
			})
		})
		fleeting.Fleeting, fleeting.Redelivers = true, false
		TestReader(t, fleeting)
	})
}

// endedWell is err, or nil if ctx has ended.
func endedWell(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// brokenReaders are readers that lose, invent or hang, and the check that must catch each.
var brokenReaders = map[string]struct {
	caughtBy string
	open     func(lasting context.Context, r *Reader) events.Reader
}{
	"emits nothing": {"batches are events", func(_ context.Context, r *Reader) events.Reader {
		r.Batches[1] = nil
		return r
	}},
	"emits what is no event": {"batches are events", func(_ context.Context, r *Reader) events.Reader {
		r.Batches[1][1] = events.Event{}
		return r
	}},
	"emits twice": {"batches are events", func(_ context.Context, r *Reader) events.Reader {
		r.Batches[2] = r.Batches[0]
		return r
	}},
	"ends with an error": {"batches are events", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			return errors.Join(r.Read(ctx, emit), errors.New("no more"))
		})
	}},
	"takes being told to stop for an error": {"an ended context ends Read", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			return errors.Join(r.Read(ctx, emit), ctx.Err())
		})
	}},
	"reports the cancelled emit": {"a cancelled context ends Read", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			for _, batch := range r.Batches {
				if _, err := emit(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	"does not stop": {"a cancelled context ends Read", func(lasting context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			_ = r.Read(ctx, emit)
			<-lasting.Done()
			return nil
		})
	}},
	"skips what failed": {"an error skips nothing", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			for _, batch := range r.Batches {
				if ctx.Err() == nil {
					_, _ = emit(ctx, batch)
				}
			}
			return nil
		})
	}},
	"acknowledges before emit": {"what was not taken comes again", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			for i := r.Acknowledged(); i < len(r.Batches); i++ {
				r.taken(nil, nil)
				if _, err := emit(ctx, r.Batches[i]); err != nil {
					return endedWell(ctx, err)
				}
			}
			return nil
		})
	}},
	"acknowledges when it is told to stop": {"what was not taken comes again", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			err := r.Read(ctx, emit)
			if ctx.Err() != nil {
				r.taken(nil, nil)
			}
			return err
		})
	}},
	"stops at a rejected event": {"rejected events stop nothing", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			return r.Read(ctx, func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
				rejected, err := emit(ctx, batch)
				if len(rejected) > 0 {
					err = rejected[0].Reason
				}
				return rejected, err
			})
		})
	}},
	"goes on without a writer": {"no writer ends Read", func(_ context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			for ctx.Err() == nil && r.Read(ctx, emit) != nil {
				time.Sleep(time.Millisecond)
			}
			return nil
		})
	}},
	"leaves a goroutine": {"batches are events", func(lasting context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			go func() { <-lasting.Done() }()
			return r.Read(ctx, emit)
		})
	}},
	"returns before emit has": {"batches are events", func(lasting context.Context, r *Reader) events.Reader {
		return readFunc(func(ctx context.Context, emit events.Emit) error {
			go func() {
				time.Sleep(50 * time.Millisecond)
				_ = r.Read(lasting, emit)
			}()
			return nil
		})
	}},
}

// If this failed, a reader that loses, invents or hangs would pass for a good one.
func TestBrokenReadersAreCaught(t *testing.T) {
	for name, b := range brokenReaders {
		t.Run(name, func(t *testing.T) {
			for _, c := range readerChecks {
				if c.name == b.caughtBy {
					said := record(t, func(t testing.TB) { c.check(t, readers(300*time.Millisecond, b.open)) })
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
