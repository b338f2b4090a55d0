package tcp

import (
	"bytes"
	"regexp"
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

// minEcho is how long a part of what was sent must be to be taken for a secret where a server repeats it.
const minEcho = 6

// withoutEcho puts "(sent)" for words of what was sent that a server repeats, because one may be a password: servers
// like to quote a command that they refuse. Words that follow each other are one; the last of what the server said may
// be cut short.
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

// echoed is how much of the beginning of said is words of sent that may hold a secret.
func echoed(said, sent []byte) (longest int) {
	if len(said) < minEcho || isBetween(said[0]) {
		return 0
	}
	for at := 0; ; at++ {
		i := bytes.Index(sent[at:], said[:minEcho])
		if i < 0 {
			break
		}
		at += i
		if at == 0 || isBetween(sent[at-1]) {
			longest = max(longest, sameWords(said, sent[at:]))
		}
	}
	if isVersion.Match(said[:longest]) {
		return 0
	}
	return longest
}

// isVersion finds what both sides of a conversation begin with, and what is no secret.
var isVersion = regexp.MustCompile(`^(HTTP|RTSP|SIP)/[0-9]\.[0-9]$`)

// sameWords is how many bytes are the same up to the end of a word of sent, or to the end of said; 0 if they are few.
func sameWords(said, sent []byte) (n int) {
	end := 0
	for n < min(len(said), len(sent)) && said[n] == sent[n] {
		n++
		if n == len(said) || n == len(sent) || isBetween(sent[n]) && !isBetween(sent[n-1]) {
			end = n
		}
	}
	if end < minEcho {
		return 0
	}
	return end
}

// isBetween tells whether a byte stands between words: white space, control characters, and what separates or
// surrounds values in protocols and JSON.
func isBetween(c byte) bool {
	return c <= ' ' || c == 0x7f || strings.IndexByte("\"'`=:,;&?@|()[]{}<>", c) >= 0
}
