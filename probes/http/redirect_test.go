package http

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// echo is a server whose path says what it does: /302/… redirects to what the query says; all else answers 200 with
// the request line and the headers that matter.
func echo(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		if n, _ := fmt.Sscanf(r.URL.Path, "/%d", &status); n == 1 {
			w.Header()["Location"] = []string{strings.ReplaceAll(r.URL.RawQuery, "SELF", r.Host)}
			w.WriteHeader(status)
			return
		}
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		_, _ = fmt.Fprintf(w, "%s %s body=%q host=%s auth=%s cookie=%s key=%s type=%s", r.Method, r.URL, body[:n], r.Host,
			r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X-Key"), r.Header.Get("Content-Type"))
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// If one of these failed, a redirect would be followed to the wrong place, in the wrong way, or with what is meant
// for the first host only. That the test can fail was seen by leaving out the line that sets foreign.
func TestRedirects(t *testing.T) {
	one, two := echo(t), echo(t)
	const secrets = "Authorization: Bearer s3cret\nCookie: s3cret\nX-Key: s3cret\nContent-Type: text/x\n"
	all := "auth=Bearer s3cret cookie=s3cret key=s3cret type="
	none := "auth= cookie= key= type=$"
	for _, c := range []struct {
		name, url string
		options   targets.Options
		final     string
		redirects int
	}{
		{"relative", "http://ONE/302/x?next", targets.Options{Regex: "^GET /302/next"}, "", -1},
		{"absolute path", "http://ONE/302/x?/next%3Fa=b", targets.Options{Regex: "^GET /next%3Fa=b"}, "http://ONE/next%3Fa=b", 1},
		{"whole url, fragment dropped", "http://ONE/301?http://SELF/next#part", targets.Options{Regex: "^GET /next "}, "http://ONE/next", 1},
		{"without a scheme", "http://ONE/303?//SELF/next", targets.Options{Regex: "^GET /next"}, "http://ONE/next", 1},
		{"post becomes get", "http://ONE/302?/next", targets.Options{Method: "POST", Body: "data", Headers: secrets, Regex: `^GET /next body="" host=ONE ` + all + "$"}, "http://ONE/next", 1},
		{"head stays head", "http://ONE/303?/next", targets.Options{Method: "HEAD"}, "http://ONE/next", 1},
		{"307 repeats", "http://ONE/307?/next", targets.Options{Method: "POST", Body: "data", Headers: secrets, Regex: `^POST /next body="data" host=ONE ` + all + "text/x$"}, "http://ONE/next", 1},
		{"308 repeats", "http://ONE/308?/next", targets.Options{Method: "PUT", Body: "data", Regex: `^PUT /next body="data"`}, "http://ONE/next", 1},
		{"another host gets no secrets", "http://ONE/307?http://TWO/next", targets.Options{Method: "POST", Body: "data", Headers: secrets + "Host: one.example\n", Regex: `^POST /next body="data" host=TWO ` + none}, "http://TWO/next", 1},
		{"nor does the way back", "http://ONE/302?http://TWO/302?http://ONE/next", targets.Options{Headers: secrets, Regex: none}, "http://ONE/next", 2},
		{"password stays at home", "http://me:pw@ONE/302?http://TWO/next", targets.Options{Regex: "auth= "}, "http://TWO/next", 1},
		{"password at home", "http://me:pw@ONE/302?/next", targets.Options{Regex: "auth=Basic bWU6cHc= "}, "http://ONE/next", 1},
		{"password of another host is not used", "http://ONE/302?http://me:pw@TWO/next", targets.Options{Regex: "auth= "}, "http://TWO/next", 1},
		{"300 is an answer", "http://ONE/300?/next", targets.Options{}, "", 0},
		{"no location is an answer", "http://ONE/302?", targets.Options{}, "", 0},
		{"not to be followed", "http://ONE/302?/next", targets.Options{FollowRedirects: "0", ExpectedStatus: "302"}, "", 0},
		{"as many as allowed", "http://ONE/302?/302?/next", targets.Options{FollowRedirects: "2"}, "http://ONE/next", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			fill := strings.NewReplacer("ONE", one, "TWO", two).Replace
			c.options.Regex = fill(c.options.Regex)
			if c.name == "relative" {
				// The echo takes /302/next for a redirect to nowhere, which is an answer too.
				c.options.Regex, c.final, c.redirects = "", "http://ONE/302/next", 1
			}
			r, d := checkOnce(t, fill(c.url), c.options)
			probestest.Expect(t, r, probes.OK, "")
			if c.final == "" != (d.FinalURL == nil) || d.FinalURL != nil && *d.FinalURL != fill(c.final) {
				t.Errorf("final url %s, want %s", shown(d.FinalURL), fill(c.final))
			}
			if d.Redirects != c.redirects {
				t.Errorf("%d redirects, want %d", d.Redirects, c.redirects)
			}
		})
	}
}

// If this failed, a redirect that cannot be followed would be reported with a wrong reason or show a password.
func TestRedirectsThatFail(t *testing.T) {
	one := echo(t)
	closed := servertest.FreeAddress(t)
	for _, c := range []struct {
		location string
		options  targets.Options
		reason   probes.Reason
		text     string
	}{
		{"http://" + closed + "/x", targets.Options{}, probes.Refused, "connecting to " + closed + ": connection refused"},
		{"ftp://me:pw@a/b", targets.Options{}, probes.Redirect, `answered 302 Found to "ftp://a/b", which leads nowhere: its scheme is "ftp"; want http or https`},
		{"http://me:pw@[::1/", targets.Options{}, probes.Redirect, `answered 302 Found to "http://xxxxx@[::1/", which is not a URL`},
		{"http://me:p/w@host:x/", targets.Options{}, probes.Redirect, `answered 302 Found to "http://xxxxx@host:x/", which is not a URL`},
		{"/302?/302?/next", targets.Options{FollowRedirects: "2"}, probes.Redirect, "more than 2 redirects, the next to http://" + one + "/next"},
		{"/302?/", targets.Options{FollowRedirects: "1"}, probes.Redirect, "more than 1 redirects, the next to http://" + one + "/"},
	} {
		r, d := checkOnce(t, "http://"+one+"/302?"+c.location, c.options)
		probestest.Expect(t, r, c.reason, c.text)
		if c.reason == probes.Refused && (d.StatusCode != nil || d.Redirects != 1 || *d.FinalURL != c.location) {
			t.Errorf("%+v", d)
		}
	}
}

// If this failed, a redirect within an address that needs its zone would lead to another host, or nowhere, and
// final_url would not say where it led.
func TestRedirectsKeepTheZone(t *testing.T) {
	at := func(url string) place { return place{targets.Target{URL: url}.Parts()} }
	for _, c := range []struct{ from, location, final, dialed, host string }{
		{"http://a/", "http://[::1%25lo]:1/x", "http://[::1%25lo]:1/x", "[::1%lo]:1", "[::1]:1"},
		{"http://[fe80::1%25eth0]/a/", "b?c", "http://[fe80::1%25eth0]/a/b?c", "[fe80::1%eth0]:80", "[fe80::1]"},
		{"https://[fe80::1%25eth0]:8443/", "//[fe80::2%2525]/", "https://[fe80::2%2525]/", "[fe80::2%25]:443", "[fe80::2]"},
		{"http://[fe80::1%25eth0]/", "https://[fe80::1]/", "https://[fe80::1]/", "[fe80::1]:443", "[fe80::1]"},
	} {
		h := hop{at: at(c.from), method: "GET"}
		next, err := h.next(redirectTo(302, c.location))
		if err != nil || next.at.String() != c.final || next.at.HostPort() != c.dialed || next.at.hostHeader() != c.host {
			t.Errorf("%s from %s: got %s, %s, %s, %v", c.location, c.from, next.at, next.at.HostPort(), next.at.hostHeader(), err)
		}
		if want := c.location != "b?c"; next.foreign != want {
			t.Errorf("%s from %s: foreign is %v", c.location, c.from, next.foreign)
		}
	}
}

// If this failed, credentials would leave a host by a change of scheme or port, or be lost where a host only moves
// to https.
func TestWhoIsForeign(t *testing.T) {
	for _, c := range []struct {
		from, to string
		foreign  bool
	}{
		{"http://a/", "http://A:80/x", false},
		{"https://a/", "/x", false},
		{"http://a/", "https://a/", false},
		{"http://a/", "https://a:8443/", true},
		{"http://a:8080/", "https://a/", true},
		{"https://a/", "http://a/", true},
		{"https://a/", "http://a:443/", true},
		{"http://a/", "http://a:81/", true},
		{"http://a/", "http://sub.a/", true},
		{"http://a/", `//b\@a/`, true},
		{"http://a/", "//a@b/", true},
	} {
		h := hop{at: place{targets.Target{URL: c.from}.Parts()}, method: "GET"}
		next, err := h.next(redirectTo(302, c.to))
		if err == nil && next.foreign != c.foreign {
			t.Errorf("%s to %s: foreign %v", c.from, c.to, next.foreign)
		}
		if err != nil && !strings.Contains(c.to, `\`) {
			t.Error(err)
		}
	}
}

func redirectTo(status int, location string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Location": {location}}}
}
