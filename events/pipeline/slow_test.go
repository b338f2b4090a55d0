package pipeline

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// If this fails, a table that somebody has locked stops all writing, and no line in the log says so; or each of the
// workers says it, or a write that takes a moment does, or it is over while the next one fails.
//
// Seen to fail when try did not watch, when each writer's fault was its own, and when the end of a Write ended it.
func TestWritesThatTakeLongAreSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := make([]*fakeWriter, 3)
		for i := range list {
			list[i] = newWriter(t, 100, 0)
			list[i].do = func(_ context.Context, n int, _ []events.Event) ([]events.Rejection, error) {
				switch n {
				case 0:
					time.Sleep(stalls - 1)
				case 1:
					time.Sleep(2*time.Minute + time.Duration(i)*time.Second)
					return nil, errAway
				}
				return nil, nil
			}
		}
		x := startFan(t, time.Second, list)
		<-x.send(some(t, 0, 200)).done
		if x.log.Len() > 0 {
			t.Errorf("writes that took less than %v:\n%s", stalls, x.log)
		}
		<-x.send(some(t, 200, 200)).done
		x.ends(x.stop())
		lines := strings.Split(strings.TrimSpace(x.log.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], `msg="events could not be written; they are kept and written again" writer=`) ||
			!strings.Contains(lines[0], `error="a write has taken 10s so far"`) || !strings.Contains(lines[1], `error="a write has taken 1m10s so far" for=1m0s`) ||
			!strings.Contains(lines[2], `msg="events are written again"`) {
			t.Errorf("want a line when it begins, one after a minute and one when it ends:\n%s", x.log)
		}
	})
}
