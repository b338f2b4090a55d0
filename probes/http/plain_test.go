package http

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// plainHeads are answers, and whether they are read the quick way.
var plainHeads = []struct {
	answer string
	plain  bool
}{
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", true},
	{"HTTP/1.1 200 OK\r\nServer: nginx/1.26.3\r\nDate: Sat, 21 Nov 2026 20:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 615\r\n" +
		"Last-Modified: Tue, 01 Sep 2026 10:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"68b5\"\r\nAccept-Ranges: bytes\r\n\r\n<!doctype", true},
	{"HTTP/1.1 503 Service Unavailable\r\ncontent-length:\t0 \r\nCONNECTION: Close\r\nRetry-After: \xfcber\t1\r\n\r\n", true},
	{"HTTP/1.1 404 \r\nContent-Length: 3\r\nConnection: close\r\nConnection: keep-alive\r\n\r\nno", true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nConnection: close\r\n\r\nhello, and more", true},

	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", false},
	{"HTTP/1.1 200 OK\r\n\r\nto the end", false},
	{"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\nContent-Length: 5\nConnection: close\r\n\r\nhello", true},
	{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
	{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false},
	{"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /\r\n\r\n", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: upgrade, close\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nX y: 1\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 5\r\n\r\nhello", false},
	{"HTTP/1.1 200 OK\r\nhello\r\nContent-Length: 5\r\n\r\nhello", false},
}

// bothWays reads an answer the quick way, and as net/http does.
func bothWays(answer []byte) (plain, slow *http.Response) {
	c := &conn{reader: &reader{Reader: *bufio.NewReaderSize(bytes.NewReader(answer), readBuffer)}}
	_, _ = c.reader.Peek(1)
	slow, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(answer), readBuffer), get)
	if err != nil {
		slow = nil
	}
	return c.readPlain(), slow
}

// samePlain holds an answer that is read the quick way to what net/http says of it.
func samePlain(t *testing.T, answer []byte) (plain bool) {
	t.Helper()
	quick, slow := bothWays(answer)
	switch {
	case quick == nil:
		return false
	case slow == nil:
		t.Errorf("%q: the quick way took it, net/http does not", answer)
		return true
	case quick.StatusCode != slow.StatusCode || quick.ProtoMajor != slow.ProtoMajor || quick.ProtoMinor != slow.ProtoMinor ||
		quick.ContentLength != slow.ContentLength || quick.Close != slow.Close:
		t.Errorf("%q: %+v, net/http says %+v", answer, quick, slow)
	case contentEncoding(slow.Header) != "" || followed(slow) || !hasBody(http.MethodGet, slow.StatusCode):
		t.Errorf("%q: its headers are needed", answer)
	}
	body, err := io.ReadAll(quick.Body)
	slowBody, slowErr := io.ReadAll(slow.Body)
	if !bytes.Equal(body, slowBody) || err != slowErr {
		t.Errorf("%q: the body is %q, %v; net/http says %q, %v", answer, body, err, slowBody, slowErr)
	}
	return true
}

// If this failed, a broken answer could pass for a whole one, or each check would cost what net/http takes.
//
// Seen to fail without each of the conditions of plainAnswer.
func TestPlainAnswersAreThoseOfNetHTTP(t *testing.T) {
	for _, c := range plainHeads {
		if plain := samePlain(t, []byte(c.answer)); plain != c.plain {
			t.Errorf("%q: read the quick way: %v, want %v", c.answer, plain, c.plain)
		}
	}
}

// If this failed, a connection that broke with the last bytes of a body would seem to have ended well.
//
// Seen to fail when the last byte is the end whatever else is said of it.
func TestAPlainBodyKeepsTheErrorOfItsLastBytes(t *testing.T) {
	from := iotest.DataErrReader(io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(io.ErrClosedPipe)))
	if body, err := io.ReadAll(&plainBody{from, 5}); string(body) != "hello" || err != io.ErrClosedPipe {
		t.Errorf("%q, %v", body, err)
	}
}

// FuzzPlain holds the quick way to net/http for whatever a server says.
func FuzzPlain(f *testing.F) {
	for _, c := range plainHeads {
		f.Add([]byte(c.answer))
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: " + strings.Repeat("x", readBuffer) + "\r\n\r\nhello"))
	f.Fuzz(func(t *testing.T, answer []byte) { samePlain(t, answer) })
}
