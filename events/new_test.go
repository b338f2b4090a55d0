package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

type dummyPart struct {
	Target       string  `json:"target"`
	Reader       string  `json:"reader"`
	IntegerValue int     `json:"integer_value"`
	FloatValue   float64 `json:"float_value"`
}

// If this failed, events would not be written as the contract says: the fields of every event first, then the others
// in the order of their structs, on one line.
func TestNew(t *testing.T) {
	at := time.Date(2026, 1, 2, 4, 4, 5, 678901999, time.FixedZone("CET", 3600))
	before := time.Now().Add(-time.Second)
	e, err := catalog(t).New("DummyEvent", at, struct{}{}, dummyPart{Target: "<a&b>\n\u2028", Reader: "dummy", IntegerValue: 7, FloatValue: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema_title":"DummyEvent","schema_version":"1.0","uuid":"` + e.ID().String() + `","event_time":"2026-01-02T03:04:05.678901Z",` +
		`"target":"<a&b>\n\u2028","reader":"dummy","integer_value":7,"float_value":0.25}`
	if string(e.JSON()) != want {
		t.Errorf("got  %s\nwant %s", e.JSON(), want)
	}
	if want := at.Truncate(time.Microsecond).UTC(); e.Time() != want {
		t.Errorf("Time() = %s, want %s", e.Time(), want)
	}
	seconds, nanoseconds := e.ID().Time().UnixTime()
	if minted := time.Unix(seconds, nanoseconds); e.ID().Version() != 7 || minted.Before(before) || minted.After(time.Now().Add(time.Second)) {
		t.Errorf("the id %s is of version %d and was minted at %s", e.ID(), e.ID().Version(), minted)
	}
	again, err := catalog(t).Parse(e.JSON())
	if err != nil || !reflect.DeepEqual(e, again) {
		t.Errorf("read again it is %+v, %v; want %+v", again, err, e)
	}
}

type brokenPart struct{}

func (brokenPart) MarshalJSON() ([]byte, error) { return nil, errors.New("out of ink") }

// If this failed, a defect of a probe would become a broken event, or nobody would be told which part is wrong.
func TestNewRefuses(t *testing.T) {
	good := dummyPart{Target: "a", Reader: "dummy"}
	for _, test := range []struct {
		name, title string
		at          time.Time
		parts       []any
		want        string
	}{
		{"an unknown type", "FTPProbeEvent", time.Now(), nil, `making an event: schema_title is "FTPProbeEvent", which is no event type; want one of "DummyEvent", "HTTPProbeEvent", "ICMPProbeEvent", "TCPProbeEvent"`},
		{"an abstract type", "Event", time.Now(), nil, `making an event: schema_title is "Event", which is abstract; want one of "DummyEvent", "HTTPProbeEvent", "ICMPProbeEvent", "TCPProbeEvent"`},
		{"no fields", "DummyEvent", time.Now(), nil, `making an event: DummyEvent: float_value is missing; integer_value is missing; reader is missing; target is missing`},
		{"nothing", "DummyEvent", time.Now(), []any{good, nil}, `making an event: DummyEvent: part 2: <nil> is no JSON object`},
		{"a list", "DummyEvent", time.Now(), []any{[]int{1}}, `making an event: DummyEvent: part 1: []int is no JSON object`},
		{"a field twice", "DummyEvent", time.Now(), []any{good, map[string]int{"integer_value": 1}}, `making an event: no event: the key "integer_value" is there twice`},
		{"a field of every event", "DummyEvent", time.Now(), []any{good, map[string]string{"uuid": "x"}}, `making an event: no event: the key "uuid" is there twice`},
		{"NaN", "DummyEvent", time.Now(), []any{dummyPart{FloatValue: math.NaN()}}, `making an event: DummyEvent: part 1: json: unsupported value: NaN`},
		{"a part that cannot be written", "DummyEvent", time.Now(), []any{brokenPart{}}, `making an event: DummyEvent: part 1: json: error calling MarshalJSON for type events.brokenPart: out of ink`},
		{"a value that does not fit", "DummyEvent", time.Now(), []any{good, map[string]any{"colour": 1}}, `making an event: DummyEvent: colour is not a field of it`},
		{"a number that does not fit", "DummyEvent", time.Now(), []any{json.RawMessage(`{"integer_value":1e1000001}`)}, `making an event: no event: the number 1e1000001 does not fit a float64`},
		{"too much", "DummyEvent", time.Now(), []any{dummyPart{Target: strings.Repeat("x", MaxBytes)}}, `making an event: DummyEvent: 1048775 bytes long, want at most 1048576 (1 MiB)`},
		{"broken UTF-8", "DummyEvent", time.Now(), []any{json.RawMessage("{\"target\":\"\xff\"}")}, `making an event: DummyEvent: not UTF-8 at byte 152`},
		{"the year 10000", "DummyEvent", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), []any{good}, `making an event: DummyEvent: event_time is "10000-01-01T00:00:00.000000Z", want a UTC time with six digits such as "2026-01-02T03:04:05.678901Z"`},
	} {
		_, err := catalog(t).New(test.title, test.at, test.parts...)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %v\nwant %s", test.name, err, test.want)
		}
	}
}

// If this failed, a text that a server sent in broken UTF-8 would cost the event that tells of it.
func TestNewMendsTexts(t *testing.T) {
	e, err := catalog(t).New("DummyEvent", time.Now(), dummyPart{Target: "a\xffb"})
	if err != nil || !strings.Contains(string(e.JSON()), `"target":"a\ufffdb"`) {
		t.Errorf("got %s, %v", e.JSON(), err)
	}
}

// If this failed, two events could have the same id, and the store would keep one of them.
func TestIDsDiffer(t *testing.T) {
	ids := make(map[string]bool)
	lowerCase := regexp.MustCompile(`^[0-9a-f-]{36}$`)
	for i := range 1000 {
		e, err := catalog(t).New("DummyEvent", time.UnixMicro(0), dummyPart{Reader: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		id := e.ID().String()
		if ids[id] || !lowerCase.MatchString(id) {
			t.Fatalf("event %d has the id %s, which is not new", i, id)
		}
		ids[id] = true
	}
}

// If this failed, an event would say another id, time or key of itself than what is written in it.
//
// Seen to fail when the time keeps its nanoseconds.
func TestNewKnowsWhatItWrote(t *testing.T) {
	c := catalog(t)
	for _, at := range []time.Time{time.Now(), time.Unix(0, 1), time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.FixedZone("", 5*3600))} {
		e, err := c.New("DummyEvent", at, dummyPart{Target: "a"})
		if err != nil {
			t.Fatal(err)
		}
		if judged, err := c.judged(e.JSON()); err != nil || !e.same(judged) || e.Time() != judged.Time() {
			t.Errorf("%v: made %v, read %v, %v", at, e, judged, err)
		}
	}
}
