package tcp

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/uptimer/uptimer/probes"
)

// expected quotes the beginning of what was expected.
func (l *listener) expected() string {
	text := l.run.check.options.expect.String()
	if len(text) <= probes.MaxQuoted && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return probes.Quote([]byte(text))
}

// after tells what came before it went wrong, if anything did.
func (l *listener) after() string {
	if len(l.said) == 0 {
		return ""
	}
	return ", after it had said " + l.got()
}

// got quotes the beginning of what came.
func (l *listener) got() string {
	if len(l.said) == 0 {
		return "nothing"
	}
	said := l.said[:min(len(l.said), 8*probes.MaxQuoted)]
	text := probes.Quote(withoutEcho(said, l.run.check.options.send))
	if len(said) < len(l.said) && !strings.HasSuffix(text, "…") {
		text += "…"
	}
	return text
}

// minEcho is how many bytes in a row must be the same as in what was sent to be taken for a repetition of it.
const minEcho = 4

// withoutEcho puts "(sent)" for what a server repeats of what was sent to it, because that may hold a password:
// servers like to quote a command that they refuse.
func withoutEcho(said, sent []byte) []byte {
	var out []byte
	for len(said) > 0 {
		n := echoed(said, sent)
		if n == 0 {
			out, said = append(out, said[0]), said[1:]
			continue
		}
		out, said = append(out, "(sent)"...), said[n:]
	}
	return out
}

// echoed is how much of the beginning of said stands somewhere in sent; 0 if it is too little to tell.
func echoed(said, sent []byte) int {
	n := minEcho
	if len(said) < n || !bytes.Contains(sent, said[:n]) {
		return 0
	}
	for n < len(said) && bytes.Contains(sent, said[:n+1]) {
		n++
	}
	return n
}
