//go:build linux

// Package farm is what measuring programs probe: a web server at many loopback addresses. There are many because a
// client has only so many ports for each. It needs Linux, where all of 127.0.0.0/8 is loopback.
package farm

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
)

// MostAddresses is how many addresses a farm can have.
const MostAddresses = 250 * 256

// Farm is a web server at many addresses. Close ends it.
type Farm struct {
	servers []*http.Server
	hosts   []string // host:port of each
	done    sync.WaitGroup
}

// New opens a farm, whose every address answers as answer does.
func New(addresses int, answer http.Handler) (*Farm, error) {
	f := &Farm{}
	for i := range addresses {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.1.%d.%d:0", i/250, i%250+1))
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("opening the target farm: %w", err)
		}
		server := &http.Server{Handler: answer}
		f.servers = append(f.servers, server)
		f.hosts = append(f.hosts, listener.Addr().String())
		f.done.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				fmt.Fprintln(os.Stderr, "farm:", err)
			}
		})
	}
	return f, nil
}

// URL is the URL of target i: targets are spread over the addresses.
func (f *Farm) URL(i int) string {
	return fmt.Sprintf("http://%s/status/%d", f.hosts[i%len(f.hosts)], i)
}

// Close closes all connections and returns when nobody answers any more.
func (f *Farm) Close() {
	for _, s := range f.servers {
		_ = s.Close()
	}
	f.done.Wait()
}
