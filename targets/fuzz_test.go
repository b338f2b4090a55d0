package targets

import (
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// password stands where a password is in the texts that are made up; it may be in no message.
const password = "hunter2"

// checkList holds for whatever was read: no password is in a message, and each target that was accepted is the same
// when it is read again from what people see.
func checkList(t *testing.T, secret bool, list *List, err error) {
	t.Helper()
	if err != nil {
		if secret && strings.Contains(err.Error(), password) {
			t.Errorf("a password is shown: %v", err)
		}
		return
	}
	ids := map[uuid.UUID]bool{}
	for _, target := range list.Targets {
		if ids[target.ID] {
			t.Errorf("%s is in the list twice", target.Shown())
		}
		ids[target.ID] = true
		if target.Options == nil || target.Interval <= 0 || target.Timeout <= 0 || target.Timeout >= target.Interval {
			t.Errorf("%+v", target)
		}
		if secret && strings.Contains(target.Shown(), password) {
			t.Errorf("a password is shown: %s", target.Shown())
		}
		checkAgain(t, target)
		if _, err := ParseHeaders(target.Options.Headers); err != nil {
			t.Errorf("the list took the headers %q: %v", target.Options.Headers, err)
		}
	}
}

func checkAgain(t *testing.T, target Target) {
	t.Helper()
	quote := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
	again, err := loadAs(defaults(), nil, "url,name\n"+quote(target.Shown())+","+quote(target.Name)+"\n")
	if err != nil || again.Targets[0].ID != target.ID {
		t.Errorf("%q (%q) read again: %v %v", target.Shown(), target.Name, again, err)
	}
	if id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(canonicalOf(target))); id != target.ID {
		t.Errorf("%q has id %s, its canonical text %s", target.Shown(), target.ID, id)
	}
}

// A URL that breaks out of the rules would show a password, or be another target each time.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"example.com", "[::1]:80/?q#f", "a/b@c", "bücher.example/%zz", "fe80::1%25eth0", "x:65536", "１.2.3.4", "a.example./\u200b", "[fe80::1%25eth0]", "xn--a.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, url := range []string{text, "https://me:" + password + "@" + text, "me:" + password + "@" + text, "tcp://" + text, "icmp://" + text} {
			list, err := OfURLs(defaults(), nil, "URL", []string{url})
			checkList(t, !strings.Contains(text, password), list, err)
			if err != nil {
				continue
			}
			canonical := canonicalOf(list.Targets[0])
			if again, err := OfURLs(defaults(), nil, "URL", []string{canonical}); err != nil || canonicalOf(again.Targets[0]) != canonical {
				t.Errorf("%q is %q, and that is %v %v", url, canonical, again, err)
			}
		}
	})
}

// A URL would be another target, or let in, because it was read the quick way.
func FuzzPlainURL(f *testing.F) {
	for _, seed := range []string{
		"http://a", "https://a.example:8443/x/y.html", "tcp://192.0.2.7:22", "icmp://a-b.c_d", "http://1.2.3", "http://010.0.0.1/", "http://a:080", "http://a:0",
		"tcp://a", "icmp://a:1", "tcp://a:1/", "http://a.", "http://.a", "http://a..b", "http://A", "http://a/%zz", "http://a/#x", "http://a/@b", "http://a:1@b", "http://a:65536/",
		"http://" + strings.Repeat("a", 64), "http://" + strings.Repeat("a.", 127), "http://a/" + strings.Repeat("x", maxURL), "http://0x7f", "http://1.2.3.4:5", "http://a/[b]:c", "http://a:", "http://:1", "https://a/?", "https://a/b?c=%2&d?e", "https://a?b", "https://a/?b#c", "https://a/?<", "http://1.2.3.0x4",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quick, ok := parsePlain(text)
		if !ok {
			return
		}
		full, parts, err := parseAny(text, "https")
		if err != nil || full != text || parts != quick {
			t.Errorf("%q is %+v, and really %q %+v, %v", text, quick, full, parts, err)
		}
	})
}

// onlyInURLs tells whether the password stands nowhere but in URLs.
func onlyInURLs(text string) bool {
	return strings.Count(text, password) == strings.Count(text, "https://me:"+password+"@a.example")
}

// A variable that no one thought of would end the process at its start.
func FuzzURLs(f *testing.F) {
	for _, seed := range []string{"https://me:hunter2@a.example", `["https://me:hunter2@a.example", 'b']`, "- a\n- [::1]:80\n- {a: b}", "[[::1]:80, *x]", "[\n# a\n'b',\n]", "[*a, &b c]", "---\n- a\n---\n- b", "[", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := loadVariables(text, "")
		checkList(t, onlyInURLs(text), list, err)
	})
}

// An expression that no one thought of would be cut into a list, or end the process at its start.
func FuzzRegexes(f *testing.F) {
	for _, seed := range []string{"[a-z]+", `["a", "b"]`, "- a\n- [b", "All: x", `['"]`, "(", "- &a b\n- *a", "[\"a\",]", `["\w", 'it''s',]`, "- \"\\w\" # x\n- [a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		regexes, isList := regexList(text)
		if !isList && (len(regexes) != 1 || regexes[0] != strings.Trim(text, "\r\n")) {
			t.Errorf("%q became %q", text, regexes)
		}
		start := firstLine(text)
		if isList && !strings.HasPrefix(start, "[") && !isDash(start) {
			t.Errorf("%q is no list", text)
		}
		list, err := loadVariables("[a.example, b.example]", text)
		checkList(t, onlyInURLs(text), list, err)
	})
}

// A file that no one thought of would end the process, also while it runs.
func FuzzCSV(f *testing.F) {
	f.Add(allFieldsCSV)
	addBadLists(f, ".csv")
	f.Add("url,labels,headers\nhttps://me:hunter2@a.example,a=b;c=\\;,A: b;;C:d\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := loadAs(defaults(), nil, text)
		checkList(t, onlyInURLs(text), list, err)
	})
}

// A file that no one thought of would end the process, also while it runs.
func FuzzYAML(f *testing.F) {
	f.Add(allFieldsYAML)
	addBadLists(f, ".yaml")
	f.Add("- url: https://me:hunter2@a.example\n  labels: &a {b: c}\n- {url: b, labels: *a}\n- ? [x]\n  : y\n")
	f.Fuzz(func(t *testing.T, text string) {
		b := newBuilder(defaults(), []string{HTTP, TCP, ICMP}, nil)
		b.readYAML(&Origin{Name: "list.yaml"}, []byte(text))
		list, err := b.finish()
		checkList(t, onlyInURLs(text), list, err)
	})
}

// addBadLists makes seeds of the bad lists.
func addBadLists(f *testing.F, extension string) {
	entries, err := os.ReadDir("testdata/bad")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), extension) {
			continue
		}
		content, err := os.ReadFile("testdata/bad/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
}
