package targets

import (
	"slices"
	"testing"
)

// An array whose backslashes are no escapes of JSON and YAML would be taken for one class of characters, which
// matches nearly everything; or quotes would become part of an expression.
func TestRegexesWithBackslashes(t *testing.T) {
	for text, want := range map[string][]string{
		`["nope\.com","no\d"]`:                {`nope\.com`, `no\d`},
		`["nope\.com"]`:                       {`nope\.com`},
		` [ "\w+" , '\d+', ]` + "\n":          {`\w+`, `\d+`},
		"# all\n[\n\"\\d\", # 1\n'x' ] # end": {`\d`, "x"},
		`["\n\t", "\d\\"]`:                    {`\n\t`, `\d\\`}, // all as they stand, if one is no escape
		`["a\"b, c", "\d"]`:                   {`a\"b, c`, `\d`},
		`['it''s', '', "\d"]`:                 {"it's", "", `\d`},
		`['a\'b']`:                            {`a\'b`},
		"- \"\\w+\"":                          {`\w+`},
		"- \"\\w+\" # 1\n- 'b'\n- c: [":       {`\w+`, "b", "c: ["},
		"- \"\\\\d\"\n- \"\\w\"":              {`\\d`, `\w`},
		"- \"\\\\d\"\n- [a-z]+":               {`\d`, "[a-z]+"},
		"- \"\\w\"+":                          {`"\w"+`},
		"- \"\\w":                             {`"\w`},

		`["']+`:        {`["']+`},
		`["a"]b`:       {`["a"]b`},
		`["\w"]b`:      {`["\w"]b`},
		`["\w"]#b`:     {`["\w"]#b`},
		`["\w"]+`:      {`["\w"]+`},
		`["\w]`:        {`["\w]`},
		`["\"]`:        {`["\"]`},
		`["\w" "\d"]`:  {`["\w" "\d"]`},
		`["\w", \d]`:   {`["\w", \d]`},
		`["a-z]`:       {`["a-z]`},
		`["a", "\w"`:   {`["a", "\w"`},
		"[\"\\w\"]\nx": {"[\"\\w\"]\nx"},
	} {
		if got, _ := regexList(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
