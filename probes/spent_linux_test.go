package probes

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// visit is a connection to a listener from begin to end: the other end writes a text and ends, or does what then does
// instead, and we read as much as wanted. It returns the kernel's name of our socket, and our port.
func visit(t *testing.T, listener *net.TCPListener, text string, want int, then func(s *socket, other *net.TCPConn)) (socketName string, port uint16) {
	t.Helper()
	conn, err := connect(within(t, unhurried.Patience), listener.Addr().(*net.TCPAddr).AddrPort(), noDeadline)
	if err != nil {
		t.Fatal(err)
	}
	s := conn.(*socket)
	defer s.Close()
	other, err := listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_ = s.SetDeadline(time.Now().Add(unhurried.Patience))
	ask(t, s)
	if _, err := io.ReadFull(other, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := other.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	untilBothHaveCome(t, s.fd, len(text))
	got := make([]byte, want)
	if _, err := io.ReadFull(s, got); err != nil || string(got) != text[:want] {
		t.Fatalf("read %q, %v; want %q", got, err, text[:want])
	}
	if then != nil {
		then(s, other)
	}
	if socketName, err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.fd)); err != nil {
		t.Fatal(err)
	}
	return socketName, netip.MustParseAddrPort(other.RemoteAddr().String()).Port()
}

func ask(t *testing.T, to io.Writer) {
	t.Helper()
	if _, err := to.Write([]byte("?")); err != nil {
		t.Fatal(err)
	}
}

// untilBothHaveCome waits until so many bytes and the end of the other side are here.
func untilBothHaveCome(t *testing.T, fd, bytes int) {
	t.Helper()
	unhurried.Until(t, "answer and end have come", func() bool {
		here, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
		info, noInfo := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		const closeWait = 8
		return err == nil && noInfo == nil && here >= bytes && info.State == closeWait
	})
}

func listen(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	tcp := listener.(*net.TCPListener)
	_ = tcp.SetDeadline(time.Now().Add(unhurried.Patience))
	return tcp
}

// Each check would take a socket of its own, or two checks would share a connection. Whatever happened to a connection
// must not be seen by the next one.
func TestASocketIsConnectedAgain(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		for name, test := range map[string]struct {
			want int // bytes that are read
			then func(*socket, *net.TCPConn)
		}{
			"all read":       {3, nil},
			"all read twice": {3, func(s *socket, _ *net.TCPConn) { _, _ = s.Read(make([]byte, 1)) }},
			"not all read":   {1, nil},
			"reset at the end": {3, func(s *socket, other *net.TCPConn) {
				_ = other.SetLinger(0)
				_ = other.Close()
				unhurried.Until(t, "it is reset", func() bool { return isOver(s.fd) })
			}},
			"Nagle's algorithm off": {3, func(s *socket, _ *net.TCPConn) { ask(t, s) }},
		} {
			t.Run(name+" at "+address, func(t *testing.T) {
				listener := listen(t, address)
				hold(t)
				first, port := visit(t, listener, "old", test.want, test.then)
				second, otherPort := visit(t, listener, "new", 3, nil)
				if second != first || otherPort == port {
					t.Errorf("%s and then %s, port %d and then %d; want the same socket, and two ports", first, second, port, otherPort)
				}
			})
		}
	}
}

// hold keeps the poller at work until the test ends, with no socket kept at first.
func hold(t *testing.T) {
	t.Helper()
	least, most := leastSpent, mostSpent
	t.Cleanup(func() { leastSpent, mostSpent = least, most })
	leastSpent, mostSpent = 1, func() int { return 64 }
	connected(t)
	allSockets.keepNone()
}

// kept is how many sockets are kept.
func kept() (n int) {
	changeSpent(func(list []spentSocket) []spentSocket { n = len(list); return list })
	return n
}

// changeSpent changes which they are.
func changeSpent(how func([]spentSocket) []spentSocket) {
	allSockets.mu.Lock()
	defer allSockets.mu.Unlock()
	allSockets.spent = how(allSockets.spent)
}

// A target that knew which check goes on with the sequence numbers of its connection could forge an answer to that one.
// Seen to fail when the oldest is taken, and the newest.
func TestNobodyKnowsWhichSocketIsTaken(t *testing.T) {
	if leastSpent < 256 {
		t.Errorf("one of %d is taken, which is soon guessed", leastSpent)
	}
	hold(t)
	const sockets, rounds = 8, 40
	places := map[int]bool{}
	for range rounds {
		var fds []int
		for range sockets {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			fds = append(fds, fd)
			changeSpent(func(list []spentSocket) []spentSocket {
				return append(list, spentSocket{fd, unix.AF_INET, math.MaxInt - 1}) // for longer than the test takes
			})
		}
		fd, ok := allSockets.take(unix.AF_INET)
		if !ok {
			t.Fatal("none is taken")
		}
		places[slices.Index(fds, fd)] = true
		changeSpent(func([]spentSocket) []spentSocket { return nil })
		for _, fd := range fds {
			hangUp(fd)
		}
	}
	if len(places) < sockets/2 {
		t.Errorf("of %d places only %v were taken from, in %d rounds", sockets, places, rounds)
	}
}

