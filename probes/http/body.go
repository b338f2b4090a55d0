package http

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/uptimer/uptimer/probes"
)

// body is what was read of an answer's body.
type body struct {
	text    []byte // decoded, at most PROBE_MAX_BODY; only if it was to be kept. Valid until release
	size    int64  // decoded bytes that were read
	whole   bool   // it was read to its end, nothing of it is left on the connection
	unknown string // its content encoding, if that is one that we cannot undo
	buffer  *[]byte
}

// hasBody tells whether an answer to that method can have a body.
func hasBody(method string, status int) bool {
	return method != http.MethodHead && status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

const (
	bodyBuffer  = 16 << 10
	largeBuffer = 256 << 10 // larger ones are not kept for the next body
)

var bodyBuffers = sync.Pool{New: func() any { b := make([]byte, 0, bodyBuffer); return &b }}

// release gives the buffer back.
func (b *body) release() {
	if b.buffer != nil && cap(*b.buffer) <= largeBuffer {
		bodyBuffers.Put(b.buffer)
	}
	b.buffer, b.text = nil, nil
}

// readBody reads an answer's body, decoded, up to max bytes. What comes after them is left unread, which is no
// error. Its error is a *probes.Failure, a *probes.OwnFault or Is context.Canceled; b tells what came before it.
func (c *conn) readBody(ctx context.Context, answer *http.Response, max int64, keep bool) (b body, err error) {
	wire := &wireReader{src: answer.Body, left: -1}
	var src io.Reader = wire
	switch encoding := contentEncoding(answer.Header); encoding {
	case "":
	case "gzip", "x-gzip", "deflate":
		// What decodes to nothing would keep us reading for ever. Data that cannot be compressed grows by less.
		wire.left = max + max/256 + 64<<10
		d := decoders.Get().(*decoder)
		defer d.release()
		d.reset(wire, encoding == "deflate")
		src = d
	default:
		b.unknown = encoding
	}
	err = b.fill(src, max, keep)
	if err == nil && b.whole {
		err = wire.drain()
	}
	if err != nil {
		b.whole = false
		return b, c.explainBody(ctx, answer, &b, wire, err)
	}
	return b, nil
}

// contentEncoding is the one encoding of a body, empty if there is none. Several are one that we do not know.
func contentEncoding(h http.Header) string {
	name := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", ")))
	if name == "identity" {
		return ""
	}
	return name
}

// fill reads up to max bytes. It sets whole if the source ended before or there.
func (b *body) fill(src io.Reader, max int64, keep bool) error {
	b.buffer = bodyBuffers.Get().(*[]byte)
	text := (*b.buffer)[:0]
	defer func() { *b.buffer = text[:0]; b.text = text }()
	for b.size < max {
		switch {
		case len(text) < cap(text):
		case keep:
			text = slices.Grow(text, int(min(int64(len(text)), max-b.size)))
		default:
			text = text[:0]
		}
		room := int(min(int64(cap(text)-len(text)), max-b.size))
		n, err := src.Read(text[len(text) : len(text)+room])
		text = text[:len(text)+n]
		b.size += int64(n)
		if err == io.EOF {
			b.whole = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errWireTooLong = errors.New("too many encoded bytes for what they decode to")

// wireReader reads a body as it is transferred, and keeps the error that ended it: a decoder above may replace it.
type wireReader struct {
	src    io.Reader
	left   int64 // how many bytes may still be read; below zero: no limit
	failed error // what went wrong, the end is nothing wrong
	ended  bool
}

func (w *wireReader) Read(p []byte) (int, error) {
	if w.left == 0 {
		w.failed = errWireTooLong
	}
	if w.failed != nil {
		return 0, w.failed
	}
	if w.left > 0 {
		p = p[:min(int64(len(p)), w.left)]
	}
	n, err := w.src.Read(p)
	if w.left > 0 {
		w.left -= int64(n)
	}
	switch {
	case err == io.EOF:
		w.ended = true
	case err != nil:
		w.failed = err
	}
	return n, err
}

// drain reads what a decoder has left, which is little: the end of the last chunk, say.
func (w *wireReader) drain() error {
	if w.ended {
		return nil
	}
	_, err := io.Copy(io.Discard, w)
	return err
}

// explainBody words the error of reading a body.
func (c *conn) explainBody(ctx context.Context, answer *http.Response, b *body, wire *wireReader, err error) error {
	const doing = "reading the body"
	switch {
	case c.failed != nil:
		return probes.Explain(ctx, doing, c.failed)
	case errors.Is(wire.failed, errWireTooLong):
		return protocol("%s: its encoding (%s) takes more bytes than what it decodes to (%d bytes so far)",
			doing, contentEncoding(answer.Header), b.size)
	case errors.Is(wire.failed, io.ErrUnexpectedEOF) && answer.ContentLength >= 0:
		return protocol("%s: it is cut short: the connection was closed before the %d bytes that Content-Length says had come", doing, answer.ContentLength)
	case errors.Is(wire.failed, io.ErrUnexpectedEOF):
		return protocol("%s: it is cut short: the connection was closed before the last chunk", doing)
	case wire.failed != nil:
		return protocol("%s: it is malformed: %s", doing, clean(wire.failed))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return protocol("%s: its encoding (%s) ends too early", doing, contentEncoding(answer.Header))
	}
	return protocol("%s: its encoding (%s) is broken: %s", doing, contentEncoding(answer.Header), clean(err))
}
