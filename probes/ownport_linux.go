package probes

import (
	"fmt"
	"os"
	"sync"
)

// lowestOwnPort is the lowest port that the kernel chooses as our own.
var lowestOwnPort = sync.OnceValue(func() uint16 {
	const any = 1 // if it cannot be known
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return any
	}
	var lowest uint16
	if _, err := fmt.Sscan(string(text), &lowest); err != nil {
		return any
	}
	return lowest
})
