package probes

import (
	"testing"
	"time"
)

// Without the echo, auto never learns that answers lie unread; with one that never ends, a process cannot stop.
func TestEchoComesBack(t *testing.T) {
	e, stop, err := startEcho(func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if e.take() != 0 {
		t.Error("there was a lag before it was measured")
	}
	for range 3 {
		began := time.Now()
		e.send()
		for !e.isKnown() {
			time.Sleep(100 * time.Microsecond)
		}
		if lag, most := e.take(), time.Since(began); lag <= 0 || lag > most {
			t.Errorf("the echo took %v, want more than nothing and at most %v", lag, most)
		}
	}
}

// A byte that does not come back at all is the worst lag; taken for none, the limit would grow, and targets whose answers
// lie here unread as well would be down. Seen to fail when only a byte that is back tells that it was late.
func TestEchoThatIsStillUnderWayIsLag(t *testing.T) {
	called := 0
	e := &echo{late: func() { called++ }}
	e.sent = time.Now().Add(-time.Second)
	e.send() // nothing: one is under way
	if called != 1 {
		t.Errorf("told %d times that a byte is late, want once", called)
	}
	if lag := e.take(); lag < time.Second {
		t.Errorf("a lag of %v after a second", lag)
	}
	e.back()
	if lag := e.take(); lag < time.Second || called != 2 {
		t.Errorf("a lag of %v after a second, told %d times", lag, called)
	}
	e.sent = time.Now()
	e.back()
	e.sent = time.Now().Add(-time.Second)
	e.back()
	if lag := e.take(); lag > 900*time.Millisecond {
		t.Errorf("the least of two is %v", lag)
	}
}

func (e *echo) isKnown() bool { e.mu.Lock(); defer e.mu.Unlock(); return e.known }
