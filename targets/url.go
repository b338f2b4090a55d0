package targets

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptimer/uptimer/internal/setting"
)

// Parts is a target's URL taken apart.
type Parts struct {
	Scheme   string        // http, https, tcp or icmp
	User     *url.Userinfo // nil: none. Printing it shows the password
	Hostname string        // lower case, in punycode; an IPv6 address in canonical form, without brackets
	Port     uint16        // the scheme's own if the URL names none; 0 for icmp
	Path     string        // escaped, "/" if empty; empty for tcp and icmp
	Query    string        // with its question mark; empty if there is none
}

// RequestPath is path and query, as they stand in the first line of an HTTP request.
func (p Parts) RequestPath() string { return p.Path + p.Query }

// HostPort is host and port, as a dialer takes them.
func (p Parts) HostPort() string {
	return net.JoinHostPort(p.Hostname, strconv.Itoa(int(p.Port)))
}

// Protocol is http for both of its schemes, tcp or icmp.
func (p Parts) Protocol() string {
	if p.Scheme == "https" {
		return HTTP
	}
	return p.Scheme
}

// Parts takes the target's URL apart. For a URL that no list would have let in, it is the zero Parts.
func (t Target) Parts() Parts {
	_, parts, err := parseURL(t.URL, "https")
	if err != nil {
		return Parts{}
	}
	return parts
}

// Scheme is http, https, tcp or icmp.
func (t Target) Scheme() string {
	scheme, _, _ := strings.Cut(t.URL, "://")
	return strings.ToLower(scheme)
}

// Protocol is http (also for https), tcp or icmp.
func (t Target) Protocol() string { return Parts{Scheme: t.Scheme()}.Protocol() }

var schemes = []string{"http", "https", "tcp", "icmp"}

// parseURL reads a URL, or a bare host that means the scheme bare. full is the text with scheme and without
// fragment. No error repeats what could be a password.
func parseURL(text, bare string) (full string, p Parts, err error) {
	if p, ok := parsePlain(text); ok {
		return text, p, nil
	}
	return parseAny(text, bare)
}

func parseAny(text, bare string) (full string, p Parts, err error) {
	if err := checkURLText(text); err != nil {
		return "", p, err
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = bare, text
		if err := checkBare(text); err != nil {
			return "", p, err
		}
	}
	if p.Scheme = strings.ToLower(scheme); !slices.Contains(schemes, p.Scheme) {
		return "", p, schemeError(p.Scheme)
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	if found {
		full = text[:len(scheme)+len("://")+len(rest)]
	} else {
		full = bare + "://" + rest
	}
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	err = p.setAuthority(authority)
	if strings.Contains(authority, ":") && strings.Contains(tail+fragment, "@") && (err != nil || !strings.HasPrefix(tail, "/")) {
		return "", p, errEscape // user:12#34@host would be host user, port 12
	}
	if err == nil {
		err = p.setTail(tail)
	}
	return full, p, err
}

// maxURL is longer than what servers commonly take.
const maxURL = 8192

func checkURLText(text string) error {
	switch {
	case text == "":
		return errors.New("missing; want a URL such as https://example.com/health")
	case len(text) > maxURL:
		return fmt.Errorf("longer than %d bytes; want a shorter URL", maxURL)
	case !utf8.ValidString(text):
		return errors.New("not UTF-8; want UTF-8 text")
	}
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u200b' || r == '\ufeff' {
			return fmt.Errorf("holds a space or control character (%U); want it percent-encoded, a space as %%20", r)
		}
	}
	return nil
}

// checkBare finds the URLs that only look like a bare host because a slash is missing.
func checkBare(text string) error {
	for _, s := range schemes {
		if len(text) <= len(s) || !strings.EqualFold(text[:len(s)], s) {
			continue
		}
		rest := text[len(s):]
		port, _, _ := strings.Cut(rest[1:], "/")
		if strings.HasPrefix(rest, "//") || rest[0] == ':' && strings.Trim(port, "0123456789") != "" || strings.HasPrefix(rest, ":/") {
			return fmt.Errorf("no :// behind the scheme; want %s://…", s)
		}
	}
	return nil
}

