package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
)

// null stores nothing, at once.
type null struct{ age time.Duration }

func (n null) Limits() (int, int, time.Duration)                               { return 5000, 16 << 20, n.age }
func (null) Write(context.Context, []events.Event) ([]events.Rejection, error) { return nil, nil }
func (null) Close(context.Context) error                                       { return nil }

// emitters is a reader of b.N batches from many goroutines.
type emitters struct {
	b     *testing.B
	many  int
	batch []events.Event
}

func (r emitters) Read(ctx context.Context, emit events.Emit) error {
	r.b.SetParallelism(r.many)
	r.b.ResetTimer()
	r.b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := emit(ctx, r.batch); err != nil {
				r.b.Error(err)
			}
		}
	})
	r.b.StopTimer()
	return nil
}

// BenchmarkRun is what moving an event costs, without the writer: batches of one and of a hundred, from many
// goroutines.
func BenchmarkRun(b *testing.B) {
	for name, n := range map[string]int{"1": 1, "100": 100} {
		b.Run("batch="+name, func(b *testing.B) {
			b.ReportAllocs()
			r := emitters{b: b, many: 100, batch: some(b, 0, n)}
			if err := Run(b.Context(), readers(r), sinks(null{}, "null", nil), Config{Log: silent}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
		})
	}
}
