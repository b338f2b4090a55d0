package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// persistent answers requests on each connection until it has answered so many there, then closes.
func persistent(conns *atomic.Int32, each int, answer string) func(net.Conn) {
	return func(c net.Conn) {
		conns.Add(1)
		reader := bufio.NewReader(c)
		for range each {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	}
}

var keep = targets.Options{KeepAlive: "yes", Regex: "ello"}

// If one of these failed, PROBE_KEEPALIVE would reuse what must not be reused, or reuse nothing.
func TestKeepAlive(t *testing.T) {
	const length = "Content-Length: 5\r\n\r\nhello"
	for _, c := range []struct {
		name    string
		each    int
		answer  string
		options targets.Options
		conns   int32 // for three checks
	}{
		{"reused", 99, okHead + length, keep, 1},
		{"reused without a regex", 99, okHead + length, targets.Options{KeepAlive: "yes"}, 1},
		{"chunked", 99, okHead + chunked("hello"), keep, 1},
		{"gzip", 99, okHead + "Content-Encoding: gzip\r\n" + chunked(zipped("hello")), keep, 1},
		{"bare deflate", 99, okHead + "Content-Encoding: deflate\r\n" + chunked(deflated("hello")), keep, 1},
		{"not asked for", 99, okHead + length, targets.Options{}, 3},
		{"server says close", 99, okHead + "Connection: close\r\n" + length, keep, 3},
		{"HTTP/1.0", 99, "HTTP/1.0 200 OK\r\n" + length, keep, 3},
		{"closed by the server meanwhile", 1, okHead + length, keep, 3},
		{"more than the answer", 99, okHead + length + "more", keep, 3},
		{"body too long to read", 99, okHead + "Content-Length: 100000\r\n\r\n" + string(make([]byte, 100000)), targets.Options{KeepAlive: "yes"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int32
			p := probeWith(t, "PROBE_MAX_BODY=64KiB")
			check := probestest.Prepare(t, p, "http://"+servertest.Serve(t, persistent(&conns, c.each, c.answer)), c.options)
			for i := range 3 {
				r, _ := runFor(t, probestest.Patience, check)
				probestest.Expect(t, r, probes.OK, "")
				if r.IP != probestest.Loopback {
					t.Errorf("ip %v", r.IP)
				}
				if _, dialled := r.Timings.Get(probes.PhaseConnect); i > 0 && c.conns == 1 && dialled {
					t.Error("connected again")
				}
				time.Sleep(20 * time.Millisecond) // lets a server that closes do so
			}
			if conns.Load() != c.conns {
				t.Errorf("%d connections, want %d", conns.Load(), c.conns)
			}
			_ = check.(io.Closer).Close()
			if len(p.idle) != 0 {
				t.Error("the check is closed, its connection is not")
			}
		})
	}
}

// If this failed, a server that closes an idle connection just when it is used would be reported as down. Here it
// closes after it has read the request, which nobody can see before.
func TestKeepAliveTriesAgainOnce(t *testing.T) {
	var conns, requests atomic.Int32
	addr := servertest.Serve(t, func(c net.Conn) {
		first := conns.Add(1) == 1
		reader := bufio.NewReader(c)
		for n := 1; ; n++ {
			if _, err := http.ReadRequest(reader); err != nil || first && n == 2 || requests.Add(1) > 2 {
				return
			}
			_, _ = io.WriteString(c, okHead+"Content-Length: 5\r\n\r\nhello")
		}
	})
	check := probestest.Prepare(t, probeWith(t), "http://"+addr, keep)
	for range 2 {
		r, _ := runFor(t, probestest.Patience, check)
		probestest.Expect(t, r, probes.OK, "")
	}
	// The third is refused on the old connection and on the new one: that is the server's fault.
	r, _ := runFor(t, probestest.Patience, check)
	probestest.Expect(t, r, probes.Protocol, "waiting for the answer of "+addr+": the server closed the connection without an answer")
	if conns.Load() != 3 {
		t.Errorf("%d connections, want 3", conns.Load())
	}
}

// If this failed, a target that leaves the list in the middle of a check would leave its connection open.
func TestKeepAliveOfATargetThatLeaves(t *testing.T) {
	var conns atomic.Int32
	p := probeWith(t)
	check := probestest.Prepare(t, p, "http://"+servertest.Serve(t, persistent(&conns, 99, okHead+"Content-Length: 5\r\n\r\nhello")), keep)
	_ = check.(io.Closer).Close()
	r, _ := runFor(t, probestest.Patience, check)
	probestest.Expect(t, r, probes.OK, "")
	if len(p.idle) != 0 {
		t.Error("a connection is kept that nobody will use")
	}
}

// If this failed, each hop of a redirect on one host would be a new connection although they may be kept.
func TestKeepAliveAcrossRedirects(t *testing.T) {
	var conns atomic.Int32
	addr := servertest.Serve(t, func(c net.Conn) {
		conns.Add(1)
		reader := bufio.NewReader(c)
		for {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			answer := "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 4\r\n\r\ngone"
			if request.URL.Path == "/next" {
				answer = okHead + "Content-Length: 5\r\n\r\nhello"
			}
			_, _ = io.WriteString(c, answer)
		}
	})
	p := probeWith(t)
	check := probestest.Prepare(t, p, "http://"+addr, keep)
	for range 2 {
		r, d := runFor(t, probestest.Patience, check)
		probestest.Expect(t, r, probes.OK, "")
		if d.Redirects != 1 || *d.BodyBytes != 5 {
			t.Errorf("%+v", d)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections, want 1", conns.Load())
	}
	_ = p.Close()
	if len(p.idle) != 0 {
		t.Error("the probe is closed, a connection is not")
	}
}
