package probes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// A user would be paged for our own trouble, or not be told of a real outage, or read the jargon of a library.
func TestExplain(t *testing.T) {
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	for _, c := range []struct {
		err  error
		want Failure
	}{
		{os.ErrDeadlineExceeded, Failure{Timeout, "reading: no answer in time", true}},
		{dial(context.DeadlineExceeded), Failure{Timeout, "reading: no answer in time", true}},
		{io.EOF, Failure{Protocol, "reading: the server closed the connection", false}},
		{fmt.Errorf("body: %w", io.ErrUnexpectedEOF), Failure{Protocol, "reading: the server closed the connection", false}},
		{&net.DNSError{Err: "server misbehaving", Name: "x"}, Failure{DNS, "reading: server misbehaving", false}},
		{dial(errors.New("something new")), Failure{Protocol, "reading: something new", false}},
	} {
		wantFailure(t, Explain(t.Context(), "reading", c.err), c.want)
	}
	wantOwnFault(t, Explain(t.Context(), "reading", net.ErrClosed), CauseInternal)
	if err := Explain(t.Context(), "reading", nil); err != nil {
		t.Errorf("no error: got %v", err)
	}
}

// What one step has explained would be explained again by the next, and lose its reason.
func TestExplainKeepsWhatIsExplained(t *testing.T) {
	for _, err := range []error{
		&Failure{Reason: Body, Text: "does not match"},
		&OwnFault{CausePorts, errors.New("none")},
		fmt.Errorf("first hop: %w", &Failure{Reason: Refused}),
	} {
		if got := Explain(t.Context(), "reading", err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// Our own shutdown would be reported as an outage of every target that is being checked.
func TestExplainKnowsOurShutdown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{net.ErrClosed, os.ErrDeadlineExceeded, io.EOF, syscall.ECONNRESET, context.Canceled} {
		if got := Explain(ctx, "reading", err); !errors.Is(got, context.Canceled) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// A connection that was closed because the time of the check was over would be called a defect of ours.
func TestExplainKnowsTheDeadline(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	wantFailure(t, Explain(ctx, "reading", net.ErrClosed), Failure{Timeout, "reading: no answer in time", true})
}
