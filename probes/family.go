package probes

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/targets"
)

// Family is which kind of IP addresses may be used.
type Family string

// The families. The zero value of Family is FamilyAny too.
const (
	FamilyAny Family = "any"
	Family4   Family = "4"
	Family6   Family = "6"
)

// ParseFamily reads any, 4 or 6.
func ParseFamily(text string) (Family, error) {
	word := strings.ToLower(strings.TrimSpace(text))
	if err := setting.OneOf(word, string(FamilyAny), string(Family4), string(Family6)); err != nil {
		return "", err
	}
	return Family(word), nil
}

// Decode reads the value of a variable.
func (f *Family) Decode(text string) (err error) {
	*f, err = ParseFamily(text)
	return err
}

// CheckHost is an error, worded for users, if the host is a literal address of another family than PROBE_IP_FAMILY
// says, and that is in force for it: every check of it would fail. Where the target says ip_family itself, that was
// looked at when its list was read.
func (c NetworkConfig) CheckHost(host string, o *targets.Options) error {
	if o.IPFamily != "" || c.IPFamily != Family4 && c.IPFamily != Family6 {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || c.IPFamily.has(addr.Unmap()) {
		return nil
	}
	own := Family4
	if addr.Unmap().Is6() {
		own = Family6
	}
	return fmt.Errorf("an %s, but PROBE_IP_FAMILY is %s; want PROBE_IP_FAMILY=any (in a file: ip_family %s for this target), or a name or an %s here",
		own.address(), c.IPFamily, own, c.IPFamily.address())
}

// has tells whether an address, which is not an IPv4-mapped one, is of the family.
func (f Family) has(addr netip.Addr) bool {
	switch f {
	case Family4:
		return addr.Is4()
	case Family6:
		return addr.Is6()
	}
	return true
}

// only is the one address of a host that is a literal address, or a *Failure if it is of another family.
func (f Family) only(addr netip.Addr, host string) ([]netip.Addr, error) {
	if addr = addr.Unmap(); !f.has(addr) {
		return nil, &Failure{Reason: DNS, Text: fmt.Sprintf("%s is no %s", host, f.address())}
	}
	return []netip.Addr{addr}, nil
}

// network is the family's name in package net.
func (f Family) network() string {
	if f == Family4 || f == Family6 {
		return "ip" + string(f)
	}
	return "ip"
}

// address names what a host of the family must have.
func (f Family) address() string {
	if f == Family4 || f == Family6 {
		return "IPv" + string(f) + " address"
	}
	return "address"
}
