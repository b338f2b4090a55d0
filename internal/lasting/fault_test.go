package lasting

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// newFault makes a fault whose lines, without their time, are in the buffer.
func newFault() (*Fault, *bytes.Buffer) {
	var log bytes.Buffer
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: noTime})
	return &Fault{Log: slog.New(handler), Level: slog.LevelWarn, Began: "it broke", Ended: "it works"}, &log
}

// wantLog fails the test unless these lines were logged; it forgets them.
func wantLog(t *testing.T, log *bytes.Buffer, want ...string) {
	t.Helper()
	var lines string
	if len(want) > 0 {
		lines = strings.Join(want, "\n") + "\n"
	}
	if log.String() != lines {
		t.Errorf("log:\n%swant:\n%s", log, lines)
	}
	log.Reset()
}

// If this fails, an outage is not seen, floods the log, or nobody is told that it is over.
//
// Seen to fail when Happened did not set said again (a line each second after the first minute), and when end did not
// forget since (no line for the second outage).
func TestALineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log := newFault()
		f.Over() // nothing was wrong: nothing to say
		wantLog(t, log)
		for range 2 {
			f.Happened("error", "refused")
			wantLog(t, log, `level=WARN msg="it broke" error=refused`)
			for range 59 {
				time.Sleep(time.Second)
				f.Happened("error", "refused")
			}
			wantLog(t, log)
			time.Sleep(time.Second)
			f.Happened("error", "timeout")
			wantLog(t, log, `level=WARN msg="it broke" error=timeout for=1m0s times=61`)
			for range 60 {
				time.Sleep(time.Second)
				f.Happened("error", "timeout")
			}
			wantLog(t, log, `level=WARN msg="it broke" error=timeout for=2m0s times=121`)
			time.Sleep(1500 * time.Millisecond)
			f.Over()
			f.Over()
			wantLog(t, log, `level=INFO msg="it works" after=2m1.5s times=121`)
		}
	})
}

// If this fails, a fault that happens rarely is said to be over between two times, or never.
func TestQuietEndsWhatHasNotHappenedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log := newFault()
		f.Quiet(time.Minute)
		f.Happened()
		wantLog(t, log, `level=WARN msg="it broke"`)
		time.Sleep(50 * time.Second)
		f.Happened()
		time.Sleep(59 * time.Second)
		f.Quiet(time.Minute)
		wantLog(t, log)
		time.Sleep(time.Second)
		f.Quiet(time.Minute)
		f.Quiet(time.Minute)
		wantLog(t, log, `level=INFO msg="it works" after=50s times=2`)
	})
}

// If this fails, the arguments of a caller are changed under its hands.
func TestArgumentsAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFault()
		args := append(make([]any, 0, 10), "error", "refused")
		f.Happened(args...)
		time.Sleep(time.Minute)
		f.Happened(args...)
		if rest := args[:10][2:]; rest[0] != nil {
			t.Errorf("behind the arguments there is now %v", rest)
		}
	})
}

// If this fails, a fault that is seen by many at once is said many times, or the race detector complains.
func TestManySeeItAtOnce(t *testing.T) {
	f, log := newFault()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			f.Happened()
			f.Quiet(time.Hour)
		})
	}
	wg.Wait()
	f.Over()
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "times=50") {
		t.Errorf("want two lines and 50 times:\n%s", log)
	}
}

// If this fails, a database that is away is said by each of its workers, or to be back while one of them still waits.
//
// Seen to fail when each fault had a course of its own, when WithAttrs forgot what all lines name, and when the first
// Over ended the fault.
func TestWorkersSayTogetherWhatAllMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log := newFault()
		var all []*Fault
		for _, l := range Together(f.Log, 3) {
			all = append(all, &Fault{Log: l.With("writer", "w"), Level: f.Level, Began: f.Began, Ended: f.Ended})
		}
		for range 2 {
			all[1].Over()
			for _, f := range all {
				f.Happened("error", "refused")
			}
			wantLog(t, log, `level=WARN msg="it broke" writer=w error=refused`)
			time.Sleep(time.Minute)
			for _, f := range all {
				f.Happened("error", "refused")
			}
			wantLog(t, log, `level=WARN msg="it broke" writer=w error=refused for=1m0s times=4`)
			all[0].Over()
			all[0].Over()
			time.Sleep(time.Second)
			all[1].Quiet(time.Second)
			wantLog(t, log)
			all[2].Over()
			wantLog(t, log, `level=INFO msg="it works" writer=w after=1m1s times=6`)
		}
		other := &Fault{Log: all[0].Log.WithGroup("g"), Level: f.Level, Began: f.Began, Ended: f.Ended}
		all[1].Happened()
		other.Happened("partition", 1)
		all[0].Log.Info("said by one")
		wantLog(t, log, `level=WARN msg="it broke" writer=w`, `level=WARN msg="it broke" writer=w g.partition=1`, `level=INFO msg="said by one" worker=1 writer=w`)
	})
}

// If this fails, a program with one worker names it in every line.
func TestOneWorkerHasNoNumber(t *testing.T) {
	f, _ := newFault()
	if logs := Together(f.Log, 1); len(logs) != 1 || logs[0] != f.Log {
		t.Errorf("got %v", logs)
	}
}
