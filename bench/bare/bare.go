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
	Kind    string   // http, keepalive, https or tcp
	Targets []string // host:port each
	Rate    float64  // checks a second over all targets
	Roots   *x509.CertPool

	failed atomic.Int64
	first  sync.Once // says why
	done   atomic.Int64
	jobs   chan int
	busy   sync.WaitGroup
	kept   []net.Conn
}

// timeout is as long as a check may take.
const timeout = 10 * time.Second

// Run checks until ctx ends.
func (c *Client) Run(ctx context.Context) error {
	if c.Kind == "icmp" {
		return c.runICMP(ctx)
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
	return nil
}

// pace starts a check of each target in turn, spread evenly.
func (c *Client) pace(ctx context.Context, start func(target int)) {
	began := time.Now()
	next := 0
	for ctx.Err() == nil {
		due := int(time.Since(began).Seconds() * c.Rate)
		for ; next < due; next++ {
			start(next % len(c.Targets))
		}
		time.Sleep(max(time.Until(began.Add(time.Duration(float64(next+1)/c.Rate*float64(time.Second)))), 0))
	}
}

// Counts are how many checks ended so far, and how many of them failed.
func (c *Client) Counts() (done, failed int64) { return c.done.Load(), c.failed.Load() }

// give lets a worker that rests make a check, or a new one.
func (c *Client) give(target int) {
	select {
	case c.jobs <- target:
	default:
		c.busy.Go(func() {
			buffer := make([]byte, 4096)
			c.check(target, buffer)
			for target := range c.jobs {
				c.check(target, buffer)
			}
		})
	}
}

func (c *Client) check(target int, buffer []byte) {
	if err := c.ask(target, buffer); err != nil {
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
