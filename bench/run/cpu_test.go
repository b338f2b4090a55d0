//go:build linux

package main

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// If this failed, the CPU time of another program would be taken for that of a server, or none.
func TestCPUOfWhoListens(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	pid := listener(port)
	if pid != os.Getpid() {
		t.Fatalf("process %d listens at %s, want ourselves, %d", pid, port, os.Getpid())
	}
	m, err := newMeter()
	if err != nil {
		t.Fatal(err)
	}
	m.add("we", pid)
	m.add("nobody", 0)
	for began := family(pid); family(pid)-began < 100*time.Millisecond; {
		runtime.Gosched()
	}
	s, err := m.read()
	if err != nil || s.cpu[0] < 100*time.Millisecond || s.cpu[0] > time.Hour || s.cpu[1] != 0 || s.busy <= 0 || s.busy+s.waiting > 1.001 { // as floats are
		t.Errorf("got %+v, %v", s, err)
	}
	if each := s.each(1000); each[0] < 100 || len(each) != len(s.names) {
		t.Errorf("got %v of %v", each, s.names)
	}
}
