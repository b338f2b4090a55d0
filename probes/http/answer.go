package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/uptimer/uptimer/probes"
)

// maxInterim is how many 1xx answers are skipped before the one that counts.
const maxInterim = 5

// answer reads the head of the answer to a request with the given method. Its error is a *probes.Failure, a
// *probes.OwnFault or Is context.Canceled. The answer's body is to be read from, never closed: closing reads it to
// its end. It holds until the next, or until the connection is closed or rests, and if plain says that nobody asks for
// them, it may be without its headers. doing says what was tried, for errors.
func (c *conn) answer(ctx context.Context, method string, plain bool, doing func() string) (*http.Response, error) {
	c.head = maxHead + readBuffer // the last read may hold a buffer of body
	request := get
	if method != get.Method {
		request = &http.Request{Method: method}
	}
	for range maxInterim + 1 {
		if err := c.sniff(); err != nil {
			return nil, c.explainHead(ctx, doing(), err)
		}
		if plain && request == get {
			if answer := c.readPlain(); answer != nil {
				c.head = -1
				return answer, nil
			}
		}
		answer, err := http.ReadResponse(&c.reader.Reader, request)
		if err != nil {
			return nil, c.explainHead(ctx, doing(), err)
		}
		if answer.ProtoMajor != 1 || answer.StatusCode < 100 {
			return nil, protocol("%s: the answer is not HTTP/1.x: %s with status %d", doing(), probes.Quote([]byte(answer.Proto)), answer.StatusCode)
		}
		if answer.StatusCode >= 200 || answer.StatusCode == http.StatusSwitchingProtocols {
			c.head = -1
			return answer, nil
		}
	}
	return nil, protocol("%s: more than %d interim (1xx) answers and no final one", doing(), maxInterim)
}

// get is what ReadResponse is told of most requests; it reads the method only.
var get = &http.Request{Method: http.MethodGet}

func protocol(format string, args ...any) error {
	return &probes.Failure{Reason: probes.Protocol, Text: fmt.Sprintf(format, args...)}
}

// notHTTP is the error of an answer that begins with something else.
type notHTTP string

func (e notHTTP) Error() string { return string(e) }

// sniff looks at the beginning of an answer, so that what is not HTTP is known by its first bytes, without
// waiting for a line that may never end.
func (c *conn) sniff() error {
	const want = "HTTP/"
	for n := 1; n <= len(want); n++ {
		start, err := c.reader.Peek(n)
		if err != nil {
			if len(start) > 0 && errors.Is(err, io.EOF) {
				return notHTTP("the answer is not HTTP: it is " + probes.Quote(start))
			}
			return err
		}
		if start[n-1] != want[n-1] {
			return c.nameForeign()
		}
	}
	return nil
}

// nameForeign says what an answer is that is not HTTP/1.x.
func (c *conn) nameForeign() error {
	start, _ := c.reader.Peek(c.reader.Buffered())
	if isHTTP2(start) {
		return notHTTP("the server speaks only HTTP/2; want HTTP/1.1")
	}
	if len(start) >= 2 && (start[0] == 0x15 || start[0] == 0x16) && start[1] == 3 {
		return notHTTP("the answer is TLS, not HTTP; should the URL be https?")
	}
	return notHTTP("the answer is not HTTP: it begins " + probes.Quote(start))
}

// isHTTP2 knows the frames that an HTTP/2 server may begin with, SETTINGS and GOAWAY of stream 0; of a frame that
// has not arrived whole, what is there has to fit.
func isHTTP2(start []byte) bool {
	if len(start) < 4 || start[0] != 0 || start[3] != 4 && start[3] != 7 {
		return false
	}
	flagsAndStream := start[4:min(len(start), 9)]
	return len(bytes.Trim(flagsAndStream, "\x00")) == 0
}

// explainHead words the error of reading an answer's head.
func (c *conn) explainHead(ctx context.Context, doing string, err error) error {
	var foreign notHTTP
	switch {
	case c.failed != nil:
		return probes.Explain(ctx, doing, c.failed)
	case errors.Is(err, errHeadTooLong):
		return protocol("%s: the header of the answer does not end within %d KiB", doing, maxHead>>10)
	case errors.Is(err, io.EOF):
		return protocol("%s: the server closed the connection without an answer", doing)
	case errors.As(err, &foreign):
		return protocol("%s: %s", doing, foreign)
	case c.ended:
		return protocol("%s: the server closed the connection in the middle of the header", doing)
	}
	return protocol("%s: the header of the answer cannot be read: %s", doing, clean(err))
}
