package servertest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

// A server that outlives its test would be blamed on the next one.
func TestMain(m *testing.M) { unhurried.Main(m) }

const patience = 10 * time.Second

// Tests of certificates would pass or fail for another reason than the one that they name.
func TestCertificates(t *testing.T) {
	ca := NewAuthority(t)
	text, err := os.ReadFile(ca.Bundle(t))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal("the bundle holds no certificate")
	}
	now := time.Now()
	for name, c := range map[string]struct {
		cert tls.Certificate
		good bool
	}{
		"leaf":         {ca.Leaf(t, func(*x509.Certificate) {}), true},
		"certified":    {ca.Certify(t, "127.0.0.1", now.Add(time.Hour)), true},
		"expired":      {ca.Certify(t, "127.0.0.1", now.Add(-time.Hour)), false},
		"of another":   {ca.Certify(t, "service.example", now.Add(time.Hour)), false},
		"from another": {NewAuthority(t).Certify(t, "127.0.0.1", now.Add(time.Hour)), false},
		"self-signed":  {Authority{}.Leaf(t, func(*x509.Certificate) {}), false},
	} {
		server := Serve(t, OverTLS(Showing(c.cert), func(c net.Conn) { _, _ = io.WriteString(c, "hello") }))
		said, err := ask(server, &tls.Config{RootCAs: roots})
		if c.good != (err == nil) || c.good != (said == "hello") {
			t.Errorf("%s: %q, %v", name, said, err)
		}
	}
}

func ask(server string, config *tls.Config) (string, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", server, config)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	said, err := io.ReadAll(conn)
	return string(said), err
}

// A test of a server that hangs would hang at its own end.
func TestServeEndsWithTheTest(t *testing.T) {
	var conn net.Conn
	t.Run("held", func(t *testing.T) {
		var err error
		if conn, err = net.DialTimeout("tcp", Serve(t, Hold), patience); err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte("x")) // by its answer, none, the server is known to hold
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a mute server says %d bytes, %v", n, err)
		}
	})
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the test the connection gives %v", err)
	}
}

// What is told apart from a refusal would be tested against an address at which somebody listens.
func TestFreeAddress(t *testing.T) {
	addr := FreeAddress(t)
	if conn, err := net.DialTimeout("tcp", addr, patience); err == nil {
		conn.Close()
		t.Error("somebody listens there")
	}
	packets, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	packets.Close()
}

// Tests of DNS would not get the answer that they are about.
func TestServePackets(t *testing.T) {
	server := ServePackets(t, func(packet []byte) []byte {
		if packet[0] == '?' {
			return nil
		}
		packet[0]++
		return packet
	})
	conn, err := net.Dial("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	got := make([]byte, 10)
	for _, said := range []string{"?", "a"} {
		if _, err := io.WriteString(conn, said); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := conn.Read(got); err != nil || string(got[:n]) != "b" {
		t.Errorf("%q, %v", got[:n], err)
	}
}

// If this failed, a test's server would now and then not start, because a client, or a test beside it, has the port by
// then. (Seen to fail with ports that the system chooses: they may be clients' too, and about five of 500 are given
// twice.)
func TestFreeAddressesAreNobodyElses(t *testing.T) {
	given := map[string]bool{}
	for range 450 {
		addr := FreeAddress(t)
		if given[addr] {
			t.Errorf("%s was given twice", addr)
		}
		given[addr] = true
		if _, port, _ := net.SplitHostPort(addr); len(port) != 5 || port >= "32768" {
			t.Fatalf("%s may be given to a client by the system", addr)
		}
	}
}

// If this failed, tests of packages that run at the same time would be given the same port. (Seen to fail when the claim
// is given back at once.)
func TestRowsOfPortsAreNotShared(t *testing.T) {
	given := map[uint32]bool{}
	for range 8 {
		r := newRow()
		if r.claim == nil {
			t.Skip("more processes are testing than there are rows")
		}
		defer r.claim.Close()
		if given[r.first] {
			t.Errorf("the row from %d on was given twice", r.first)
		}
		given[r.first] = true
	}
}
