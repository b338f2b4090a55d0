package nettest

import (
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// NewLink makes a network interface of a kind (unix.IFF_TUN or unix.IFF_TAP), which is down and has no address. What
// the kernel sends through it is read from the file, and what is written to the file comes in through it. Closing the
// file removes the interface and ends a read. Where this machine does not permit that, see NotPermitted.
func NewLink(t testing.TB, name string, kind uint16) *os.File {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		NotPermitted(t, "to open /dev/net/tun", err)
	}
	request := newRequest(t, name)
	request.SetUint16(kind | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		NotPermitted(t, "a network interface of our own", err)
	}
	return os.NewFile(uintptr(fd), name)
}

// LinkUp switches a network interface on.
func LinkUp(t testing.TB, name string) {
	t.Helper()
	request := newRequest(t, name)
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	configure(t, unix.SIOCSIFFLAGS, request)
}

// SetAddress gives a network interface an IPv4 address, and with it the network of that address's class.
func SetAddress(t testing.TB, name, addr string) {
	t.Helper()
	request := newRequest(t, name)
	if err := request.SetInet4Addr(netip.MustParseAddr(addr).AsSlice()); err != nil {
		t.Fatal(err)
	}
	configure(t, unix.SIOCSIFADDR, request)
}

func newRequest(t testing.TB, name string) *unix.Ifreq {
	t.Helper()
	request, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func configure(t testing.TB, what uint, request *unix.Ifreq) {
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
