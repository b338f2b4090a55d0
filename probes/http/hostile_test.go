package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

const okHead = "HTTP/1.1 200 OK\r\n"

// costly is an expression that takes a thousand steps for each x, ten seconds for a mebibyte of them.
const costly = "(x{1,30}){1,30}y"

// hostile is what servers do that should not be, or that are not HTTP servers at all, and what a check makes of it.
// Times out tells that the check must end by its timeout, and only then.
var hostile = []struct {
	name     string
	speak    func(net.Conn)
	options  targets.Options
	reason   probes.Reason
	text     string // ADDR stands for the server's address
	timesOut bool
	pause    time.Duration  // after speak, so that what it said is read; then the check lasts at least so long
	then     func(net.Conn) // after pause
}{
	{name: "closed without an answer", speak: say(), reason: probes.Protocol, text: "waiting for the answer of ADDR: the server closed the connection without an answer"},
	{name: "closed before the request", speak: func(c net.Conn) { closeWrite(c); servertest.Hold(c) }, reason: probes.Protocol, text: "waiting for the answer of ADDR: the server closed the connection without an answer"},
	{name: "reset", speak: func(c net.Conn) { readRequest(c); reset(c) }, reason: probes.Reset, text: "waiting for the answer of ADDR: connection reset"},
	{name: "reset in the body", speak: say(okHead + "Content-Length: 100\r\n\r\nhalf"), pause: 50 * time.Millisecond, then: reset, reason: probes.Reset, text: "reading the body: connection reset"},
	{name: "mute in the header", speak: func(c net.Conn) { say(okHead + "X:")(c); servertest.Hold(c) }, reason: probes.Timeout, text: "waiting for the answer of ADDR: no answer in time", timesOut: true},
	{name: "mute after the first byte", speak: func(c net.Conn) { say("H")(c); servertest.Hold(c) }, reason: probes.Timeout, text: "waiting for the answer of ADDR: no answer in time", timesOut: true},
	{name: "mute after 100", speak: func(c net.Conn) { say("HTTP/1.1 100 Continue\r\n\r\n")(c); servertest.Hold(c) }, reason: probes.Timeout, text: "waiting for the answer of ADDR: no answer in time", timesOut: true},
	{name: "reset in the header", speak: say(okHead + "X:"), pause: 100 * time.Millisecond, then: reset, reason: probes.Reset, text: "waiting for the answer of ADDR: connection reset"},
	{name: "closed in the header", speak: say(okHead + "X:"), pause: 100 * time.Millisecond, reason: probes.Protocol, text: "waiting for the answer of ADDR: the server closed the connection in the middle of the header"},
	{name: "garbage in the header, late", speak: say(okHead), pause: 100 * time.Millisecond, then: func(c net.Conn) {
		_, _ = io.WriteString(c, "no header\r\n\r\n")
	}, reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: malformed MIME header: missing colon: "no header"`},
	{name: "mute", speak: servertest.Hold, reason: probes.Timeout, text: "waiting for the answer of ADDR: no answer in time", timesOut: true},
	{name: "half-closed and mute", speak: func(c net.Conn) { readRequest(c); closeWrite(c); servertest.Hold(c) }, reason: probes.Protocol, text: "waiting for the answer of ADDR: the server closed the connection without an answer"},
	{name: "half-closed after the answer", speak: func(c net.Conn) { say(okHead + "\r\nhello")(c); closeWrite(c); servertest.Hold(c) }, reason: probes.OK},
	{name: "garbage", speak: say("\x00\x01\x02\xff garbage\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the answer is not HTTP: it begins "\x00\x01\x02\xff garbage\r\n"`},
	{name: "banner of another protocol, connection left open", speak: func(c net.Conn) { say("SSH-2.0-OpenSSH_9.2")(c); servertest.Hold(c) }, reason: probes.Protocol, text: `waiting for the answer of ADDR: the answer is not HTTP: it begins "SSH-2.0-OpenSSH_9.2"`},
	{name: "one byte", speak: say("H"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the answer is not HTTP: it is "H"`},
	{name: "http/2 frame", speak: say("\x00\x00\x12\x04\x00\x00\x00\x00\x00 settings"), reason: probes.Protocol, text: "waiting for the answer of ADDR: the server speaks only HTTP/2; want HTTP/1.1"},
	{name: "tls alert", speak: say("\x15\x03\x01\x00\x02\x02\x46"), reason: probes.Protocol, text: "waiting for the answer of ADDR: the answer is TLS, not HTTP; should the URL be https?"},
	{name: "version 2", speak: say("HTTP/2.0 200 OK\r\n\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the answer is not HTTP/1.x: "HTTP/2.0" with status 200`},
	{name: "status of no kind", speak: say("HTTP/1.1 042 Answer\r\n\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the answer is not HTTP/1.x: "HTTP/1.1" with status 42`},
	{name: "status that is no number", speak: say("HTTP/1.1 abc\r\n\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: malformed HTTP status code "abc"`},
	{name: "NULs in the header", speak: say(okHead + "X-\x00: \x00\r\n\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: malformed MIME header line: "X-\x00: \x00"`},
	{name: "header cut off", speak: say(okHead + "Content-Le"), reason: probes.Protocol, text: "waiting for the answer of ADDR: the server closed the connection in the middle of the header"},
	{name: "header without end", speak: func(c net.Conn) { say(okHead)(c); forever(c, "X-Again: and again\r\n") }, reason: probes.Protocol, text: "waiting for the answer of ADDR: the header of the answer does not end within 64 KiB"},
	{name: "header line without end", speak: func(c net.Conn) { say(okHead + "X: ")(c); forever(c, strings.Repeat("a", 1000)) }, reason: probes.Protocol, text: "waiting for the answer of ADDR: the header of the answer does not end within 64 KiB"},
	{name: "status line without end", speak: func(c net.Conn) { say("HTTP/1.1 200 ")(c); forever(c, strings.Repeat("OK", 500)) }, reason: probes.Protocol, text: "waiting for the answer of ADDR: the header of the answer does not end within 64 KiB"},
	{name: "dripping header", speak: func(c net.Conn) { say(okHead)(c); drip(c, "X: y\r\n") }, reason: probes.Timeout, text: "waiting for the answer of ADDR: no answer in time", timesOut: true},
	{name: "100 for ever", speak: func(c net.Conn) { readRequest(c); forever(c, "HTTP/1.1 100 Continue\r\n\r\n") }, reason: probes.Protocol, text: "waiting for the answer of ADDR: more than 5 interim (1xx) answers and no final one"},
	{name: "100 with endless headers", speak: func(c net.Conn) {
		readRequest(c)
		forever(c, "HTTP/1.1 103 Early Hints\r\nLink: "+strings.Repeat("x", 20<<10)+"\r\n\r\n")
	}, reason: probes.Protocol, text: "waiting for the answer of ADDR: the header of the answer does not end within 64 KiB"},
	{name: "100 a few times", speak: say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", okHead+"Content-Length: 2\r\n\r\nok"), reason: probes.OK},
	{name: "101 unasked", speak: say("HTTP/1.1 101 Switching Protocols\r\n\r\n"), reason: probes.Status, text: "answered 101 Switching Protocols; expected 200-399"},
	{name: "endless body", speak: func(c net.Conn) { say(okHead + "\r\n")(c); forever(c, strings.Repeat("x", 64<<10)) }, reason: probes.OK},
	{name: "endless chunked body", speak: func(c net.Conn) {
		say(okHead + "Transfer-Encoding: chunked\r\n\r\n")(c)
		forever(c, "8000\r\n"+strings.Repeat("x", 32<<10)+"\r\n")
	}, reason: probes.OK},
	{name: "dripping body", speak: func(c net.Conn) { say(okHead + "\r\n")(c); drip(c, "x") }, reason: probes.Timeout, text: "reading the body: no answer in time", timesOut: true},
	{name: "dripping body of an error", speak: func(c net.Conn) { say("HTTP/1.1 500 Oops\r\n\r\n")(c); drip(c, "x") }, reason: probes.Status, text: "answered 500 Internal Server Error; expected 200-399", timesOut: true},
	{name: "body cut short", speak: say(okHead + "Content-Length: 100\r\n\r\nhalf"), reason: probes.Protocol, text: "reading the body: it is cut short: the connection was closed before the 100 bytes that Content-Length says had come"},
	{name: "chunks cut short", speak: say(okHead + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), reason: probes.Protocol, text: "reading the body: it is cut short: the connection was closed before the last chunk"},
	{name: "huge chunk size", speak: say(okHead + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), reason: probes.Protocol, text: `reading the body: it is malformed: http chunk length too large`},
	{name: "largest chunk size", speak: say(okHead + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"), reason: probes.Protocol, text: "reading the body: it is cut short: the connection was closed before the last chunk"},
	{name: "chunk size of no kind", speak: say(okHead + "Transfer-Encoding: chunked\r\n\r\n-5\r\nx"), reason: probes.Protocol, text: `reading the body: it is malformed: invalid byte in chunk length`},
	{name: "unknown transfer encoding", speak: say(okHead + "Transfer-Encoding: magic\r\n\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: unsupported transfer encoding: "magic"`},
	{name: "negative length", speak: say(okHead + "Content-Length: -5\r\n\r\nhello"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: bad Content-Length "-5"`},
	{name: "two lengths", speak: say(okHead + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: message cannot contain multiple Content-Length headers; got ["5" "6"]`},
	{name: "huge length, closed", speak: say(okHead + "Content-Length: 9223372036854775807\r\n\r\nx"), reason: probes.Protocol, text: "reading the body: it is cut short: the connection was closed before the 9223372036854775807 bytes that Content-Length says had come"},
	{name: "gzip that is none", speak: say(okHead + "Content-Encoding: gzip\r\n\r\nhello, this is no gzip"), reason: probes.Protocol, text: `reading the body: its encoding (gzip) is broken: gzip: invalid header`},
	{name: "gzip cut short", speak: say(okHead + "Content-Encoding: gzip\r\n\r\n" + zipped("hello, world")[:20]), reason: probes.Protocol, text: "reading the body: its encoding (gzip) ends too early"},
	{name: "gzip header cut short", speak: say(okHead + "Content-Encoding: gzip\r\n\r\n\x1f\x8b"), reason: probes.Protocol, text: "reading the body: its encoding (gzip) ends too early"},
	{name: "gzip that decodes to nothing, for ever", speak: func(c net.Conn) {
		say(okHead + "Content-Encoding: gzip\r\n\r\n")(c)
		forever(c, strings.Repeat(zipped(""), 1000))
	}, reason: probes.Protocol, text: "reading the body: its encoding (gzip) takes more bytes than what it decodes to (0 bytes so far)"},
	{name: "gzip with garbage behind", speak: say(okHead + "Content-Encoding: gzip\r\n\r\n" + zipped("hello") + "\x00\x00garbage that is no gzip"), reason: probes.OK},
	{name: "much to match for a costly expression", speak: say(okHead+"\r\n", strings.Repeat("x", 1<<20)), options: targets.Options{Regex: costly},
		reason: probes.Timeout, text: "the regular expression is too costly for 1048576 bytes: it was not through with them in time; want a simpler one, or less to match", timesOut: true},
	{name: "redirect to another scheme", speak: say("HTTP/1.1 302 Found\r\nLocation: javascript:alert(1)\r\n\r\n"), reason: probes.Redirect, text: `answered 302 Found to "javascript:alert(1)", which leads nowhere: its scheme is "javascript"; want http or https`},
	{name: "control characters in Location", speak: say("HTTP/1.1 302 Found\r\nLocation: /a\x0b\x01\r\n\r\n"), reason: probes.Protocol, text: `waiting for the answer of ADDR: the header of the answer cannot be read: malformed MIME header line: "Location: /a\v\x01"`},
	{name: "Location that is no URL", speak: say("HTTP/1.1 302 Found\r\nLocation: http://[::1/%zz\r\n\r\n"), reason: probes.Redirect, text: `answered 302 Found to "http://[::1/%zz", which is not a URL`},
	{name: "header injection in Location", speak: say("HTTP/1.1 302 Found\r\nLocation: /a%0d%0aX-Evil:%201?q= HTTP/1.1\r\n\r\n"), options: targets.Options{FollowRedirects: "1"}, reason: probes.Redirect, text: "redirects in a loop: http://ADDR/a%0d%0aX-Evil:%201?q=%20HTTP/1.1 comes again (gave up after 1 redirects)"},
	{name: "redirect without a host", speak: say("HTTP/1.1 302 Found\r\nLocation: http:///x\r\n\r\n"), reason: probes.Redirect, text: `answered 302 Found to "http:///x", which leads nowhere: it has no host; want http://host/path`},
	{name: "redirect to port zero", speak: say("HTTP/1.1 302 Found\r\nLocation: http://a:0/\r\n\r\n"), reason: probes.Redirect, text: `answered 302 Found to "http://a:0/", which leads nowhere: its host or port can be nobody's; want http://host:port/path`},
	{name: "redirect loop", speak: say("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), reason: probes.Redirect, text: "redirects in a loop: http://ADDR/ comes again (gave up after 10 redirects)"},
}

// If one of these failed, a server of that kind would be reported with a wrong reason, hang the prober beyond the
// timeout, or stop it; or its response time would be that of a fast server because a first byte came fast. That the
// time is looked at was seen by leaving out bind's SetDeadline: mute never ended. That the response time is was seen by
// leaving out the last lap of NewResult: what went wrong in the header had taken a millisecond.
func TestHostileServers(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			unhurried.Try(t, func(t testing.TB, times time.Duration) {
				pause, timeout, lasts := times*h.pause, probestest.Patience, times*h.pause
				if h.timesOut {
					timeout, lasts = times*300*time.Millisecond, times*300*time.Millisecond
				}
				addr := servertest.Serve(t, func(c net.Conn) {
					h.speak(c)
					time.Sleep(pause)
					if h.then != nil {
						h.then(c)
					}
				})
				p := probeWith(t)
				began := time.Now()
				r, details := runFor(t, timeout, probestest.Prepare(t, p, "http://"+addr+"/", h.options))
				probestest.Expect(t, r, h.reason, strings.ReplaceAll(h.text, "ADDR", addr))
				if r.TimedOut != (h.reason == probes.Timeout) {
					t.Errorf("TimedOut = %v", r.TimedOut)
				}
				if took := time.Since(began); h.timesOut && took > timeout+10*time.Second {
					t.Errorf("took %v", took)
				}
				if ended := r.Began.Add(r.Took + slack); ended.Before(began.Add(lasts)) {
					t.Errorf("took %v, want at least %v", r.Took, lasts)
				}
				if r.IP != probestest.Loopback {
					t.Errorf("ip %v", r.IP)
				}
				if _, err := json.Marshal(details); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// If this failed, an endless body would be read beyond PROBE_MAX_BODY, or counted wrong.
func TestMaxBodyEndsAnEndlessBody(t *testing.T) {
	addr := servertest.Serve(t, func(c net.Conn) { say(okHead + "\r\n")(c); forever(c, strings.Repeat("x", 64<<10)) })
	r, details := checkOnce(t, "http://"+addr, targets.Options{Regex: "^x+$"}, "PROBE_MAX_BODY=100000")
	probestest.Expect(t, r, probes.OK, "")
	if *details.BodyBytes != 100000 || !*details.MatchesRegex {
		t.Errorf("%d bytes, matches %v", *details.BodyBytes, *details.MatchesRegex)
	}
	r, _ = checkOnce(t, "http://"+addr, targets.Options{Regex: "y"}, "PROBE_MAX_BODY=100000")
	probestest.Expect(t, r, probes.Body, "the first 100000 bytes of the body (PROBE_MAX_BODY) do not match the regular expression")
}

// If this failed, a compression bomb could take the memory of the prober. That the measure works was seen by
// setting PROBE_MAX_BODY to 64MiB: then it shows more than 100 MiB.
func TestGzipBombCostsNoMemory(t *testing.T) {
	bomb := zeros(64 << 20)
	addr := servertest.Serve(t, func(c net.Conn) { say(okHead+"Content-Encoding: gzip\r\n\r\n", bomb)(c) })
	check := probestest.Prepare(t, probeWith(t), "http://"+addr, targets.Options{Regex: "boom"})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, details := runFor(t, probestest.Patience, check)
	runtime.ReadMemStats(&after)
	probestest.Expect(t, r, probes.Body, "the first 1048576 bytes of the body (PROBE_MAX_BODY) do not match the regular expression")
	if *details.BodyBytes != 1<<20 {
		t.Errorf("%d bytes", *details.BodyBytes)
	}
	// Everything that was allocated, the server's part too, also what has been freed again.
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
		t.Errorf("allocated %d MiB", allocated>>20)
	}
}

// If this failed, the prober would report its own shutdown as an outage, or hang in it.
func TestShutdownIsNoOutage(t *testing.T) {
	begun := make(chan struct{}, 1)
	for name, speak := range map[string]func(net.Conn){
		"matching": func(c net.Conn) {
			say(okHead+"\r\n", strings.Repeat("x", 1<<20))(c)
			_ = c.Close()
			time.Sleep(100 * time.Millisecond) // let matching begin
			begun <- struct{}{}
		},
		"waiting":   func(c net.Conn) { readRequest(c); begun <- struct{}{}; servertest.Hold(c) },
		"receiving": func(c net.Conn) { say(okHead + "\r\nx")(c); begun <- struct{}{}; servertest.Hold(c) },
		"bad status": func(c net.Conn) {
			say("HTTP/1.1 500 Oops\r\n\r\nx")(c)
			begun <- struct{}{}
			servertest.Hold(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			check := probestest.Prepare(t, probeWith(t), "http://"+servertest.Serve(t, speak), targets.Options{Regex: costly})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			go func() { <-begun; cancel() }()
			r, err := check.Run(ctx)
			if err == nil || context.Cause(ctx) != context.Canceled || !strings.Contains(err.Error(), "canceled") {
				t.Errorf("got %v %v", r, err)
			}
		})
	}
}

func zipped(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return out.String()
}

// zeros is a gzip stream of so many zero bytes.
func zeros(n int64) string {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	block := make([]byte, 1<<20)
	for range n >> 20 {
		_, _ = w.Write(block)
	}
	_ = w.Close()
	return out.String()
}

func closeWrite(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() }

// reset closes a connection so that the other side sees a reset.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}
