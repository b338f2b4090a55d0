package probes

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// verdictOf says what an error number means.
func verdictOf(number syscall.Errno) (v verdict, known bool) {
	switch number {
	case windows.WSAECONNREFUSED, windows.ERROR_CONNECTION_REFUSED:
		return refused, true
	case windows.WSAEHOSTUNREACH, windows.WSAEHOSTDOWN, windows.ERROR_HOST_UNREACHABLE:
		return unreachable, true
	case windows.WSAENETUNREACH, windows.ERROR_NETWORK_UNREACHABLE:
		return noRoute, true
	case windows.WSAEACCES, windows.ERROR_ACCESS_DENIED:
		return forbidden, true
	case windows.WSAEADDRNOTAVAIL:
		return noAddress, true
	case windows.WSAEADDRINUSE:
		return noPort, true
	case windows.WSAEAFNOSUPPORT:
		return noFamily, true
	case windows.WSAENETDOWN:
		return linkDown, true
	case windows.WSAETIMEDOUT, windows.ERROR_SEM_TIMEOUT:
		return answeredLate, true
	case windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENETRESET, windows.WSAESHUTDOWN, windows.WSAENOTCONN,
		windows.ERROR_NETNAME_DELETED, windows.ERROR_BROKEN_PIPE:
		return reset, true
	case windows.WSAEMFILE, windows.ERROR_TOO_MANY_OPEN_FILES:
		return noFiles, true
	case windows.WSAENOBUFS, windows.ERROR_NOT_ENOUGH_MEMORY:
		return noMemory, true
	}
	return verdict{}, false
}
