package tcp

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// conversations are what servers do, good and bad, and what a check makes of it.
var conversations = []struct {
	name     string
	speak    func(net.Conn)
	options  targets.Options
	reason   probes.Reason
	text     string         // ADDR stands for the server's address
	matches  string         // matches_expect
	timesOut bool           // the check must end by its timeout, and only then
	then     func(net.Conn) // what the server does when its text has had the time to arrive
}{
	{name: "connect only", speak: servertest.Hold, reason: probes.OK, matches: "null"},
	{name: "connect only, closed at once", speak: func(net.Conn) {}, reason: probes.OK, matches: "null"},
	{name: "send only", speak: servertest.Hold, options: targets.Options{Send: "x"}, reason: probes.OK, matches: "null"},
	{name: "tls is no", speak: servertest.Hold, options: targets.Options{TLS: "no"}, reason: probes.OK, matches: "null"},
	{name: "banner", speak: say("SSH-2.0-OpenSSH_9.2\r\n"), options: targets.Options{Expect: `^SSH-2\.0-`}, reason: probes.OK, matches: "true"},
	{name: "conversation", speak: answer("+PONG\r\n"), options: targets.Options{Send: `PING\r\n`, Expect: `\+PONG`}, reason: probes.OK, matches: "true"},
	{name: "bytes that are no text", speak: echo, options: targets.Options{Send: `\x00\x01\xffend`, Expect: `^\x00\x01.end$`}, reason: probes.OK, matches: "true"},
	{name: "in pieces", speak: forever("a", time.Millisecond), options: targets.Options{Expect: "^a{50}"}, reason: probes.OK, matches: "true"},
	{name: "match and close", speak: func(c net.Conn) { _, _ = io.WriteString(c, "ready") }, options: targets.Options{Expect: "^ready$"}, reason: probes.OK, matches: "true"},
	{name: "half-closed after the match", speak: func(c net.Conn) { _, _ = io.WriteString(c, "ready"); closeWrite(c); servertest.Hold(c) }, options: targets.Options{Send: "x", Expect: "ready"}, reason: probes.OK, matches: "true"},
	{name: "the last byte of 64 KiB", speak: say(strings.Repeat("x", maxAnswer-1) + "y"), options: targets.Options{Expect: "y"}, reason: probes.OK, matches: "true"},
	{name: "behind 64 KiB", speak: say(strings.Repeat("x", maxAnswer) + "y"), options: targets.Options{Expect: "y"}, reason: probes.Body, matches: "false",
		text: "the first 64 KiB that ADDR sent do not match `y`, got \"" + strings.Repeat("x", 64) + "\"…"},
	{name: "endless stream", speak: forever(strings.Repeat("spam ", 1000), 0), options: targets.Options{Expect: "ham"}, reason: probes.Body, matches: "false",
		text: "the first 64 KiB that ADDR sent do not match `ham`, got \"" + strings.Repeat("spam ", 12) + "spam\"…"},
	{name: "mute", speak: servertest.Hold, options: targets.Options{Expect: "x"}, reason: probes.Timeout, matches: "false", timesOut: true,
		text: "waiting for the answer of ADDR: no answer in time"},
	{name: "mute when spoken to", speak: servertest.Hold, options: targets.Options{Send: `PING\r\n`, Expect: "x"}, reason: probes.Timeout, matches: "false", timesOut: true,
		text: "waiting for the answer of ADDR: no answer in time"},
	{name: "does not read", speak: sleep, options: targets.Options{Send: strings.Repeat("x", 16<<20), Expect: "x"}, reason: probes.Timeout, matches: "false", timesOut: true,
		text: "sending 16777216 bytes to ADDR: it did not take them all in time"},
	{name: "says something else", speak: say("220 ready\r\n"), options: targets.Options{Expect: "^SSH"}, reason: probes.Body, matches: "false", timesOut: true,
		text: "what ADDR sent did not match `^SSH` in time, got \"220 ready\\r\\n\""},
	{name: "dripping", speak: forever("x", 20*time.Millisecond), options: targets.Options{Expect: "^x{1000}$"}, reason: probes.Body, matches: "false", timesOut: true,
		text: "what ADDR sent did not match `^x{1000}$` in time, got …"},
	{name: "closed at once", speak: func(net.Conn) {}, options: targets.Options{Expect: "x"}, reason: probes.Body, matches: "false",
		text: "ADDR closed the connection before `x` matched, got nothing"},
	{name: "closed with another answer", speak: func(c net.Conn) { _, _ = io.WriteString(c, "421 go away\r\n\xff") }, options: targets.Options{Expect: "^220 "}, reason: probes.Body, matches: "false",
		text: "ADDR closed the connection before `^220 ` matched, got \"421 go away\\r\\n\\xff\""},
	{name: "half-closed and mute", speak: func(c net.Conn) { closeWrite(c); servertest.Hold(c) }, options: targets.Options{Expect: "x"}, reason: probes.Body, matches: "false",
		text: "ADDR closed the connection before `x` matched, got nothing"},
	{name: "reset", speak: func(c net.Conn) { _, _ = c.Read(make([]byte, 10)); reset(c) }, options: targets.Options{Send: "hello", Expect: "x"}, reason: probes.Reset, matches: "false",
		text: "waiting for the answer of ADDR: connection reset"},
	{name: "reset after an answer", speak: func(c net.Conn) { _, _ = io.WriteString(c, "too many connections") }, then: reset, options: targets.Options{Expect: "x"}, reason: probes.Reset, matches: "false",
		text: `waiting for the answer of ADDR: connection reset, after it had said "too many connections"`},
	{name: "expression with a quote", speak: func(net.Conn) {}, options: targets.Options{Expect: "a`b"}, reason: probes.Body, matches: "false",
		text: "ADDR closed the connection before \"a`b\" matched, got nothing"},
}

// echo is a server that repeats what it reads.
func echo(c net.Conn) { _, _ = io.Copy(c, c) }

// sleep is a server that neither reads nor writes until the test ends.
func sleep(c net.Conn) {
	for c.SetDeadline(time.Time{}) == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

// If one of these failed, a server of that kind would be reported with a wrong reason, hang the prober beyond the
// timeout, or be called up when it is not. That the time is looked at was seen by leaving out Bind in talk: mute
// never ended.
func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			unhurried.Try(t, func(t testing.TB, times time.Duration) {
				address := servertest.Serve(t, func(conn net.Conn) {
					c.speak(conn)
					if c.then != nil {
						time.Sleep(times * 100 * time.Millisecond)
						c.then(conn)
					}
				})
				timeout := probestest.Patience
				if c.timesOut {
					timeout = times * short
				}
				r, details := checkOnce(t, timeout, address, c.options)
				text := strings.ReplaceAll(c.text, "ADDR", address)
				if begin, open := strings.CutSuffix(text, "…"); open && c.timesOut && strings.HasPrefix(r.Error, begin) {
					text = r.Error // how much came depends on the time
				}
				probestest.Expect(t, r, c.reason, text)
				if r.TimedOut != c.timesOut {
					t.Errorf("TimedOut = %v", r.TimedOut)
				}
				if got := shown(details.MatchesExpect); got != c.matches {
					t.Errorf("matches_expect = %s, want %s", got, c.matches)
				}
				if r.IP != probestest.Loopback || r.Title != Title {
					t.Errorf("%s of %v", r.Title, r.IP)
				}
			})
		})
	}
}
