//go:build linux

package bare

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// If this failed, ICMP would be compared with a client that does not wait for its answers, or takes one for another.
func TestEachEchoKnowsItsRoundTrip(t *testing.T) {
	for _, kind := range []string{"icmp", "icmp-dialed"} {
		t.Run(kind, func(t *testing.T) {
			c := &Client{Kind: kind, Targets: []string{"127.1.2.3", "127.1.2.4", "127.1.2.5"}, Rate: 500}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			began := time.Now()
			if err := c.Run(ctx); errors.Is(err, fs.ErrPermission) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			done, failed := c.Counts()
			if failed > 0 && kind == "icmp-dialed" && done == failed {
				t.Skip("a socket of its own for each echo is not allowed here")
			}
			if done == 0 || failed != 0 || c.Trip() <= 0 || c.Trip() > time.Since(began) {
				t.Errorf("%d echoes, %d failed, %v each", done, failed, c.Trip())
			}
		})
	}
}

// If this failed, an echo that nobody answers, or that another check has asked for, would count as answered.
func TestOnlyItsOwnReplyCounts(t *testing.T) {
	p := request(make([]byte, 100), 77)
	if _, ok := reply(p); ok {
		t.Error("a request was taken for a reply")
	}
	p[0] = echoReply
	for _, packet := range [][]byte{p, append(make([]byte, ipHeader), p...)} {
		if token, ok := reply(packet); !ok || token != 77 {
			t.Errorf("got %d, %t, want 77", token, ok)
		}
	}
	e, err := openEchoes([]string{"127.0.0.1"})
	if err != nil {
		t.Skip(err)
	}
	w := &worker{buffer: make([]byte, echoLength), heard: make(chan time.Time, 1), late: time.NewTimer(timeout)}
	e.next = 1 << 40
	if _, err := e.ask(0, w); err != nil || len(e.waiting) != 0 || len(w.heard) != 0 {
		t.Errorf("%v, %d still wait", err, len(e.waiting))
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
}

// If this failed, the bare client would check more or less often than it says, or in bursts.
func TestMomentsFillTheInterval(t *testing.T) {
	list := moments(1000, time.Second)
	if !slices.IsSorted(list) || !slices.Equal(list, moments(1000, time.Second)) {
		t.Error("the moments are not in order, or not always the same")
	}
	for tenth := range 10 {
		n := 0
		for _, at := range list {
			if at/(100*time.Millisecond) == time.Duration(tenth) {
				n++
			}
		}
		if n < 60 || n > 140 {
			t.Errorf("%d of 1000 moments in tenth %d of the interval", n, tenth)
		}
	}
}

// If this failed, the bare client would be paced otherwise than it says: checks left out or made twice.
func TestEachTargetHasItsTurn(t *testing.T) {
	c := &Client{Targets: make([]string, 100), Rate: 1000}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var started []int
	began := time.Now()
	c.pace(ctx, func(target int) {
		if started = append(started, target); len(started) == 250 {
			cancel()
		}
	})
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("two and a half intervals took %v, want 200 to 300 ms", took)
	}
	for i, target := range started {
		if target != i%100 {
			t.Fatalf("check %d is of target %d, want %d", i, target, i%100)
		}
	}
}
