//go:build unix

package probes

import "syscall"

// verdictOf says what an error number means. Linux hands out ENOPROTOOPT and EPROTO when a host answers that it
// does not speak TCP at all, EAGAIN when a datagram socket finds no free local port, and ENOSPC when it watches no more
// sockets for us.
func verdictOf(number syscall.Errno) (v verdict, known bool) {
	switch number {
	case syscall.ECONNREFUSED:
		return refused, true
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENOPROTOOPT, syscall.EPROTO:
		return unreachable, true
	case syscall.ENETUNREACH:
		return noRoute, true
	case syscall.EACCES:
		return prohibited, true
	case syscall.EPERM:
		return forbidden, true
	case syscall.EADDRNOTAVAIL:
		return noAddress, true
	case syscall.EADDRINUSE, syscall.EAGAIN:
		return noPort, true
	case syscall.EAFNOSUPPORT:
		return noFamily, true
	case syscall.ENETDOWN:
		return linkDown, true
	case syscall.ETIMEDOUT:
		return answeredLate, true
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, syscall.ENETRESET, syscall.ENOTCONN:
		return reset, true
	case syscall.EMFILE, syscall.ENFILE:
		return noFiles, true
	case syscall.ENOBUFS, syscall.ENOMEM, syscall.ENOSPC:
		return noMemory, true
	}
	return verdict{}, false
}
