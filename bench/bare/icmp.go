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
	"time"

	"golang.org/x/sys/unix"
)

// runICMP sends echo requests from one socket, and counts the answers.
func (c *Client) runICMP(ctx context.Context) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	}
	if err != nil {
		return fmt.Errorf("opening a socket for ICMP: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20)
	file := os.NewFile(uintptr(fd), "icmp")
	conn, err := net.FilePacketConn(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		c.hear(conn)
	}()
	addresses := make([]net.Addr, len(c.Targets))
	for i, text := range c.Targets {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return err
		}
		addresses[i] = icmpAddress(conn, a)
	}
	request := make([]byte, 64)
	var sequence uint16
	c.pace(ctx, func(target int) {
		sequence++
		echo(request, sequence)
		if _, err := conn.WriteTo(request, addresses[target]); err != nil {
			c.failed.Add(1)
		}
	})
	time.Sleep(100 * time.Millisecond)
	err = conn.Close()
	<-heard
	return err
}

// icmpAddress is an address as that kind of socket wants it.
func icmpAddress(conn net.PacketConn, a netip.Addr) net.Addr {
	if _, datagram := conn.(*net.UDPConn); datagram {
		return &net.UDPAddr{IP: a.AsSlice()}
	}
	return &net.IPAddr{IP: a.AsSlice()}
}

// hear counts answers until the socket is closed.
func (c *Client) hear(conn net.PacketConn) {
	answer := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(answer)
		if err != nil {
			return
		}
		if n > 0 && (answer[0] == 0 || answer[0]>>4 == 4 && n > 20 && answer[20] == 0) { // with its IP header on a raw socket
			c.done.Add(1)
		}
	}
}

// echo writes an echo request.
func echo(p []byte, sequence uint16) {
	p[0], p[1] = 8, 0
	binary.BigEndian.PutUint16(p[2:], 0)
	binary.BigEndian.PutUint16(p[4:], uint16(os.Getpid()))
	binary.BigEndian.PutUint16(p[6:], sequence)
	binary.BigEndian.PutUint64(p[8:], uint64(time.Now().UnixNano()))
	var sum uint32
	for i := 0; i < len(p); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(p[2:], ^uint16(sum+sum>>16))
}
