package icmp

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// Answers that came but were not read in time would make an outage of our own trouble, or our trouble would hide
// what is certain: that a host answers, or that a router says it cannot be reached.
func TestAnswersThatWereDropped(t *testing.T) {
	for name, c := range map[string]struct {
		come  func(w *fakeWire, n int, request []byte, to netip.Addr)
		count string
		want  probes.Reason // empty: our own fault
	}{
		"nothing came":     {func(*fakeWire, int, []byte, netip.Addr) {}, "1", ""},
		"too much lost":    {func(w *fakeWire, n int, q []byte, to netip.Addr) { answerFirst(w, n, replyTo(q), to) }, "2", ""},
		"answered":         {func(w *fakeWire, _ int, q []byte, to netip.Addr) { w.after(0, replyTo(q), to) }, "2", probes.OK},
		"a router says so": {func(w *fakeWire, _ int, q []byte, to netip.Addr) { w.after(0, quoting(3, 1, q, to, 42), elsewhere) }, "2", probes.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := fakeProbe(t, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
					w.dropped.Add(3)
					c.come(w, n, request, to)
					return nil
				})
				defer p.Close()
				check := probestest.Prepare(t, p, "icmp://192.0.2.7", targets.Options{Count: c.count, MaxLoss: "0"})
				r, err := check.Run(probestest.Within(t, 3*time.Second))
				var own *probes.OwnFault
				switch {
				case c.want != "" && (err != nil || r.Reason != c.want):
					t.Errorf("%+v %v, want %s", r, err, c.want)
				case c.want == "" && (!errors.As(err, &own) || own.Cause != probes.CauseBuffers):
					t.Errorf("%+v %v, want our own fault", r, err)
				}
			})
		})
	}
}

func answerFirst(w *fakeWire, n int, reply []byte, to netip.Addr) {
	if n == 0 {
		w.after(0, reply, to)
	}
}

// Who is so late to read that the check has run out meanwhile would make an outage of an answer that came in time. Seen
// to fail when ping does not read once more.
func TestAnswersThatAreReadLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d, _, _ := fakeCheck(t, targets.Options{}, func(w *fakeWire, _ int, request []byte, to netip.Addr) error {
			time.AfterFunc(time.Millisecond, func() { w.arrives(arrival{replyTo(request), to, time.Now()}) }) // and await does not return
			return nil
		})
		expect(t, r, probes.OK, "", false)
		if d.RTTAvg == nil || time.Duration(*d.RTTAvg) != time.Millisecond {
			t.Errorf("%+v", d)
		}
	})
}

// A clock that is stepped while an answer waits to be read would give a round trip that never was.
func TestAnswersFromBeforeTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d, _, _ := fakeCheck(t, targets.Options{}, func(w *fakeWire, _ int, request []byte, to netip.Addr) error {
			came := time.Now().Add(-time.Second)
			time.AfterFunc(2*time.Millisecond, func() {
				w.arrives(arrival{replyTo(request), to, came})
				w.after(0, nil, to)
			})
			return nil
		})
		expect(t, r, probes.OK, "", false)
		if d.RTTAvg == nil || time.Duration(*d.RTTAvg) != 2*time.Millisecond {
			t.Errorf("%+v", d)
		}
	})
}
