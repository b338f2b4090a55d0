//go:build unix

package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// aServer answers every request with a line.
func aServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "All Systems: Operational") }))
	t.Cleanup(s.Close)
	return s.URL
}

// A person with three URLs who sees nothing for half a minute has gone by then.
func TestThreeURLsGiveThreeAnswersSoon(t *testing.T) {
	url := aServer(t)
	var soonest time.Duration
	for range 5 { // the machine may be busy: the soonest counts
		began := time.Now()
		p := start(t, []string{fmt.Sprintf(`PROBE_URLS=["%s/a", "%s/b", "%s/c"]`, url, url, url)})
		seen := map[string]bool{}
		p.want("three targets up", func(e event) bool {
			seen[e.Target] = seen[e.Target] || e.Up
			return len(seen) == 3
		})
		took := time.Since(began)
		p.signal(syscall.SIGTERM)
		p.exit(exitDone)
		if took <= 2*time.Second {
			return
		}
		soonest = min(cmp.Or(soonest, took), took)
	}
	t.Errorf("the first three events took %v, want less than 2 s", soonest)
}

// `uptimer | head -1` that ends with an error, or not at all, is no good neighbour in a shell.
func TestAClosedPipeEndsQuietly(t *testing.T) {
	p := start(t, []string{"PROBE_URLS=" + aServer(t), "PROBE_INTERVAL=0.1", "LOG_LEVEL=warn"})
	p.want("one", func(event) bool { return true })
	_ = p.stdout.Close()
	p.exit(exitDone)
	if p.log() != "" {
		t.Errorf("the log says\n%s", p.log())
	}
}

// A restart that is slow, or shows up as an outage of whatever was being checked, makes every deployment an alarm.
func TestSIGTERMIsNoOutage(t *testing.T) {
	mute := "http://" + servertest.Serve(t, servertest.Hold)
	p := start(t, []string{fmt.Sprintf("PROBE_URLS=[%s/slow, %s]", mute, aServer(t)), "PROBE_INTERVAL=10m", "PROBE_TIMEOUT=5m", "SHUTDOWN_GRACE=5m"})
	p.want("the one that answers", func(e event) bool { return e.Up })
	asked := time.Now()
	p.signal(syscall.SIGTERM)
	for e, ok := p.next(); ok; e, ok = p.next() {
		t.Errorf("an event after SIGTERM: %+v", e)
	}
	p.exit(exitDone)
	if took := p.over.Sub(asked); took > 30*time.Second { // of the five minutes that the check or the grace would last
		t.Errorf("the stop took %v", took)
	}
}

// Somebody whose writer hangs presses Ctrl-C twice and wants his shell back.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := startUnread(t, "PROBE_INTERVAL=0.01", "SHUTDOWN_GRACE=5m")
	p.signal(syscall.SIGINT)
	time.Sleep(2 * sameSignal)
	p.signal(syscall.SIGINT)
	p.exit(exitInterrupted)
}

// Events that could not be written within the grace are lost; whoever restarts uptimer must learn it.
func TestEventsThatAreGivenUpAreCounted(t *testing.T) {
	t.Parallel()
	p := startUnread(t, "PROBE_INTERVAL=0.01", "SHUTDOWN_GRACE=0.5")
	p.signal(syscall.SIGTERM)
	p.exit(exitFailed)
	if !strings.Contains(p.log(), "events could not be written before the grace ended") {
		t.Errorf("the log does not say what was lost:\n%s", p.log())
	}
}

// startUnread runs the program and reads nothing of what it writes, until the pipe is full and its writer hangs.
func startUnread(t *testing.T, environ ...string) *process {
	t.Helper()
	addr := servertest.FreeAddress(t)
	p := start(t, append(environ, "METRICS_ADDR="+addr, "PROBE_URLS="+manyTargets(aServer(t), 10)))
	unhurried.Until(t, "its writer hangs", func() bool {
		return strings.Contains(call(t, []string{"METRICS_ADDR=" + addr}, "health", "--ready").stderr, "a write has taken")
	})
	return p
}

// A reader of stdout that stops for a while must find everything when it goes on.
func TestAReaderThatStopsMissesNothing(t *testing.T) {
	t.Parallel()
	// 150 events are more than a pipe holds. An interval that is long enough for a timeout that a busy machine does not
	// reach: if it is held up itself, a check that fails by time gives no event.
	p := startUnread(t, "PROBE_INTERVAL=0.5", "PROBE_COUNT=15", "SHUTDOWN_GRACE=5m")
	seen := map[string]bool{}
	for e, ok := p.next(); ok; e, ok = p.next() {
		if seen[e.UUID] {
			t.Errorf("event %s came twice", e.UUID)
		}
		seen[e.UUID] = true
	}
	p.exit(exitDone)
	if len(seen) != 150 {
		t.Errorf("%d events, want 150", len(seen))
	}
}

