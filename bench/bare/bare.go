//go:build linux

// Package bare is the client that probes are compared with: a net.Dialer and a request written by hand, nothing else,
// paced as a prober is. What it takes is what checking costs at least in Go, with blocking sockets and goroutines.
package bare

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Client checks targets at a rate.
type Client struct {
	Kind    string   // http, keepalive, https, tcp, icmp (one socket for all) or icmp-dialed (a socket each)
	Targets []string // host:port each; addresses alone for icmp
	Rate    float64  // checks a second over all targets
	Roots   *x509.CertPool

	failed atomic.Int64
	first  sync.Once // says why
	done   atomic.Int64
	trips  atomic.Int64 // of echoes, nanoseconds in all
	jobs   chan int
	busy   sync.WaitGroup
	kept   []net.Conn
	echoes *echoes
}

// timeout is as long as a check may take.
const timeout = 10 * time.Second

// Run checks until ctx ends.
func (c *Client) Run(ctx context.Context) (err error) {
	if c.Kind == "icmp" {
		if c.echoes, err = openEchoes(c.Targets); err != nil {
			return err
		}
	}
	c.jobs = make(chan int)
	c.kept = make([]net.Conn, len(c.Targets))
	c.pace(ctx, c.give)
	close(c.jobs)
	c.busy.Wait()
	for _, conn := range c.kept {
		if conn != nil {
			_ = conn.Close()
		}
	}
	return c.echoes.close()
}

// Counts are how many checks ended so far, and how many of them failed.
func (c *Client) Counts() (done, failed int64) { return c.done.Load(), c.failed.Load() }

// Trip is the mean round trip of the echoes so far.
func (c *Client) Trip() time.Duration {
	return time.Duration(c.trips.Load() / max(c.done.Load()-c.failed.Load(), 1))
}

// worker makes one check after the other.
type worker struct {
	buffer []byte
	heard  chan time.Time // when the answer to its echo came
	late   *time.Timer
}

// give lets a worker that rests make a check, or a new one.
func (c *Client) give(target int) {
	select {
	case c.jobs <- target:
	default:
		c.busy.Go(func() {
			w := &worker{buffer: make([]byte, 4096), heard: make(chan time.Time, 1), late: time.NewTimer(timeout)}
			defer w.late.Stop()
			c.check(target, w)
			for target := range c.jobs {
				c.check(target, w)
			}
		})
	}
}

func (c *Client) check(target int, w *worker) {
	var err error
	var trip time.Duration
	switch c.Kind {
	case "icmp":
		trip, err = c.echoes.ask(target, w)
	case "icmp-dialed":
		trip, err = dialAndEcho(c.Targets[target], w.buffer)
	default:
		err = c.ask(target, w.buffer)
	}
	c.trips.Add(int64(trip))
	if err != nil {
		c.failed.Add(1)
		c.first.Do(func() { fmt.Fprintln(os.Stderr, "the first check that failed:", err) })
	}
	c.done.Add(1)
}

var dialer = net.Dialer{Timeout: timeout, KeepAlive: -1}

var errAnswer = errors.New("not the answer that was expected")

func (c *Client) ask(target int, buffer []byte) error {
	address := c.Targets[target]
	conn := c.kept[target]
	if conn == nil {
		var err error
		if conn, err = dialer.Dial("tcp", address); err != nil {
			return err
		}
	}
	if c.Kind == "tcp" {
		return conn.Close()
	}
	_ = conn.SetDeadline(time.Now().Add(timeout))
	if c.Kind == "https" {
		host, _, _ := strings.Cut(address, ":")
		conn = tls.Client(conn, &tls.Config{RootCAs: c.Roots, ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	connection := "close"
	if c.Kind == "keepalive" {
		connection = "keep-alive"
	}
	request := fmt.Appendf(buffer[:0], "GET /status HTTP/1.1\r\nHost: %s\r\nUser-Agent: bare\r\nConnection: %s\r\n\r\n", address, connection)
	if _, err := conn.Write(request); err != nil {
		return errors.Join(err, conn.Close())
	}
	err := answer(conn, buffer)
	if c.Kind == "keepalive" && err == nil {
		c.kept[target] = conn
		return nil
	}
	c.kept[target] = nil
	return errors.Join(err, conn.Close())
}

// answer reads until the body that the farm sends is there.
func answer(conn net.Conn, buffer []byte) error {
	n := 0
	for {
		m, err := conn.Read(buffer[n:])
		n += m
		if bytes.HasSuffix(buffer[:n], []byte("Operational\n")) {
			break
		}
		if err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(buffer[:n], []byte("HTTP/1.1 200 ")) {
		return errAnswer
	}
	return nil
}
