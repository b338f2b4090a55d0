package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
)

// NetworkConfig is what the probes of all protocols are told about the network.
type NetworkConfig struct {
	Resolver string `envconfig:"PROBE_RESOLVER" desc:"host:port of a DNS server to ask instead of the system's"`
	IPFamily Family `envconfig:"PROBE_IP_FAMILY" default:"any" desc:"which addresses to use: any, 4 or 6"`
}

// TLSConfig is what the probes that speak TLS are told about certificates.
type TLSConfig struct {
	TLSVerify TLSVerify `envconfig:"PROBE_TLS_VERIFY" default:"true" desc:"check certificates: yes, no, or the path of a CA bundle to trust"`
}

// Family is which kind of IP addresses may be used.
type Family string

// The families.
const (
	FamilyAny Family = "any"
	Family4   Family = "4"
	Family6   Family = "6"
)

// ParseFamily reads any, 4 or 6.
func ParseFamily(text string) (Family, error) { return Family(text), nil }

// Decode reads the value of a variable.
func (f *Family) Decode(text string) (err error) {
	*f, err = ParseFamily(text)
	return err
}

// TLSVerify is how certificates are checked. The zero value checks them against the system's authorities.
type TLSVerify struct {
	text  string
	off   bool
	roots *x509.CertPool // nil: the system's
}

// ParseTLSVerify reads yes, no or the path of a CA bundle in PEM form, which it loads. The same path gives the
// same pool.
func ParseTLSVerify(text string) (TLSVerify, error) { return TLSVerify{text: text}, nil }

// Decode reads the value of a variable.
func (v *TLSVerify) Decode(text string) (err error) {
	*v, err = ParseTLSVerify(text)
	return err
}

func (v TLSVerify) String() string { return v.text }

// CheckSystemRoots is an error, worded for users, if certificates are to be checked against the system's
// authorities and this machine has none.
func (v TLSVerify) CheckSystemRoots() error { return nil }

// Resolver finds the addresses of names, and knows whether it is itself to blame for a failure.
type Resolver struct{}

// SharedResolver is the one resolver of this process for a DNS server (host:port; empty: the system's). It is
// shared because "it has answered nobody" is about the server, whoever asks.
func SharedResolver(server string) *Resolver { return &Resolver{} }

// Lookup returns a host's addresses in the order in which they are to be tried, at least one. A literal address
// needs no server. The error is a *Failure, an *OwnFault or Is context.Canceled.
func (r *Resolver) Lookup(ctx context.Context, host string, family Family) ([]netip.Addr, error) {
	return nil, errors.New("not yet")
}

// Dial opens a TCP connection to the first address that takes it. The time until ctx's deadline is shared by the
// addresses that are left. The error is that of the first address which the target is to blame for, else an
// *OwnFault, or Is context.Canceled; addr is the address that the connection or error belongs to.
func Dial(ctx context.Context, addrs []netip.Addr, port uint16) (conn net.Conn, addr netip.Addr, err error) {
	return nil, netip.Addr{}, errors.New("not yet")
}

// Handshake makes a TLS connection of conn, within ctx. state holds what is known of the peer also when the
// verification of its certificate fails. serverName is a host name or a literal address. alpn may be nil. The
// error is a *Failure, an *OwnFault or Is context.Canceled.
func Handshake(ctx context.Context, conn net.Conn, serverName string, verify TLSVerify, alpn []string) (secured *tls.Conn, state tls.ConnectionState, err error) {
	return nil, tls.ConnectionState{}, errors.New("not yet")
}
