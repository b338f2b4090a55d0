//go:build unix

package probes

import (
	"net"
	"os"
	"syscall"
	"testing"
)

// A number of the operating system would be blamed on the wrong side.
func TestExplainErrorNumbers(t *testing.T) {
	for number, want := range map[syscall.Errno]Failure{
		syscall.ECONNREFUSED: {Refused, "x: connection refused", false},
		syscall.EHOSTUNREACH: {Unreachable, "x: host unreachable", false},
		syscall.EHOSTDOWN:    {Unreachable, "x: host unreachable", false},
		syscall.ETIMEDOUT:    {Timeout, "x: no answer in time", true},
		syscall.ECONNRESET:   {Reset, "x: connection reset", false},
		syscall.EPIPE:        {Reset, "x: connection reset", false},
		syscall.ECONNABORTED: {Reset, "x: connection reset", false},
		syscall.EINVAL:       {Protocol, "x: " + syscall.EINVAL.Error(), false},
	} {
		wantFailure(t, Explain(t.Context(), "x", os.NewSyscallError("connect", number)), want)
	}
	for number, want := range map[syscall.Errno]Cause{
		syscall.ENETUNREACH:   CauseRoute,
		syscall.ENETDOWN:      CauseRoute,
		syscall.EAFNOSUPPORT:  CauseRoute,
		syscall.EMFILE:        CauseDescriptors,
		syscall.ENFILE:        CauseDescriptors,
		syscall.ENOBUFS:       CauseBuffers,
		syscall.ENOMEM:        CauseBuffers,
		syscall.ENOSPC:        CauseBuffers,
		syscall.EADDRNOTAVAIL: CausePorts,
		syscall.EADDRINUSE:    CausePorts,
		syscall.EAGAIN:        CausePorts,
		syscall.EACCES:        CausePermission,
		syscall.EPERM:         CausePermission,
	} {
		wantOwnFault(t, Explain(t.Context(), "x", os.NewSyscallError("connect", number)), want)
	}
}

// A router's word that a network is unreachable would be taken for our own trouble, or the other way round: loopback
// has a route, so it can only have been a router.
func TestExplainAsksForTheRoute(t *testing.T) {
	remote := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	err := &net.OpError{Op: "dial", Net: "tcp", Addr: remote, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	wantFailure(t, Explain(t.Context(), "x", err), Failure{Unreachable, "x: network unreachable, says a router on the way", false})
	err.Err = os.NewSyscallError("connect", syscall.EACCES)
	wantOwnFault(t, Explain(t.Context(), "x", err), CausePermission)
	err.Err = os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)
	wantOwnFault(t, Explain(t.Context(), "x", err), CausePorts)
}
