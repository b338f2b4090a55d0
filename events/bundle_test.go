package events

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	google "github.com/google/jsonschema-go/jsonschema"
)

// elsewhere reads a bundle as a program that is not ours does: with another validator, which may load nothing.
func elsewhere(t testing.TB, c *Catalog, title string) *google.Resolved {
	t.Helper()
	text, err := c.Bundle(title)
	if err != nil {
		t.Fatal(err)
	}
	var schema google.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatalf("%s: %v", title, err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatalf("%s: %v", title, err)
	}
	return resolved
}

func decoded(t testing.TB, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// If this failed, what `uptimer schema NAME` prints could not be used by other programs alone, or would mean
// something else to them. (Seen to fail when references were left to point at the other files' places.)
func TestOtherValidatorsAgreeWithTheBundles(t *testing.T) {
	c := shipped(t)
	bundles := make(map[string]*google.Resolved)
	for _, title := range c.Titles() {
		bundles[title] = elsewhere(t, c, title)
	}
	for title, validator := range bundles {
		if !c.Concrete(title) {
			continue
		}
		for i, example := range examples(t, title) {
			if err := validator.Validate(decoded(t, example)); err != nil {
				t.Errorf("%s, example %d: %v", title, i, err)
			}
			for _, ancestor := range c.types[title].ancestry {
				if err := bundles[ancestor].Validate(decoded(t, example)); err != nil {
					t.Errorf("%s, example %d, as %s: %v", title, i, ancestor, err)
				}
			}
		}
	}
	for _, b := range brokenEvents(t) {
		title := b.Type
		if b.JudgedBy != "" {
			title = b.JudgedBy
		}
		err := bundles[title].Validate(decoded(t, b.text(t)))
		if refused := err != nil; refused == b.ByFormatAlone {
			t.Errorf("%s: refused %t", b.Name, refused)
		}
	}
}

// If this failed, the bundle would refer to something that is not in it, would differ from run to run, or would not
// read well.
func TestBundle(t *testing.T) {
	c := shipped(t)
	local := regexp.MustCompile(`"\$ref": "(#[^"]*)"`)
	for _, title := range c.Titles() {
		bundle, err := c.Bundle(title)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, _ := c.Bundle(title); !bytes.Equal(bundle, again) {
				t.Fatalf("%s: another bundle each time", title)
			}
		}
		text := string(bundle)
		if len(local.FindAllString(text, -1)) != strings.Count(text, `"$ref"`) {
			t.Errorf("%s: refers to something outside of it:\n%s", title, text)
		}
		if strings.Count(text, `"$id"`) != 1 || strings.Count(text, `"$schema"`) != 1 {
			t.Errorf("%s: names itself more than once:\n%s", title, text)
		}
		if !strings.HasPrefix(text, "{\n  \"$schema\": ") || !strings.HasSuffix(text, "\n}\n") {
			t.Errorf("%s: is written otherwise:\n%s", title, text)
		}
		for _, ref := range local.FindAllStringSubmatch(text, -1) {
			if at(decoded(t, bundle), pointer(strings.TrimPrefix(ref[1], "#"))) == nil {
				t.Errorf("%s: there is nothing at %s", title, ref[1])
			}
		}
	}
}

// If this failed, a person who mistypes a schema's name would not be told which there are.
func TestBundleOfNoSchema(t *testing.T) {
	_, err := catalog(t).Bundle("HttpProbeEvent")
	want := `there is no schema "HttpProbeEvent"; want one of "DummyEvent", "Event", "HTTPProbeEvent", "ICMPProbeEvent", "ProbeEvent", "TCPProbeEvent"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// If this failed, a schema with definitions of its own would lose them, or confuse them with other files', in its
// bundle.
func TestBundleKeepsOwnDefinitions(t *testing.T) {
	schema := edit(t, dnsSchema, `{"type": "string"}`, `{"$ref": "#/$defs/answer"}`)
	schema = edit(t, schema, `"required"`, `"$defs": {"answer": {"type": "string", "$ref": "#/$defs/short"}, "short": {"maxLength": 3}}, "required"`)
	c, err := NewCatalog(with(t, "DNSProbeEvent.json", schema))
	if err != nil {
		t.Fatal(err)
	}
	event := func(answer string) any {
		return decoded(t, changed(t, examples(t, "TCPProbeEvent")[0], map[string]json.RawMessage{
			"schema_title": json.RawMessage(`"DNSProbeEvent"`), "answers": json.RawMessage(`["` + answer + `"]`),
		}, "tls_version", "certificate_expires_at", "matches_expect"))
	}
	validator := elsewhere(t, c, "DNSProbeEvent")
	if err := validator.Validate(event("abc")); err != nil {
		t.Error(err)
	}
	if err := validator.Validate(event("abcd")); err == nil {
		t.Error("a value that is too long was taken")
	}
}
