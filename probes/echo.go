package probes

import (
	"io"
	"sync"
	"time"
)

// echo measures our own lag: it sends a byte to itself, which comes back by the way that the answers of
// targets take, behind all that lie there unread. (A timer does not tell: Go looks at its timers before it looks at
// the network, and a queue of thousands of answers does not make them late.) Where the system does not poll pipes, as
// on Windows, it tells of a shortage of processor time only.
type echo struct {
	out io.Writer
	// late is called, by another goroutine, with each byte that took pulseLate or longer, and again by send while one
	// has been under way as long: checks can fail by time before it is back.
	late func()

	mu    sync.Mutex
	sent  time.Time // of the byte that is under way; zero: there is none
	least time.Duration
	known bool // a byte came back since the last take
}

// startEcho starts one. stop ends it and returns when nothing of it is left.
func startEcho(late func()) (e *echo, stop func(), err error) {
	in, out, err := wayBack()
	if err != nil {
		return nil, nil, err
	}
	e = &echo{out: out, late: late}
	var reading sync.WaitGroup
	reading.Go(func() { e.listen(in) })
	return e, func() { _ = out.Close(); reading.Wait() }, nil
}

// listen notes when bytes come back, until the other end is closed.
func (e *echo) listen(in io.ReadCloser) {
	defer in.Close()
	for one := make([]byte, 1); ; {
		if _, err := in.Read(one); err != nil {
			return
		}
		e.back()
	}
}

func (e *echo) back() {
	e.mu.Lock()
	took := time.Since(e.sent)
	if !e.known || took < e.least {
		e.least, e.known = took, true
	}
	e.sent = time.Time{}
	e.mu.Unlock()
	if took >= pulseLate {
		e.late()
	}
}

// send sends a byte, if none is under way.
func (e *echo) send() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.sent.IsZero() {
		if time.Since(e.sent) >= pulseLate {
			e.late()
		}
		return
	}
	e.sent = time.Now()
	if _, err := e.out.Write([]byte{0}); err != nil { // nothing will come back
		e.sent = time.Time{}
	}
}

// take is the least time that a byte took since the last take. If none came back, it is how long one has been under
// way by now, or zero.
func (e *echo) take() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.known:
		e.known = false
		return e.least
	case e.sent.IsZero():
		return 0
	}
	return time.Since(e.sent)
}
