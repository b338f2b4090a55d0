package icmp

import (
	"errors"
	"fmt"
)

// errNoFamily says that this machine does not have a version of IP at all.
var errNoFamily = errors.New("this machine does not have that version of IP")

// errDenied says that this machine does not let this process open an ICMP socket.
var errDenied = errors.New("not permitted")

// open opens the socket that this machine permits: a datagram socket, which needs no privilege, else a raw one.
func open(f family) (wire, error) {
	w, datagramErr := openDatagram(f)
	if datagramErr == nil {
		return w, nil
	}
	w, rawErr := openRaw(f)
	switch {
	case rawErr == nil:
		return w, nil
	case noFamily(rawErr):
		return nil, fmt.Errorf("pinging %s addresses: %w", f.name, errNoFamily)
	case denied(rawErr):
		return nil, fmt.Errorf("pinging %s addresses is %w: %s", f.name, errDenied, whatIsMissing(datagramErr))
	}
	return nil, fmt.Errorf("opening an ICMP socket for %s: as a datagram socket: %w; as a raw socket: %w", f.name, datagramErr, rawErr)
}
