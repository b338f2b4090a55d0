package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
)

// pictureCatalog knows the event types of this build and one that this build knows nothing of.
func pictureCatalog(t testing.TB) *events.Catalog {
	t.Helper()
	return eventstest.CatalogWith(t, "NTPProbeEvent", `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": "https://github.com/uptimer/uptimer/schemas/NTPProbeEvent.json",
		"title": "NTPProbeEvent", "description": "Another protocol.",
		"allOf": [{ "$ref": "ProbeEvent.json" }], "unevaluatedProperties": false,
		"properties": {
			"schema_title": { "const": "NTPProbeEvent" }, "schema_version": { "enum": ["1.0"] },
			"method": { "type": "integer" }, "redirects": { "type": "object" }, "stratum": { "type": "integer" },
			"certificate_expires_at": { "type": "boolean" }, "tls_version": { "type": "null" }
		}
	}`)
}

// looks are the ways in which the same answer is shown.
var looks = map[string]look{
	"80":        {width: 80, unicode: true, wrap: true},
	"80-colour": {width: 80, unicode: true, wrap: true, colour: true},
	"120-ascii": {width: 120},
	"40-ascii":  {width: 40, wrap: true},
}

// eachPicture calls f with every picture of the events in testdata.
func eachPicture(t *testing.T, f func(t *testing.T, name string, l look, picture string)) {
	catalog := pictureCatalog(t)
	paths, err := filepath.Glob("testdata/check/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no events: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		event, err := catalog.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		v, err := viewOf(event)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for form, l := range looks {
			name := strings.TrimSuffix(filepath.Base(path), ".json") + "." + form
			t.Run(name, func(t *testing.T) { f(t, name, l, l.picture(v)) })
		}
	}
}

