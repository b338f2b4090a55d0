package pipeline

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// If this fails, eight workers fill the log with eight lines for one database that is away, or say that it is back
// while it is not.
//
// Seen to fail when the first writer that worked again ended the fault.
func TestSeveralWritersHaveOneFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := make([]*fakeWriter, 4)
		for i := range list {
			list[i] = newWriter(t, 100, 0)
			list[i].do = failing(func(int) bool { return time.Since(list[i].made) < time.Duration(i+1)*5*time.Second })
		}
		x := startFan(t, time.Second, list)
		a := x.send(some(t, 0, 200))
		if <-a.done; a.err != nil {
			t.Errorf("emit: %v", a.err)
		}
		x.ends(x.stop())
		if n := strings.Count(x.log.String(), "\n"); n != 2 {
			t.Errorf("%d lines, want one when it begins and one when it ends:\n%s", n, x.log)
		}
		_, after, _ := strings.Cut(x.log.String(), "after=")
		after, _, _ = strings.Cut(after, " ")
		if lasted, err := time.ParseDuration(after); err != nil || lasted < 20*time.Second {
			t.Errorf("it is said to have lasted %v, want 20s, until the last one worked:\n%s", lasted, x.log)
		}
	})
}

// If this fails, a refused password of the second destination is found when the first event comes, or the other goes
// on alone, or is left open. Seen to fail when a refusal ended its own queue only.
func TestARefusalOfOneEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, waits := newWriter(t, 100, 0), newWriter(t, 100, 0)
		refused := startWriter{newWriter(t, 100, 0), func(context.Context) error {
			time.Sleep(time.Second)
			return errPassword
		}}
		waiting := startWriter{waits, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		all := []Sink{
			{Name: "good", Writers: []events.Writer{good}}, {Name: "waiting", Writers: []events.Writer{waiting}},
			{Name: "refused", Writers: []events.Writer{refused, startWriter{newWriter(t, 1, 0), refused.start}}},
		}
		began := time.Now()
		r := &emitting{batch: some(t, 0, 5)}
		err := Run(t.Context(), readers(r), all, Config{Grace: 8 * time.Second, Log: silent})
		if err == nil || err.Error() != `writer "refused": wrong password` || time.Since(began) != time.Second {
			t.Errorf("Run: %v after %v", err, time.Since(began))
		}
		if !errors.Is(r.err, errRefusal) {
			t.Errorf("emit: %v", r.err)
		}
		if good.closes != 1 || waits.closes != 1 || refused.closes != 1 {
			t.Errorf("%d, %d and %d closes", good.closes, waits.closes, refused.closes)
		}
	})
}

// If this fails, eight connections that a dead network holds open keep the process eight times as long, or a Close
// that fails hides the others' errors. Seen to fail when one was closed after the other.
func TestAllWritersAreClosedAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := make([]*fakeWriter, 3)
		for i := range list {
			list[i] = newWriter(t, 100, 0)
			list[i].close = func(ctx context.Context) error { <-ctx.Done(); return errAway }
		}
		x := startFan(t, time.Second, list[:2], list[2:])
		began := time.Now()
		err := x.stop()
		want := `closing writer "a" (1 of 2): the database is away` + "\n" + `closing writer "a" (2 of 2): the database is away` + "\n" +
			`closing writer "b": the database is away`
		if err == nil || err.Error() != want || time.Since(began) != closeTime {
			t.Errorf("Run: %v after %v, want %s", err, time.Since(began), want)
		}
	})
}

var errLost = errors.New("the network is down")

// ended is a reader that returns when it is told to, or with its own error after a while.
type ended struct {
	after time.Duration
	err   error
	again bool // Redelivers
	batch []events.Event
	slow  time.Duration // how long it takes to stop
}

func (r *ended) Redelivers() bool { return r.again }

func (r *ended) Read(ctx context.Context, emit events.Emit) error {
	if len(r.batch) > 0 {
		if _, err := emit(context.WithoutCancel(ctx), r.batch); err != nil {
			return err
		}
	}
	if r.err != nil {
		time.Sleep(r.after)
		return r.err
	}
	select {
	case <-ctx.Done():
		time.Sleep(r.slow)
	case <-time.After(r.after):
	}
	return ctx.Err()
}

