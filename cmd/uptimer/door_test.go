//go:build unix

package main

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
)

// door is the way to a server, which a test can shut. Its address stays the same.
type door struct {
	t       *testing.T
	address string
	to      string
	still   sync.RWMutex // held while nothing passes
	slow    atomic.Bool  // at most 64 KiB pass each 20 ms, in each direction of each connection
	all     sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil: shut
	lines    map[net.Conn]struct{}
}

// newDoor makes a door, which is shut, to a server.
func newDoor(t *testing.T, to string) *door {
	t.Helper()
	d := &door{t: t, address: servertest.FreeAddress(t), to: to, lines: map[net.Conn]struct{}{}}
	t.Cleanup(func() {
		d.shut()
		d.all.Wait()
	})
	return d
}

// open lets everybody in.
func (d *door) open() {
	d.t.Helper()
	l, err := net.Listen("tcp", d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	d.listener = l
	d.mu.Unlock()
	d.all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			d.all.Go(func() { d.connect(from) })
		}
	})
}

// shut refuses whoever comes and cuts all connections.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		d.listener.Close()
		d.listener = nil
	}
	for c := range d.lines {
		c.Close()
	}
}

// connect joins two connections until one ends.
func (d *door) connect(from net.Conn) {
	to, err := net.Dial("tcp", d.to)
	if err != nil {
		from.Close()
		return
	}
	d.mu.Lock()
	ends := []net.Conn{from, to}
	for _, c := range ends {
		d.lines[c] = struct{}{}
		if d.listener == nil { // shut in the meantime
			c.Close()
		}
	}
	d.mu.Unlock()
	var both sync.WaitGroup
	for i := range ends {
		both.Go(func() {
			d.pass(ends[i], ends[1-i])
			from.Close()
			to.Close()
		})
	}
	both.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lines, from)
	delete(d.lines, to)
}

// pass hands on what comes, while that is not held up.
func (d *door) pass(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		d.still.RLock()
		_, wrong := to.Write(buffer[:n])
		d.still.RUnlock()
		if d.slow.Load() {
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil || wrong != nil {
			return
		}
	}
}

// freeze lets nothing pass, without a word, until thaw.
func (d *door) freeze() { d.still.Lock() }

// thaw ends freeze.
func (d *door) thaw() { d.still.Unlock() }
