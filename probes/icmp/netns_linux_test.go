package icmp

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// childTask is what this process is to do as a child of inOwnNetwork, empty if it is none.
func childTask() string { return os.Getenv("UPTIMER_TEST_CHILD") }

// inOwnNetwork runs a test of this binary in a network of its own, in which there is only a loopback that is down.
// Where this machine does not permit that, the test is skipped, but not in continuous integration.
func inOwnNetwork(t *testing.T, name, task string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+name+"$", "-test.v", "-test.timeout=2m")
	child.Env = append(os.Environ(), "UPTIMER_TEST_CHILD="+task, "GORACE=atexit_sleep_ms=0")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	switch text := string(out); {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC):
		notPermitted(t, "a network namespace of our own (run as root, or allow user namespaces)", err)
	case err == nil && strings.Contains(text, "--- SKIP: "+name):
		t.Skip(text)
	case err != nil || !strings.Contains(text, "--- PASS: "+name):
		t.Errorf("%v\n%s", err, text)
	}
}

// notPermitted skips a test for what this machine does not permit.
func notPermitted(t *testing.T, what string, err error) {
	t.Helper()
	text := "this machine does not permit " + what + ": " + err.Error()
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// permit makes the network's own kernel permit one kind of socket: datagram, or else raw alone, as it does from the
// beginning.
func permit(t *testing.T, datagram bool) {
	t.Helper()
	everybody := "0 2147483647"
	if datagram && os.WriteFile(groupRange, []byte(everybody), 0o644) != nil {
		setKernel(t, "ipv4/ping_group_range", "0 0") // in a user namespace there may be no other groups
	}
}

// setKernel sets a parameter of the network's own kernel.
func setKernel(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0o644); err != nil {
		notPermitted(t, "to set a kernel parameter, not even in a network of our own", err)
	}
}

// mute switches the kernel's own answers off or on.
func mute(t *testing.T, on bool) {
	t.Helper()
	value := "0"
	if on {
		value = "1"
	}
	setKernel(t, "ipv4/icmp_echo_ignore_all", value)
	setKernel(t, "ipv6/icmp/echo_ignore_all", value)
}

// linkUp switches a network interface on.
func linkUp(t *testing.T, name string) {
	t.Helper()
	request, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	configure(t, unix.SIOCSIFFLAGS, request)
}

// setAddress gives a network interface an IPv4 address.
func setAddress(t *testing.T, name, addr string) {
	t.Helper()
	request, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := request.SetInet4Addr(netip.MustParseAddr(addr).AsSlice()); err != nil {
		t.Fatal(err)
	}
	configure(t, unix.SIOCSIFADDR, request)
}

func configure(t *testing.T, what uint, request *unix.Ifreq) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, what, request); err != nil {
		t.Fatal(err)
	}
}

// addRoute adds a route of a kind (unix.RTN_…) to one address; through an interface if link is not zero.
func addRoute(t *testing.T, to netip.Addr, kind uint8, link uint32) {
	t.Helper()
	family := uint8(unix.AF_INET)
	if to.Is6() {
		family = unix.AF_INET6
	}
	body := []byte{family, uint8(to.BitLen()), 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, kind, 0, 0, 0, 0}
	body = appendAttribute(body, unix.RTA_DST, to.AsSlice())
	if link != 0 {
		body = appendAttribute(body, unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, link))
	}
	message := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	message = binary.NativeEndian.AppendUint16(message, unix.RTM_NEWROUTE)
	message = binary.NativeEndian.AppendUint16(message, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE)
	message = append(append(message, make([]byte, 8)...), body...)

	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil || n < unix.SizeofNlMsghdr+4 {
		t.Fatal(n, err)
	}
	if code := -int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 {
		t.Fatalf("adding a route to %s: %v", to, syscall.Errno(code))
	}
}

func appendAttribute(message []byte, kind uint16, value []byte) []byte {
	message = binary.NativeEndian.AppendUint16(message, uint16(unix.SizeofRtAttr+len(value)))
	return append(binary.NativeEndian.AppendUint16(message, kind), value...)
}
