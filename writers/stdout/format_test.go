package stdout

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/uptimer/uptimer/events"
)

// If this failed, programs that read the output would get something else than the event that was checked.
func TestJSONIsTheEventAndALineBreak(t *testing.T) {
	var got bytes.Buffer
	w := open(t, "json", &got)
	e := parse(t, catalog(t), `{"uuid":"019b7caa-c508-7e12-a3b4-c5d6e7f80910", "schema_title":"DummyEvent","schema_version":"1.0",`+
		`"event_time":"2026-01-02T03:05:25.000000Z","target":"<&>","reader":"\u001b","integer_value":7.0,"float_value":1E2}`)
	if _, err := w.Write(t.Context(), []events.Event{e, e}); err != nil {
		t.Fatal(err)
	}
	line := string(e.JSON()) + "\n"
	if got.String() != line+line {
		t.Errorf("got  %q\nwant %q twice", got.String(), line)
	}
	if !json.Valid(bytes.SplitN(got.Bytes(), []byte("\n"), 2)[0]) {
		t.Error("a line is no JSON")
	}
}
