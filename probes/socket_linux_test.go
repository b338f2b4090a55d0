package probes

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/unhurried"
)

// A target would be down because the kernel watches no more connections for us. A file on disk is refused by the same
// call.
func TestWhatIsNotWatchedIsOurOwnFault(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	connected(t)
	s := &socket{fd: int(file.Fd())}
	wantOwnFault(t, Explain(t.Context(), "connecting", s.failed("connect", allSockets.watch(s, 1))), CauseBuffers)
	wantOwnFault(t, watched(polled(file)), CauseBuffers)
}

// connected is a socket and the other end of its connection.
func connected(t testing.TB) (*socket, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := connect(t.Context(), listener.Addr().(*net.TCPAddr).AddrPort(), noDeadline)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	return conn.(*socket), other.(*net.TCPConn)
}

// untilItWaits runs a call that waits, and returns once it does.
func untilItWaits(t *testing.T, s *socket, call func() error) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	unhurried.Until(t, "a call waits", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.waits
	})
	return done
}

func readOne(s *socket) func() error {
	return func() error {
		_, err := s.Read(make([]byte, 1))
		return err
	}
}

// A check that waits would not end with its time, or with the program.
func TestWhatWaitsEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*socket, *net.TCPConn)
		want error
	}{
		"answer":                   {func(_ *socket, other *net.TCPConn) { _, _ = other.Write([]byte("a")) }, nil},
		"end of the stream":        {func(_ *socket, other *net.TCPConn) { _ = other.CloseWrite() }, io.EOF},
		"closed by ourselves":      {func(s *socket, _ *net.TCPConn) { _ = s.Close() }, net.ErrClosed},
		"deadline that has passed": {func(s *socket, _ *net.TCPConn) { _ = s.SetDeadline(longAgo) }, os.ErrDeadlineExceeded},
		"deadline that comes":      {func(s *socket, _ *net.TCPConn) { _ = s.SetReadDeadline(time.Now().Add(time.Millisecond)) }, os.ErrDeadlineExceeded},
		"answer after a later deadline": {func(s *socket, other *net.TCPConn) {
			_ = s.SetReadDeadline(time.Now().Add(time.Hour))
			_, _ = other.Write([]byte("a"))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, other := connected(t)
			done := untilItWaits(t, s, readOne(s))
			test.end(s, other)
			select {
			case err := <-done:
				if !errors.Is(err, test.want) || test.want == nil && err != nil {
					t.Errorf("got %v, want %v", err, test.want)
				}
			case <-time.After(unhurried.Patience):
				t.Error("it still waits")
			}
		})
	}
}

// A connection that is closed while a call uses it would give that call the descriptor of another one.
func TestADescriptorLivesAsLongAsItsCalls(t *testing.T) {
	s, other := connected(t)
	err := control{s}.Control(func(uintptr) {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		_ = other.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := other.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("within the call the other end sees %v, want nothing", err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	_ = other.SetReadDeadline(time.Now().Add(unhurried.Patience))
	if _, err := other.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the call the other end sees %v, want its end", err)
	}
	for _, err := range []error{s.Close(), s.SetDeadline(noDeadline), readOne(s)(), control{s}.Control(nil)} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the close: %v, want net.ErrClosed", err)
		}
	}
}

// What is more than the kernel takes at once would be lost, or sent twice.
func TestALongWriteWaitsForItsReader(t *testing.T) {
	s, other := connected(t)
	sent := make([]byte, 16<<20)
	for i := range sent {
		sent[i] = byte(i * i >> 8)
	}
	done := untilItWaits(t, s, func() error {
		n, err := s.Write(sent)
		if n != len(sent) {
			t.Errorf("%d of %d bytes are written", n, len(sent))
		}
		return errors.Join(err, s.Close())
	})
	came, err := io.ReadAll(other)
	if err := errors.Join(err, <-done); err != nil || string(came) != string(sent) {
		t.Errorf("%d bytes came, not the %d that were sent; %v", len(came), len(sent), err)
	}
}

// Checks that begin and end at the same time would wake each other, or not be woken: descriptors are used again at once.
func TestManySocketsAtATime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				var one [1]byte
				if _, err := conn.Read(one[:]); err == nil {
					_, _ = conn.Write(one[:])
				}
			}()
		}
	}()
	var all sync.WaitGroup
	for worker := range 50 {
		all.Go(func() {
			for range 40 {
				askOnce(t, listener.Addr().(*net.TCPAddr).AddrPort(), byte(worker))
			}
		})
	}
	all.Wait()
}

func askOnce(t *testing.T, to netip.AddrPort, question byte) {
	s, err := connect(t.Context(), to, time.Now().Add(unhurried.Patience))
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	_ = s.SetDeadline(time.Now().Add(unhurried.Patience))
	answer := []byte{question + 1}
	if _, err := s.Write([]byte{question}); err != nil {
		t.Error(err)
	}
	if _, err := s.Read(answer); err != nil || answer[0] != question {
		t.Errorf("asked %d, answered %d: %v", question, answer[0], err)
	}
}

// A socket that was counted and never taken off would leave one place less for good, until nothing is started any more.
//
// Seen to fail where one that is woken twice counts twice, where one counts that nobody waits for, where going on takes
// nothing off, and where closing does not.
func TestWhoWaitsForTheProcessorIsCounted(t *testing.T) {
	woken := func(s *socket, want int64) {
		t.Helper()
		allSockets.wake([]unix.EpollEvent{{Fd: int32(s.fd)}}) //nolint:gosec // a descriptor
		if n := backlog.Load(); n != want {
			t.Errorf("%d wait, want %d", n, want)
		}
	}
	goesOn, other := connected(t)
	done := untilItWaits(t, goesOn, readOne(goesOn))
	goesOn.mu.Lock() // so that it does not
	woken(goesOn, 1)
	woken(goesOn, 1)
	goesOn.mu.Unlock()
	if _, err := other.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	closed, _ := connected(t)
	woken(closed, 0) // as a connection that is kept alive may be while it rests
	closed.turn.begins()
	woken(closed, 1)
	_ = closed.Close()
	unhurried.Until(t, "none waits", func() bool { return backlog.Load() == 0 })
}
