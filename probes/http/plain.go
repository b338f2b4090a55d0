package http

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// plainAnswer is the quick way to the answer that most targets give to a GET: 200 OK or an error, a few headers, and a
// body whose size is told. net/http makes a map of the headers, which takes as long as to write the event; of these
// nobody asks.
type plainAnswer struct {
	http.Response // without its headers
	body          plainBody
}

// readPlain reads the head of an answer that has come whole and says nothing of how it is to be read but its size and
// whether the connection ends. Of any other it is nil and nothing is read: then net/http must judge it, as it would
// this one in the same way.
func (c *conn) readPlain() *http.Response {
	buffered, _ := c.reader.Peek(c.reader.Buffered())
	size := bytes.Index(buffered, []byte("\r\n\r\n"))
	if size < 0 {
		return nil
	}
	size += len("\r\n\r\n")
	a := &c.reader.plain
	a.Response = http.Response{ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Body: &a.body}
	if !a.read(buffered[:size-len("\r\n")]) {
		return nil
	}
	_, _ = c.reader.Discard(size)
	a.body = plainBody{c.reader, a.ContentLength}
	return &a.Response
}

// read reads the lines of a head.
func (a *plainAnswer) read(lines []byte) bool {
	status, lines := cutLine(lines)
	if !a.status(status) {
		return false
	}
	for len(lines) > 0 {
		var header []byte
		header, lines = cutLine(lines)
		colon := bytes.IndexByte(header, ':')
		if colon < 1 || !isToken(header[:colon]) || !isValue(header[colon+1:]) || !a.header(header[:colon], header[colon+1:]) {
			return false
		}
	}
	return a.ContentLength >= 0
}

func cutLine(lines []byte) (line, rest []byte) {
	end := bytes.IndexByte(lines, '\n')
	return bytes.TrimSuffix(lines[:end], []byte{'\r'}), lines[end+1:]
}

// status reads a status line. Redirects, and answers that have no body whatever they say of it, are not plain.
func (a *plainAnswer) status(line []byte) bool {
	const version, digits = "HTTP/1.1 ", 3
	if len(line) <= len(version)+digits || string(line[:len(version)]) != version || line[len(version)+digits] != ' ' {
		return false
	}
	code, known := number(line[len(version) : len(version)+digits])
	a.StatusCode = int(code)
	return known && (code >= 200 && code < 300 || code >= 400) && code != http.StatusNoContent
}

// header reads a header, and is false of those that say more of how to read the body.
func (a *plainAnswer) header(name, value []byte) bool {
	switch first := name[0] | 0x20; { // most need not be compared
	case first != 'c' && first != 't':
	case is(name, "Content-Length"):
		size, known := number(bytes.Trim(value, " \t"))
		if !known || a.ContentLength >= 0 {
			return false
		}
		a.ContentLength = size
	case is(name, "Connection"):
		value = bytes.Trim(value, " \t")
		a.Close = a.Close || is(value, "close")
		return a.Close || is(value, "keep-alive")
	case is(name, "Content-Encoding"), is(name, "Transfer-Encoding"):
		return false
	}
	return true
}

func is(name []byte, want string) bool {
	return len(name) == len(want) && strings.EqualFold(string(name), want)
}

// number reads a number of up to 15 digits.
func number(digits []byte) (n int64, known bool) {
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = 10*n + int64(d-'0')
	}
	return n, true
}

// isToken tells whether a name is only of letters, digits and hyphens.
func isToken(name []byte) bool {
	for _, b := range name {
		if letter := b | 0x20; (letter < 'a' || letter > 'z') && (b < '0' || b > '9') && b != '-' {
			return false
		}
	}
	return true
}

// isValue tells whether a value has no control characters.
func isValue(value []byte) bool {
	for _, b := range value {
		if b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// plainBody is a body of a known size.
type plainBody struct {
	from io.Reader
	left int64
}

// Read reads up to the end of the body; io.ErrUnexpectedEOF says that the connection ended before.
func (b *plainBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0 && err == nil:
		err = io.EOF
	case b.left > 0 && err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close is for http.Response.
func (b *plainBody) Close() error { return nil }
