package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/schemas"
)

// checkPatience ends a test of check that hangs.
const checkPatience = unhurried.Patience

// checked is what one call of check gave.
type checked struct {
	code           int
	stdout, stderr string
}

// check calls the command with settings and nothing else of this machine's environment.
func check(t testing.TB, environ []string, args ...string) checked {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), checkPatience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := checkTo(ctx, &stdout, &stderr, environ, args...)
	return checked{code, stdout.String(), stderr.String()}
}

func checkTo(ctx context.Context, stdout, stderr io.Writer, environ []string, args ...string) int {
	environ = append([]string{"PROBE_PROXY=off", "LANG=C.UTF-8"}, environ...)
	a := &app{environ: environ, stdin: strings.NewReader(""), stdout: stdout, stderr: stderr}
	return a.execute(ctx, append([]string{"check"}, args...))
}

// webServer answers 503 at /down and 200 elsewhere.
func webServer(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprintf(w, "All Systems: Operational, %s", r.Method)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// If this failed, scripts that ask for the exit code would be told that what is down is up, or that our own trouble
// is an outage.
func TestCheckExitCodes(t *testing.T) {
	web, closed := webServer(t), servertest.FreeAddress(t)
	address := strings.TrimPrefix(web, "http://")
	for _, c := range []struct {
		name    string
		environ []string
		args    []string
		code    int
		want    []string // on stdout, in this order
	}{
		{"up", nil, []string{web}, 0, []string{"UP    " + web + " · 200 OK · "}},
		{"tcp", nil, []string{"tcp://" + address}, 0, []string{"UP    tcp://" + address}},
		{"all up", nil, []string{web, "tcp://" + address}, 0, []string{"UP    " + web, "UP    tcp://"}},
		{"down by status", nil, []string{web + "/down"}, 1, []string{"DOWN  " + web + "/down · status · 503 Service Unavailable · ", "hint"}},
		{"refused", nil, []string{"http://" + closed}, 1, []string{"DOWN  http://" + closed + " · refused · ", "connection refused"}},
		{"one of three is down", nil, []string{web, "tcp://" + closed, web + "/2"}, 1, []string{"UP    ", "DOWN  tcp://" + closed, "UP    " + web + "/2"}},
		{"our own proxy", []string{"PROBE_PROXY=http://" + closed}, []string{web}, 3, []string{"FAULT " + web + " · could not be checked: proxy", "PROBE_PROXY=off"}},
		{"down and not to be checked", []string{"PROBE_PROXY=http://" + closed}, []string{web, "tcp://" + closed}, 3, []string{"FAULT " + web, "DOWN  tcp://" + closed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := check(t, c.environ, c.args...)
			if got.code != c.code || got.stderr != "" {
				t.Errorf("exit code %d, want %d; stderr %q", got.code, c.code, got.stderr)
			}
			rest := got.stdout
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("no %q in its place in\n%s", want, got.stdout)
				}
				rest = after
			}
		})
	}
}

// If this failed, a wrong call would not say which argument or setting is wrong and what would be right, or would
// probe something all the same.
func TestCheckWrongCalls(t *testing.T) {
	for _, c := range []struct {
		environ []string
		args    []string
		want    string
	}{
		{nil, nil, "uptimer: no URL; want at least one, for example: uptimer check https://example.com\n"},
		{nil, []string{"ftp://a.invalid"}, `uptimer: URL="ftp://a.invalid": unknown scheme ftp, did you mean http? want http, https, tcp or icmp` + "\n"},
		{nil, []string{"https://a.invalid", "tcp://b.invalid", "https://user:geheim@c.invalid:x"},
			`uptimer: URL[2]="tcp://b.invalid": the port is missing; want tcp://host:port` + "\n" +
				`uptimer: URL[3]="https://xxxxx@c.invalid:x": not a port; want a number from 1 to 65535` + "\n"},
		{nil, []string{""}, "uptimer: URL: missing; want a URL such as https://example.com/health\n"},
		{nil, []string{"--xml", "a.invalid"}, "uptimer: unknown flag: --xml; see uptimer check --help\n"},
		{[]string{"PROBE_TIMEOUT=soon", "PROBE_COUNT=x", "LOG_LEVEL=loud", "PROBE_TLS_VERIFY=perhaps"}, []string{"icmp://a.invalid:7"},
			`uptimer: LOG_LEVEL="loud": unknown; want one of debug, info, warn, error` + "\n" +
				`uptimer: PROBE_TIMEOUT="soon": not a time span; want seconds such as 30 or 2.5, or a duration such as 1m30s` + "\n" +
				`uptimer: PROBE_COUNT="x": not a number of checks; want a whole number above zero, or nothing for no end` + "\n" +
				`uptimer: PROBE_TLS_VERIFY="perhaps": neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form` + "\n" +
				`uptimer: URL="icmp://a.invalid:7": icmp has no ports; want icmp://host` + "\n"},
		{[]string{"PROBE_REGEXES=("}, []string{"https://a.invalid"},
			`uptimer: PROBE_REGEXES="(": not a regular expression: missing closing ): "("; want Go's syntax (RE2)` + "\n"},
	} {
		got := check(t, c.environ, c.args...)
		if got.code != 2 || got.stdout != "" || got.stderr != c.want {
			t.Errorf("%q %q: exit code %d, stdout %q, stderr\n%swant\n%s", c.environ, c.args, got.code, got.stdout, got.stderr, c.want)
		}
	}
}

