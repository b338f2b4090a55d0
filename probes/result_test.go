package probes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A check that could not be made would give an event, or an outage none.
func TestNewResult(t *testing.T) {
	watch := StartStopwatch()
	watch.Lap(PhaseConnect)
	ip := netip.MustParseAddr("192.0.2.7")
	down := &Failure{Reason: Body, Text: "no match", TimedOut: true}
	r, err := NewResult("T", &watch, ip, fmt.Errorf("hop: %w", down), 1)
	if err != nil || r.Reason != Body || r.Error != "no match" || !r.TimedOut || r.Took != r.Timings.Total() || r.IP != ip || r.Details != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := NewResult("T", &watch, ip, nil, 1); err != nil || !r.Up() || r.Error != "" {
		t.Errorf("%+v %v", r, err)
	}
	for _, none := range []error{
		context.Canceled, errors.New("unknown"), &OwnFault{CausePorts, errors.New("none")}, &OwnFault{CauseProxy, down},
	} {
		if r, err := NewResult("T", &watch, ip, none, 1); err != none || r.Title != "" {
			t.Errorf("%v: got %+v %v", none, r, err)
		}
	}
}

// A check that fails in the middle of a phase would have taken no time, its phases would not add up, or hanging up
// would count.
func TestResultTakesUntilItsEnd(t *testing.T) {
	const rest = 20 * time.Millisecond
	for _, c := range []struct {
		phase Phase // that the rest belongs to
		begin func(*Stopwatch)
	}{
		{PhaseDNS, func(*Stopwatch) {}},
		{PhaseConnect, func(s *Stopwatch) { s.Lap(PhaseConnect) }},
		{PhaseReceive, func(s *Stopwatch) { s.Lap(PhaseWait); s.Enter(PhaseReceive) }},
		{PhaseRedirect, func(s *Stopwatch) { s.Lap(PhaseReceive); s.Stop(); s.Fold() }},
		{PhaseTLS, func(s *Stopwatch) { s.Lap(PhaseReceive); s.Stop(); s.Fold(); s.Lap(PhaseTLS) }},
	} {
		for _, err := range []error{nil, &Failure{Reason: Timeout}} {
			watch := StartStopwatch()
			c.begin(&watch)
			time.Sleep(rest)
			took := watch.Stop()
			time.Sleep(rest)
			r, _ := NewResult("T", &watch, netip.Addr{}, err, 1)
			if lap, _ := r.Timings.Get(c.phase); r.Took != took || r.Timings.Total() != took || lap < rest {
				t.Errorf("%v: took %v of %v, %+v", c.phase, r.Took, took, r.Timings)
			}
		}
	}
}

// What a server sent would break the line that quotes it, or be cut without saying so.
func TestQuote(t *testing.T) {
	for said, want := range map[string]string{
		"":                                    `""`,
		"ok\r\n\x00\xff é":                    `"ok\r\n\x00\xff \u00e9"`,
		string(make([]byte, MaxQuoted+1))[1:]: `"` + strings.Repeat(`\x00`, MaxQuoted) + `"`,
		string(make([]byte, MaxQuoted+1)):     `"` + strings.Repeat(`\x00`, MaxQuoted) + `"…`,
	} {
		if got := Quote([]byte(said)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
