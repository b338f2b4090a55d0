package icmp

import (
	"os"
	"testing"

	"github.com/uptimer/uptimer/internal/nettest"
)

// permit makes the network's own kernel permit one kind of socket: datagram, or else raw alone, as it does from the
// beginning.
func permit(t *testing.T, datagram bool) {
	t.Helper()
	everybody := "0 2147483647"
	if datagram && os.WriteFile(groupRange, []byte(everybody), 0o644) != nil {
		nettest.SetKernel(t, "ipv4/ping_group_range", "0 0") // in a user namespace there may be no other groups
	}
}

// mute switches the kernel's own answers off or on.
func mute(t *testing.T, on bool) {
	t.Helper()
	value := "0"
	if on {
		value = "1"
	}
	nettest.SetKernel(t, "ipv4/icmp_echo_ignore_all", value)
	nettest.SetKernel(t, "ipv6/icmp/echo_ignore_all", value)
}
