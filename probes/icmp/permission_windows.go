package icmp

import (
	"errors"

	"golang.org/x/sys/windows"
)

// openDatagram says what Windows does not have.
func openDatagram(family) (wire, error) { return nil, errors.New("not on Windows") }

func noFamily(err error) bool { return errors.Is(err, windows.WSAEAFNOSUPPORT) }

func denied(err error) bool {
	return errors.Is(err, windows.WSAEACCES) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// whatIsMissing says what this process lacks to open a socket.
func whatIsMissing(error) string {
	return "Windows lets administrators alone open the raw socket that is needed; run uptimer as Administrator or as a service of the system"
}
