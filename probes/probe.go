// Package probes turns targets into events: what a probe, a check and its result are, the network that all probes
// share, and the scheduler that checks each target when it is due.
package probes

import (
	"context"
	"net/netip"
	"time"

	"github.com/uptimer/uptimer/targets"
)

// Probe knows one protocol.
type Probe interface {
	// Prepare makes a target ready to be checked: parses, compiles, looks up options. It opens no connection. Its
	// error is a mistake in the list: setting.Mistakes whose Where is the name of the target's field ("regex"),
	// all at once. What targets have in common is shared, not copied. Not called concurrently.
	Prepare(t targets.Target) (Check, error)
	// Start is called before the first check, when a target of the protocol is there, and may be called again. Its
	// error says what this machine does not let the probe do (exit code 1), or is setting.Mistakes (exit code 2).
	Start() error
	// Close ends what the probe holds open, after the last check.
	Close() error
}

// Check checks one target, again and again, never twice at once. One that also is an io.Closer is closed when the
// target leaves the list.
type Check interface {
	// Run checks once and reports what it saw. That the target is down is a Result; an error means that no honest
	// Result can be given, because the fault is on our side (an *OwnFault), or because ctx was cancelled: that is
	// our own shutdown. ctx always has a deadline, the end of the check; a check that reaches it is a Result with
	// TimedOut. Run returns soon after ctx ends, and leaves no goroutine and no connection behind but what Close
	// of the check or the probe will end.
	Run(ctx context.Context) (Result, error)
}

// Result is what one check saw.
type Result struct {
	Title    string    // the concrete event type, such as HTTPProbeEvent
	Began    time.Time // when the check began, with its monotonic reading
	Took     time.Duration
	Timings  Timings    // add up to Took
	IP       netip.Addr // the address that was really used; the zero Addr if none was
	Reason   Reason
	Error    string // what happened, for people; empty if Reason is OK. Holds no secret
	TimedOut bool   // the check failed by time: if this process was stopped meanwhile, it is our own fault
	Details  any    // marshals to the JSON object of the fields that Title adds to ProbeEvent
}

// Up tells whether the target did what was expected of it.
func (r Result) Up() bool { return r.Reason == OK }

// Reason says in a word why a target is up or down.
type Reason string

// The reasons, in the order in which a check can meet them.
const (
	OK          Reason = "ok"          // it did what was expected
	DNS         Reason = "dns"         // its name does not exist or could not be resolved
	Refused     Reason = "refused"     // nothing listens at the port
	Unreachable Reason = "unreachable" // a router or host said that there is no way to it
	Timeout     Reason = "timeout"     // it did not answer in time
	Reset       Reason = "reset"       // it broke the connection off
	TLS         Reason = "tls"         // the TLS handshake failed
	Certificate Reason = "certificate" // its certificate is expired, for another name or from an unknown authority
	Protocol    Reason = "protocol"    // what it said is not the protocol
	Status      Reason = "status"      // it answered with a status that was not expected
	Body        Reason = "body"        // what it sent does not match
	Redirect    Reason = "redirect"    // too many redirects, or one that leads nowhere
	Loss        Reason = "loss"        // more packets were lost than allowed
)
