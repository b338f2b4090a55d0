package targets

import (
	"net/netip"
	"strings"
)

// What stands in the plain parts of a URL, which are as they would be written.
var (
	inPlainHost  = charsetOf("abcdefghijklmnopqrstuvwxyz0123456789-_.")
	inPlainPath  = alphanumericAnd("-._~!$&'()*+,;=:/[]")
	inPlainQuery = alphanumericAnd("-._~!$&'()*+,;=:/[]%?")
)

// parsePlain takes apart what most URLs are: a scheme, a host in lower case or an IPv4 address, maybe a port, a path
// with nothing to escape, maybe a query. It finds what parseAny would, in an eighth of the time; false means "don't
// know". A list of a million begins sooner by it, and each check takes its URL apart.
func parsePlain(text string) (p Parts, ok bool) {
	scheme, rest, _ := strings.Cut(text, "://")
	switch scheme {
	case "http":
		p.Port = 80
	case "https":
		p.Port = 443
	case TCP, ICMP:
	default:
		return p, false
	}
	p.Scheme = scheme
	end := plainHost(rest)
	if end == 0 || len(text) > maxURL {
		return p, false
	}
	p.Hostname, rest = rest[:end], rest[end:]
	digits := 0
	if rest != "" && rest[0] == ':' {
		if p.Port, digits = plainPort(rest[1:]); digits == 0 || scheme == ICMP {
			return p, false
		}
		rest = rest[1+digits:]
	}
	switch {
	case p.Protocol() != HTTP:
		return p, rest == "" && (digits > 0) == (scheme == TCP)
	case rest == "":
		p.Path = "/"
	case rest[0] != '/':
		return p, false
	default:
		p.Path = rest
		if i := strings.IndexByte(rest, '?'); i >= 0 {
			p.Path, p.Query = rest[:i], rest[i:]
		}
	}
	return p, inPlainPath.lacks(p.Path) < 0 && inPlainQuery.lacks(p.Query) < 0
}

// plainHost is where the host ends that a text begins with, 0 if it is not known to be one.
func plainHost(text string) (end int) {
	label := 0 // where the last begins
	for ; end < len(text) && text[end] != ':' && text[end] != '/'; end++ {
		switch c := text[end]; {
		case !inPlainHost[c]:
			return 0
		case c == '.':
			if end == label || end-label > 63 {
				return 0
			}
			label = end + 1
		}
	}
	if end == label || end-label > 63 || end > 253 {
		return 0
	}
	if c := text[label]; c >= '0' && c <= '9' {
		if addr, err := netip.ParseAddr(text[:end]); err != nil || !addr.Is4() {
			return 0
		}
	}
	return end
}

// plainPort is the port that a text begins with, and of how many digits it is, 0 if it is not known to be one.
func plainPort(text string) (port uint16, digits int) {
	n := 0
	for ; digits < len(text) && text[digits] >= '0' && text[digits] <= '9'; digits++ {
		if n = 10*n + int(text[digits]-'0'); n == 0 || n > 65535 {
			return 0, 0
		}
	}
	return uint16(n), digits
}
