package targets

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/uptimer/uptimer/internal/setting"
)

// loadAs reads a list on standard input.
func loadAs(cfg Config, protocols []string, csv string) (*List, error) {
	cfg.File = Stdin
	return NewSource(cfg, protocols, strings.NewReader(csv)).Load()
}

func load(t *testing.T, csv string) *List {
	t.Helper()
	list, err := loadAs(defaults(), nil, csv)
	if err != nil {
		t.Fatalf("%q:\n%v", csv, err)
	}
	return list
}

func loadFile(t *testing.T, name, content string) *List {
	t.Helper()
	cfg := defaults()
	cfg.File = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(cfg.File, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := NewSource(cfg, nil, nil).Load()
	if err != nil {
		t.Fatalf("%q:\n%v", content, err)
	}
	return list
}

// summary is what a list says of each target: line, URL, name, interval, timeout.
func summary(list *List) (lines []string) {
	for _, t := range list.Targets {
		lines = append(lines, fmt.Sprint(t.Line, " ", t.URL, " ", t.Name, " ", t.Interval, " ", t.Timeout))
	}
	return lines
}

// A list in one of the spellings that spreadsheets and editors make would be refused or read wrongly.
func TestPlainCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"URLs alone":      {"https://a.example\nb.example\n", []string{"1 https://a.example  30s 10s", "2 https://b.example  30s 10s"}},
		"intervals":       {"https://a.example,60\nhttps://b.example,2.5\nhttps://c.example,\nhttps://d.example,1m30s", []string{"1 https://a.example  1m0s 10s", "2 https://b.example  2.5s 2.25s", "3 https://c.example  30s 10s", "4 https://d.example  1m30s 10s"}},
		"BOM and CRLF":    {"\ufeffhttps://a.example,60\r\nhttps://b.example,60\r\n", []string{"1 https://a.example  1m0s 10s", "2 https://b.example  1m0s 10s"}},
		"comments":        {"# a\n\n  # b\n \t\nhttps://a.example\n,,\n#c", []string{"5 https://a.example  30s 10s"}},
		"spaces":          {"  https://a.example , 60 \n", []string{"1 https://a.example  1m0s 10s"}},
		"quotes":          {"\"https://a.example/x,y\",\"60\",\"a\"\"b\nc\"\nhttps://b.example", []string{"1 https://a.example/x,y  1m0s 10s", "3 https://b.example  30s 10s"}},
		"named columns":   {"url,name,interval,timeout\nhttps://a.example,shop,60,5\nhttps://b.example\n", []string{"2 https://a.example shop 1m0s 5s", "3 https://b.example  30s 10s"}},
		"other order":     {"# list\nURL, timeout,Interval,\nhttps://a.example,5,60\n", []string{"3 https://a.example  1m0s 5s"}},
		"one column":      {"\ufeff\"url\"\nhttps://a.example\n", []string{"2 https://a.example  30s 10s"}},
		"timeout is cut":  {"url,interval,timeout\na.example,1,10\n", []string{"2 https://a.example  1s 900ms"}},
		"repeats are one": {"a.example\nhttps://b.example\nhttps://A.example:443/\na.example,30", []string{"1 https://a.example  30s 10s", "2 https://b.example  30s 10s"}},
	} {
		if got := summary(load(t, c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// allFields has every field once, for each protocol, as CSV and as YAML.
const allFieldsCSV = `url,name,interval,timeout,regex,method,body,expected_status,tls_verify,follow_redirects,keepalive,ip_family,labels,headers,send,expect,tls,count,max_loss
https://a.example/x,shop,30,2.5,All Systems,POST,"{""a"":1}","200,404",no,0,true,6,tier=1;team=a\;b,"X-Key: v;Accept: */*;Accept: text/html\; q=1",,,,,
tcp://a.example:22,,,,,,,,ca.pem,,,,,,PING\r\n,\+PONG,true,,
icmp://a.example,,,,,,,,,,,,,,,,,5,40
`

const allFieldsYAML = `targets:
- url: https://a.example/x
  name: shop
  interval: 30
  timeout: 2.5
  regex: All Systems
  method: POST
  body: '{"a":1}'
  expected_status: 200,404
  tls_verify: no
  follow_redirects: 0
  keepalive: true
  ip_family: 6
  labels: {tier: 1, team: a;b}
  headers:
    X-Key: v
    Accept: '*/*;Accept: text/html; q=1'
- {url: "tcp://a.example:22", tls_verify: ca.pem, send: 'PING\r\n', expect: '\+PONG', tls: true}
- url: icmp://a.example
  count: 5
  max_loss: 40
  name: ~
  labels: {}
`

// A field that is forgotten on its way from the list would leave a check without what the user asked for.
func TestEveryFieldArrives(t *testing.T) {
	want := []Options{
		{Regex: "All Systems", Method: "POST", Body: `{"a":1}`, ExpectedStatus: "200,404", TLSVerify: "no", FollowRedirects: "0", KeepAlive: "true", IPFamily: "6",
			Labels: `{"team":"a;b","tier":"1"}`, Headers: "X-Key: v\nAccept: */*\nAccept: text/html; q=1\n"},
		{TLSVerify: "ca.pem", Send: `PING\r\n`, Expect: `\+PONG`, TLS: "true"},
		{Count: "5", MaxLoss: "40"},
	}
	fromYAML := slices.Clone(want)
	fromYAML[0].Headers = "X-Key: v\nAccept: */*;Accept: text/html; q=1\n"
	for name, c := range map[string]struct {
		list *List
		want []Options
	}{"CSV": {load(t, allFieldsCSV), want}, "YAML": {loadFile(t, "all.yml", allFieldsYAML), fromYAML}} {
		for i, target := range c.list.Targets {
			if *target.Options != c.want[i] {
				t.Errorf("%s: target %d has\n%+v, want\n%+v", name, i, *target.Options, c.want[i])
			}
		}
		first := c.list.Targets[0]
		if first.Name != "shop" || first.Interval != 30*time.Second || first.Timeout != 2500*time.Millisecond {
			t.Errorf("%s: %+v", name, first)
		}
		if string(first.LabelsJSON()) != want[0].Labels || c.list.Targets[1].LabelsJSON() != nil {
			t.Errorf("%s: labels %s", name, first.LabelsJSON())
		}
	}
	if got, err := ParseHeaders(want[0].Headers); err != nil || !slices.Equal(got, []Header{{"X-Key", "v"}, {"Accept", "*/*"}, {"Accept", "text/html; q=1"}}) {
		t.Errorf("headers %q, %v", got, err)
	}
	fields := 0
	for f := range rules {
		if rules[f].option != nil {
			fields++
		}
	}
	if n := reflect.TypeFor[Options]().NumField(); n != fields {
		t.Errorf("Options has %d fields, lists have %d", n, fields)
	}
}

// A YAML list that other tools take would be refused.
func TestYAMLForms(t *testing.T) {
	for name, text := range map[string]string{
		"sequence of URLs": "- https://a.example\n- b.example\n",
		"mixed":            "- https://a.example\n- url: b.example\n",
		"targets":          "---\ntargets: [https://a.example, {url: b.example}]\n",
		"JSON":             `[{"url": "https://a.example"}, "b.example"]`,
		"BOM and CRLF":     "\ufeff- https://a.example\r\n- b.example\r\n",
		"aliases":          "- url: https://a.example\n  name: &n x\n  labels: &l {a: &v b}\n  headers: {X-A: *v}\n- url: b.example\n  labels: *l\n  regex: *n\n",
	} {
		list := loadFile(t, "list.yaml", text)
		if got := shown(list); !slices.Equal(got, []string{"https://a.example", "https://b.example"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	list := loadFile(t, "list.yaml", "- url: a.example\n  labels: &l {a: b}\n- url: b.example\n\n# more\n- labels: *l\n  url: c.example\n")
	if got := []int32{list.Targets[0].Line, list.Targets[1].Line, list.Targets[2].Line}; !slices.Equal(got, []int32{1, 3, 6}) {
		t.Errorf("lines %d", got)
	}
	if list.Targets[0].Options != list.Targets[2].Options {
		t.Error("an alias is not what it stands for")
	}
}

// A small file could take all memory, or all day. Seen to fail without the bound.
func TestAliasBomb(t *testing.T) {
	text := "- url: a.example\n  body: &b " + strings.Repeat("x", 1<<20) + "\n" + strings.Repeat("- url: a.example\n  body: *b\n", 20000)
	cfg := defaults()
	cfg.File = filepath.Join(t.TempDir(), "bomb.yaml")
	if err := os.WriteFile(cfg.File, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := NewSource(cfg, nil, nil).Load()
	if err == nil || !strings.Contains(err.Error(), "aliases stand for more than 64 MiB") {
		t.Errorf("%v", err)
	}
}

// With a negative interval a target that has an interval of its own would be checked for ever.
func TestOnePassForAll(t *testing.T) {
	cfg := defaults()
	cfg.Interval = setting.Duration(-time.Second)
	list, err := loadAs(cfg, nil, "a.example,1\nb.example")
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(list); !slices.Equal(got, []string{"1 https://a.example  -1s 10s", "2 https://b.example  -1s 10s"}) {
		t.Errorf("%q", got)
	}
}

// Lines that repeat others would fill the log, or vanish without a word.
func TestRepeatsAreNoted(t *testing.T) {
	list := load(t, "a.example\na.example\n")
	if want := []string{"standard input:2 repeats standard input:1 in everything: it is checked once"}; !slices.Equal(list.Notes, want) {
		t.Errorf("%q", list.Notes)
	}
	list = load(t, "a.example\n"+strings.Repeat("https://A.example,30\n", 1000))
	if want := []string{"1000 targets repeat others in everything: each is checked once (the first: standard input:2 repeats standard input:1)"}; !slices.Equal(list.Notes, want) {
		t.Errorf("%q", list.Notes)
	}
}

// A mistake that a probe finds would be shown without its place.
func TestWhere(t *testing.T) {
	file := load(t, "# x\na.example\n").Targets[0]
	alone, _ := loadVariables("a.example", "x")
	listed, _ := loadVariables("[a.example, b.example]", "")
	for _, c := range []struct{ got, want string }{
		{file.Where("regex"), "standard input:2: regex"},
		{file.Where(""), "standard input:2"},
		{alone.Targets[0].Where("url"), "PROBE_URLS"},
		{alone.Targets[0].Where("regex"), "PROBE_REGEXES"},
		{listed.Targets[1].Where(""), "PROBE_URLS[2]"},
		{listed.Targets[1].Where("url"), "PROBE_URLS[2]"},
		{listed.Targets[1].Where("ip_family"), "PROBE_URLS[2]: ip_family"},
		{Target{}.Where("url"), "url"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// A target that only moved to another line would be taken for a changed one, and lose its rhythm.
func TestSameCheck(t *testing.T) {
	a := load(t, "url,labels\na.example,x=1\n").Targets[0]
	moved := load(t, "url,labels\n\na.example,x=1\n").Targets[0]
	changed := load(t, "url,labels\na.example,x=2\n").Targets[0]
	slower := load(t, "url,labels,interval\na.example,x=1,60\n").Targets[0]
	if !a.SameCheck(moved) || a.SameCheck(changed) || a.SameCheck(slower) || !a.SameCheck(a) {
		t.Error("SameCheck is wrong")
	}
}

// A list on standard input would be gone after the first look.
func TestStandardInputIsReadOnce(t *testing.T) {
	cfg := defaults()
	cfg.File = Stdin
	s := NewSource(cfg, nil, strings.NewReader("a.example\n"))
	first, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Load(); err != nil || again != first {
		t.Errorf("%v %v", again, err)
	}
}

// The arguments of a command would be reported under the name of a variable that nobody set.
func TestOfURLs(t *testing.T) {
	_, err := OfURLs(defaults(), nil, "URL", []string{"a.example", "htp://b"})
	checkMistakes(t, "OfURLs", err, `URL[2]="htp://b": unknown scheme htp, did you mean http? want http, https, tcp or icmp`)
}

// A million targets would not fit, or a large file would stay in memory because of one short text in it. Seen to
// fail when a target keeps its URL without a copy.
func TestMemoryOfATarget(t *testing.T) {
	const n = 100_000
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "https://host-%06d.example.com/health,30\n", i)
	}
	csv := text.String()
	before := heap()
	list := load(t, csv)
	each := float64(heap()-before) / n
	t.Logf("%.0f bytes a target, of which %d are the Target itself", each, unsafe.Sizeof(Target{}))
	if each > 250 {
		t.Errorf("%.0f bytes a target, want at most 250", each)
	}
	if len(list.Targets) != n {
		t.Errorf("%d targets", len(list.Targets))
	}
	runtime.KeepAlive(csv)

	// Lines with a long body in common: neither the line nor a copy of the body may be kept for each.
	text.Reset()
	text.WriteString("url,body\n")
	body := strings.Repeat("x", 2000)
	for i := range 5000 {
		fmt.Fprintf(&text, "https://host-%06d.example.com/health,%s\n", i, body)
	}
	csv = text.String()
	before = heap()
	list = load(t, csv)
	if each := float64(heap()-before) / 5000; each > 300 {
		t.Errorf("%.0f bytes a target with a shared body, want at most 300", each)
	}
	runtime.KeepAlive(list)
	runtime.KeepAlive(csv)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkLoadCSV shows what a plain line costs.
func BenchmarkLoadCSV(b *testing.B) {
	const n = 100_000
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "https://host-%06d.example.com/health,30\n", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := loadAs(defaults(), nil, text.String()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/line")
}
