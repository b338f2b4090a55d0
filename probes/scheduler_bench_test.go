package probes

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/targets"
)

// instant is a check that has nothing to say.
type instant struct{}

func (instant) Run(context.Context) (Result, error) { return Result{}, context.Canceled }

// BenchmarkSchedule is what a check costs beside the check itself: it must not grow with the number of targets.
func BenchmarkSchedule(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx, s := b.Context(), benchScheduler()
			s.apply(s.compare(many(n)))
			s.line = queue{}
			for _, t := range s.tasks {
				t.lined = false
			}
			b.ReportAllocs()
			for b.Loop() {
				s.wall, _ = s.timeline.next()
				s.takeDue(ctx)
				for s.limit.inFlight > 0 {
					<-s.wake
					s.collect()
				}
			}
			s.dismiss()
			s.workers.Wait()
		})
	}
}

// BenchmarkReplace is what the first list of a million targets costs, and the same list read again: all of it, and the
// part for which probing waits.
func BenchmarkReplace(b *testing.B) {
	list := many(1_000_000)
	for name, before := range map[string][]Entry{"first": nil, "again": list} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var loop time.Duration
			for b.Loop() {
				b.StopTimer()
				s := benchScheduler()
				s.apply(s.compare(before))
				b.StartTimer()
				c := s.compare(list)
				began := time.Now()
				s.apply(c)
				loop += time.Since(began)
			}
			b.ReportMetric(float64(loop.Milliseconds())/float64(b.N), "loop-ms/op")
		})
	}
}

func benchScheduler() *Scheduler {
	s := NewScheduler(SchedulerConfig{}, SchedulerOptions{Catalog: testCatalog(), Observer: newCounted(), Log: slog.New(slog.DiscardHandler)})
	s.wall, s.mono = s.clock()
	return s
}

// many is so many targets at an interval of a minute.
func many(n int) []Entry {
	list, options := make([]Entry, n), &targets.Options{}
	for i := range list {
		url := fmt.Sprintf("tcp://10.%d.%d.%d:80", i>>16, i>>8&255, i&255)
		list[i] = Entry{Check: instant{}, Target: &targets.Target{
			ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(url)), URL: url, Interval: time.Minute, Timeout: 10 * time.Second, Options: options,
		}}
	}
	return list
}