// If this failed, programs that read the output of check could not read it: it would not be events, not all of
// them, or in another order.
func TestCheckJSON(t *testing.T) {
	catalog, err := events.NewCatalog(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	web, closed := webServer(t), servertest.FreeAddress(t)
	urls := []string{web + "/a", "tcp://" + closed, web + "/down"}
	got := check(t, []string{"PROBE_LOCATION=here"}, append([]string{"--json"}, urls...)...)
	if got.code != 1 || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	lines := strings.SplitAfter(got.stdout, "\n")
	if len(lines) != len(urls)+1 || lines[len(urls)] != "" {
		t.Fatalf("%d events are wanted, got\n%s", len(urls), got.stdout)
	}
	for i, url := range urls {
		event, err := catalog.Parse([]byte(lines[i]))
		if err != nil {
			t.Fatal(err)
		}
		var fields struct{ Target, Location string }
		if err := event.Decode(&fields); err != nil || fields.Target != url || fields.Location != "here" {
			t.Errorf("event %d is of %q at %q, want %q (%v)", i, fields.Target, fields.Location, url, err)
		}
		if string(event.JSON())+"\n" != lines[i] {
			t.Errorf("not the event's own JSON: %s", lines[i])
		}
	}
}

// If this failed, a program would take our own trouble for an event, or would not be told of it.
func TestCheckJSONOfFaults(t *testing.T) {
	web, closed := webServer(t), servertest.FreeAddress(t)
	got := check(t, []string{"PROBE_PROXY=http://user:geheim@" + closed}, "--json", web)
	want := "uptimer: " + web + " could not be checked: proxy"
	if got.code != 3 || got.stdout != "" || !strings.HasPrefix(got.stderr, want) || strings.Contains(got.stderr, "geheim") {
		t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
	}
}

// If this failed, check would ask something else than the pipeline with the same environment does.
func TestCheckTakesSettings(t *testing.T) {
	web := webServer(t)
	for _, c := range []struct {
		environ []string
		url     string
		code    int
		stdout  string
		stderr  string
	}{
		{[]string{"PROBE_METHOD=POST"}, web, 0, "HTTP/1.1 POST", ""},
		{[]string{"PROBE_EXPECTED_STATUS=503"}, web + "/down", 0, "UP    " + web + "/down · 503", ""},
		{[]string{"PROBE_REGEXES=[A-Z]ll Systems"}, web, 0, "matches [A-Z]ll Systems", ""},
		{[]string{`PROBE_REGEXES=["Nothing"]`}, web, 1, "does not match Nothing", ""},
		{[]string{`PROBE_REGEXES=["a", "b"]`, "PROBE_URLS=[a, b]"}, web, 0, "200 OK", "PROBE_REGEXES is a list that goes with PROBE_URLS"},
		{[]string{`PROBE_REGEXES=["a", "("]`}, web, 0, "200 OK", "PROBE_REGEXES is a list that goes with PROBE_URLS"},
		{[]string{"PROBE_URL=a"}, web, 0, "UP", "did_you_mean=PROBE_URLS"},
		{[]string{"READER_PLUGIN=icmp", "PROBE_INTERVAL=0.01", "PROBE_TIMEOUT=30"}, web, 0, "UP", ""},
		{[]string{"DISTRIBUTED_WORKERS_ENABLED=1", "DISTRIBUTED_WORKERS_TOTAL=1000", "DISTRIBUTED_WORKERS_INDEX=7"}, web, 0, "UP", ""},
		{[]string{"PROBE_LOCATION=attic"}, web, 0, "Z · from attic\n", ""},
	} {
		got := check(t, append([]string{"LOG_FORMAT=text"}, c.environ...), c.url)
		if got.code != c.code || !strings.Contains(got.stdout, c.stdout) || !strings.Contains(got.stderr, c.stderr) || c.stderr == "" && got.stderr != "" {
			t.Errorf("%q: exit code %d, want %d; stderr %q\n%s", c.environ, got.code, c.code, got.stderr, got.stdout)
		}
	}
}

// If this failed, a URL that was given twice would be checked twice, or dropped without a word.
func TestCheckJoinsRepeats(t *testing.T) {
	web := webServer(t)
	got := check(t, nil, web, web+"/", web+"/b")
	want := "uptimer: URL[2] repeats URL[1] in everything: it is checked once\n"
	if got.code != 0 || got.stderr != want || strings.Count(got.stdout, "UP    ") != 2 {
		t.Errorf("exit code %d, stderr %q\n%s", got.code, got.stderr, got.stdout)
	}
}

// meeting answers no request before as many as wanted are there.
func meeting(t testing.TB, wanted int32) string {
	t.Helper()
	var there atomic.Int32
	all := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if there.Add(1) == wanted {
			close(all)
		}
		select {
		case <-all:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// If this failed, ten slow URLs would take ten times as long as one.
func TestCheckAtTheSameTime(t *testing.T) {
	const n = 10
	server := meeting(t, n)
	var urls []string
	for i := range n {
		urls = append(urls, fmt.Sprintf("%s/%d", server, i))
	}
	got := check(t, []string{"PROBE_TIMEOUT=30"}, urls...)
	if got.code != 0 || strings.Count(got.stdout, "UP    ") != n {
		t.Errorf("exit code %d\n%s", got.code, got.stdout)
	}
	unhurried.Try(t, func(t testing.TB, times time.Duration) {
		timeout := fmt.Sprintf("PROBE_TIMEOUT=%v", times*200*time.Millisecond)
		server := meeting(t, 2) // the first has gone when the second comes
		got := check(t, []string{timeout, "PROBE_CONCURRENCY=1"}, server, server+"/2")
		if got.code != 1 || strings.Count(got.stdout, "DOWN  ") != 1 {
			t.Errorf("one at a time: exit code %d\n%s", got.code, got.stdout)
		}
	})
}

// If this failed, Ctrl-C would leave half an answer, or one that says that a target is down because we stopped
// waiting for it.
func TestCheckInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	web := webServer(t)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer hangs.Close()
	var stdout, stderr bytes.Buffer
	code := checkTo(ctx, &stdout, &stderr, []string{"PROBE_CONCURRENCY=1"}, web, hangs.URL, web+"/never")
	if code != exitInterrupted || stderr.Len() > 0 {
		t.Errorf("exit code %d, want %d; stderr %q", code, exitInterrupted, stderr.String())
	}
	if out := stdout.String(); strings.Contains(out, hangs.URL) || strings.Contains(out, "never") {
		t.Errorf("half an answer:\n%s", out)
	}
}

// failingWriter takes no text.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// If this failed, a full disk would pass for an answer, or "check | head" for a failure.
func TestCheckCannotPrint(t *testing.T) {
	web := webServer(t)
	for _, args := range [][]string{{web, web + "/down"}, {"--json", web, web + "/down"}} {
		var stderr bytes.Buffer
		code := checkTo(t.Context(), failingWriter{syscall.ENOSPC}, &stderr, nil, args...)
		if code != 3 || !strings.HasPrefix(stderr.String(), "uptimer: printing the answer: ") {
			t.Errorf("full: exit code %d, stderr %q", code, stderr.String())
		}
		stderr.Reset()
		code = checkTo(t.Context(), failingWriter{fmt.Errorf("write: %w", syscall.EPIPE)}, &stderr, nil, args...)
		if code != 1 || stderr.Len() > 0 {
			t.Errorf("closed: exit code %d, stderr %q", code, stderr.String())
		}
	}
	if isGone(errors.New("another")) {
		t.Error("every error passes for a closed pipe")
	}
}

// If this failed, people would not find out from the program what it can be asked and what its exit codes mean.
func TestCheckHelp(t *testing.T) {
	got := check(t, nil, "--help")
	for _, want := range []string{"uptimer check URL", "a bare host means https", "0 all are up, 1 at least one is down, 2 the call or a setting is wrong, 3", "--json", "icmp://", "UTC"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("exit code %d, no %q in\n%s", got.code, want, got.stdout)
		}
	}
}

// If this failed, terminals would show boxes instead of bars, or output in files would have colours in it.
func TestLookWithoutTerminal(t *testing.T) {
	for _, c := range []struct {
		environ []string
		unicode bool
	}{
		{[]string{"LANG=en_US.UTF-8"}, true},
		{[]string{"LANG=de_DE.utf8"}, true},
		{[]string{"LANG=C"}, false},
		{[]string{"LC_ALL=POSIX", "LANG=C.UTF-8"}, false},
		{[]string{"LC_ALL=", "LC_CTYPE=C.UTF-8", "LANG=C"}, true},
		{[]string{"LANG=de_DE.ISO-8859-1", "TERM=xterm-256color", "CLICOLOR_FORCE=1"}, false},
	} {
		a := &app{environ: c.environ, stdout: io.Discard, stderr: io.Discard}
		a.env = plugin.NewEnvironment(c.environ)
		if l := a.look(); l.unicode != c.unicode || l.colour || l.wrap || l.width != usualWidth || l.spinner != nil {
			t.Errorf("%q: %+v", c.environ, l)
		}
	}
}
