package events

import (
	"encoding/json"
	"strings"
	"testing"
)

// If this failed, an instance that is updated first would send events that the others throw away.
// (Seen to fail when the schema for known versions judged newer ones too.)
func TestNewerMinorVersionIsReadWithItsNewFields(t *testing.T) {
	c := catalog(t)
	text := changed(t, examples(t, "HTTPProbeEvent")[0], map[string]json.RawMessage{
		"schema_version": json.RawMessage(`"1.12"`),
		"colour":         json.RawMessage(`{"of":"the door","rgb":[1,2,3]}`),
		"timings_ms":     json.RawMessage(`{"dns":1,"quic":2}`),
	})
	e, err := c.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if e.Version() != "1.12" || !e.Is("ProbeEvent") || e.Key() == "" {
		t.Errorf("the event is %+v", e)
	}
	if string(e.JSON()) != string(text) {
		t.Errorf("got  %s\nwant %s", e.JSON(), text)
	}
}

// If this failed, a mistake in a known version would go unnoticed, or a version that means something else be taken
// for one that we know.
func TestVersions(t *testing.T) {
	c, err := NewCatalog(with(t, "DNSProbeEvent.json", edit(t, dnsSchema, `"1.0", "1.1"`, `"1.0", "1.2", "3.1"`)))
	if err != nil {
		t.Fatal(err)
	}
	const never = `schema_version is "?", a version that was never known; want one of "1.0", "1.2", "3.1"`
	const garbled = `schema_version is "?", want major.minor such as "3.1"`
	for text, want := range map[string]string{
		"1.0": "", "1.2": "", "3.1": "", "1.3": "newer", "3.2": "newer", "3.999999": "newer",
		"1.1": never, "0.9": never, "2.0": never, "2.5": never, "3.0": never,
		"4.0": `schema_version is "?", a newer major version than 3.1, the newest that can be read`,
		"":    garbled, "1": garbled, "v1.0": garbled, "1.0 ": garbled, "1.0\n": garbled, "01.0": garbled, "1.-1": garbled,
		"1.99999999999999999999": garbled, "١.٠": garbled,
	} {
		v, newer, err := c.types["DNSProbeEvent"].reading(text)
		switch want {
		case "", "newer":
			if err != nil || newer != (want == "newer") || v.text != text {
				t.Errorf("%q: got %v, newer %t, %v", text, v, newer, err)
			}
		default:
			want = strings.Replace(want, `"?"`, shown(text), 1)
			if err == nil || err.Error() != want {
				t.Errorf("%q:\n got %v\nwant %s", text, err, want)
			}
		}
	}
}
