package probes

import (
	"net"
	"time"
)

// Arrival is when what was read last from a TCP connection of Dial or Connect came to this machine, if that is known, and
// now if not, or if that read failed. On a machine that is busy it lies there for a while until it is read, and that
// time is not the target's.
func Arrival(conn net.Conn) time.Time {
	if c, ok := conn.(interface{ arrival() time.Time }); ok {
		if at := c.arrival(); !at.IsZero() {
			return at
		}
	}
	return time.Now()
}
