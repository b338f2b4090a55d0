package tcp

import (
	"context"
	"fmt"
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

// If this failed, a server that sends its bytes one by one could take a processor for itself: after each there
// would be a look at all that came before, 2 GiB together. Seen to fail without lookBudget.
func TestFastDripIsLookedAtSeldom(t *testing.T) {
	ca := servertest.NewAuthority(t)
	for name, c := range map[string]struct {
		speak   func(net.Conn)
		options targets.Options
	}{
		"plain": {drops, targets.Options{Expect: "y$"}},
		"TLS": {servertest.OverTLS(servertest.Showing(ca.Certify(t, "127.0.0.1", time.Now().Add(time.Hour))), drops),
			targets.Options{Expect: "y$", TLS: "true", TLSVerify: ca.Bundle(t)}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), probestest.Patience)
			defer cancel()
			check := prepare(t, probeWith(t), servertest.Serve(t, c.speak), c.options)
			r := run{check: check.(*Check), watch: probes.StartStopwatch()}
			defer func() { r.hangUp() }()
			if err := r.connect(ctx); err != nil {
				t.Fatal(err)
			}
			defer probes.Bind(ctx, r.socket)()
			l := listener{run: &r}
			defer l.release()
			matches, err := l.listen(ctx)
			if !matches || err != nil || len(l.said) != dropCount {
				t.Errorf("matches = %v after %d bytes, %v", matches, len(l.said), err)
			}
			if l.looked > 200*maxAnswer {
				t.Errorf("looked at %d MiB", l.looked>>20)
			}
		})
	}
}

// If this failed, an expression that is too costly for what a server sends would hold a check for long after its
// timeout. Seen to fail, after 13 s, when Regex always matches at once.
func TestCostlyExpectEndsInTime(t *testing.T) {
	address := servertest.Serve(t, func(c net.Conn) {
		_, _ = io.WriteString(c, strings.Repeat("x", maxAnswer))
		servertest.Hold(c)
	})
	var costly []string
	for n := 1; n <= 100; n++ {
		costly = append(costly, fmt.Sprintf("(x{1,%d}){1,30}y%d", 1+n%30, n))
	}
	check := prepare(t, probeWith(t), address, targets.Options{Expect: strings.Join(costly, "|")})
	began := time.Now()
	r, _ := runFor(t, 300*time.Millisecond, check)
	if r.Reason != probes.Timeout || !r.TimedOut || !strings.HasPrefix(r.Error, "the regular expression is too costly for ") {
		t.Errorf("%+v", r)
	}
	if took := time.Since(began); took > 10*time.Second || r.Took < 290*time.Millisecond {
		t.Errorf("took %v, and says %v", took, r.Took)
	}
}

const dropCount = 40_000

// drops sends bytes one by one, the last of them a y.
func drops(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true)
	}
	for i := range dropCount {
		text := "x"
		if i == dropCount-1 {
			text = "y"
		}
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
	servertest.Hold(c)
}

// If this failed, a server that never stops sending could take the memory of the prober. That the measure works was
// seen by setting maxAnswer to 64 MiB.
func TestEndlessStreamCostsNoMemory(t *testing.T) {
	block := strings.Repeat("x", 64<<10)
	check := prepare(t, probeWith(t), servertest.Serve(t, forever(block, 0)), targets.Options{Expect: "^x*y"})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, _ := runFor(t, probestest.Patience, check)
	runtime.ReadMemStats(&after)
	if r.Reason != probes.Body {
		t.Errorf("%+v", r)
	}
	// Everything that was allocated, the server's part too, also what has been freed again.
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("allocated %d MiB", allocated>>20)
	}
}

// If this failed, what a server said before it stopped listening would not be known: that it has too many
// connections, say.
func TestAnswerBeforeAllIsSent(t *testing.T) {
	unhurried.Try(t, func(t testing.TB, times time.Duration) { answeredBefore(t, times*100*time.Millisecond) })
}

// answeredBefore checks a server that resets its connections so long after its answer.
func answeredBefore(t testing.TB, pause time.Duration) {
	t.Helper()
	speak := func(c net.Conn) {
		_, _ = io.WriteString(c, "421 busy")
		time.Sleep(pause) // let it arrive before the reset overtakes it
		reset(c)
	}
	send := strings.Repeat("x", 16<<20)
	address := servertest.Serve(t, speak)
	r, d := checkOnce(t, probestest.Patience, address, targets.Options{Send: send, Expect: "^421"})
	probestest.Expect(t, r, probes.OK, "")
	if shown(d.MatchesExpect) != "true" {
		t.Error("matches_expect is not true")
	}
	r, _ = checkOnce(t, probestest.Patience, address, targets.Options{Send: send, Expect: "^220"})
	probestest.Expect(t, r, probes.Reset, "sending 16777216 bytes to "+address+`: connection reset, after it had said "421 busy"`)
	r, _ = checkOnce(t, probestest.Patience, address, targets.Options{Send: send})
	probestest.Expect(t, r, probes.Reset, "sending 16777216 bytes to "+address+": connection reset")
}

