package targets

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/internal/setting"
)

// loadVariables reads PROBE_URLS and PROBE_REGEXES.
func loadVariables(urls, regexes string, protocols ...string) (*List, error) {
	cfg := defaults()
	cfg.URLs, cfg.Regexes = urls, regexes
	return NewSource(cfg, protocols, nil).Load()
}

func shown(list *List) (urls []string) {
	for _, t := range list.Targets {
		urls = append(urls, t.URL)
	}
	return urls
}

// A list in the spelling that a user's deployment tool makes would be taken for one URL, or not at all.
func TestSpellingsOfURLs(t *testing.T) {
	ab := []string{"https://a.example/x", "https://b.example"}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"one":                 {"https://a.example/x", ab[:1]},
		"one, bare":           {"  a.example/x\n", ab[:1]},
		"JSON":                {`["https://a.example/x", "https://b.example"]`, ab},
		"JSON escapes":        {`["https:\/\/a.example\u002fx"]`, ab[:1]},
		"trailing comma":      {`["https://a.example/x", "https://b.example",]`, ab},
		"single quotes":       {`['https://a.example/x', 'https://b.example']`, ab},
		"mixed quotes":        {`['https://a.example/x', "https://b.example"]`, ab},
		"TOML":                {"[\n\t'https://a.example/x', # first\n\t\"https://b.example\",\n]", ab},
		"TOML, left":          {"[\n'https://a.example/x'\n,\n\"https://b.example\"\n]\n", ab},
		"comments around":     {"# all\n[ 'https://a.example/x',\n # more\n 'https://b.example' ] # end", ab},
		"unquoted":            {"[https://a.example/x, https://b.example]", ab},
		"unquoted and tight":  {"[a.example/x,b.example,]", ab},
		"unquoted IPv6":       {"[[::1]:80, b.example]", []string{"https://[::1]:80", "https://b.example"}},
		"YAML lines":          {"- https://a.example/x\n- https://b.example\n", ab},
		"YAML lines, quoted":  {"# all\n---\n  - 'https://a.example/x' # first\n\n  - \"https://b.example\"", ab},
		"YAML lines, CRLF":    {"- https://a.example/x\r\n- https://b.example\r\n", ab},
		"YAML lines, IPv6":    {"- [::1]:80\n- b.example # second", []string{"https://[::1]:80", "https://b.example"}},
		"YAML, all indented":  {"  - https://a.example/x\n  - https://b.example", ab},
		"YAML, rest indented": {"- https://a.example/x\n    - https://b.example", ab},
		"byte order mark":     {"\ufeffhttps://a.example/x\r\n", ab[:1]},
		"mark before lines":   {"\ufeff- https://a.example/x\r\n- https://b.example\r\n", ab},
		"one IPv6":            {"[::1]:80", []string{"https://[::1]:80"}},
		"one IPv6, no port":   {"[2001:db8::1]", []string{"https://[2001:db8::1]"}},
		"one IPv6, brackets":  {"[::1]/a[0]", []string{"https://[::1]/a[0]"}},
		"one in brackets":     {"[a.example/x]", ab[:1]},
		"fragment is dropped": {`["a.example/x#top"]`, ab[:1]},
	} {
		list, err := loadVariables(c.text, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := shown(list); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A lone expression such as [a-z]+ would be taken for a list, as it once was, and match the wrong thing.
func TestSpellingsOfRegexes(t *testing.T) {
	for text, want := range map[string][]string{
		"[a-z]+":                      {"[a-z]+"},
		"200":                         {"200"},
		"All Systems: Operational":    {"All Systems: Operational"},
		"[ab]":                        {"[ab]"},
		"[a, b]":                      {"[a, b]"},
		"[12]":                        {"[12]"},
		`["']x`:                       {`["']x`},
		"-foo":                        {"-foo"},
		"a|b\n":                       {"a|b"},
		"#[0-9]+":                     {"#[0-9]+"},
		`["a", "b"]`:                  {"a", "b"},
		`['\d+', "", ]`:               {`\d+`, ""},
		`["\\d+"]`:                    {`\d+`},
		`[ "a" ]`:                     {"a"},
		"- a\n- b":                    {"a", "b"},
		"- [a-z]+\n- 'b'\n- c: d # e": {"[a-z]+", "b", "c: d"},
		"- 200\n- \n- ~":              {"200", "", ""},
		"  - a\n  - b":                {"a", "b"},
		"- a\n    - b":                {"a", "b"},
		"-":                           {"-"},
		"  -\n":                       {"  -"},
		"- All\n- ":                   {"All", ""},
		"-\n- b":                      {"", "b"},
	} {
		if got, _ := regexList(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A regular expression on the wrong target would call a healthy site down.
func TestWhichTargetHasWhichRegex(t *testing.T) {
	for _, c := range []struct {
		urls, regexes string
		want          []string
	}{
		{"a.example", "x", []string{"x"}},
		{"a.example", "\ufeffx", []string{"x"}},
		{"[a.example, http://b.example, tcp://c.example:1, icmp://d.example]", "x", []string{"x", "x", "", ""}},
		{"[a.example, b.example]", `["x"]`, []string{"x", "x"}},
		{"[a.example, b.example, tcp://c.example:1]", "- x\n- ''\n- ''", []string{"x", "", ""}},
		{"[a.example, b.example]", `[]`, []string{"", ""}},
	} {
		list, err := loadVariables(c.urls, c.regexes)
		if err != nil {
			t.Errorf("%q: %v", c, err)
			continue
		}
		var got []string
		for _, target := range list.Targets {
			got = append(got, target.Options.Regex)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c, got, c.want)
		}
	}
	cfg := defaults()
	cfg.Regexes, cfg.URLs = "x", "z.example"
	list, err := loadAs(cfg, nil, "a.example,30\nb.example,30,y\nicmp://c.example")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"x", "x", "y", ""} {
		if got := list.Targets[i].Options.Regex; got != want {
			t.Errorf("target %d with a file: %q, want %q", i, got, want)
		}
	}
}

// A user who wrote PROBE_URLS wrongly would not know what to change.
func TestMistakesInVariables(t *testing.T) {
	for _, c := range []struct{ name, urls, regexes, protocols, want string }{
		{"nothing", "", "", "", `PROBE_URLS: nothing to probe; want for example PROBE_URLS=https://example.com uptimer`},
		{"empty list", "[]", "", "", `PROBE_URLS: nothing to probe; want for example PROBE_URLS=https://example.com uptimer`},
		{"one", "htp://a", "", "", `PROBE_URLS="htp://a": unknown scheme htp, did you mean http? want http, https, tcp or icmp`},
		{"two of a list", `["a.example", "", "b c"]`, "", "",
			"PROBE_URLS[2]: missing; want a URL such as https://example.com/health\n" +
				`PROBE_URLS[3]="b c": holds a space or control character (U+0020); want it percent-encoded, a space as %20`},
		{"no list", `["me:secret@a.example"`, "", "", `PROBE_URLS: not a list; want ["https://example.com", "tcp://db.example.com:5432"]`},
		{"two lists", "- a.example\nb.example", "", "", `PROBE_URLS: not a list; want every line to begin with a dash and a space`},
		{"commas", "https://a.example,https://b.example", "", "", `PROBE_URLS="https://a.example,https://b.example": the host may not hold ','; want letters, digits, - and _ (a list is written ["https://example.com", "tcp://db.example.com:5432"])`},
		{"lines", "https://a.example\nhttps://b.example", "", "", `PROBE_URLS="https://a.example\nhttps://b.example": holds a space or control character (U+000A); want it percent-encoded, a space as %20 (a list is written ["https://example.com", "tcp://db.example.com:5432"])`},
		{"password", "[me:secret@a.example:x, https://b.example]", "", "", `PROBE_URLS[1]="xxxxx@a.example:x": not a port; want a number from 1 to 65535`},
		{"regex", "a.example", "a(", "", "PROBE_REGEXES=\"a(\": not a regular expression: missing closing ): \"a(\"; want Go's syntax (RE2)"},
		{"regex of a list", "[a.example, b.example]", "- x\n- '*'", "", "PROBE_REGEXES[2]=\"*\": not a regular expression: missing argument to repetition operator: \"*\"; want Go's syntax (RE2)"},
		{"too few regexes", "[a.example, b.example, c.example]", `["a", "b"]`, "", "PROBE_REGEXES: 2 regular expressions, but PROBE_URLS has 3; want one for all, or as many as PROBE_URLS (an empty text for a URL without)"},
		{"regex of tcp", "[a.example, tcp://b.example:1]", `["a", "b"]`, "", `PROBE_REGEXES[2]="b": PROBE_URLS[2] has no regular expression, as it is tcp; want an empty text here`},
		{"other protocol", "tcp://a.example:1", "", "http", `PROBE_URLS="tcp://a.example:1": a target of protocol tcp, but READER_PLUGIN names only http; want it left out, or READER_PLUGIN=probes`},
		{"bare of two", "a.example", "", "tcp icmp", `PROBE_URLS="a.example": a bare host means https, but READER_PLUGIN names only tcp, icmp; want tcp://…`},
		{"bare without port", "a.example", "", "tcp", `PROBE_URLS="a.example": the port is missing; want tcp://host:port`},
		{"same", "[a.example, me:secret@a.example]", "", "", `PROBE_URLS[2]="xxxxx@a.example": the same target as PROBE_URLS[1], but it differs in user or password; want it once, or give one a name`},
	} {
		_, err := loadVariables(c.urls, c.regexes, strings.Fields(c.protocols)...)
		checkMistakes(t, c.name, err, c.want)
	}
}

// A bare host would be probed by a protocol that the user did not choose.
func TestBareHosts(t *testing.T) {
	for _, c := range []struct{ protocols, text, want string }{
		{"", "a.example", "https://a.example"},
		{"http", "a.example", "http://a.example"},
		{"http tcp", "a.example:1", "https://a.example:1"},
		{"tcp", "a.example:22", "tcp://a.example:22"},
		{"icmp", "192.0.2.7", "icmp://192.0.2.7"},
		{"icmp", "[::1]", "icmp://[::1]"},
	} {
		list, err := loadVariables(c.text, "", strings.Fields(c.protocols)...)
		if err != nil || list.Targets[0].URL != c.want {
			t.Errorf("%s with %q: %v %v, want %s", c.text, c.protocols, list, err, c.want)
		}
	}
}

// A setting that cannot work would be noticed only when nothing is probed, or everything twice.
func TestConfigValidate(t *testing.T) {
	valid := func(change func(*Config)) error {
		cfg := defaults()
		change(&cfg)
		return cfg.Validate()
	}
	for want, change := range map[string]func(*Config){
		`PROBE_INTERVAL="0s": zero; want a time above zero such as 30 or 1m30s, or -1 to check every target once`: func(c *Config) { c.Interval = 0 },
		`PROBE_INTERVAL="1ms": too short; want 10ms or more`:                                                      func(c *Config) { c.Interval = setting.Duration(time.Millisecond) },
		`PROBE_TIMEOUT="0s": not above zero; want a time such as 10 or 2.5`:                                       func(c *Config) { c.Timeout = 0 },
		"DISTRIBUTED_WORKERS_TOTAL: missing or zero, but DISTRIBUTED_WORKERS_ENABLED is set; want the number of instances, 1 or more\n" +
			"DISTRIBUTED_WORKERS_INDEX: missing, but DISTRIBUTED_WORKERS_ENABLED is set; want a number from 0, or a name that holds one such as uptimer-3": func(c *Config) { c.Distributed = true },
		`DISTRIBUTED_WORKERS_INDEX="uptimer-3": out of range; want 0 to 2, as DISTRIBUTED_WORKERS_TOTAL is 3`:                                                 func(c *Config) { c.Distributed, c.Total, c.Index = true, 3, "uptimer-3" },
		`DISTRIBUTED_WORKERS_INDEX="-1": out of range; want 0 to 2, as DISTRIBUTED_WORKERS_TOTAL is 3`:                                                        func(c *Config) { c.Distributed, c.Total, c.Index = true, 3, "-1" },
		`DISTRIBUTED_WORKERS_INDEX="a": holds no number; want a number from 0, or a name that holds one such as uptimer-3`:                                    func(c *Config) { c.Distributed, c.Total, c.Index = true, 3, "a" },
		`DISTRIBUTED_WORKERS_INDEX="eu2-0-x": holds several numbers and none at its end; want a number from 0, or a name that ends with it such as uptimer-3`: func(c *Config) { c.Distributed, c.Total, c.Index = true, 3, "eu2-0-x" },
		`DISTRIBUTED_WORKERS_INDEX="a-99999999999": the number is too large; want the number of this instance, from 0`:                                        func(c *Config) { c.Distributed, c.Total, c.Index = true, 3, "a-99999999999" },
	} {
		checkMistakes(t, "config", valid(change), want)
	}
	for text, want := range map[string]int64{"2": 2, "uptimer-2": 2, "eu1-uptimer-02": 2, "uptimer-2-blue": 2, " 2 ": 2} {
		if got, err := parseIndex(text); err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", text, got, err, want)
		}
	}
	if err := valid(func(c *Config) { c.Interval = -1 }); err != nil {
		t.Error(err)
	}
}

// A target would be probed by two instances, or by none. Seen to fail with the first 8 bytes in place of the last.
func TestEachTargetBelongsToOneInstance(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		text.WriteString("https://example.com/" + string(rune('a'+i%26)) + uuid.NewString() + "\n")
	}
	owners := map[uuid.UUID]int{}
	for index := range 3 {
		cfg := defaults()
		cfg.Distributed, cfg.Total, cfg.Index = true, 3, "uptimer-"+string(rune('0'+index))
		list, err := loadAs(cfg, nil, text.String())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list.Targets); n < 250 || n > 420 {
			t.Errorf("instance %d has %d of 1000 targets", index, n)
		}
		for _, target := range list.Targets {
			owners[target.ID]++
		}
	}
	for id, n := range owners {
		if n != 1 {
			t.Errorf("%s is probed by %d instances", id, n)
		}
	}
	if len(owners) != 1000 {
		t.Errorf("%d of 1000 targets are probed", len(owners))
	}
	// By hand: the last 8 bytes of 33ea95eb-a074-5116-9fe6-169dc42ac750 are 0x9fe6169dc42ac750; modulo 1000 it is 120.
	if id := uuid.MustParse("33ea95eb-a074-5116-9fe6-169dc42ac750"); !(share{120, 1000}).has(id) {
		t.Error("the share is not made of the last 8 bytes, big endian")
	}
	cfg := defaults()
	cfg.Distributed, cfg.Total, cfg.Index = true, 1000, "1"
	for urls, want := range map[string]string{
		"a.example":              "the only target does not belong to this instance (DISTRIBUTED_WORKERS_INDEX=1 of 1000)",
		"[a.example, b.example]": "none of the 2 targets belongs to this instance (DISTRIBUTED_WORKERS_INDEX=1 of 1000)",
	} {
		cfg.URLs = urls
		if list, err := NewSource(cfg, nil, nil).Load(); err != nil || len(list.Targets) != 0 || !slices.Equal(list.Notes, []string{want}) {
			t.Errorf("an instance without a target: %v %v, want the note %s", list, err, want)
		}
	}
}
