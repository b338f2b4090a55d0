package targets

import (
	"errors"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/uptimer/uptimer/internal/setting"
)

// Header is one line of an HTTP request's header.
type Header struct{ Name, Value string }

// ParseHeaders reads Options.Headers, in the order given. Host may be among them. Its error is setting.Mistakes of the
// field headers, which show a header's name and never its value.
func ParseHeaders(lines string) (headers []Header, err error) {
	var ms setting.Mistakes
	for line := range strings.Lines(lines) {
		name, value, colon := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		h := Header{strings.TrimSpace(name), strings.TrimSpace(value)}
		err := errors.New("a line is no header; want Name: value")
		if colon {
			err = h.check()
		}
		if err != nil {
			ms.Add(rules[fieldHeaders].name, h.shown(), err)
			continue
		}
		headers = append(headers, h)
	}
	return headers, ms.Err()
}

// encodeHeaders is the headers as lines. Each header that is wrong is blamed, without its value.
func encodeHeaders(pairs []pair, blame blamePair) string {
	var out strings.Builder
	for _, p := range pairs {
		h := Header{p.name, p.value}
		if err := h.check(); err != nil {
			blame(p.line, h.shown(), err)
			continue
		}
		out.WriteString(h.Name + ": " + h.Value + "\n")
	}
	return out.String()
}

// shown is the header's name, if it is one: else it may be a secret in the wrong place.
func (h Header) shown() string {
	if !httpguts.ValidHeaderFieldName(h.Name) {
		return ""
	}
	return h.Name
}

// check is an error, worded for users, unless a check can send the header.
func (h Header) check() error {
	switch {
	case h.Name == "":
		return errors.New("a header has no name; want Name: value")
	case !httpguts.ValidHeaderFieldName(h.Name):
		return errors.New("a header's name holds a character that is not allowed; want letters, digits and hyphens")
	case !httpguts.ValidHeaderFieldValue(h.Value) || checkText(h.Value) != nil:
		return errors.New("the value of this header holds a character that is not allowed; want text on one line")
	}
	switch http.CanonicalHeaderKey(h.Name) {
	case "Host":
		if h.Value == "" || !httpguts.ValidHostHeader(h.Value) {
			return errors.New("not a host; want a name or address, with or without a port")
		}
	case "Connection":
		return errors.New("uptimer sets this header itself, as keepalive says; want it left out")
	case "Content-Length", "Transfer-Encoding", "Trailer":
		return errors.New("uptimer sets this header itself, as the body is; want it left out")
	}
	return nil
}

// ParseMethod reads the method of a request. It may be written in small letters, and is sent in capitals. Its error is
// worded for users.
func ParseMethod(text string) (string, error) {
	switch method := strings.ToUpper(text); {
	case !httpguts.ValidHeaderFieldName(text): // a method is a token, as a header's name is
		return "", errors.New("not a method; want one word such as GET, HEAD or POST")
	case method == http.MethodConnect:
		return "", errors.New("CONNECT opens tunnels and checks nothing; want a method such as GET, HEAD or POST")
	default:
		return method, nil
	}
}

func checkMethod(text string) error {
	_, err := ParseMethod(text)
	return err
}
