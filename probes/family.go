package probes

import (
	"net/netip"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
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
