package probes

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// verdict is what an error number of the operating system means: the target is to blame for reason, or we for cause.
type verdict struct {
	reason Reason
	cause  Cause
	text   string
}

// The verdicts. Each system has its own numbers for them, see verdictOf.
var (
	refused      = verdict{reason: Refused, text: "connection refused"}
	unreachable  = verdict{reason: Unreachable, text: "host unreachable"}
	answeredLate = verdict{reason: Timeout, text: "no answer in time"}
	reset        = verdict{reason: Reset, text: "connection reset"}

	noRoute    = verdict{cause: CauseRoute, text: "this machine has no route to that address"}
	noFamily   = verdict{cause: CauseRoute, text: "this machine has no address of that family"}
	linkDown   = verdict{cause: CauseRoute, text: "the network of this machine is down"}
	prohibited = verdict{cause: CausePermission, text: "the routes of this machine prohibit it"}
	forbidden  = verdict{cause: CausePermission, text: "this machine does not permit it"}
	noAddress  = verdict{cause: CausePorts, text: "no free local port for that address"}
	noPort     = verdict{cause: CausePorts, text: "no free local port"}
	noFiles    = verdict{cause: CauseDescriptors, text: "no file descriptors left; raise the limit of open files (ulimit -n)"}
	noMemory   = verdict{cause: CauseBuffers, text: "no memory or socket buffers left"}
)

// explainErrno explains an error number that concerns the address remote; the zero AddrPort if it is not known.
func explainErrno(doing string, number syscall.Errno, remote netip.AddrPort) error {
	v, known := verdictOf(number)
	switch {
	case known:
	case remote.IsValid() && errors.Is(wayTo(remote), number):
		v = noRoute // a route that leads nowhere has numbers of its own: EINVAL for Linux's blackhole
	default:
		return &Failure{Reason: Protocol, Text: doing + ": " + number.Error()}
	}
	if remote.IsValid() {
		v = v.locate(number, remote)
	}
	if v.cause != "" {
		return &OwnFault{v.cause, fmt.Errorf("%s: %s: %w", doing, v.text, number)}
	}
	return &Failure{Reason: v.reason, Text: doing + ": " + v.text, TimedOut: v.reason == Timeout}
}

// locate decides between here and far away where a number can mean both.
func (v verdict) locate(number syscall.Errno, remote netip.AddrPort) verdict {
	switch v {
	case noRoute:
		if wayTo(remote) == nil {
			return verdict{reason: Unreachable, text: "network unreachable, says a router on the way"}
		}
	case prohibited:
		// In IPv6 a firewall far away says so too: it is the answer of many to a port that is closed.
		if remote.Addr().Is6() && wayTo(remote) == nil {
			return verdict{reason: Unreachable, text: "prohibited, says a firewall on the way"}
		}
	case noAddress:
		// Where the loopback has no IPv6 address, Linux answers as if ports were missing.
		if errors.Is(wayTo(remote), number) {
			return noFamily
		}
	}
	return v
}

// wayTo is the error, if any, with which this machine itself refuses to send anything to an address. Connecting a
// datagram socket asks for the route and sends nothing.
func wayTo(remote netip.AddrPort) error {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(remote))
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// remoteOf is the address that an operation was about, the zero AddrPort if it is not known.
func remoteOf(err error) (remote netip.AddrPort) {
	var op *net.OpError
	if !errors.As(err, &op) {
		return remote
	}
	switch a := op.Addr.(type) {
	case *net.TCPAddr:
		remote = a.AddrPort()
	case *net.UDPAddr:
		remote = a.AddrPort()
	case *net.IPAddr:
		addr, _ := netip.AddrFromSlice(a.IP)
		remote = netip.AddrPortFrom(addr.WithZone(a.Zone), discardPort)
	}
	if remote.Addr().Is4In6() {
		remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	return remote
}

// discardPort stands in where an address has no port. Nothing is sent to it.
const discardPort = 9
