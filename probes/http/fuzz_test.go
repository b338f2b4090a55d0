package http

import (
	"encoding/json"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// FuzzAnswer holds the probe to one honest result in time for whatever a server says, printable and without a
// byte of UTF-8 that is none.
func FuzzAnswer(f *testing.F) {
	for _, h := range []string{
		"", "H", "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 204 x\r\n\r\n", okHead + "Content-Encoding: gzip\r\n\r\n" + zipped("hello"),
		okHead + "Content-Encoding: deflate\r\n\r\n" + deflated("hello"), okHead + "Content-Encoding: deflate\r\n" + chunked(zlibbed("hello")),
		"HTTP/1.1 302 Found\r\nLocation: //u:p@[::1%25a]:0/\x80?#\r\n\r\n", okHead + "Content-Type: text/html; charset=iso-2022-jp\r\n\r\n\x1b$B",
		"\x00\x00\x06\x04\x00\x00\x00\x00\x00", "\x15\x03\x01\x00\x02\x02\x46", okHead + "Content-Length: -1\r\n\r\n", okHead + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
	} {
		f.Add([]byte(h))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	p := probeWith(f)
	check := probestest.Prepare(f, p, "http://"+l.Addr().String()+"/", targets.Options{Regex: "hello", FollowRedirects: "0", ExpectedStatus: "200,302"})
	f.Fuzz(func(t *testing.T, answer []byte) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			if readRequest(c) != nil {
				_, _ = c.Write(answer)
			}
		}()
		r, d := runFor(t, probestest.Patience, check)
		<-done
		if r.TimedOut || strings.ToValidUTF8(r.Error, "") != r.Error || strings.ContainsFunc(r.Error, func(c rune) bool { return c < ' ' }) {
			t.Errorf("%+v", r)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Error(err)
		}
		fuzzRedirect(t, answer)
	})
}

// sentAlways are the headers of a request of a target without own ones.
var sentAlways = []string{"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "Authorization"}

// fuzzRedirect takes the bytes for a Location: a hop comes of it that can be written, or a failure that can be shown.
func fuzzRedirect(t *testing.T, location []byte) {
	h := hop{at: place{targets.Target{URL: "http://a/b?c"}.Parts()}, method: "GET"}
	next, err := h.next(redirectTo(302, string(location)))
	if err != nil {
		return
	}
	request := string(appendRequest(nil, next, &options{}, nil))
	lines := strings.Split(strings.TrimSuffix(request, "\r\n\r\n"), "\r\n")
	if strings.Count(lines[0], " ") != 2 || len(lines) > 7 {
		t.Errorf("%q", request)
	}
	for _, line := range lines[1:] {
		if name, _, _ := strings.Cut(line, ": "); !slices.Contains(sentAlways, name) {
			t.Errorf("%q in %q", line, request)
		}
	}
	if u, err := url.Parse(next.at.String()); err != nil || u.User != nil {
		t.Errorf("final url %s: %v", next.at, err)
	}
}
