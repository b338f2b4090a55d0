package icmp

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/uptimer/uptimer/probes"
)

const (
	// spacing is the time from one echo request of a check to the next.
	spacing = 100 * time.Millisecond
	// Once anything was heard, the rest is waited for after the last request as long as patienceLeast, or as
	// patienceTrips times the largest round trip seen, whichever is more: who has answered in 20 ms will not answer in
	// 9 s.
	patienceLeast = time.Second
	patienceTrips = 4
)

// series is the echo requests of one check, all to one address.
type series struct {
	socket *socket
	to     netip.Addr
	token  uint64 // in every packet
	began  time.Time
	drops  uint32 // of the socket when the series began, or up to dropsAge before

	// Guarded by the socket's mutex until the series has left it.
	packets []packet
	only    [1]packet     // where packets are if there is one
	settled int           // how many were answered or will never be
	longest time.Duration // round trip
	why     string        // what the first ICMP error said; empty if none came
	changed chan struct{} // holds one: something above has changed; nil while nobody waits for that
}

// packet is one echo request.
type packet struct {
	sent    time.Duration // since the series began
	trip    time.Duration // the round trip, if it was answered
	settled bool
	failed  bool // an ICMP error came, or it could not be sent
}

func newSeries(s *socket, to netip.Addr, count int) *series {
	w := &series{socket: s, to: to, began: time.Now()}
	if w.packets = w.only[:0]; count > 1 {
		w.packets = make([]packet, 0, count)
	}
	return w
}

// ping sends count requests to an address and collects what comes back, until all are settled, or it is not worth to
// wait any longer, or ctx ends. The series is nobody else's when it returns. Its error is that of sending, see
// probes.Explain; one that the target is to blame for belongs to its packet and is no error.
func (s *socket) ping(ctx context.Context, to netip.Addr, count int) (*series, error) {
	w := newSeries(s, to, count)
	s.join(w)
	defer s.leave(w)
	if err := w.send(ctx, count); err != nil {
		return w, err
	}
	w.wait(ctx)
	if w.settled < count && ctx.Err() == context.DeadlineExceeded {
		_, _ = s.read() // what came in time, but was not read yet
	}
	return w, nil
}

// send sends the requests, or as many as ctx lets it.
func (w *series) send(ctx context.Context, count int) error {
	if err := w.sendOne(ctx); err != nil || count == 1 {
		return err
	}
	timer := time.NewTimer(spacing)
	defer timer.Stop()
	for i := 1; i < count; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := w.sendOne(ctx); err != nil {
			return err
		}
		timer.Reset(time.Duration(i+1)*spacing - time.Since(w.began))
	}
	return nil
}

// wait waits for what has not been settled.
func (w *series) wait(ctx context.Context) {
	last := w.packets[len(w.packets)-1].sent // set by this goroutine
	var timer *time.Timer
	var enough <-chan time.Time // never, until something was heard
	for {
		changed, heard, all, patience := w.look()
		if all {
			return
		}
		if heard && timer == nil {
			timer = time.NewTimer(0)
			defer timer.Stop()
			enough = timer.C
		}
		if heard {
			timer.Reset(last + patience - time.Since(w.began))
		}
		select {
		case <-ctx.Done():
			return
		case <-enough:
			return
		case <-changed:
		}
	}
}

// look tells whether anything was heard, whether all is settled, and how long the rest is to be waited for after the
// last request. changed says when it is worth to look again.
func (w *series) look() (changed <-chan struct{}, heard, all bool, patience time.Duration) {
	w.socket.mu.Lock()
	defer w.socket.mu.Unlock()
	if all = w.settled == len(w.packets); !all && w.changed == nil {
		w.changed = make(chan struct{}, 1)
	}
	return w.changed, w.settled > 0, all, max(patienceLeast, patienceTrips*w.longest)
}

// notify wakes wait. Called with the socket's mutex held.
func (w *series) notify() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// overflow is the own fault of a series that lacks answers while the kernel had no room for all that came; nil if it
// had. Whose answers those were nobody knows.
func (w *series) overflow() error {
	n := w.socket.wire.drops() - w.drops
	if n == 0 {
		return nil
	}
	return &probes.OwnFault{Cause: probes.CauseBuffers, Err: fmt.Errorf(
		"waiting for answers of %s: %d packets were dropped here because they were not read in time; raise the sysctl net.core.rmem_max, or lower PROBE_CONCURRENCY", w.to, n)}
}

// trips appends the round trips, in the order of the requests. Only after the series has left the socket.
func (w *series) trips(to []time.Duration) []time.Duration {
	for _, p := range w.packets {
		if p.settled && !p.failed {
			to = append(to, p.trip)
		}
	}
	return to
}