// If this failed, a password that is sent would stand in events and logs when a server repeats it, as many do with
// commands that they refuse. Seen to fail when got does not ask withoutEcho.
func TestNoSecretInAnyResult(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	for _, said := range []string{
		"", "-ERR unknown command 'AUTH s3cret'\r\n", "AUTH s3cret\r\n", "s3cret", strings.Repeat("x", 60) + "s3cret", strings.Repeat("AUTH s3cret\r\n", 10_000),
	} {
		for _, then := range []func(net.Conn){servertest.Hold, func(net.Conn) {}, reset} {
			address := servertest.Serve(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 100))
				_, _ = io.WriteString(c, said)
				then(c)
			})
			check := prepare(t, probeWith(t), address, targets.Options{Send: `AUTH s3cret\r\n`, Expect: "^OK"})
			r, d := runFor(t, short/4, check)
			if text := fmt.Sprintf("%+v %s", r, shown(d)); strings.Contains(text, secret) || r.Up() {
				t.Error(text)
			}
		}
	}
}

// If this failed, an error would hide more of what a server said than what was sent to it, or less.
func TestWithoutEcho(t *testing.T) {
	for _, c := range []struct{ said, sent, want string }{
		{"-ERR unknown command 'AUTHX', with args beginning with: 's3cret'", "AUTHX s3cret\r\n", "-ERR unknown command 'AUTHX', with args beginning with: '(sent)'"},
		{"-ERR unknown command 'AUTHX s3cret'", "AUTHX s3cret\r\n", "-ERR unknown command '(sent)'"},
		{"no s3cret.\r\nAUTHX s3cr", "AUTHX s3cret\r\n", "no (sent).\r\n(sent)"},
		{"wrong password hunter2!", `{"user":"me","password":"hunter2!"}`, "wrong (sent) (sent)"},
		{"pa:ss=wo is wrong", "AUTH pa:ss=wo\r\n", "(sent) is wrong"},
		{"\x00me\x00geheim!", "AUTH \x00me\x00geheim!", "\x00(sent)"},
		{"geheim", "xgeheim geheim", "(sent)"},
		{"geheim then", "xgeheim then", "geheim then"},
		{"HTTP/1.1 200 OK", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK"},
		{"HTTP/1.1 200 OK", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"},
		{"250-mail.example.com", "EHLO mail.example.org\r\n", "250-mail.example.com"},
		{"500 bad: EHLO\r\n", "EHLO me\r\n", "500 bad: EHLO\r\n"},
		{"220 mail ready\r\n", "\r\n", "220 mail ready\r\n"},
		{"abc", "abc", "abc"},
		{"plain", "", "plain"},
	} {
		if got := string(withoutEcho([]byte(c.said), []byte(c.sent))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.said, got, c.want)
		}
	}
}

// FuzzExpect holds the probe to one honest result in time for whatever a server says, the right one, printable.
func FuzzExpect(f *testing.F) {
	for _, said := range []string{"", "+PONG\r\n", "PONG", "P\xffONG", "-ERR unknown command 'PING'", "\x15\x03\x01\x00\x02\x02\x46", strings.Repeat("x", maxAnswer) + "PONG"} {
		f.Add([]byte(said))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	check := prepare(f, probeWith(f), l.Addr().String(), targets.Options{Send: `PING\r\n`, Expect: "PONG"})
	f.Fuzz(func(t *testing.T, said []byte) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			_, _ = c.Read(make([]byte, 10))
			_, _ = c.Write(said)
		}()
		r, d := runFor(t, probestest.Patience, check)
		<-done
		wants := strings.Contains(string(said[:min(len(said), maxAnswer)]), "PONG")
		if r.TimedOut || wants != r.Up() || shown(d.MatchesExpect) != fmt.Sprint(wants) {
			t.Errorf("%+v %s", r, shown(d))
		}
		if strings.ToValidUTF8(r.Error, "") != r.Error || strings.ContainsFunc(r.Error, func(c rune) bool { return c < ' ' }) {
			t.Errorf("%q", r.Error)
		}
	})
}
