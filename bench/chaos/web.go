//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

// doors are how many ports the web server has: a client has only so many of its own for each.
const doors = 4

// web is what is probed: cheap, and always up.
type web struct {
	servers []*http.Server
	hosts   []string
	done    sync.WaitGroup
}

func startWeb() (*web, error) {
	w := &web{}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "All Systems Operational") })
	for range doors {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			w.close()
			return nil, fmt.Errorf("opening the web server: %w", err)
		}
		server := &http.Server{Handler: answer}
		w.servers, w.hosts = append(w.servers, server), append(w.hosts, listener.Addr().String())
		w.done.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				fmt.Fprintln(os.Stderr, "chaos: the web server:", err)
			}
		})
	}
	return w, nil
}

// list is a file of so many targets, each to be checked once a second.
func (w *web) list(targets int) []byte {
	var b strings.Builder
	b.WriteString("url,interval\n")
	for i := range targets {
		fmt.Fprintf(&b, "http://%s/status/%d,1\n", w.hosts[i%len(w.hosts)], i)
	}
	return []byte(b.String())
}

func (w *web) close() {
	for _, s := range w.servers {
		_ = s.Close()
	}
	w.done.Wait()
}
