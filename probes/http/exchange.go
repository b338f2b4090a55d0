package http

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/uptimer/uptimer/probes"
)

var requests = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// exchange sends the request of a hop and reads the head of the answer. A connection that was kept alive and
// turns out to be closed is replaced once by a new one. On success the connection is the caller's.
func (r *run) exchange(ctx context.Context, h hop) (*conn, *http.Response, error) {
	if c := r.reuse(ctx, h); c != nil {
		answer, begun, err := r.ask(ctx, c, h)
		if err == nil {
			return c, answer, nil
		}
		c.close()
		if begun || !closedByServer(err) {
			return nil, nil, err
		}
	}
	c, err := r.open(ctx, h.at)
	if err != nil {
		return nil, nil, err
	}
	answer, _, err := r.ask(ctx, c, h)
	return c, answer, closeOn(err, c)
}

// reuse is the connection that was kept alive, if it leads to where the hop goes and is still open.
func (r *run) reuse(ctx context.Context, h hop) *conn {
	c := r.spare
	if c == nil || !c.at.same(h.at) {
		return nil
	}
	r.spare = nil
	if !c.wake() {
		c.close()
		return nil
	}
	r.opened = c
	c.bind(ctx)
	r.ip = c.addr
	r.details.TLSDetails = c.seen
	return c
}

// closedByServer tells whether an error before the first byte of an answer means that the connection was gone.
func closedByServer(err error) bool {
	var failure *probes.Failure
	return errors.As(err, &failure) && !failure.TimedOut
}

// ask sends the request and reads the answer's head. begun says that a first byte of it came.
func (r *run) ask(ctx context.Context, c *conn, h hop) (answer *http.Response, begun bool, err error) {
	buffer := requests.Get().(*[]byte)
	*buffer = appendRequest((*buffer)[:0], h, r.check.options, c.proxy)
	_, failed := c.Write(*buffer)
	if cap(*buffer) <= largeBuffer {
		requests.Put(buffer)
	}
	r.watch.Lap(probes.PhaseSend)
	c.sent = failed == nil
	// A server that will not read all of a request may have answered nevertheless.
	_, err = c.reader.Peek(1)
	r.watch.LapAt(probes.PhaseWait, probes.Arrival(c.socket))
	if begun = err == nil; begun {
		r.watch.Enter(probes.PhaseReceive)
	}
	if failed != nil && !begun {
		return nil, false, probes.Explain(ctx, "sending the request", failed)
	}
	answer, err = c.answer(ctx, h.method, r.check.options.regex == nil, func() string { return "waiting for the answer of " + c.at.HostPort() })
	return answer, begun, err
}