// A script that asks once must get one answer for each target, and 0 although one is down.
func TestOnePassEndsByItself(t *testing.T) {
	url := aServer(t)
	got := callWithInput(t, fmt.Sprintf("url,name\n%s,good\ntcp://127.0.0.1:1,bad\nicmp://127.0.0.1,\n", url),
		[]string{"PROBE_TARGETS_FILE=-", "PROBE_INTERVAL=-1"})
	if got.code != exitDone || strings.Count(got.stdout, "\n") != 3 || strings.Count(got.stdout, `"up":true`) != 2 {
		t.Errorf("exit code %d, stdout\n%s\nstderr\n%s", got.code, got.stdout, got.stderr)
	}
}

// A list that is changed must be in force without a restart, and a broken one must not be.
func TestTheListIsFollowed(t *testing.T) {
	t.Parallel()
	url := aServer(t)
	list := filepath.Join(t.TempDir(), "targets.csv")
	write(t, list, url+"/one,0.2\n")
	p := start(t, []string{"PROBE_TARGETS_FILE=" + list})
	is := func(path string) func(event) bool { return func(e event) bool { return e.Target == url+path } }
	p.want("one", is("/one"))
	write(t, list, url+"/one,0.2\n"+url+"/two,0.2\n")
	p.want("two, noticed", is("/two"))
	write(t, list, url+"/three,0.2\nnonsense://x,5\n")
	p.signal(syscall.SIGHUP)
	p.says("the new list of targets is refused")
	p.says("targets.csv:2: url")
	p.want("one, as before", is("/one"))
	write(t, list, url+"/three,0.2\n")
	p.signal(syscall.SIGHUP)
	p.want("three", is("/three"))
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
}

// On call, one looks at the metrics and at health first.
func TestMetricsAndHealth(t *testing.T) {
	t.Parallel()
	addr := servertest.FreeAddress(t)
	down := call(t, []string{"METRICS_ADDR=" + addr}, "health")
	if down.code != exitFailed || down.stdout != "" {
		t.Errorf("health with nobody there: exit code %d, %q", down.code, down.stdout)
	}
	p := start(t, []string{fmt.Sprintf("PROBE_URLS=[%s, tcp://127.0.0.1:1]", aServer(t)), "METRICS_ADDR=" + addr, "PROBE_INTERVAL=0.2"})
	p.want("up", func(e event) bool { return e.Up })
	p.want("down", func(e event) bool { return !e.Up })
	for _, args := range [][]string{{"health"}, {"health", "--ready"}} {
		if got := call(t, []string{"METRICS_ADDR=" + addr}, args...); got.code != exitDone || got.stdout != "ok\n" {
			t.Errorf("%q: exit code %d, %q, %q", args, got.code, got.stdout, got.stderr)
		}
	}
	text := get(t, "http://"+addr+"/metrics")
	for _, want := range []string{
		`uptimer_checks_total{protocol="http",reason="ok"} `, `uptimer_checks_total{protocol="tcp",reason="refused"} `,
		`uptimer_check_duration_seconds_bucket{protocol="http",le="+Inf"} `, `uptimer_schedule_lag_seconds_count `,
		`uptimer_slots_skipped_total{cause="overrun"} `, `uptimer_slots_skipped_total{cause="writer"} `, `uptimer_slots_skipped_total{cause="concurrency"} `,
		`uptimer_slots_skipped_total{cause="behind"} `, `uptimer_slots_skipped_total{cause="clock"} `,
		`uptimer_checks_in_flight `, `uptimer_targets 2`, `uptimer_events_written_total{writer="stdout"} `,
		`uptimer_events_rejected_total{writer="stdout"} 0`, `uptimer_write_duration_seconds_count{writer="stdout"} `,
		`uptimer_write_retries_total{writer="stdout"} 0`, `uptimer_batch_events_count{writer="stdout"} `,
		`uptimer_build_info{commit="`, `go_goroutines `, `process_resident_memory_bytes `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics do not hold %s", want)
		}
	}
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
}

