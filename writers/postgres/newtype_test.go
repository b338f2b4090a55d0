package postgres

import (
	"encoding/json"
	"testing"

	"github.com/uptimer/uptimer/events/eventstest"
)

// dnsProbeEvent is a type of check that this writer has never heard of. Its fields have names of columns, and other types.
const dnsProbeEvent = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://github.com/uptimer/uptimer/schemas/DNSProbeEvent.json",
  "title": "DNSProbeEvent", "description": "What one question to a name server saw.",
  "allOf": [{ "$ref": "ProbeEvent.json" }], "unevaluatedProperties": false,
  "properties": {
    "schema_title": { "const": "DNSProbeEvent" }, "schema_version": { "enum": ["1.0"] },
    "status_code": { "type": "string" }, "stored_at": { "type": "object" }, "details": { "type": "array" },
    "enabled": { "type": "boolean" }, "method": { "type": "null" }, "url": { "type": "number" }, "since": { "type": "string" }
  }
}`

// If this failed, a new type of event would need new columns or code, or a field be read back as the column that has its
// name. (Seen to fail with the row's columns put over the details.)
func TestANewTypeOfEventNeedsNoCode(t *testing.T) {
	fields := map[string]json.RawMessage{}
	if err := eventstest.Example(t, "TCPProbeEvent").Decode(&fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls_version", "certificate_expires_at", "matches_expect"} {
		delete(fields, name)
	}
	for name, value := range map[string]string{
		"schema_title": `"DNSProbeEvent"`, "status_code": `"NXDOMAIN"`, "stored_at": `{"cache":-0.0}`, "details": `[1e2, 1.0, -0, 1e-7, 1.7e308]`,
		"enabled": "true", "method": "null", "url": "12345678901234567", "since": `"\ud83d\ude00 \u2028"`,
		"labels": `{"":"", "a=b;c\"\\":"é\t\u0001", "\u00e9":"\ud83d\ude00"}`,
	} {
		fields[name] = json.RawMessage(value)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	e, err := eventstest.CatalogWith(t, "DNSProbeEvent", dnsProbeEvent).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	url := migrated(t)
	write(t, started(t, "DATABASE_URL="+url), e)
	isReadBack(t, connect(t, url), e)
	if n := one[int](t, url, "SELECT count(*) FROM target_state s JOIN probe_events USING (uuid) WHERE schema_title = 'DNSProbeEvent'"); n != 1 {
		t.Errorf("%d states are that event's, want 1", n)
	}
}
