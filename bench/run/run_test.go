//go:build linux

package main

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/bench/field"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

var (
	began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	small = scenario{name: "small", kind: "http", rate: 2, interval: time.Second}
	whole = window{began, began.Add(10 * time.Second)}
)

// perfect is what a prober that keeps every slot would write, and what the field saw of it: each check takes 1 ms, of
// which the target takes 900 µs and the way to it 60.
func perfect(s scenario, w window) (events []seen, records []field.Record) {
	for i := range s.targets() {
		target := netip.AddrPortFrom(s.address(i), httpPort)
		for at := w.from.UnixNano() + int64(i)*1e6; at < w.to.UnixNano(); at += int64(s.interval) {
			events = append(events, seen{target: target, id: [16]byte{byte(i), byte(i >> 8)}, due: at, began: at + 1e5, took: 1e6, up: true})
			records = append(records, field.Record{Target: target, Connected: at + 110_000, Asked: at + 160_000, Answered: at + 1_060_000, Late: 5000})
		}
	}
	return events, records
}

// If this failed, what was measured would be something else.
func TestAPerfectRun(t *testing.T) {
	events, records := perfect(small, whole)
	f := look(small, events, records, whole)
	if f.checks != 20 || f.missed != 0 || f.outages != 0 || f.unmatched != 0 || math.Abs(f.fair-1) > 1e-9 {
		t.Errorf("got %+v", f)
	}
	if late, wrong := percentile(f.late, 99), percentile(f.wrong, 50); late != 100*time.Microsecond || wrong != 50*time.Microsecond {
		t.Errorf("late %v, wrong %v; want 100µs and 50µs", late, wrong)
	}
}

// If this failed, the age of a connection that is kept would be an error of the reported time. Seen to fail without the
// look at when the check began.
func TestAKeptConnectionIsNoPartOfACheck(t *testing.T) {
	events, records := perfect(small, whole)
	for i := range records {
		records[i].Connected = began.Add(-time.Minute).UnixNano()
	}
	if wrong := percentile(look(small, events, records, whole).wrong, 100); wrong != 100*time.Microsecond {
		t.Errorf("wrong by %v, want 100µs", wrong)
	}
}

// If this failed, a slot that was missed, an outage that was none, or a time that is wrong would be called good.
func TestWhatIsBrokenIsFound(t *testing.T) {
	before := window{whole.from.Add(-2 * small.interval), whole.to}
	events, _ := perfect(small, before)
	for i, e := range events {
		f := look(small, slices.Delete(slices.Clone(events), i, i+1), nil, whole)
		if want := map[bool]int{false: 0, true: 1}[whole.holds(e.due)]; f.missed != want {
			t.Errorf("without event %d: %d slots missed, want %d", i, f.missed, want)
		}
	}
	events, records := perfect(small, whole)
	events[3].up, events[3].reason = false, "timeout"
	events[5].took += 2e6
	records[7].Target = netip.MustParseAddrPort("127.9.9.9:1")
	f := look(small, events, records, whole)
	if f.outages != 1 || f.reasons["timeout"] != 1 || f.unmatched != 1 || percentile(f.wrong, 100) != 2050*time.Microsecond {
		t.Errorf("got %+v", f)
	}
}

// If this failed, a slot that a target leaves out after its first check would be called missed where a start takes long.
func TestASlotNearTheFirstCheckIsNotMissed(t *testing.T) {
	interval, from := int64(small.interval), whole.from.UnixNano()
	dues := []int64{from + 1, from + 1 + interval*4/3, from + 1 + interval*7/3} // and not at from + 1 + interval/3
	w := window{whole.from, whole.from.Add(3 * small.interval)}
	if n := missed(dues, w, small.interval); n != 0 {
		t.Errorf("%d slots missed, want 0", n)
	}
	dues[0] -= interval // now that slot is far enough from the first check
	if n := missed(dues, w, small.interval); n != 1 {
		t.Errorf("%d slots missed, want 1", n)
	}
}

// If this failed, a short run would call slots missed of which nobody can know when they are, or none of a target that is
// checked once and then no more.
func TestOneCheckSaysLittleOfTheRhythm(t *testing.T) {
	for intervals, want := range map[float64]int{1: 0, 1.5: 0, 1.6: 1, 2.5: 1, 2.6: 2} {
		w := window{whole.from, whole.from.Add(time.Duration(intervals * float64(small.interval)))}
		if n := missed([]int64{whole.from.UnixNano()}, w, small.interval); n != want {
			t.Errorf("a check, and %v intervals: %d slots missed, want %d", intervals, n, want)
		}
	}
}

// If this failed, a target that is never checked would go unnoticed: no event speaks of it.
func TestATargetWithoutEventsIsFound(t *testing.T) {
	events, records := perfect(small, whole)
	events = slices.DeleteFunc(events, func(e seen) bool { return e.id[0] == 1 })
	if f := look(small, events, records, whole); f.missed != 10 || f.fair != 0 {
		t.Errorf("got %d slots missed, fairness %v; want 10 and 0", f.missed, f.fair)
	}
}

