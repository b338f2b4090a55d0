package targets

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// What stands in a host name, and in the zone of an IPv6 address.
var (
	inHost = alphanumericAnd("-_")
	inZone = alphanumericAnd("-._~")
)

// splitPort takes host and port apart; port is 0 if there is none. An IPv6 address keeps its brackets.
func splitPort(text string) (host string, port uint16, err error) {
	host, digits := text, ""
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return "", 0, errors.New("the bracket of an IPv6 address is not closed; want [2001:db8::1]")
		}
		host, digits = text[:end+1], text[end+1:]
		if digits != "" && digits[0] != ':' {
			return "", 0, errors.New("something stands behind the bracket of an IPv6 address; want [2001:db8::1] or [2001:db8::1]:443")
		}
		digits = strings.TrimPrefix(digits, ":")
	} else if colon := strings.IndexByte(text, ':'); colon >= 0 {
		if strings.IndexByte(text[colon+1:], ':') >= 0 { // no host and port
			if addr, err := netip.ParseAddr(text); err == nil {
				return "", 0, fmt.Errorf("an IPv6 address needs brackets; want [%s]", addr)
			}
		}
		host, digits = text[:colon], text[colon+1:]
	}
	if digits == "" {
		return host, 0, nil
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return "", 0, errors.New("not a port; want a number from 1 to 65535") // not shown: it may be a password
	}
	return host, uint16(n), nil
}

// names turns international names into punycode as browsers do. Underscores are let through, because names in
// private networks have them.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(false))

// canonicalHost is a host name in lower case and punycode, or an address in canonical form and without brackets.
func canonicalHost(host string) (string, error) {
	if host == "" {
		return "", errors.New("the host is missing; want a URL such as https://example.com/health")
	}
	if host[0] == '[' {
		return canonicalIPv6(host[1 : len(host)-1])
	}
	if !isASCII(host) {
		mapped, err := names.ToASCII(host)
		if err != nil {
			return "", errors.New("the host is not a valid international name; want one that can be written in punycode")
		}
		host = mapped
	}
	host = strings.ToLower(host)
	if err := checkHost(host); err != nil {
		return "", err
	}
	return host, nil
}

func canonicalIPv6(text string) (string, error) {
	// In a URL the percent sign before a zone is itself escaped.
	text = strings.Replace(text, "%25", "%", 1)
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() {
		return "", errors.New("what stands in brackets is not an IPv6 address; want [2001:db8::1]")
	}
	if inZone.lacks(addr.Zone()) >= 0 {
		return "", errors.New("the zone of the IPv6 address holds a character that no interface has; want [fe80::1%25eth0]")
	}
	return addr.String(), nil
}

// checkAddressFamily is an error if the host is a literal address that family, which is any, 4 or 6, excludes.
func checkAddressFamily(family, host string) error {
	addr, err := netip.ParseAddr(host)
	own := "4"
	if addr.Unmap().Is6() {
		own = "6"
	}
	if err != nil || family == "any" || family == own {
		return nil
	}
	return fmt.Errorf("%s is an IPv%s address; want %s or any, or a url with a name or an IPv%s address", host, own, own, family)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

func checkHost(host string) error {
	name := strings.TrimSuffix(host, ".")
	if len(name) > 253 {
		return errors.New("the host is longer than 253 characters; want a name that DNS can hold")
	}
	label := ""
	for label = range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return errors.New("a part of the host is empty or longer than 63 characters; want a name such as www.example.com")
		}
		if i := inHost.lacks(label); i >= 0 {
			return fmt.Errorf("the host may not hold %q; want letters, digits, - and _", label[i])
		}
	}
	// 10.1, 010.0.0.1 and 0x7f000001 mean different addresses to different programs.
	if isNumber(label) {
		if addr, err := netip.ParseAddr(host); err != nil || !addr.Is4() {
			return errors.New("the host ends in a number but is not an IPv4 address; want four numbers such as 192.0.2.7")
		}
	}
	return nil
}

func isNumber(label string) bool {
	if c := label[0]; c < '0' || c > '9' { // as of most names
		return false
	}
	if hex, found := strings.CutPrefix(label, "0x"); found {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
