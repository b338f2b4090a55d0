package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/uptimer/uptimer/probes"
)

// Check checks one port. What it shares with others is in options.
type Check struct {
	probe   *Probe
	options *options
	host    string
	port    uint16
}

// Details are the fields that TCPProbeEvent adds to ProbeEvent. A nil pointer is null.
type Details struct {
	probes.TLSDetails
	MatchesExpect *bool `json:"matches_expect"` // nil if nothing was expected, or it did not come to talking
}

// AppendFields writes them as events.FieldsAppender says.
func (d Details) AppendFields(to []byte) []byte {
	return probes.AppendOptional(append(d.AppendTLS(to), `,"matches_expect":`...), d.MatchesExpect, strconv.AppendBool)
}

// run is one run of a check.
type run struct {
	check   *Check
	watch   probes.Stopwatch
	ip      netip.Addr
	socket  net.Conn
	conn    net.Conn // what is read and written: the socket, or TLS over it
	details Details
}

// Run checks once: it connects, shakes hands, sends and waits for what is expected, as far as that is asked for.
func (c *Check) Run(ctx context.Context) (probes.Result, error) {
	r := run{check: c, watch: probes.StartStopwatch()}
	defer func() {
		if r.socket != nil {
			_ = r.socket.Close() // again, or in a panic
		}
	}()
	err := r.connect(ctx)
	if err == nil && (len(c.options.send) > 0 || c.options.expect != nil) {
		err = r.talk(ctx)
	}
	r.watch.Stop()
	if r.socket != nil {
		r.hangUp()
	}
	details := r.details // alone, so that a result does not keep the run
	return probes.NewResult(Title, &r.watch, r.ip, err, &details)
}

// connect opens the connection, with TLS if that is asked for.
func (r *run) connect(ctx context.Context) (err error) {
	c, o := r.check, r.check.options
	r.socket, r.ip, err = c.probe.resolver.Connect(ctx, &r.watch, c.host, c.port, o.family)
	r.conn = r.socket
	if err != nil || !o.tls {
		return err
	}
	secured, state, err := probes.Handshake(ctx, ownDeadline{r.socket}, c.host, o.verify, nil)
	r.watch.Lap(probes.PhaseTLS)
	r.details.Secured(&state)
	if err == nil {
		r.conn = secured
	}
	return err
}

// talk sends what is to be sent and waits for what is expected.
func (r *run) talk(ctx context.Context) error {
	defer probes.Bind(ctx, r.socket)()
	err := r.send(ctx)
	if r.check.options.expect == nil {
		return err
	}
	matches := false
	r.details.MatchesExpect = &matches
	if failure := failureOf(err); err != nil && (failure == nil || failure.Reason != probes.Reset) {
		return err
	}
	l := listener{run: r, refused: err}
	defer l.release()
	matches, err = l.listen(ctx)
	return err
}

// send sends what is to be sent, if there is any.
func (r *run) send(ctx context.Context) error {
	text := r.check.options.send
	if len(text) == 0 {
		return nil
	}
	_, err := r.conn.Write(text)
	r.watch.Lap(probes.PhaseSend)
	if err == nil {
		return nil
	}
	doing := fmt.Sprintf("sending %d bytes to %s", len(text), r.check.server())
	err = probes.Explain(ctx, doing, err)
	if failure := failureOf(err); failure != nil && failure.TimedOut {
		return &probes.Failure{Reason: probes.Timeout, Text: doing + ": it did not take them all in time", TimedOut: true}
	}
	return err
}

// failureOf is the failure that an error is, or nil.
func failureOf(err error) *probes.Failure {
	var failure *probes.Failure
	if errors.As(err, &failure) {
		return failure
	}
	return nil
}

// server is the target as errors name it.
func (c *Check) server() string { return net.JoinHostPort(c.host, strconv.Itoa(int(c.port))) }