// If this fails, one of several readers stops working and nobody notices; or the others are left in the middle; or the
// same refusal is said once for each of them; or the first one that is exhausted ends the others.
//
// Seen to fail when readEnded did not stop the others, and when fail was called instead of failOnce.
func TestSeveralReaders(t *testing.T) {
	for name, c := range map[string]struct {
		readers []*ended
		took    time.Duration
		want    string
	}{
		"all are exhausted":       {[]*ended{{after: time.Second}, {after: time.Hour}}, time.Hour, ""},
		"one fails":               {[]*ended{{after: time.Second, err: errLost}, {after: far}}, time.Second, "reading events: the network is down"},
		"all fail alike":          {[]*ended{{after: time.Second, err: errLost}, {after: time.Second, err: errLost}}, time.Second, "reading events: the network is down"},
		"another does not stop":   {[]*ended{{after: time.Second, err: errLost}, {after: far, slow: time.Hour}}, 4 * time.Second, "reading events: the network is down\nreader *pipeline.ended (2 of 2) did not stop: its Read has not returned 2s after the grace of 1s"},
		"two fail, each its own":  {[]*ended{{after: time.Second, err: errLost}, {after: time.Second, err: errAway}}, time.Second, ""},
		"one fails after another": {[]*ended{{after: time.Second}, {after: time.Minute, err: errLost}}, time.Minute, "reading events: the network is down"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var all []events.Reader
				for _, r := range c.readers {
					all = append(all, r)
				}
				began := time.Now()
				err := Run(t.Context(), all, sinks(newWriter(t, 10, 0), "w", nil), Config{Grace: time.Second, Log: silent})
				if took := time.Since(began); took != c.took {
					t.Errorf("Run took %v, want %v", took, c.took)
				}
				switch {
				case name == "two fail, each its own":
					if !errors.Is(err, errLost) || !errors.Is(err, errAway) {
						t.Errorf("Run: %v, want both errors", err)
					}
				case err == nil && c.want != "", err != nil && err.Error() != c.want:
					t.Errorf("Run: %v, want %s", err, c.want)
				}
				time.Sleep(2 * time.Hour) // until the one that did not stop has
			})
		})
	}
}

// If this fails, a consumer that loses nothing ends with an error, or one that loses something without. Seen to
// fail when all readers' events were counted.
func TestOnlyWhatDoesNotComeAgainIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 100, 0)
		w.do = away
		ctx, cancel := context.WithCancel(t.Context())
		again, once := &ended{again: true, batch: some(t, 0, 5)}, &ended{batch: some(t, 5, 3)}
		time.AfterFunc(time.Minute, cancel)
		err := Run(ctx, []events.Reader{again, once}, sinks(w, "w", nil), Config{Grace: time.Second, Log: silent})
		wantGivenUp(t, err, 3)
	})
}

// If this fails, a member of a group waits for the database connection of another, or two share one. Seen to fail when
// the key chose among several readers too.
func TestEachReaderHasItsOwnWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := []*fakeWriter{newWriter(t, 100, 0), newWriter(t, 100, 0), newWriter(t, 100, 0)}
		shared := newWriter(t, 100, time.Second)
		all := []Sink{{Name: "own"}, {Name: "shared", Writers: []events.Writer{shared}}}
		var sources []events.Reader
		for i, w := range own {
			all[0].Writers = append(all[0].Writers, w)
			sources = append(sources, &ended{batch: some(t, 100*i, 30)})
		}
		if err := Run(t.Context(), sources, all, Config{Grace: time.Second, Log: silent}); err != nil {
			t.Fatal(err)
		}
		for i, w := range own {
			wantPages(t, w.all(), upTo(100*i, 100*i+30))
		}
		if n := sum(shared); n != 90 {
			t.Errorf("the shared writer has %d events, want 90", n)
		}
	})
}