// If this failed, people would be shown something else than what they know, or what the docs show. After a wanted
// change run the test with UPDATE_GOLDEN=1 and look at the difference.
func TestPictures(t *testing.T) {
	eachPicture(t, func(t *testing.T, name string, _ look, picture string) {
		compareGolden(t, name, picture)
	})
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "check", name+".txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// If this failed, whoever runs a server could take over the terminal of whoever checks it. Seen to fail with plain
// returning its text as it is, for all pictures of hostile.json.
func TestPicturesAreHarmless(t *testing.T) {
	eachPicture(t, func(t *testing.T, _ string, l look, picture string) {
		if l.colour {
			return // the escapes are ours; the golden files hold them
		}
		for _, r := range picture {
			if r != '\n' && !unicode.IsPrint(r) || !l.unicode && r > unicode.MaxASCII {
				t.Errorf("holds %U", r)
			}
		}
	})
}

// If this failed, a terminal would break lines in the middle of a bar or of a word.
func TestPicturesFit(t *testing.T) {
	eachPicture(t, func(t *testing.T, _ string, l look, picture string) {
		if l.colour || !l.wrap {
			return
		}
		_, below, _ := strings.Cut(picture, "address")
		for line := range strings.Lines(below) {
			line = strings.TrimRight(line, "\n")
			words := strings.Fields(line[min(len(line), indent+labelWidth):])
			if n := len([]rune(line)); n > l.width && len(words) > 1 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	})
}

// If this failed, a phase that took time would not be seen, or bars would leave their axis.
func TestBarsLieOnTheAxis(t *testing.T) {
	for _, timings := range []map[string]float64{
		{"dns": 0, "connect": 0},
		{"dns": 0.001, "connect": 9000, "tls": 0.001, "send": 0, "wait": 0.001, "receive": 0.001},
		{"redirect": 1, "dns": 1, "connect": 1, "tls": 1, "send": 1, "wait": 1, "receive": 1},
		{"wait": 12.5},
	} {
		for _, axis := range []int{2, 16, 17, 200} {
			bars, total := barsOf(timings)
			if len(bars) != len(timings) {
				t.Fatalf("%d bars of %v", len(bars), timings)
			}
			last := 0
			for _, b := range bars {
				from, to := halves(b, total, axis)
				if from < last-1 || to <= from || to > axis {
					t.Errorf("%v of %d: %s from %d to %d", timings, axis, b.name, from, to)
				}
				last = to
			}
			if total > 1 && last != axis {
				t.Errorf("%v of %d: the bars end at %d", timings, axis, last)
			}
		}
	}
}

// If this failed, half cells would be drawn in the wrong half.
func TestDraw(t *testing.T) {
	for _, c := range []struct {
		from, to       int
		unicode, ascii string
	}{
		{0, 1, "▌", "#"}, {1, 2, "▐", "#"}, {0, 2, "█", "#"}, {1, 3, "▐▌", "##"}, {2, 5, " █▌", " ##"}, {3, 6, " ▐█", " ##"},
	} {
		if got := (look{unicode: true}).draw(c.from, c.to); got != c.unicode {
			t.Errorf("%d to %d: got %q, want %q", c.from, c.to, got, c.unicode)
		}
		if got := (look{}).draw(c.from, c.to); got != c.ascii {
			t.Errorf("%d to %d: got %q, want %q", c.from, c.to, got, c.ascii)
		}
	}
}

// If this failed, a phase that events may have would have no bar, so that the bars do not add up.
func TestPhasesAreThoseOfTheSchema(t *testing.T) {
	for p := probes.PhaseRedirect; p <= probes.PhaseReceive; p++ {
		if got := phases[p].name; got != p.String() {
			t.Errorf("phase %d is %s, want %s", p, got, p)
		}
	}
	if len(phases) != int(probes.PhaseReceive)+1 {
		t.Errorf("%d phases, want %d", len(phases), probes.PhaseReceive+1)
	}
}

// If this failed, people would not be told what to do next about some outage, or would be told nonsense: a hint that
// names a variable which does not exist.
func TestHints(t *testing.T) {
	for _, reason := range []probes.Reason{probes.DNS, probes.Refused, probes.Unreachable, probes.Timeout, probes.Reset, probes.TLS,
		probes.Certificate, probes.Protocol, probes.Status, probes.Body, probes.Redirect, probes.Loss} {
		if hints[string(reason)] == "" {
			t.Errorf("no hint for %s", reason)
		}
	}
	known := map[string]bool{}
	for _, v := range variables() {
		known[v.Name] = true
	}
	all := make([]string, 0, len(hints)+len(faultHints))
	for _, h := range hints {
		all = append(all, h)
	}
	for _, h := range faultHints {
		all = append(all, h)
	}
	for _, h := range all {
		for word := range strings.FieldsFuncSeq(h, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) }) {
			if strings.HasPrefix(word, "PROBE_") && !known[word] {
				t.Errorf("%q names %s, which does not exist", h, word)
			}
		}
	}
}

// If this failed, a password in the text of a fault, or a stack, would be shown.
func TestFaults(t *testing.T) {
	own := func(cause probes.Cause, text string) error {
		return &probes.OwnFault{Cause: cause, Err: setting.Mistake{Where: text, Err: fs.ErrPermission}}
	}
	for name, err := range map[string]error{
		"fault-proxy":    own(probes.CauseProxy, "proxy http://user:secret@127.0.0.1:9"),
		"fault-internal": own(probes.CauseInternal, "a check panicked: \x1b[31mboom\ngoroutine 1 [running]:\nmain.main()"),
		"fault-start":    setting.Mistake{Where: "opening a socket for echo requests", Err: fs.ErrPermission},
	} {
		text := looks["80"].fault("https://example.com/", faultOf(err))
		compareGolden(t, name, text)
		if strings.Contains(text, "secret") || strings.Contains(text, "goroutine") || strings.Contains(text, "\x1b") {
			t.Errorf("%s shows too much:\n%s", name, text)
		}
	}
}
