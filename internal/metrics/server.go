package metrics

import (
	"context"
	"errors"
	"fmt"
	stdlog "log" //nolint:depguard // net/http hands over its errors in this form only
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/uptimer/uptimer/internal/lasting"
)

// Health tells whether something is so, by an error that says why not.
type Health func() error

// Handler shows /metrics (Prometheus text or OpenMetrics), /healthz (the process works) and /readyz (source and
// sink can be reached).
func (m *Metrics) Handler(healthy, ready Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.Handle("GET /healthz", answer(healthy))
	mux.Handle("GET /readyz", answer(ready))
	return mux
}

func answer(health Health) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := health(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
}

// Serve answers at a host:port in the background until stop is called. Its error says why it cannot listen there; what
// goes wrong later (no descriptors left, say) goes to the log as one lasting fault.
func Serve(addr string, handler http.Handler, log *slog.Logger) (stop func(), err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening at METRICS_ADDR=%q: %w", addr, err)
	}
	trouble := &lasting.Fault{
		Log: log, Level: slog.LevelWarn, Began: "metrics and health cannot be served", Ended: "metrics and health are served again",
	}
	server := &http.Server{
		Handler: served(handler, trouble), ReadHeaderTimeout: 5 * time.Second, ErrorLog: stdlog.New(errorLines{trouble}, "", 0),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with ErrServerClosed by stop
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			_ = server.Close() // a client that will not go
		}
		<-done
	}, nil
}

// errorLines takes the lines that a server of net/http logs.
type errorLines struct{ fault *lasting.Fault }

// Write takes note of one line.
func (l errorLines) Write(line []byte) (int, error) {
	l.fault.Happened("error", strings.TrimSpace(string(line)))
	return len(line), nil
}

// served ends the trouble with the first request that comes through.
func served(handler http.Handler, trouble *lasting.Fault) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trouble.Over()
		handler.ServeHTTP(w, r)
	})
}
