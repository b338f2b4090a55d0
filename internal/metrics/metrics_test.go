package metrics

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/uptimer/uptimer/internal/lasting"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// A server of metrics that outlives its stop keeps the port from the next process.
func TestMain(m *testing.M) { unhurried.Main(m) }

// used is all counters after one of each, and more of the checks, whose series are kept.
func used() *Metrics {
	m := New()
	s, w := m.Scheduler(), m.Writer("stdout")
	s.Started(3 * time.Millisecond)
	s.Checked("http", "ok", 20*time.Millisecond)
	s.Checked("http", "ok", 20*time.Millisecond)
	s.Checked("http", "timeout", 20*time.Millisecond)
	s.Checked("icmp", "timeout", time.Second)
	s.OwnFault("resolver")
	s.Skipped("writer", 7)
	s.InFlight(5)
	s.Targets(11)
	w.Written(100, time.Millisecond)
	w.Rejected(2)
	w.Retried()
	m.Misjudged()
	p := m.Plugins()
	p.DeadLetters(3)
	p.Expired("postgres", 4)
	set, _ := p.Lag("events", 5)
	set(6)
	return m
}

// Prometheus drops a scrape that holds one malformed line, and dashboards expect the usual forms of names. The lint
// is the one that `promtool check metrics` makes.
func TestMetricsAreWellFormed(t *testing.T) {
	problems, err := testutil.GatherAndLint(used().registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// A counter that is fed with another's number makes a dashboard that lies.
func TestEachCounterHasItsOwnNumber(t *testing.T) {
	stop, addr := serving(t, used(), nil, nil)
	defer stop()
	text := fetch(t, addr+"/metrics", http.StatusOK)
	for _, want := range []string{
		`uptimer_checks_total{protocol="http",reason="ok"} 2`, `uptimer_checks_total{protocol="http",reason="timeout"} 1`, `uptimer_check_duration_seconds_count{protocol="http"} 3`, `uptimer_checks_total{protocol="icmp",reason="timeout"} 1`,
		`uptimer_check_duration_seconds_sum{protocol="icmp"} 1`, `uptimer_schedule_lag_seconds_sum 0.003`,
		`uptimer_own_faults_total{cause="resolver"} 1`, `uptimer_slots_skipped_total{cause="writer"} 7`,
		`uptimer_checks_in_flight 5`, `uptimer_targets 11`, `uptimer_events_written_total{writer="stdout"} 100`,
		`uptimer_events_rejected_total{writer="stdout"} 2`, `uptimer_write_retries_total{writer="stdout"} 1`,
		`uptimer_batch_events_sum{writer="stdout"} 100`, `uptimer_write_duration_seconds_sum{writer="stdout"} 0.001`,
		`uptimer_dead_letters_total 3`, `uptimer_misjudged_events_total 1`, `uptimer_events_expired_total{writer="postgres"} 4`, `uptimer_consumer_lag{partition="5",topic="events"} 6`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}

// An orchestrator restarts what is not healthy, and sends nothing to what is not ready.
func TestHealthIsTold(t *testing.T) {
	stop, addr := serving(t, New(), nil, errors.New("the broker cannot be reached"))
	defer stop()
	if got := fetch(t, addr+"/healthz", http.StatusOK); got != "ok\n" {
		t.Errorf("healthz says %q", got)
	}
	if got := fetch(t, addr+"/readyz", http.StatusServiceUnavailable); got != "the broker cannot be reached\n" {
		t.Errorf("readyz says %q", got)
	}
	fetch(t, addr+"/nonsense", http.StatusNotFound)
}

// serving shows the counters at an address of its own.
func serving(t *testing.T, m *Metrics, healthy, ready error) (stop func(), url string) {
	t.Helper()
	const addr = "127.0.0.1:19464"
	end, err := Serve(addr, m.Handler(func() error { return healthy }, func() error { return ready }), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return func() { http.DefaultClient.CloseIdleConnections(); end() }, "http://" + addr
}

func fetch(t *testing.T, url string, status int) string {
	t.Helper()
	response, err := http.Get(url) //nolint:noctx // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Errorf("%s: %s, %v; want %d", url, response.Status, err, status)
	}
	return string(text)
}

// While descriptors are short, a server of net/http logs many lines a second, in a form of its own.
func TestTroubleOfTheServerIsOneLine(t *testing.T) {
	var log strings.Builder
	fault := &lasting.Fault{Log: slog.New(slog.NewJSONHandler(&log, nil)), Began: "cannot be served", Ended: "again"}
	for range 50 {
		if _, err := (errorLines{fault}).Write([]byte("http: Accept error: too many open files\n")); err != nil {
			t.Fatal(err)
		}
	}
	served(http.NotFoundHandler(), fault).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if lines := strings.Count(log.String(), "\n"); lines != 2 || !strings.Contains(log.String(), `"error":"http: Accept error: too many open files"`) {
		t.Errorf("the log holds %d lines, want one when it begins and one when it ends:\n%s", lines, log.String())
	}
}
