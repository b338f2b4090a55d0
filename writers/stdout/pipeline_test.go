package stdout_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/pipeline"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/schemas"
	"github.com/uptimer/uptimer/writers/stdout"
)

// newTypes are event types that no code knows: a check of another protocol, and an event that is no check.
var newTypes = map[string]string{
	"DNSProbeEvent.json": `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": "https://github.com/uptimer/uptimer/schemas/DNSProbeEvent.json",
		"title": "DNSProbeEvent",
		"allOf": [{"$ref": "ProbeEvent.json"}],
		"unevaluatedProperties": false,
		"required": ["answers"],
		"properties": {
			"schema_title": {"const": "DNSProbeEvent"}, "schema_version": {"enum": ["1.0"]},
			"answers": {"type": "array", "items": {"type": "string"}}
		}
	}`,
	"RestartEvent.json": `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": "https://github.com/uptimer/uptimer/schemas/RestartEvent.json",
		"title": "RestartEvent",
		"allOf": [{"$ref": "Event.json"}],
		"unevaluatedProperties": false,
		"required": ["up"],
		"properties": {
			"schema_title": {"const": "RestartEvent"}, "schema_version": {"enum": ["1.0"]},
			"up": {"type": "object"}
		}
	}`,
}

// extended is a catalog of the shipped schemas and the new ones.
func extended(t *testing.T) *events.Catalog {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range newTypes {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	names, err := fs.Glob(schemas.FS, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := schemas.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	c, err := events.NewCatalog(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run sends events through a pipeline to standard output.
func run(t *testing.T, format string, to io.Writer, batch []events.Event) error {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	w, err := stdout.Plugin.Open(plugin.NewEnvironment([]string{"STDOUT_FORMAT=" + format}), plugin.Host{Log: log, Stdout: to})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Patience)
	defer cancel()
	return pipeline.Run(ctx, []events.Reader{&eventstest.Reader{Batches: [][]events.Event{batch}}},
		[]pipeline.Sink{{Name: "stdout", Writers: []events.Writer{w}}}, pipeline.Config{Grace: time.Second, Log: log})
}

// If this failed, whoever adds an event type would have to change the pipeline or the writer too.
func TestANewEventTypeNeedsNoCode(t *testing.T) {
	c := extended(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	check, err := c.New("DNSProbeEvent", at, map[string]any{
		"target": "dns://192.0.2.53/example.com", "target_id": "33ea95eb-a074-5116-9fe6-169dc42ac750", "protocol": "dns",
		"hostname": "192.0.2.53", "location": "", "instance": "one", "scheduled_at": "2026-01-02T03:04:05.678900Z",
		"up": true, "reason": "ok", "error": "", "response_time_ms": 1.25, "timings_ms": map[string]float64{"wait": 1.25},
		"answers": []string{"192.0.2.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.New("RestartEvent", at, map[string]any{"up": map[string]any{"since": "today"}})
	if err != nil {
		t.Fatal(err)
	}
	pretty := `{
  "event_time": "2026-01-02T03:04:05.678901Z",
  "schema_title": "RestartEvent",
  "schema_version": "1.0",
  "up": {
    "since": "today"
  },
  "uuid": "` + other.ID().String() + `"
}
`
	for format, want := range map[string]string{
		"json":   string(check.JSON()) + "\n" + string(other.JSON()) + "\n",
		"pretty": pretty,
		"text": "2026-01-02T03:04:05.678Z  UP    dns://192.0.2.53/example.com      -      1.2 ms\n" +
			`2026-01-02T03:04:05.678Z  RestartEvent up={"since":"today"}` + "\n",
	} {
		var got bytes.Buffer
		if err := run(t, format, &got, []events.Event{check, other}); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if !strings.HasSuffix(got.String(), want) || !strings.Contains(got.String(), "192.0.2.53") {
			t.Errorf("%s:\n got %s\nwant %s", format, got.String(), want)
		}
	}
}

// If this failed, `uptimer | head -3` would end with an error, or not at all.
func TestAClosedPipeEndsThePipelineQuietly(t *testing.T) {
	r, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	go func() {
		_, _ = io.ReadFull(r, make([]byte, 100))
		_ = r.Close()
	}()
	if err := run(t, "json", to, eventstest.Dummies(t, 3000)); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

// If this failed, the page of the writer would show an output that nobody gets.
func TestTheDocsShowRealOutput(t *testing.T) {
	page, err := os.ReadFile("../../docs/writers/stdout.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```text\n(.*?)```").FindSubmatch(page)
	if shown == nil {
		t.Fatal("the page shows no text output")
	}
	var batch []events.Event
	for line := range bytes.Lines(regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)[1]) {
		e, err := eventstest.Catalog(t).Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, e)
	}
	var got bytes.Buffer
	if err := run(t, "text", &got, batch); err != nil {
		t.Fatal(err)
	}
	if got.String() != string(shown[1]) {
		t.Errorf("the text output of the JSON on the page is\n%s\nbut the page shows\n%s", got.String(), shown[1])
	}
}
