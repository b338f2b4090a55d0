package http

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// decoder undoes gzip and deflate as a stream, so that a bomb costs no memory. It is reused.
type decoder struct {
	in      *bufio.Reader
	gzip    *gzip.Reader
	zlib    io.ReadCloser
	flate   io.ReadCloser
	deflate bool
	src     io.Reader // nil: the first byte has not been read
}

var decoders = sync.Pool{New: func() any { return &decoder{in: bufio.NewReaderSize(nil, readBuffer)} }}

func (d *decoder) reset(src io.Reader, deflate bool) {
	d.in.Reset(src)
	d.src, d.deflate = nil, deflate
}

func (d *decoder) release() {
	d.in.Reset(nil)
	decoders.Put(d)
}

// Read returns decoded bytes. An empty source is an empty body, whatever its encoding.
func (d *decoder) Read(p []byte) (int, error) {
	if d.src == nil {
		if _, err := d.in.Peek(1); err != nil {
			return 0, err
		}
		src, err := d.start()
		if err != nil {
			return 0, early(err)
		}
		d.src = src
	}
	n, err := d.src.Read(p)
	if !d.deflate && errors.Is(err, gzip.ErrHeader) {
		err = io.EOF // something else after the end: gzip and browsers ignore that
	}
	return n, err
}

// early makes a broken stream of one that ends within its header.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *decoder) start() (src io.Reader, err error) {
	switch {
	case !d.deflate && d.gzip == nil:
		d.gzip, err = gzip.NewReader(d.in)
		return d.gzip, err
	case !d.deflate:
		return d.gzip, d.gzip.Reset(d.in)
	case !isZlib(d.in):
		if d.flate == nil {
			d.flate = flate.NewReader(d.in)
			return d.flate, nil
		}
		return d.flate, d.flate.(flate.Resetter).Reset(d.in, nil)
	case d.zlib == nil:
		d.zlib, err = zlib.NewReader(d.in)
		return d.zlib, err
	default:
		return d.zlib, d.zlib.(zlib.Resetter).Reset(d.in, nil)
	}
}

// isZlib tells the two things apart that servers send as deflate: what the standard says (zlib), and bare deflate.
func isZlib(in *bufio.Reader) bool {
	start, err := in.Peek(2)
	return err == nil && start[0]&0x0f == 8 && (int(start[0])<<8|int(start[1]))%31 == 0
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// namesCharset tells whether a content type or the beginning of a page may name another character set than UTF-8.
func namesCharset(text string) bool {
	_, name, found := strings.Cut(strings.ToLower(text), "charset")
	return found && !strings.HasPrefix(strings.TrimLeft(name, `= "'`), "utf-8")
}

// toUTF8 makes UTF-8 of a text in the character set that the content type, a byte order mark or the page itself
// names. Without any of these, what is UTF-8 stays, and the rest is read as Windows-1252, as browsers do.
func toUTF8(text []byte, contentType string) []byte {
	if !namesCharset(contentType) && !namesCharset(string(text[:min(len(text), 1024)])) && utf8.Valid(text) {
		return bytes.TrimPrefix(text, byteOrderMark) // what follows is much slower
	}
	encoding, name, certain := charset.DetermineEncoding(text, contentType)
	if name == "utf-8" || !certain && name == "windows-1252" && utf8.Valid(text) {
		return bytes.TrimPrefix(text, byteOrderMark)
	}
	decoded, err := encoding.NewDecoder().Bytes(text)
	if err != nil {
		return text
	}
	return bytes.TrimPrefix(decoded, byteOrderMark)
}
