package probes_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	httpprobe "github.com/uptimer/uptimer/probes/http"
	icmpprobe "github.com/uptimer/uptimer/probes/icmp"
	tcpprobe "github.com/uptimer/uptimer/probes/tcp"
	"github.com/uptimer/uptimer/targets"
)

// mostAtRest is how many bytes that live a target may take: a further one then takes less than 700 of the process, half
// as much garbage beside it.
const mostAtRest = 400

// If this failed, a million targets would not fit into 800 MiB.
//
// Seen to fail when the list that Begin was given is kept beside the scheduler's own.
func TestATargetAtRestIsSmall(t *testing.T) {
	for _, url := range []string{"http://127.%d.%d.%d:9/status", "tcp://127.%d.%d.%d:9", "icmp://127.%d.%d.%d"} {
		const n = 50_000
		few, many := heapOf(t, url, n), heapOf(t, url, 2*n)
		each := float64(many-few) / n
		t.Logf(url+": %.0f bytes", 1, 2, 3, each)
		if each > mostAtRest {
			t.Errorf(url+": %.0f bytes a target, want at most %d", 1, 2, 3, each, mostAtRest)
		}
	}
}

// heapOf is how many bytes live while a scheduler has so many targets.
func heapOf(t *testing.T, url string, n int) int64 {
	t.Helper()
	set := openProbes(t)
	s := probes.NewScheduler(probes.SchedulerConfig{Concurrency: 1, Buffer: 1 << 20}, probes.SchedulerOptions{
		Catalog: eventstest.Catalog(t), Observer: deaf{}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Read(ctx, discard) }()
	s.Begin(ctx, prepared(t, set, url, n))
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return int64(m.HeapAlloc)
}

func discard(context.Context, []events.Event) ([]events.Rejection, error) { return nil, nil }

// deaf is an Observer that nothing is to be heard of.
type deaf struct{}

func (deaf) Started(time.Duration)                {}
func (deaf) Checked(_, _ string, _ time.Duration) {}
func (deaf) OwnFault(string)                      {}
func (deaf) Skipped(string, int)                  {}
func (deaf) InFlight(int)                         {}
func (deaf) Targets(int)                          {}

func openProbes(t *testing.T) probes.Set {
	t.Helper()
	h, err1 := httpprobe.New(httpprobe.Config{Method: "GET", MaxBody: 1 << 20})
	c, err2 := tcpprobe.New(tcpprobe.Config{})
	i, err3 := icmpprobe.New(icmpprobe.Config{Count: 1})
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	set := probes.Set{targets.HTTP: h, targets.TCP: c, targets.ICMP: i}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

func prepared(t *testing.T, set probes.Set, url string, n int) []probes.Entry {
	t.Helper()
	var csv strings.Builder
	for i := range n {
		fmt.Fprintf(&csv, url+"\n", i>>16, i>>8&255, i&255)
	}
	list, err := targets.NewSource(targets.Config{
		File: targets.Stdin, Interval: setting.Duration(time.Hour), Timeout: setting.Duration(time.Minute),
	}, nil, strings.NewReader(csv.String())).Load()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := set.Prepare(list.Targets)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}
