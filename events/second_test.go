package events

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events/acceptor"
	"github.com/uptimer/uptimer/schemas"
)

// fooled is a catalog whose fast path takes TCP events that the library does not take, and what it was told of them.
func fooled(t *testing.T, every uint64) (*Catalog, *[]string) {
	t.Helper()
	var told []string
	c, err := NewCatalog(schemas.FS, WithSecondOpinion(every, func(text []byte, err error) {
		told = append(told, fmt.Sprintf("%.30s: %v", text, err))
	}))
	if err != nil {
		t.Fatal(err)
	}
	limits := acceptor.Limits{Depth: maxDepth, Number: maxDigit}
	quick, err := acceptor.Compile(c.types["DummyEvent"].newer, limits, "schema_title", "schema_version", "uuid", "event_time", "target_id")
	if err != nil {
		t.Fatal(err)
	}
	c.types["DummyEvent"].quick = quick // takes unknown fields too
	return c, &told
}

// If this failed, a fast path that takes what it should not would go unnoticed, or the event be written all the same.
func TestSecondOpinion(t *testing.T) {
	colourful := map[string]any{"target": "", "reader": "", "integer_value": 1, "float_value": 1, "colour": "red"}
	c, told := fooled(t, 1)
	_, err := c.New("DummyEvent", time.Now(), colourful)
	if want := "making an event: DummyEvent: colour is not a field of it"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if want := `{"schema_title":"DummyEvent",": DummyEvent: colour is not a field of it`; strings.Join(*told, "\n") != want {
		t.Errorf("told %q, want %s", *told, want)
	}
	delete(colourful, "colour")
	if _, err := c.New("DummyEvent", time.Now(), colourful); err != nil || len(*told) != 1 {
		t.Errorf("where they agree: %v, told %q", err, *told)
	}
}

// If this failed, an event that is read as another than the library sees would go unnoticed.
func TestSecondOpinionOfAnotherEvent(t *testing.T) {
	c, told := fooled(t, 1)
	e, err := c.Parse(examples(t, "DummyEvent")[0])
	if err != nil {
		t.Fatal(err)
	}
	other := e
	other.key = "x"
	judged, err := c.hear(other, e.json)
	if err != nil || judged.key != "" || len(*told) != 1 || !strings.HasSuffix((*told)[0], errOther.Error()) {
		t.Errorf("got %+v, %v, told %q", judged, err, *told)
	}
}

// If this failed, none of our own events would be looked at twice, or so many that they cost what was saved.
func TestOneInSoManyIsJudgedTwice(t *testing.T) {
	for every, want := range map[uint64][2]int{0: {0, 0}, 1: {4000, 4000}, 10: {250, 600}} {
		c, told := fooled(t, every)
		for range 4000 {
			_, err := c.New("DummyEvent", time.Now(), dummyPart{}, map[string]int{"colour": 1})
			if (err == nil) == (errors.Unwrap(err) != nil) {
				t.Fatal(err)
			}
		}
		if n := len(*told); n < want[0] || n > want[1] {
			t.Errorf("1 in %d: %d of 4000, want %d to %d", every, n, want[0], want[1])
		}
	}
}
