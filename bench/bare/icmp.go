//go:build linux

package bare

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// echoes are asked over one socket that all checks share. Each check waits for the answer to its own request, by a token
// that no other has, and knows its round trip.
type echoes struct {
	conn  net.PacketConn
	to    []net.Addr
	ended chan struct{}

	mu      sync.Mutex
	next    uint64 // token
	waiting map[uint64]chan<- time.Time
}

// receiveBuffer is as large as uptimer's.
const receiveBuffer = 4 << 20

// openEchoes opens a datagram socket, or a raw one if that is not allowed.
func openEchoes(targets []string) (*echoes, error) {
	kind := unix.SOCK_DGRAM
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		kind = unix.SOCK_RAW
		fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a socket for ICMP: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	file := os.NewFile(uintptr(fd), "icmp")
	defer file.Close() // the connection has its own
	e := &echoes{ended: make(chan struct{}), waiting: map[uint64]chan<- time.Time{}}
	if e.conn, err = net.FilePacketConn(file); err != nil {
		return nil, err
	}
	for _, text := range targets {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, errors.Join(err, e.conn.Close())
		}
		if kind == unix.SOCK_DGRAM {
			e.to = append(e.to, &net.UDPAddr{IP: a.AsSlice()})
		} else {
			e.to = append(e.to, &net.IPAddr{IP: a.AsSlice()})
		}
	}
	go e.hear()
	return e, nil
}

// close may be called on nil, too.
func (e *echoes) close() error {
	if e == nil {
		return nil
	}
	err := e.conn.Close()
	<-e.ended
	return err
}

// ask sends a request and waits for its answer.
func (e *echoes) ask(target int, w *worker) (trip time.Duration, err error) {
	e.mu.Lock()
	e.next++
	token := e.next
	e.waiting[token] = w.heard
	e.mu.Unlock()
	w.late.Reset(timeout)
	sent := time.Now()
	if _, err = e.conn.WriteTo(request(w.buffer, token), e.to[target]); err == nil {
		select {
		case at := <-w.heard:
			return at.Sub(sent), nil
		case <-w.late.C:
			err = context.DeadlineExceeded
		}
	}
	e.mu.Lock()
	delete(e.waiting, token)
	e.mu.Unlock()
	select {
	case <-w.heard: // just now; not for the next one
	default:
	}
	return 0, err
}

// hear tells the checks of their answers until the socket is closed.
func (e *echoes) hear() {
	defer close(e.ended)
	answer := make([]byte, 1500)
	for {
		n, _, err := e.conn.ReadFrom(answer)
		if err != nil {
			return
		}
		token, ok := reply(answer[:n])
		if !ok {
			continue
		}
		at := time.Now()
		e.mu.Lock()
		if heard := e.waiting[token]; heard != nil {
			delete(e.waiting, token)
			heard <- at
		}
		e.mu.Unlock()
	}
}

// dialAndEcho is the client that net.Dialer makes: a raw socket of the check's own, connected to its target. It needs the
// permission for raw sockets.
func dialAndEcho(target string, buffer []byte) (trip time.Duration, err error) {
	conn, err := dialer.Dial("ip4:icmp", target)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	sent := time.Now()
	token := uint64(sent.UnixNano())
	_ = conn.SetDeadline(sent.Add(timeout))
	if _, err := conn.Write(request(buffer, token)); err != nil {
		return 0, err
	}
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return 0, err
		}
		if got, ok := reply(buffer[:n]); ok && got == token {
			return time.Since(sent), nil
		}
	}
}

// The first byte of an ICMP message.
const (
	echoReply   = 0
	echoRequest = 8
)

const (
	echoLength = 64
	ipHeader   = 20 // without options, which nobody sends on loopback
)

// request writes an echo request with a token into p.
func request(p []byte, token uint64) []byte {
	p = p[:echoLength]
	clear(p)
	p[0] = echoRequest
	binary.BigEndian.PutUint16(p[4:], uint16(os.Getpid()))
	binary.BigEndian.PutUint16(p[6:], uint16(token))
	binary.BigEndian.PutUint64(p[8:], token)
	var sum uint32
	for i := 0; i < len(p); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(p[2:], ^uint16(sum+sum>>16))
	return p
}

// reply is the token of an echo reply, which on a raw socket may come with its IP header.
func reply(p []byte) (token uint64, ok bool) {
	if len(p) == ipHeader+echoLength {
		p = p[ipHeader:]
	}
	if len(p) != echoLength || p[0] != echoReply {
		return 0, false
	}
	return binary.BigEndian.Uint64(p[8:]), true
}
