package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const exampleFile = "../../configuration.env.example"

// The example from which people make their configuration.env must have every variable that there is, and none that is
// gone. Seen to fail by taking a variable out of the file.
func TestDocsExampleIsGenerated(t *testing.T) {
	content, err := os.ReadFile(exampleFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := exampleText()
	switch got := strings.ReplaceAll(string(content), "\r\n", "\n"); {
	case got == want:
	case *update:
		if err := os.WriteFile(exampleFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is stale; run make generate", exampleFile)
	}
}

const exampleHead = `# Every variable of uptimer, each with its default and commented out. Copy it to configuration.env, which the scripts in
# bin/ read, as do ` + "`docker run --env-file` and systemd's EnvironmentFile=" + `:
#
#   cp configuration.env.example configuration.env
#
# A line is NAME=value. The value is taken as it is, up to the end of the line: without quotes, without $.
# Every variable can also be read from a file: KAFKA_SASL_PASSWORD_FILE=/run/secrets/kafka.
# Made from the code by ` + "`make generate`" + `; docs/configuration.md says more.
`

// exampleText is all variables, those that several parts share once.
func exampleText() string {
	var b strings.Builder
	b.WriteString(exampleHead)
	seen := map[string]bool{}
	for _, s := range sections() {
		headed := false
		for _, v := range s.vars {
			if seen[v.Name] {
				continue
			}
			seen[v.Name] = true
			if !headed {
				fmt.Fprintf(&b, "\n# --- %s ---\n", s.title)
				headed = true
			}
			fmt.Fprintf(&b, "\n%s#%s=%s\n", commented(v.Desc), v.Name, v.Default)
		}
	}
	return b.String()
}

// commented is a text in lines of a comment, none longer than 120 characters if its words allow it.
func commented(text string) string {
	var b strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 120 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
