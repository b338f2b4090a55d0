package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// unstartable is a probe that this machine does not permit, or that has a mistake in its settings.
type unstartable struct {
	probes.Probe
	err error
}

func (p unstartable) Start() error { return p.err }

// checkFunc is a check that does what a test wants.
type checkFunc func(context.Context) (probes.Result, error)

func (f checkFunc) Run(ctx context.Context) (probes.Result, error) { return f(ctx) }

// foundUp is a check that finds its target up.
func foundUp(context.Context) (probes.Result, error) {
	return probes.Result{
		Title: "TCPProbeEvent", Began: time.Now(), Reason: probes.OK,
		Details: map[string]any{"tls_version": nil, "certificate_expires_at": nil, "matches_expect": nil},
	}, nil
}

// entriesFor are entries that are checked by these checks.
func entriesFor(t *testing.T, checks map[string]checkFunc, urls ...string) []probes.Entry {
	t.Helper()
	list, err := targets.OfURLs(targets.Config{Interval: -1, Timeout: setting.Duration(checkPatience)}, nil, "URL", urls)
	if err != nil {
		t.Fatal(err)
	}
	var entries []probes.Entry
	for _, target := range list.Targets {
		entries = append(entries, probes.Entry{Target: &target, Check: checks[target.URL]})
	}
	return entries
}

// answerOf runs checks as the command does.
func answerOf(t *testing.T, c *checking) (text string, code int) {
	t.Helper()
	var err error
	if c.catalog, err = catalog(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := &printer{out: &out, errs: &out, look: look{width: usualWidth, unicode: true}}
	a := &app{stderr: &out}
	code = a.explain(c.answer(t.Context(), p, newProgress(io.Discard, nil)))
	return out.String(), code
}

// If this failed, one protocol that this machine does not permit would keep all others from being checked, or would
// look like an outage. Seen to fail with the error of Start taken for that of all.
func TestCheckWhatCanBeChecked(t *testing.T) {
	denied := errors.New("no permission to open a socket for echo requests; want net.ipv4.ping_group_range to hold this group")
	c := &checking{atOnce: 2, probes: probes.Set{targets.ICMP: unstartable{err: denied}, targets.TCP: unstartable{}}}
	c.entries = entriesFor(t, map[string]checkFunc{"tcp://a.invalid:1": foundUp}, "icmp://a.invalid", "tcp://a.invalid:1", "icmp://b.invalid")
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	text, code := answerOf(t, c)
	if code != 3 || strings.Count(text, "FAULT icmp://") != 2 || strings.Count(text, denied.Error()) != 2 || !strings.Contains(text, "UP    tcp://a.invalid:1") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}

// If this failed, a machine without certificate authorities would say that a check failed, not which setting helps.
func TestCheckMistakeAtStart(t *testing.T) {
	wrong := setting.Mistakes{{Where: "PROBE_TLS_VERIFY", Err: errors.New("no authorities")}}
	c := &checking{probes: probes.Set{targets.HTTP: unstartable{err: wrong}}}
	c.entries = entriesFor(t, nil, "https://a.invalid")
	if err := c.start(); !isMistake(err) {
		t.Errorf("got %v", err)
	}
}

// If this failed, a defect of ours would end the program with a stack, or pass for an outage.
func TestCheckDefects(t *testing.T) {
	broken := map[string]checkFunc{
		"tcp://panics.invalid:1":  func(context.Context) (probes.Result, error) { panic("boom") },
		"tcp://invalid.invalid:1": func(context.Context) (probes.Result, error) { return probes.Result{Title: "NoEvent"}, nil },
		"tcp://up.invalid:1":      foundUp,
	}
	c := &checking{atOnce: 1, entries: entriesFor(t, broken, "tcp://panics.invalid:1", "tcp://invalid.invalid:1", "tcp://up.invalid:1")}
	text, code := answerOf(t, c)
	if code != 3 || strings.Count(text, "could not be checked: internal") != 2 || strings.Contains(text, "goroutine") || !strings.Contains(text, "UP    tcp://up") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}

// If this failed, a long list of arguments would measure this machine and not the targets.
func TestCheckIsBounded(t *testing.T) {
	const bound, n = 3, 20
	var inFlight, most atomic.Int32
	checks, urls := map[string]checkFunc{}, []string{}
	for i := range n {
		url := fmt.Sprintf("tcp://a.invalid:%d", i+1)
		urls = append(urls, url)
		checks[url] = func(ctx context.Context) (probes.Result, error) {
			now := inFlight.Add(1)
			defer inFlight.Add(-1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			time.Sleep(time.Millisecond)
			return foundUp(ctx)
		}
	}
	text, code := answerOf(t, &checking{atOnce: bound, entries: entriesFor(t, checks, urls...)})
	if code != 0 || most.Load() > bound || strings.Count(text, "UP    ") != n {
		t.Errorf("exit code %d, %d at the same time, %d up", code, most.Load(), strings.Count(text, "UP    "))
	}
}