// If this failed, garbage would pile up to hundreds of megabytes in a program that has three targets.
//
// Seen to fail when nobody is told that all is loaded, and for each of the sources when it is not.
func TestGarbageIsCollectedWhenAllIsLoaded(t *testing.T) {
	t.Parallel()
	for name, source := range map[string][]string{
		"a list":  {"PROBE_URLS=" + aServer(t), "PROBE_INTERVAL=0.2"},
		"no list": {"READER_PLUGIN=dummy", "DUMMY_EVENT_COUNT=1000000000"},
	} {
		addr := servertest.FreeAddress(t)
		p := start(t, append(source, "METRICS_ADDR="+addr))
		p.want("any", func(event) bool { return true })
		unhurried.Until(t, "GOGC is 50 to 800 with "+name, func() bool {
			_, rest, _ := strings.Cut(get(t, "http://"+addr+"/metrics"), "\ngo_gc_gogc_percent ")
			text, _, _ := strings.Cut(rest, "\n")
			percent, err := strconv.ParseFloat(text, 64)
			return err == nil && percent >= 50 && percent <= 800
		})
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url) //nolint:noctx // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A password that is in one line of a log or an event is in every copy of it.
func TestSecretsAreNowhere(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "urls")
	write(t, secret, "http://admin:geheim@"+strings.TrimPrefix(aServer(t), "http://")+"/x\n")
	p := start(t, []string{"PROBE_URLS_FILE=" + secret, "PROBE_COUNT=1", "LOG_LEVEL=debug"})
	all := ""
	for p.lines.Scan() {
		all += p.lines.Text()
	}
	p.exit(exitDone)
	shown := call(t, []string{"PROBE_URLS_FILE=" + secret, "PROBE_PROXY=http://me:geheim@127.0.0.1:3128"}, "config")
	all += p.log() + shown.stdout + shown.stderr
	if !strings.Contains(all, `"up":true`) || strings.Contains(all, "geheim") {
		t.Errorf("a secret is in:\n%s", all)
	}
}

// Two instances with the same METRICS_ADDR: the second must say why it does not start.
func TestAMetricsAddressThatIsTaken(t *testing.T) {
	taken := servertest.Serve(t, servertest.Hold)
	got := call(t, []string{"PROBE_URLS=http://127.0.0.1:1", "METRICS_ADDR=" + taken})
	if lines := got.complaints(); got.code != exitFailed || len(lines) != 1 || !strings.Contains(lines[0], "address already in use") {
		t.Errorf("exit code %d:\n%s", got.code, got.stderr)
	}
}

// A list that comes through a pipe may be slow to come; whoever stops uptimer meanwhile must not wait for it. Seen to
// fail when standard input was read directly.
func TestSIGTERMWhileTheListIsRead(t *testing.T) {
	t.Parallel()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	p := startWith(t, in, []string{"PROBE_TARGETS_FILE=-"})
	_ = out.SetWriteDeadline(time.Now().Add(patience))
	if _, err := out.WriteString(strings.Repeat("# more than a pipe holds: it is being read\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP) // must not end it, as it does by default
	time.Sleep(500 * time.Millisecond)
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
}

// SIGHUP from an operator's script in the last seconds of a process must not cost the events in hand. Seen to fail when
// the signal was given back before the end.
func TestSIGHUPDuringTheGrace(t *testing.T) {
	t.Parallel()
	p := startUnread(t, "PROBE_INTERVAL=0.02", "SHUTDOWN_GRACE=5m")
	p.signal(syscall.SIGTERM)
	time.Sleep(300 * time.Millisecond)
	p.signal(syscall.SIGHUP)
	time.Sleep(300 * time.Millisecond)
	for _, ok := p.next(); ok; _, ok = p.next() {
	}
	p.exit(exitDone)
}

// Traffic must not be sent, and nobody be calmed, by an instance whose events go nowhere.
func TestNotReadyWhileNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	addr := servertest.FreeAddress(t)
	p := start(t, []string{"PROBE_URLS=" + aServer(t), "PROBE_INTERVAL=0.1", "METRICS_ADDR=" + addr})
	p.says("uptimer starts")
	is := func(code int) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			if got := call(t, []string{"METRICS_ADDR=" + addr}, "health", "--ready"); got.code == code {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("health --ready ends with %d, want %d: %s", got.code, code, got.stderr)
			}
		}
	}
	is(exitDone)
	is(exitFailed) // nobody reads: the pipe is full
	go func() {
		for p.lines.Scan() {
		}
	}()
	is(exitDone)
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
}
