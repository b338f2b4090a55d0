package http

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

func deflated(text string) string {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.DefaultCompression)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return out.String()
}

func zlibbed(text string) string {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return out.String()
}

func chunked(text string) string {
	return "Transfer-Encoding: chunked\r\n\r\n1\r\n" + text[:1] + "\r\n" + hexLen(text[1:]) + "\r\n" + text[1:] + "\r\n0\r\nX-Trailer: y\r\n\r\n"
}

func hexLen(text string) string { return strings.TrimLeft(string(appendHex(nil, len(text))), "0") }

func appendHex(out []byte, n int) []byte {
	for shift := 12; shift >= 0; shift -= 4 {
		out = append(out, "0123456789abcdef"[n>>shift&15])
	}
	return out
}

// If one of these failed, the regular expression would be held against something else than the text that a person
// sees, or the verdict about it would be wrong.
func TestBodyAndVerdict(t *testing.T) {
	yes, no := "true", "false"
	for _, c := range []struct {
		name, answer string
		options      targets.Options
		reason       probes.Reason
		text         string
		matches      string // null if empty
		size         int64  // -1: null
	}{
		{"plain", okHead + "Content-Length: 5\r\n\r\nhello", targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"until the end of the connection", okHead + "\r\nhello", targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"chunked", okHead + chunked("hello"), targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"gzip", okHead + "Content-Encoding: gzip\r\n\r\n" + zipped("hello"), targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"two gzip streams", okHead + "Content-Encoding: X-GZIP\r\n\r\n" + zipped("hel") + zipped("lo"), targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"gzip in chunks", okHead + "Content-Encoding: gzip\r\n" + chunked(zipped("hello")), targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"gzip of nothing", okHead + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", targets.Options{Regex: "^$"}, probes.OK, "", yes, 0},
		{"deflate", okHead + "Content-Encoding: deflate\r\n\r\n" + zlibbed("hello"), targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"bare deflate", okHead + "Content-Encoding: deflate\r\n" + chunked(deflated("hello")), targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"identity", okHead + "Content-Encoding: identity\r\n\r\nhello", targets.Options{Regex: "^hello$"}, probes.OK, "", yes, 5},
		{"unknown encoding", okHead + "Content-Encoding: br\r\n\r\nhello", targets.Options{}, probes.OK, "", "", 5},
		{"unknown encoding and a regex", okHead + "Content-Encoding: br\r\n\r\nhello", targets.Options{Regex: "hello"}, probes.Protocol, `the body is encoded as "br" and cannot be matched; want one of gzip, deflate, or none`, "", 5},
		{"two encodings and a regex", okHead + "Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n\r\nhello", targets.Options{Regex: "hello"}, probes.Protocol, `the body is encoded as "deflate, gzip" and cannot be matched; want one of gzip, deflate, or none`, "", 5},
		{"latin 1", okHead + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\ncaf\xe9", targets.Options{Regex: "^café$"}, probes.OK, "", yes, 4},
		{"utf-16 with a mark", okHead + "\r\n\xff\xfec\x00a\x00f\x00\xe9\x00", targets.Options{Regex: "^café$"}, probes.OK, "", yes, 10},
		{"utf-8 with a mark", okHead + "\r\n\xef\xbb\xbfcafé", targets.Options{Regex: "^café$"}, probes.OK, "", yes, 8},
		{"charset in the page", okHead + "Content-Type: text/html\r\n\r\n<meta charset=shift_jis>\x93\xfa\x96\x7b", targets.Options{Regex: "日本$"}, probes.OK, "", yes, 28},
		{"utf-8 far behind plain text", okHead + "Content-Type: application/json\r\n\r\n" + strings.Repeat(" ", 2000) + "café", targets.Options{Regex: "café$"}, probes.OK, "", yes, 2005},
		{"unknown charset", okHead + "Content-Type: text/plain; charset=klingon\r\n\r\ncafé", targets.Options{Regex: "^café$"}, probes.OK, "", yes, 5},
		{"no match", okHead + "\r\nhello", targets.Options{Regex: "bye"}, probes.Body, "the body (5 bytes) does not match the regular expression", no, 5},
		{"empty body", okHead + "Content-Length: 0\r\n\r\n", targets.Options{Regex: "x"}, probes.Body, "the body (0 bytes) does not match the regular expression", no, 0},
		{"404 that matches", "HTTP/1.1 404 Not Found\r\n\r\nhello", targets.Options{Regex: "hello"}, probes.Status, "answered 404 Not Found; expected 200-399", yes, 5},
		{"404 that does not match", "HTTP/1.1 404 Not Found\r\n\r\nhello", targets.Options{Regex: "bye"}, probes.Status, "answered 404 Not Found; expected 200-399", no, 5},
		{"404 expected", "HTTP/1.1 404 Not Found\r\n\r\nhello", targets.Options{ExpectedStatus: "404"}, probes.OK, "", "", 5},
		{"status of its own", "HTTP/1.1 799 Custom\r\n\r\n", targets.Options{}, probes.Status, "answered 799; expected 200-399", "", 0},
		{"broken body of an error", "HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nhello", targets.Options{Regex: "hello"}, probes.Status, "answered 500 Internal Server Error; expected 200-399", "", 5},
		{"HEAD", okHead + "Content-Length: 5\r\n\r\n", targets.Options{Method: "HEAD"}, probes.OK, "", "", -1},
		{"HEAD and a regex", okHead + "Content-Length: 5\r\n\r\n", targets.Options{Method: "HEAD", Regex: "x"}, probes.Body, "an answer 200 OK to HEAD has no body that could match the regular expression", "", -1},
		{"204 and a regex", "HTTP/1.1 204 No Content\r\n\r\n", targets.Options{Regex: "^$"}, probes.Body, "an answer 204 No Content to GET has no body that could match the regular expression", "", -1},
		{"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", targets.Options{}, probes.OK, "", "", -1},
		{"101 expected", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", targets.Options{ExpectedStatus: "101", Headers: "Upgrade: x\n"}, probes.OK, "", "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, d := checkOnce(t, "http://"+servertest.Serve(t, say(c.answer)), c.options)
			probestest.Expect(t, r, c.reason, c.text)
			if got := shown(d.MatchesRegex); got != c.matches {
				t.Errorf("matches %q, want %q", got, c.matches)
			}
			if d.BodyBytes == nil != (c.size < 0) || d.BodyBytes != nil && *d.BodyBytes != c.size {
				t.Errorf("body bytes %s, want %d", shown(d.BodyBytes), c.size)
			}
			if d.Regex != c.options.Regex {
				t.Errorf("regex %q", d.Regex)
			}
		})
	}
}

// shown is what a pointer points to, empty for nil.
func shown[T any](p *T) string {
	if p == nil {
		return ""
	}
	text, _ := json.Marshal(*p)
	return string(text)
}

// If this failed, fields would be missing from events, or have other names than users rely on.
func TestDetailsJSON(t *testing.T) {
	_, d := checkOnce(t, "http://"+servertest.Serve(t, say(okHead+"\r\nhello")), targets.Options{Regex: "h"})
	got, err := json.Marshal(d)
	want := `{"method":"GET","status_code":200,"http_version":"1.1","regex":"h","matches_regex":true,"body_bytes":5,"redirects":0,"final_url":null,"tls_version":null,"certificate_expires_at":null}`
	if err != nil || string(got) != want {
		t.Errorf("got %s %v\nwant %s", got, err, want)
	}
	got, _ = json.Marshal(Details{Method: "GET"})
	want = `{"method":"GET","status_code":null,"http_version":null,"regex":"","matches_regex":null,"body_bytes":null,"redirects":0,"final_url":null,"tls_version":null,"certificate_expires_at":null}`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
