package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// muteAddress is an address on loopback that does not answer who wants to connect: the queue of those who wait to be
// accepted is full, and nobody accepts.
func muteAddress(t *testing.T, ip [4]byte) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: ip}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	mute := netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(name.(*syscall.SockaddrInet4).Port))
	for refused := 0; refused < 3; { // once may be our own lateness
		conn, err := net.DialTimeout("tcp", mute.String(), 200*time.Millisecond)
		if err != nil {
			refused++
			continue
		}
		refused = 0
		t.Cleanup(func() { _ = conn.Close() })
	}
	return mute
}

// An address that never answers would eat all the time, so that the living one after it is never tried. Seen to
// fail when the first address is given all the time.
func TestDialSharesTheTime(t *testing.T) {
	var mute netip.AddrPort
	for range 10 {
		mute = muteAddress(t, [4]byte{127, 0, 0, 2})
		living, err := net.Listen("tcp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), mute.Port()).String())
		if err == nil {
			defer living.Close()
			break
		}
		// Another program has that port; if it always does, the dial below fails.
	}
	began := time.Now()
	conn, addr, err := Dial(within(t, 4*time.Second), addresses("127.0.0.2", "127.0.0.1"), mute.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if took := time.Since(began); addr.String() != "127.0.0.1" || took < 1900*time.Millisecond {
		t.Errorf("got %v after %v, want 127.0.0.1 after half the time", addr, took)
	}
}

// A target that does not answer would be called anything but timed out, or be given no time at all.
func TestDialTimesOut(t *testing.T) {
	mute := muteAddress(t, [4]byte{127, 0, 0, 2})
	began := time.Now()
	_, addr, err := Dial(within(t, 300*time.Millisecond), addresses("127.0.0.2", "127.0.0.2"), mute.Port())
	wantFailure(t, err, Failure{Timeout, "connecting to " + mute.String() + ": no answer in time", true})
	if took := time.Since(began); addr != mute.Addr() || took < 290*time.Millisecond || took > 20*time.Second {
		t.Errorf("got %v after %v", addr, took)
	}
}

// The end of the program would wait for a target that does not answer, or report it as down.
func TestDialEndsWhenCancelled(t *testing.T) {
	mute := muteAddress(t, [4]byte{127, 0, 0, 2})
	ctx, cancel := context.WithCancel(within(t, time.Minute))
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	_, _, err := Dial(ctx, addresses("127.0.0.2", "127.0.0.2"), mute.Port())
	if took := time.Since(began); !errors.Is(err, context.Canceled) || took > 20*time.Second {
		t.Errorf("got %v after %v", err, took)
	}
}