func schemeError(scheme string) error {
	const want = "want http, https, tcp or icmp"
	if !isScheme(scheme) {
		return errors.New("what stands before :// is not a scheme; " + want)
	}
	hint := setting.Nearest(scheme, schemes)
	if scheme == "ping" {
		hint = ICMP
	}
	if hint != "" {
		return fmt.Errorf("unknown scheme %s, did you mean %s? %s", scheme, hint, want)
	}
	return fmt.Errorf("unknown scheme %s; %s", scheme, want)
}

// What stands in the parts of a URL as it is.
var (
	inUser  = alphanumericAnd("-._~!$&'()*+,;=:%")
	inPath  = alphanumericAnd("-._~!$&'()*+,;=:@/%[]")
	inQuery = alphanumericAnd("-._~!$&'()*+,;=:@/%[]?\"<>\\^`{|}")
)

var errEscape = errors.New("user or password hold a character that must be percent-encoded; want @ as %40, : as %3A, / as %2F, ? as %3F, # as %23")

func (p *Parts) setAuthority(authority string) (err error) {
	at := strings.LastIndexByte(authority, '@')
	if at >= 0 {
		if p.Protocol() != HTTP {
			return fmt.Errorf("targets of %s take no user or password; want only the host", p.Scheme)
		}
		if p.User, err = parseUser(authority[:at]); err != nil {
			return err
		}
	}
	host, port, err := splitPort(authority[at+1:])
	if err != nil {
		return err
	}
	if p.Hostname, err = canonicalHost(host); err != nil {
		return err
	}
	switch {
	case p.Scheme == ICMP && port != 0:
		return errors.New("icmp has no ports; want icmp://host")
	case p.Scheme == TCP && port == 0:
		return errors.New("the port is missing; want tcp://host:port")
	case p.Scheme == "http" && port == 0:
		port = 80
	case p.Scheme == "https" && port == 0:
		port = 443
	}
	p.Port = port
	return nil
}

func parseUser(text string) (*url.Userinfo, error) {
	if inUser.lacks(text) >= 0 {
		return nil, errEscape
	}
	name, password, has := strings.Cut(text, ":")
	name, err := url.PathUnescape(name)
	if err != nil {
		return nil, errEscape
	}
	if !has {
		return url.User(name), nil
	}
	if password, err = url.PathUnescape(password); err != nil {
		return nil, errEscape
	}
	return url.UserPassword(name, password), nil
}

func (p *Parts) setTail(tail string) error {
	if p.Protocol() != HTTP {
		if tail != "" {
			return fmt.Errorf("targets of %s take no path or query; want nothing behind host and port", p.Scheme)
		}
		return nil
	}
	p.Path, p.Query = tail, ""
	if i := strings.IndexByte(tail, '?'); i >= 0 {
		p.Path, p.Query = tail[:i], tail[i:]
	}
	if !isEscaped(p.Path) {
		return errors.New("a % in the path is not followed by two hexadecimal digits; want a % itself as %25")
	}
	p.Path, p.Query = escape(p.Path, inPath), escape(p.Query, inQuery)
	if p.Path == "" {
		p.Path = "/"
	}
	return nil
}

// isEscaped tells whether two hexadecimal digits follow each percent sign.
func isEscaped(path string) bool {
	if strings.IndexByte(path, '%') < 0 {
		return true
	}
	_, err := url.PathUnescape(path)
	return err == nil
}

// escape percent-encodes every byte but those to keep.
func escape(text string, keep *charset) string {
	i := keep.lacks(text)
	if i < 0 {
		return text
	}
	out := []byte(text[:i])
	for _, c := range []byte(text[i:]) {
		if keep[c] {
			out = append(out, c)
		} else {
			out = fmt.Appendf(out, "%%%02X", c)
		}
	}
	return string(out)
}
