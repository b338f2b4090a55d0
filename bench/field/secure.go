//go:build linux

package field

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Certificate is what HTTPS fields show, as files in PEM.
type Certificate struct{ File, KeyFile string }

// secure serves HTTPS, a goroutine a connection: the handshake dwarfs what that costs.
type secure struct {
	records   *Records
	listeners []net.Listener
	done      sync.WaitGroup
}

func (s *secure) open(ctx context.Context, f Spec, c Certificate) error {
	pair, err := tls.LoadX509KeyPair(c.File, c.KeyFile)
	if err != nil {
		return fmt.Errorf("the certificate of the farm: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", fmt.Sprintf(":%d", f.Port))
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, listener)
	closing := answer(f, "close")
	s.done.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			at := now()
			s.done.Go(func() { s.serve(tls.Server(c, config), at, closing) })
		}
	})
	return nil
}

// longest is how long a connection may take.
const longest = 30 * time.Second

func (s *secure) serve(c *tls.Conn, connected int64, answer []byte) {
	defer c.Close()
	own, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok || !own.IP.IsLoopback() {
		return
	}
	_ = c.SetDeadline(time.Now().Add(longest))
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	_ = request.Body.Close()
	target := own.AddrPort()
	record := Record{Target: target, Connected: connected, Asked: now()}
	if _, err := c.Write(answer); err == nil {
		record.Answered = now()
	}
	s.records.add(record)
}

func (s *secure) close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	s.done.Wait()
	return errors.Join(errs...)
}
