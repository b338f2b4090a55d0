package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uptimer/uptimer/internal/setting"
)

// NetworkConfig is what the probes of all protocols are told about the network.
type NetworkConfig struct {
	Resolver string `envconfig:"PROBE_RESOLVER" desc:"host:port of a DNS server to ask instead of the system's"`
	IPFamily Family `envconfig:"PROBE_IP_FAMILY" default:"any" desc:"which addresses to use: any, 4 or 6"`
}

// Validate returns the mistakes of PROBE_RESOLVER as setting.Mistakes. A config that embeds this one and has a
// Validate of its own must call it.
func (c NetworkConfig) Validate() error {
	var ms setting.Mistakes
	if _, err := ParseResolver(c.Resolver); err != nil {
		ms.Add("PROBE_RESOLVER", c.Resolver, err)
	}
	return ms.Err()
}

// ParseResolver reads host:port of a DNS server and returns it in that form; a host alone gets port 53. The host is
// a name or a literal address (IPv6 with a port in brackets). Empty stands for the system's and stays empty.
func ParseResolver(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	host, port := text, "53"
	if bare, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(bare, "]") {
		host = strings.TrimSuffix(bare, "]")
	} else if strings.Contains(text, ":") && !isAddress(text) {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", errNoResolver
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || !isHost(host) {
		return "", errNoResolver
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

var errNoResolver = errors.New("not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53")

// isAddress tells whether a text is a literal address.
func isAddress(text string) bool {
	addr, err := netip.ParseAddr(text)
	return err == nil && (addr.Zone() == "" || nameOnly(addr.Zone()))
}

// isHost tells whether a text can be a literal address or a host name.
func isHost(text string) bool {
	return isAddress(text) || text != "" && len(text) <= 253 && nameOnly(text)
}

// nameOnly tells whether a text has no other characters than names have.
func nameOnly(text string) bool {
	for _, c := range text {
		if !(c == '-' || c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

// Resolver finds the addresses of names, and knows whether it is itself to blame for a failure. Safe for concurrent
// use.
type Resolver struct {
	server   string // host:port; empty: the system's
	patience time.Duration
	silence  silence
}

var resolvers = struct {
	sync.Mutex
	of map[string]*Resolver
}{of: map[string]*Resolver{}}

// SharedResolver is the one resolver of this process for a DNS server (host:port; empty: the system's), which
// ParseResolver must accept. It is shared because "it has answered nobody" is about the server, whoever asks.
func SharedResolver(server string) *Resolver {
	if normal, err := ParseResolver(server); err == nil {
		server = normal
	}
	resolvers.Lock()
	defer resolvers.Unlock()
	r := resolvers.of[server]
	if r == nil {
		r = &Resolver{server: server, patience: resolverPatience}
		resolvers.of[server] = r
	}
	return r
}

// Lookup returns a host's addresses in the order in which they are to be tried (RFC 6724), at least one. A literal
// address needs no server. Nothing is remembered: each call asks. The hosts file of this machine comes first,
// whichever server is set.
//
// That a name does not exist is a *Failure with reason DNS. That the resolver failed or did not answer is one too,
// but an *OwnFault with CauseResolver while it has answered nobody for five seconds: nobody who asked through this
// Resolver, counted from its last answer, or from its first question until it has answered once. Otherwise the
// error is an *OwnFault that says what this machine lacks, or Is context.Canceled.
func (r *Resolver) Lookup(ctx context.Context, host string, family Family) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return family.only(addr, host)
	}
	l := &lookup{resolver: r, ctx: ctx, host: host, family: family}
	// A net.Resolver of our own for each lookup: a shared one joins lookups of the same name, and with them their
	// contexts.
	library := net.Resolver{PreferGo: true, Dial: l.dial}
	found, err := library.LookupNetIP(ctx, family.network(), host)
	if err != nil {
		return nil, l.explain(err)
	}
	addrs := found[:0]
	for _, a := range found {
		if a = a.Unmap(); family.has(a) {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, l.noAddress()
	}
	return addrs, nil
}
