//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// farm is a web server at many loopback addresses. There are many because a client has only so many ports for each.
type farm struct {
	servers []*http.Server
	hosts   []string // host:port of each
	done    sync.WaitGroup
}

func newFarm(addresses int) (*farm, error) {
	f := &farm{}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "All Systems Operational") })
	for i := range addresses {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.1.%d.%d:0", i/250, i%250+1))
		if err != nil {
			f.close()
			return nil, fmt.Errorf("opening the target farm: %w", err)
		}
		server := &http.Server{Handler: answer}
		f.servers = append(f.servers, server)
		f.hosts = append(f.hosts, listener.Addr().String())
		f.done.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				fmt.Println("farm:", err)
			}
		})
	}
	return f, nil
}

// url is the URL of target i.
func (f *farm) url(i int) string {
	return fmt.Sprintf("http://%s/status/%d", f.hosts[i%len(f.hosts)], i)
}

func (f *farm) close() {
	for _, s := range f.servers {
		_ = s.Close()
	}
	f.done.Wait()
}