// If this failed, targets that are off the list, or that never answer, would be called missed or wrongly down.
func TestOnlyTheScenariosTargetsAreJudged(t *testing.T) {
	events, records := perfect(small, whole)
	events = append(events,
		seen{target: netip.AddrPortFrom(small.address(2), httpPort), id: [16]byte{9}, due: events[0].due, began: events[0].began},
		seen{target: netip.AddrPortFrom(small.address(0), hangingPort), id: [16]byte{8}, due: events[0].due, began: events[0].began})
	if f := look(small, events, records, whole); f.missed != 0 || f.outages != 0 || f.checks != 20 {
		t.Errorf("got %+v", f)
	}
}

// eventLine is an event as uptimer writes it, cut short.
const eventLine = `{"schema_title":"HTTPProbeEvent","uuid":"0","event_time":"2026-01-02T03:04:05.000100Z","target":"http://127.1.0.7:18080/status",` +
	`"target_id":"6c05c886-0de3-5458-9003-a90e5451f4ae","hostname":"127.1.0.7","port":18080,"scheduled_at":"2026-01-02T03:04:05.000000Z",` +
	`"up":true,"reason":"ok","response_time_ms":1.5,"timings_ms":{"wait":1}}` + "\n"

// If this failed, an event would be read as another.
func TestAnEventIsRead(t *testing.T) {
	var p parser
	e, err := p.parse([]byte(eventLine))
	want := seen{target: netip.MustParseAddrPort("127.1.0.7:18080"), due: began.UnixNano(), began: began.UnixNano() + 1e5, took: 15e5, up: true, reason: "ok"}
	copy(want.id[:], "6c05c886-0de3-5458-9003-a90e5451f4ae")
	if err != nil || e != want || e.keep().seen() != want {
		t.Errorf("got %+v, %v, kept as %+v\nwant %+v", e, err, e.keep().seen(), want)
	}
	for _, later := range []time.Duration{time.Second, 54999999 * time.Microsecond, time.Hour} { // in the same minute, and in others
		want := want
		want.due += int64(later)
		text := strings.Replace(eventLine, "2026-01-02T03:04:05.000000Z", began.Add(later).Format("2006-01-02T15:04:05.000000Z"), 1)
		if e, err := p.parse([]byte(text)); err != nil || e != want {
			t.Errorf("%v later: got %+v, %v\nwant %+v", later, e, err, want)
		}
	}
	abroad := want
	abroad.due -= int64(time.Hour)
	if e, err := p.parse([]byte(strings.Replace(eventLine, "000000Z", "000000+01:00", 1))); err != nil || e != abroad {
		t.Errorf("not in UTC: got %+v, %v\nwant %+v", e, err, abroad)
	}
	if e, err := p.parse([]byte(strings.Replace(strings.Replace(eventLine, `"up":true,`, "", 1), "{", `{"up":true,`, 1))); err != nil || e != want {
		t.Errorf("in another order: got %+v, %v\nwant %+v", e, err, want)
	}
	if _, err := p.parse([]byte(strings.Replace(eventLine, `"127.1.0.7"`, `"::1"`, 1))); err == nil {
		t.Error("an address that cannot be kept was read")
	}
	if _, err := p.parse([]byte(strings.Replace(eventLine, "scheduled_at", "at", 1))); err == nil {
		t.Error("an event without scheduled_at was read")
	}
}

// What reading takes is taken from what is measured.
func BenchmarkParse(b *testing.B) {
	var p parser
	line := []byte(eventLine)
	for b.Loop() {
		if _, err := p.parse(line); err != nil {
			b.Fatal(err)
		}
	}
}

// If this failed, a slip in a flag would measure something else.
func TestWrongFlags(t *testing.T) {
	for arguments, want := range map[string]string{
		"-scenario nothing":             `-scenario="nothing": no such scenario; want one of ` + strings.Join(namesOf(scenarios), ", "),
		"-rounds 0":                     `-rounds=0: want at least 1`,
		"million":                       `"million": want flags only`,
		"-scenario tcp -duration 17.9s": `-duration=17.9s: scenario tcp needs at least 18s`,
	} {
		if _, err := readFlags(strings.Fields(arguments)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", arguments, err, want)
		}
	}
	if o, err := readFlags([]string{"-duration", "20s"}); err != nil || len(o.scenarios) < 15 || slices.Contains(namesOf(o.scenarios), "peers") || o.scenarios[0].duration != 20*time.Second {
		t.Errorf("all: got %v, %v", namesOf(o.scenarios), err)
	}
	if o, err := readFlags([]string{"-scenario", "tcp,icmp", "-duration", "20s"}); err != nil || len(o.scenarios) != 2 || o.scenarios[1].duration != 20*time.Second {
		t.Errorf("got %+v, %v", o, err)
	}
}

// If this failed, a chart would be no SVG, or its bars of the wrong length.
func TestAChart(t *testing.T) {
	text := chart{title: "a < b", unit: "µs", series: []string{"x", "y"}, groups: []group{{"g", []float64{10, 40}}}}.svg()
	for _, want := range []string{"a &lt; b", fmt.Sprintf(`width="%.1f"`, barsWidth/4.0), fmt.Sprintf(`width="%.1f"`, float64(barsWidth)), "</svg>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
