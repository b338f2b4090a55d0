package probes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Explain says whose fault the error of a network operation is: it returns a *Failure, an *OwnFault, or an error
// that Is context.Canceled if our own shutdown cut the operation short. doing says what was tried ("connecting to
// 192.0.2.7:443"). An error that is one of these already comes back unchanged.
//
// An error of the operating system is the target's fault or ours as its number says; where a number can mean both
// (a network that is unreachable), Explain looks whether this machine has a way to the address, which sends
// nothing. The end of the stream is Protocol: a caller that knows what was missing words that itself. What nobody
// foresaw is Protocol too, with its text: it is better seen and asked about than swallowed.
func Explain(ctx context.Context, doing string, err error) error {
	var failure *Failure
	var own *OwnFault
	var number syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure), errors.As(err, &own):
		return err
	case ctx.Err() == context.Canceled || errors.Is(err, context.Canceled):
		return cancelled(doing)
	case errors.As(err, &number):
		return explainErrno(doing, number, remoteOf(err))
	case timedOut(ctx, err):
		return &Failure{Reason: Timeout, Text: doing + ": no answer in time", TimedOut: true}
	}
	return explainContent(doing, err)
}

// cancelled is the error of what our own shutdown cut short.
func cancelled(doing string) error { return fmt.Errorf("%s: %w", doing, context.Canceled) }

// timedOut tells whether an operation failed by time. One that failed otherwise after ctx's deadline, because it
// was closed say, did too.
func timedOut(ctx context.Context, err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout() ||
		errors.Is(err, net.ErrClosed) && ctx.Err() != nil
}

// explainContent is for errors that do not come from the operating system.
func explainContent(doing string, err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Failure{Reason: Protocol, Text: doing + ": the server closed the connection"}
	case errors.Is(err, net.ErrClosed):
		return &OwnFault{CauseInternal, fmt.Errorf("%s: our own connection was closed too early: %w", doing, err)}
	case errors.As(err, &dns):
		return &Failure{Reason: DNS, Text: doing + ": " + dns.Err, TimedOut: dns.IsTimeout}
	case isCertificateError(err):
		return &Failure{Reason: Certificate, Text: doing + ": " + certificateText(err)}
	}
	if text, ok := tlsText(err); ok {
		return &Failure{Reason: TLS, Text: doing + ": " + text}
	}
	return &Failure{Reason: Protocol, Text: doing + ": " + plainText(err)}
}

// plainText is an error's text, printable, without the words with which Go's packages begin theirs.
func plainText(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	text := err.Error()
	for _, prefix := range []string{"tls: ", "x509: ", "net/http: ", "http: ", "net: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return Printable(text)
}
