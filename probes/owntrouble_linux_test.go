package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/internal/servertest"
)

// dialing is the error of dialing an address.
func dialing(t *testing.T, text string) error {
	t.Helper()
	remote := netip.MustParseAddrPort(text)
	conn, _, err := Dial(within(t, 10*time.Second), []netip.Addr{remote.Addr()}, remote.Port())
	if err == nil {
		_ = conn.Close()
	}
	return err
}

func asking(t *testing.T, server string) error {
	t.Helper()
	_, err := resolverOf(server, time.Hour).Lookup(within(t, 10*time.Second), "both.example", FamilyAny)
	return err
}

// Targets would be down because this machine has no way to them. Seen to fail when Explain calls every unreachable
// network an outage.
func TestNoRouteIsNoOutage(t *testing.T) { nettest.InOwnNetwork(t, "TestChildNoRoute", "route") }

// TestChildNoRoute is the child of TestNoRouteIsNoOutage.
func TestChildNoRoute(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	wantOwnFault(t, dialing(t, "127.0.0.1:9"), CauseRoute) // the loopback is down
	nettest.LinkUp(t, "lo")
	wantFailure(t, dialing(t, "127.0.0.1:9"), Failure{Refused, "connecting to 127.0.0.1:9: connection refused", false})
	wantOwnFault(t, dialing(t, "192.0.2.7:9"), CauseRoute)
	wantOwnFault(t, dialing(t, "[2001:db8::7]:9"), CauseRoute)
	wantOwnFault(t, asking(t, "192.0.2.53:53"), CauseRoute)
	nettest.SetKernel(t, "ipv6/conf/lo/disable_ipv6", "1")
	wantOwnFault(t, dialing(t, "[::1]:9"), CauseRoute)
}

// A port that nobody listens at would be up: the kernel may choose that very port as our own, and then connects us to
// ourselves. Seen to fail when a connection is not asked whether both of its ends are the same.
func TestOwnEndIsNoTarget(t *testing.T) {
	nettest.InOwnNetwork(t, "TestChildConnectsToItself", "itself")
}

// TestChildConnectsToItself is the child of TestOwnEndIsNoTarget.
func TestChildConnectsToItself(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	nettest.LinkUp(t, "lo")
	for i, host := range []string{"127.0.0.1", "[::1]", "0.0.0.0", "[::]"} {
		port := strconv.Itoa(40000 + i) // the one before is still in use
		nettest.SetKernel(t, "ipv4/ip_local_port_range", port+" "+port)
		address := host + ":" + port
		wantFailure(t, dialing(t, address), Failure{Refused, "connecting to " + address + ": connection refused", false})
	}
}

// A service would be down because one of its addresses is of a family that this machine does not have; or its real
// outage would be hidden by that.
func TestNoRouteOfOneFamily(t *testing.T) { nettest.InOwnNetwork(t, "TestChildOneFamily", "family") }

// TestChildOneFamily is the child of TestNoRouteOfOneFamily.
func TestChildOneFamily(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	nettest.LinkUp(t, "lo")
	_, addr, err := Dial(within(t, 10*time.Second), addresses("2001:db8::7", "127.0.0.1"), 9)
	wantFailure(t, err, Failure{Refused, "connecting to 127.0.0.1:9: connection refused", false})
	if addr.String() != "127.0.0.1" {
		t.Errorf("the failure is put on %v", addr)
	}
}

// Targets would be down because the administrator of this machine does not let us reach them. That a host is said to
// be unreachable is an outage all the same.
func TestNoPermissionIsNoOutage(t *testing.T) {
	nettest.InOwnNetwork(t, "TestChildNoPermission", "permission")
}

// TestChildNoPermission is the child of TestNoPermissionIsNoOutage.
func TestChildNoPermission(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	nettest.LinkUp(t, "lo")
	nettest.AddRoute(t, netip.MustParseAddr("192.0.2.8"), unix.RTN_PROHIBIT, 0)
	nettest.AddRoute(t, netip.MustParseAddr("2001:db8::8"), unix.RTN_PROHIBIT, 0)
	nettest.AddRoute(t, netip.MustParseAddr("192.0.2.9"), unix.RTN_UNREACHABLE, 0)
	wantOwnFault(t, dialing(t, "192.0.2.8:9"), CausePermission)
	wantOwnFault(t, dialing(t, "[2001:db8::8]:9"), CausePermission)
	wantOwnFault(t, asking(t, "192.0.2.8:53"), CausePermission)
	wantFailure(t, dialing(t, "192.0.2.9:9"), Failure{Unreachable, "connecting to 192.0.2.9:9: host unreachable", false})
}

// Targets would be down because this machine has used up its local ports. Seen to fail when EADDRNOTAVAIL is no own
// fault.
func TestNoPortIsNoOutage(t *testing.T) { nettest.InOwnNetwork(t, "TestChildNoPort", "ports") }

// TestChildNoPort is the child of TestNoPortIsNoOutage.
func TestChildNoPort(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	nettest.LinkUp(t, "lo")
	nettest.SetKernel(t, "ipv4/ip_local_port_range", "40000 40000")
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	remote := listener.Addr().(*net.TCPAddr).AddrPort()
	conn, _, err := Dial(within(t, 10*time.Second), []netip.Addr{remote.Addr()}, remote.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantOwnFault(t, dialing(t, remote.String()), CausePorts)

	taken, err := net.Dial("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	wantOwnFault(t, asking(t, "127.0.0.1:53"), CausePorts)
}

// Targets would be down because this process has too many files open. Seen to fail when EMFILE is no own fault.
func TestNoDescriptorIsNoOutage(t *testing.T) {
	out, err := nettest.Child("TestChildNoDescriptor", "descriptors").CombinedOutput()
	nettest.Judge(t, "TestChildNoDescriptor", out, err)
}

// TestChildNoDescriptor is the child of TestNoDescriptorIsNoOutage.
func TestChildNoDescriptor(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	server := netip.MustParseAddrPort(servertest.Serve(t, func(net.Conn) {}))
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	for {
		file, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
	}
	wantOwnFault(t, dialing(t, server.String()), CauseDescriptors)
	wantOwnFault(t, asking(t, "127.0.0.1:53"), CauseDescriptors)
	wantOwnFault(t, asking(t, ""), CauseDescriptors)
	unknowable := &net.OpError{Op: "dial", Addr: net.TCPAddrFromAddrPort(server), Err: syscall.ENETUNREACH}
	wantOwnFault(t, Explain(context.Background(), "x", unknowable), CauseRoute)
}
