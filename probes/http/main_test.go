package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// slack is what may be missing of a time that the server and the check measure: it is cut to the microsecond, and a
// sleeping server begins before its last byte has arrived.
const slack = 5 * time.Millisecond

// configOf reads settings as the program does. The proxies of the environment that the tests run in are left out.
func configOf(t testing.TB, environ ...string) Config {
	t.Helper()
	return probestest.Load[Config](t, append([]string{"PROBE_PROXY=off"}, environ...)...)
}

func probeWith(t testing.TB, environ ...string) *Probe {
	t.Helper()
	p, err := New(configOf(t, environ...))
	return probestest.Closed(t, p, err)
}

// runFor runs a check with a timeout and wants an honest result in time.
func runFor(t testing.TB, timeout time.Duration, check probes.Check) (probes.Result, *Details) {
	t.Helper()
	r := probestest.Run(t, timeout, check)
	return r, r.Details.(*Details)
}

func checkOnce(t testing.TB, url string, o targets.Options, environ ...string) (probes.Result, *Details) {
	t.Helper()
	return runFor(t, probestest.Patience, probestest.Prepare(t, probeWith(t, environ...), url, o))
}

// say is a server that reads a request, answers with texts and closes.
func say(texts ...string) func(net.Conn) {
	return func(c net.Conn) {
		if readRequest(c) == nil {
			return
		}
		for _, text := range texts {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// readRequest reads a request with its body, nil if there is none.
func readRequest(c net.Conn) *http.Request {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, request.Body)
	return request
}

// forever writes a text again and again until the other side has had enough.
func forever(c net.Conn, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

// drip writes a text again and again, slowly.
func drip(c net.Conn, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
