package tcp

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/uptimer/uptimer/probes"
)

const (
	maxAnswer  = 64 << 10 // bytes that are read at most
	readBuffer = 4 << 10

	// Each read is followed by a look at all that has come, so that a match is seen at once. That is for
	// conversations: a server that drips could make it cost more than all other checks together. Once so many
	// bytes were looked at, reading goes on for lookPause between two looks.
	lookBudget = 16 * maxAnswer
	lookPause  = 20 * time.Millisecond
)

var buffers = sync.Pool{New: func() any { b := make([]byte, readBuffer); return &b }}

// listener reads what the server says until it matches.
type listener struct {
	run     *run
	refused error   // why not all could be sent; nil if it was
	buffer  *[]byte // from the pool; said moves out of it when it outgrows it
	said    []byte  // what has come so far
	looked  int     // bytes that were looked at, counted at each look
}

// release gives the buffer back.
func (l *listener) release() {
	if l.buffer != nil {
		buffers.Put(l.buffer)
		l.buffer, l.said = nil, nil
	}
}

// listen reads until what came matches, which it reports, or cannot match any more.
func (l *listener) listen(ctx context.Context) (matches bool, err error) {
	l.buffer = buffers.Get().(*[]byte)
	l.said = (*l.buffer)[:0]
	phase := probes.PhaseWait
	for {
		n, err := l.hear(ctx)
		at := probes.Arrival(l.run.socket)
		l.run.watch.LapAt(phase, at)
		phase = probes.PhaseReceive
		if n > 0 {
			matches, failed := l.look(ctx)
			if matches {
				l.run.watch.StopAt(at) // looking is no part of the check
			}
			if matches || failed != nil {
				return matches, failed
			}
		}
		if err != nil {
			return false, l.explain(ctx, err)
		}
		if len(l.said) == maxAnswer {
			return false, l.tooMuch()
		}
	}
}

// look tells whether what has come so far matches. Its error is that of probes.Regex.
func (l *listener) look(ctx context.Context) (matches bool, err error) {
	l.looked += len(l.said)
	return l.run.check.options.expect.Match(ctx, l.said)
}

// hear waits for more, and returns how much came. It gathers more than what one read brings when looks have become
// dear.
func (l *listener) hear(ctx context.Context) (n int, err error) {
	n, err = l.read()
	if err != nil || l.looked < lookBudget {
		return n, err
	}
	probes.SetReadDeadline(ctx, l.run.socket, time.Now().Add(lookPause))
	for err == nil && len(l.said) < maxAnswer {
		var more int
		more, err = l.read()
		n += more
	}
	probes.SetReadDeadline(ctx, l.run.socket, time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		err = nil
	}
	return n, err
}

// read reads once.
func (l *listener) read() (n int, err error) {
	if len(l.said) == cap(l.said) {
		l.said = slices.Grow(l.said, len(l.said))
	}
	n, err = l.run.conn.Read(l.said[len(l.said):min(cap(l.said), maxAnswer)])
	l.said = l.said[:len(l.said)+n]
	return n, err
}

// explain says what it means that reading ended before there was a match.
func (l *listener) explain(ctx context.Context, err error) error {
	server := l.run.check.server()
	explained := probes.Explain(ctx, "waiting for the answer of "+server, err)
	failure := failureOf(explained)
	switch {
	case failure == nil:
		return explained
	case l.refused != nil:
		return &probes.Failure{Reason: probes.Reset, Text: l.refused.Error() + l.after()}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &probes.Failure{Reason: probes.Body, Text: server + " closed the connection before " + l.expected() + " matched, got " + l.got()}
	case failure.TimedOut && len(l.said) > 0:
		return &probes.Failure{Reason: probes.Body, Text: "what " + server + " sent did not match " + l.expected() + " in time, got " + l.got(), TimedOut: true}
	}
	return &probes.Failure{Reason: failure.Reason, Text: failure.Text + l.after(), TimedOut: failure.TimedOut}
}

func (l *listener) tooMuch() error {
	return &probes.Failure{Reason: probes.Body, Text: "the first 64 KiB that " + l.run.check.server() + " sent do not match " + l.expected() + ", got " + l.got()}
}
