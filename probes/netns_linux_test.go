package probes

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inOwnNetwork runs a test of this binary in a network of its own, in which there is only a loopback that is down.
// Where this machine does not permit that, the test is skipped, but not in continuous integration.
func inOwnNetwork(t *testing.T, name, task string) {
	t.Helper()
	child := childTest(name, task)
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		text := "this machine does not permit a network namespace of our own (run as root, or allow user namespaces): " + err.Error()
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	judge(t, name, out, err)
}

// linkUp switches a network interface on.
func linkUp(t *testing.T, name string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
		t.Fatal(err)
	}
}

// addRoute adds a route of a kind (unix.RTN_…) to one address; through an interface if link is not zero.
func addRoute(t *testing.T, to string, kind uint8, link uint32) {
	t.Helper()
	addr := netip.MustParseAddr(to)
	family := uint8(unix.AF_INET)
	if addr.Is6() {
		family = unix.AF_INET6
	}
	body := []byte{family, uint8(addr.BitLen()), 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, kind, 0, 0, 0, 0}
	body = appendAttribute(body, unix.RTA_DST, addr.AsSlice())
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

// setKernel sets a parameter of the network's own kernel.
func setKernel(t *testing.T, name, value string) {
	t.Helper()
	err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0o644)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip("this machine does not permit to set a kernel parameter, not even in a network of our own: " + err.Error())
	}
}