// The kernel would forget a connection of which the other end does not know yet that it is over.
func TestASocketIsKeptUntilItsConnectionIsOver(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	hold(t)
	conn, err := connect(t.Context(), listener.Addr().(*net.TCPAddr).AddrPort(), noDeadline)
	if err != nil {
		t.Fatal(err)
	}
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := conn.(*socket)
	s.left, s.stamps = true, true // which is not true
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if fd, ok := allSockets.take(unix.AF_INET); ok {
		t.Errorf("got %d, whose other end has not ended", fd)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	unhurried.Until(t, "the connection is over", func() bool { return isOver(s.fd) })
	if _, ok := allSockets.take(unix.AF_INET6); ok {
		t.Error("got a socket of IPv4 for IPv6")
	}
	changeSpent(func(list []spentSocket) []spentSocket {
		return append(list, spentSocket{-1, unix.AF_INET, math.MaxInt}) // is never over
	})
	leastSpent = 3
	if fd, ok := allSockets.take(unix.AF_INET); ok {
		t.Errorf("got %d of too few", fd)
	}
	leastSpent = 1
	for range 1000 { // either of the two is looked at
		if fd, ok := allSockets.take(unix.AF_INET); ok && fd != s.fd {
			t.Errorf("got %d, want %d", fd, s.fd)
		}
	}
	if n := kept(); n != 1 {
		t.Errorf("%d sockets are kept, want the one that is never over", n)
	}
	hangUp(s.fd)
	changeSpent(func([]spentSocket) []spentSocket { return nil })
}

// Sockets that are kept would be missing elsewhere.
func TestFewSocketsAreKept(t *testing.T) {
	if most, all := mostSpent(), maxDescriptors(); most > all/32 || most == 0 && all/32 >= leastSpent {
		t.Errorf("of %d descriptors %d are for sockets that are kept", all, most)
	}
	listener := listen(t, "127.0.0.1:0")
	hold(t)
	mostSpent = func() int { return 3 }
	var open []*socket
	for range 5 {
		conn, err := connect(t.Context(), listener.Addr().(*net.TCPAddr).AddrPort(), noDeadline)
		if err != nil {
			t.Fatal(err)
		}
		s := conn.(*socket)
		s.left, s.stamps = true, true
		open = append(open, s)
	}
	for i, want := range []int{1, 2, 3, 3, 3} {
		if err := open[i].Close(); err != nil {
			t.Fatal(err)
		}
		if n := kept(); n != want {
			t.Errorf("%d of %d closed: %d are kept, want %d", i+1, len(open), n, want)
		}
	}
	unhurried.Until(t, "what nobody takes is closed", func() bool { return kept() == 0 })
	for _, s := range open {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/fd/%d", s.fd)); !os.IsNotExist(err) {
			t.Errorf("descriptor %d is still open: %v", s.fd, err)
		}
	}
}

// A process at its limit of open files would call that its own fault, because of sockets that it only keeps.
func TestSocketsAreNotKeptWhereDescriptorsAreMissing(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	hold(t)
	_, _ = visit(t, listener, "old", 3, nil)
	changeSpent(func(list []spentSocket) []spentSocket {
		list[0].family = unix.AF_INET6 // of no use
		return list
	})
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 0, Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &old) }()
	s, err := newSocket(unix.AF_INET, netip.AddrPort{})
	if err == nil {
		_ = s.Close()
		t.Fatal("there is a socket, with no descriptor allowed")
	}
	if n := kept(); n != 0 {
		t.Errorf("%d sockets are kept", n)
	}
}

// A socket that is kept while the poller ends and another begins would not be watched, and its check our own fault.
func TestASocketOfAnEarlierPollerIsWatched(t *testing.T) {
	s, other := connected(t)
	s.watched = true // by another
	ask(t, other)
	if err := s.await(&s.in); err != nil {
		t.Error(err)
	}
}

// The answer of one check would be called out of order because that of another one was.
func TestOrderIsForgotten(t *testing.T) {
	nettest.InOwnNetwork(t, "TestChildOrder", "lossy")
}

// TestChildOrder is the child of TestOrderIsForgotten.
func TestChildOrder(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	server := netip.MustParseAddr("203.0.113.2")
	nettest.StartLossyServer(t, server, "first ", "second", time.Millisecond)
	conn, err := connect(within(t, unhurried.Patience), netip.AddrPortFrom(server, 80), noDeadline)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask(t, conn)
	if _, err := conn.Read(make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	s := conn.(*socket)
	if !s.reordered() {
		t.Fatal("nothing came out of order")
	}
	if !renew(s.fd) || s.reordered() {
		t.Error("a socket that is made new remembers what came out of order")
	}
}
