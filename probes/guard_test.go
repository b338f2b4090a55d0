package probes

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type checkFunc func(context.Context) (Result, error)

func (f checkFunc) Run(ctx context.Context) (Result, error) { return f(ctx) }

func returns(r Result, err error) Check {
	return checkFunc(func(context.Context) (Result, error) { return r, err })
}

// One defect in one probe would end the program and the checks of all other targets.
func TestGuardedSurvivesAPanic(t *testing.T) {
	_, err := Guarded(t.Context(), nil, time.Now(), checkFunc(func(context.Context) (Result, error) {
		var m map[string]int
		m["x"]++ //nolint:staticcheck // the panic is the point
		return Result{}, nil
	}))
	wantOwnFault(t, err, CauseInternal)
	if !strings.Contains(err.Error(), "assignment to entry in nil map") || !strings.Contains(err.Error(), "guard_test.go") {
		t.Errorf("the log would not tell where: %v", err)
	}
}

// An outage would be lost, or our own trouble shown as one.
func TestGuardedLetsHonestResultsThrough(t *testing.T) {
	live, cancelled := t.Context(), context.Context(nil)
	cancelled, cancel := context.WithCancel(live)
	cancel()
	expired, stop := context.WithDeadline(live, time.Now().Add(-time.Second))
	defer stop()
	down := Result{Reason: Refused, Error: "connection refused"}
	late := Result{Reason: Timeout, TimedOut: true}
	ports := &OwnFault{CausePorts, errors.New("none")}
	for name, c := range map[string]struct {
		ctx   context.Context
		check Check
		want  string // a reason, a cause or "cancelled"
	}{
		"up":                         {live, returns(Result{Reason: OK}, nil), "ok"},
		"up, then cancelled":         {cancelled, returns(Result{Reason: OK}, nil), "ok"},
		"down":                       {live, returns(down, nil), "refused"},
		"down, cancelled":            {cancelled, returns(down, nil), "cancelled"},
		"late, cancelled":            {cancelled, returns(late, nil), "cancelled"},
		"late":                       {expired, returns(late, nil), "timeout"},
		"cancelled error":            {live, returns(Result{}, cancelledError), "cancelled"},
		"own fault":                  {live, returns(Result{}, ports), "ports"},
		"own fault, cancelled":       {cancelled, returns(Result{}, ports), "cancelled"},
		"an error that says nothing": {live, returns(Result{}, errors.New("oops")), "internal"},
		"a failure as error":         {live, returns(Result{}, &Failure{Reason: Refused}), "internal"},
	} {
		r, err := Guarded(c.ctx, nil, time.Now(), c.check)
		got := string(r.Reason)
		var own *OwnFault
		switch {
		case errors.As(err, &own):
			got = string(own.Cause)
		case errors.Is(err, context.Canceled):
			got = "cancelled"
		}
		if got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

var cancelledError = cancelled("reading")

// Every target would be down after the machine was suspended for a moment, as all checks under way ran out of time.
// Seen to fail when Guarded does not ask the pulse.
func TestGuardedBlamesThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pulse := NewPulse()
		pulse.last.Store(pulse.now())
		check := func(pause time.Duration, r Result) error {
			_, err := Guarded(t.Context(), pulse, time.Now(), checkFunc(func(context.Context) (Result, error) {
				time.Sleep(pause)
				pulse.tick()
				return r, nil
			}))
			time.Sleep(time.Millisecond)
			return err
		}
		if err := check(100*time.Millisecond, Result{Reason: Timeout, TimedOut: true}); err != nil {
			t.Errorf("without a pause: %v", err)
		}
		if err := check(time.Second, Result{Reason: Refused}); err != nil {
			t.Errorf("not failed by time: %v", err)
		}
		wantOwnFault(t, check(time.Second, Result{Reason: Timeout, TimedOut: true}), CauseStarved)
	})
}

// A target that answers at once would seem to take five seconds because we were stopped for that long. Also if the kernel
// says that the answer came meanwhile: there is no event of a check that a stop of ours is within. But a hiccup must not
// cost events. Seen to fail when Guarded does not ask the pulse, or asks how long the target took.
func TestGuardedReportsNoTimeThatIsOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pulse := NewPulse()
		pulse.last.Store(pulse.now())
		check := func(took, pause time.Duration) error {
			_, err := Guarded(t.Context(), pulse, time.Now(), checkFunc(func(context.Context) (Result, error) {
				time.Sleep(pause)
				pulse.tick()
				return Result{Reason: OK, Took: took}, nil
			}))
			time.Sleep(time.Millisecond)
			return err
		}
		if err := check(600*time.Millisecond, 600*time.Millisecond); err != nil {
			t.Errorf("after a hiccup: %v", err)
		}
		wantOwnFault(t, check(20*time.Millisecond, 5*time.Second), CauseStarved)
		wantOwnFault(t, check(5*time.Second, 5*time.Second), CauseStarved)
		if err := check(3*time.Second, 30*time.Millisecond); err != nil {
			t.Errorf("slow after the stop: %v", err)
		}
	})
}

// A server that hangs up on clients that are silent for too long would be down because we were stopped before we could
// send our request. Seen to fail when Guarded believes what did not fail by time.
func TestGuardedBelievesNoFailureAcrossAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pulse := NewPulse()
		pulse.last.Store(pulse.now())
		check := func(pause time.Duration) error {
			_, err := Guarded(t.Context(), pulse, time.Now(), checkFunc(func(context.Context) (Result, error) {
				time.Sleep(pause)
				pulse.tick()
				return Result{Reason: Reset, Error: "connection reset"}, nil
			}))
			time.Sleep(time.Millisecond)
			return err
		}
		wantOwnFault(t, check(5*time.Second), CauseStarved)
		if err := check(10 * time.Millisecond); err != nil {
			t.Errorf("reset after the stop: %v", err)
		}
	})
}

// A check whose time began to run, and ran out while we were stopped before it could do anything, would be an outage.
// Seen to fail when Guarded counts from its call.
func TestGuardedKnowsAStopBeforeItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pulse := NewPulse()
		pulse.last.Store(pulse.now())
		began := time.Now()
		time.Sleep(time.Second)
		pulse.tick()
		time.Sleep(time.Millisecond)
		_, err := Guarded(t.Context(), pulse, began, returns(Result{Reason: Timeout, TimedOut: true}, nil))
		wantOwnFault(t, err, CauseStarved)
	})
}
