package events

import (
	"strings"
	"testing"
	"time"
)

// If this failed, a part that writes its fields itself would come out otherwise than one that is marshalled, or could
// put into an event what does not belong there.
func TestPartsThatWriteThemselves(t *testing.T) {
	c := catalog(t)
	e, err := c.New("DummyEvent", time.Now(), written(`,"target":"a","reader":"b"`), map[string]int{"integer_value": 1}, written(``), written(`,"float_value":1`))
	if err != nil || !strings.HasSuffix(string(e.JSON()), `Z","target":"a","reader":"b","integer_value":1,"float_value":1}`) {
		t.Errorf("got %s, %v", e.JSON(), err)
	}
	for text, want := range map[string]string{
		`"target":"a"`:                  `making an event: DummyEvent: not JSON at byte 141: invalid character '"' after object key:value pair`,
		`,"target":"a","reader":"b"},{`: `making an event: DummyEvent: not JSON at byte 168: invalid character ',' after top-level value`,
		`,"uuid":"a"`:                   `making an event: no event: the key "uuid" is there twice`,
		`,"target":7`:                   `making an event: DummyEvent: float_value is missing; integer_value is missing; reader is missing; target is 7, want a text`,
	} {
		if _, err := c.New("DummyEvent", time.Now(), written(text)); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

// If this failed, an event would change when the next one is made in the same buffer, or carry what was left in it.
func TestEventsShareNoBuffer(t *testing.T) {
	c := catalog(t)
	var list []Event
	var texts []string
	for i := range 50 {
		part := dummyPart{Target: strings.Repeat("x", 100*(50-i)), IntegerValue: i}
		e, err := c.New("DummyEvent", time.Now(), part)
		if err != nil {
			t.Fatal(err)
		}
		list, texts = append(list, e), append(texts, string(e.JSON()))
		_, _ = c.New("DummyEvent", time.Now(), part, brokenPart{}) // leaves half an event in the buffer
	}
	for i, e := range list {
		if string(e.JSON()) != texts[i] {
			t.Errorf("event %d became %.80s", i, e.JSON())
		}
	}
}
