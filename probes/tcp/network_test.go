package tcp

import (
	"context"
	"errors"
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

// If this failed, a port where nobody listens would not be reported as refused.
func TestRefused(t *testing.T) {
	address := servertest.FreeAddress(t)
	r, details := checkOnce(t, probestest.Patience, address, targets.Options{TLS: "true", TLSVerify: "no", Expect: "x"})
	probestest.Expect(t, r, probes.Refused, "connecting to "+address+": connection refused")
	if r.IP != probestest.Loopback || shown(details) != `{"tls_version":null,"certificate_expires_at":null,"matches_expect":null}` {
		t.Errorf("%v %s", r.IP, shown(details))
	}
}

// If this failed, targets with an IPv6 address could not be checked, or ip_family would be ignored.
func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	} else {
		_ = l.Close()
	}
	address := servertest.ServeAt(t, "[::1]:0", say("hello"))
	r, _ := checkOnce(t, probestest.Patience, address, targets.Options{Expect: "hello", IPFamily: "6"})
	probestest.Expect(t, r, probes.OK, "")
	if r.IP.String() != "::1" {
		t.Errorf("ip %v", r.IP)
	}
	r, _ = checkOnce(t, probestest.Patience, address, targets.Options{IPFamily: "4"})
	probestest.Expect(t, r, probes.DNS, "::1 is no IPv4 address")
}

// If this failed, a name that cannot be resolved would not be reported as dns.
func TestNoSuchName(t *testing.T) {
	resolver := "PROBE_RESOLVER=" + servertest.FreeAddress(t)
	r, _ := runFor(t, probestest.Patience, prepare(t, probeWith(t, resolver), "nobody.example:1", targets.Options{}))
	if _, had := r.Timings.Get(probes.PhaseDNS); !had || r.Reason != probes.DNS || r.IP.IsValid() {
		t.Errorf("%+v", r)
	}
}

// If this failed, the time of a check would stand in the wrong phase, or a phase be missing.
func TestPhases(t *testing.T) {
	unhurried.Try(t, func(t testing.TB, times time.Duration) { phasesOf(t, times*60*time.Millisecond) })
}

// phasesOf checks a server that makes pauses.
func phasesOf(t testing.TB, pause time.Duration) {
	t.Helper()
	address := servertest.Serve(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 10))
		time.Sleep(pause)
		_, _ = io.WriteString(c, "begin")
		time.Sleep(pause)
		say("end")(c)
	})
	_, port, _ := net.SplitHostPort(address)
	phases := func(r probes.Result) (had string) {
		for p := probes.PhaseRedirect; p <= probes.PhaseReceive; p++ {
			if _, ok := r.Timings.Get(p); ok {
				had += p.String() + " "
			}
		}
		return had
	}
	r, _ := checkOnce(t, probestest.Patience, "localhost:"+port, targets.Options{Send: "x", Expect: "^beginend$", IPFamily: "4"})
	probestest.Expect(t, r, probes.OK, "")
	if got := phases(r); got != "dns connect send wait receive " {
		t.Errorf("phases %s", got)
	}
	for _, p := range []probes.Phase{probes.PhaseWait, probes.PhaseReceive} {
		if d, _ := r.Timings.Get(p); d < pause*9/10 {
			t.Errorf("%s took %v, want at least %v", p, d, pause)
		}
	}
	r, _ = checkOnce(t, probestest.Patience, address, targets.Options{Send: "x", Expect: "^begin$"})
	if got := phases(r); got != "connect send wait " {
		t.Errorf("phases %s", got)
	}
	r, _ = checkOnce(t, probestest.Patience, address, targets.Options{})
	if got := phases(r); got != "connect " {
		t.Errorf("phases %s", got)
	}
}

// If this failed, the prober would report its own shutdown as an outage, or hang in it. Seen to hang when talk does
// not Bind the connection.
func TestShutdownIsNoOutage(t *testing.T) {
	begun := make(chan struct{}, 1)
	tell := func(then func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) { begun <- struct{}{}; then(c) }
	}
	for name, c := range map[string]struct {
		speak   func(net.Conn)
		options targets.Options
	}{
		"handshake": {tell(servertest.Hold), targets.Options{TLS: "true"}},
		"sending":   {tell(sleep), targets.Options{Send: strings.Repeat("x", 16<<20)}},
		"waiting":   {tell(servertest.Hold), targets.Options{Expect: "x"}},
		"receiving": {func(c net.Conn) { _, _ = io.WriteString(c, "y"); tell(servertest.Hold)(c) }, targets.Options{Expect: "x"}},
		"gathering": {tell(forever("y", time.Microsecond)), targets.Options{Expect: "^y*x"}},
	} {
		t.Run(name, func(t *testing.T) {
			check := prepare(t, probeWith(t), servertest.Serve(t, c.speak), c.options)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			go func() { <-begun; cancel() }()
			began := time.Now()
			r, err := check.Run(ctx)
			if !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
				t.Errorf("got %+v %v after %v", r, err, time.Since(began))
			}
		})
	}
}

// If this failed, a server could see our checks as broken connections and fill its log with them. Seen to fail when
// hangUp does not discard.
func TestPoliteClose(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("see discard")
	}
	for name, o := range map[string]targets.Options{"matched": {Expect: "hello"}, "sent": {Send: "hello"}} {
		t.Run(name, func(t *testing.T) {
			unhurried.Try(t, func(t testing.TB, times time.Duration) {
				ended := make(chan error, 1)
				check := prepare(t, probeWith(t), servertest.Serve(t, func(c net.Conn) {
					_, _ = io.WriteString(c, "hello")
					_, _ = io.WriteString(c, strings.Repeat("and more", 4000))
					_, err := io.Copy(io.Discard, c)
					ended <- err
				}), o)
				ctx, cancel := context.WithTimeout(context.Background(), probestest.Patience)
				defer cancel()
				r := run{check: check.(*Check), watch: probes.StartStopwatch()}
				if err := errors.Join(r.connect(ctx), r.talk(ctx)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(times * 100 * time.Millisecond) // let all of it arrive
				r.hangUp()
				if err := <-ended; err != nil {
					t.Errorf("the server saw %v, want the end of the stream", err)
				}
			})
		})
	}
}
