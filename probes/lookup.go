package probes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// lookup is one lookup under way. It listens in on what the library and the servers say to each other, because the
// library's error does not tell a name that does not exist from one without addresses of the family, nor either
// of them from a question that was left open beside one that was answered.
type lookup struct {
	resolver *Resolver
	ctx      context.Context
	host     string
	family   Family

	mu       sync.Mutex // the library asks for both families at the same time
	missing  bool       // a server said that the name does not exist
	settled  [2]bool    // which family's question a server has answered: IPv4, IPv6
	asked    bool
	rcode    dnsmessage.RCode // the last answer that was none, such as a server failure
	failed   error            // the last error of a connection to a server
	ownFault *OwnFault        // the first that kept us from asking
}

// dial connects to the DNS server: to ours if one is set, else to that of the system which the library names.
func (l *lookup) dial(_ context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	l.asked = true
	l.mu.Unlock()
	l.resolver.silence.asked()
	conn, err := l.connect(network, address)
	if err != nil {
		l.note(err)
		return nil, err
	}
	return conn, nil
}

func (l *lookup) connect(network, address string) (net.Conn, error) {
	servers := []string{address}
	if l.resolver.server != "" {
		var err error
		if servers, err = l.serverAddresses(); err != nil {
			return nil, err
		}
	}
	var first error
	for _, server := range servers {
		// The context of the lookup and not the library's, which outlives it by seconds.
		conn, err := dialer.DialContext(l.ctx, network, server)
		if err == nil {
			return watch(l, conn), nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// serverAddresses are those of our own server. The system's resolver finds them if it has a name.
func (l *lookup) serverAddresses() (servers []string, err error) {
	host, port, err := net.SplitHostPort(l.resolver.server)
	if err != nil {
		return nil, err
	}
	addrs, err := SharedResolver("").Lookup(l.ctx, host, FamilyAny)
	for _, a := range addrs {
		servers = append(servers, net.JoinHostPort(a.String(), port))
	}
	return servers, err
}

// note remembers an error of a connection to a server.
func (l *lookup) note(err error) {
	var own *OwnFault
	explained := Explain(l.ctx, "asking the DNS server", err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = explained
	if l.ownFault == nil && errors.As(explained, &own) {
		l.ownFault = own
	}
}

// heard notes what a server answered.
func (l *lookup) heard(rcode dnsmessage.RCode, q dnsmessage.Question) {
	definite := rcode == dnsmessage.RCodeSuccess || rcode == dnsmessage.RCodeNameError
	if definite {
		l.resolver.silence.answered()
	}
	absolute := strings.TrimSuffix(l.host, ".") + "."
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !definite:
		l.rcode = rcode
	case strings.EqualFold(q.Name.String(), absolute):
		l.missing = l.missing || rcode == dnsmessage.RCodeNameError
		if q.Type == dnsmessage.TypeA {
			l.settled[0] = true
		} else {
			l.settled[1] = true
		}
	}
}

// explain says what the library's error means.
func (l *lookup) explain(err error) error {
	doing := "looking up " + l.host
	if l.ctx.Err() == context.Canceled {
		return cancelled(doing)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var dns *net.DNSError
	var unsuitable *net.AddrError
	switch {
	case l.missing:
		return &Failure{Reason: DNS, Text: doing + ": no such host (name does not exist)"}
	case errors.As(err, &unsuitable):
		return l.noAddress()
	case errors.As(err, &dns) && dns.IsNotFound && !l.asked:
		return &Failure{Reason: DNS, Text: doing + ": no such host (not a name that can be asked for)"}
	case errors.As(err, &dns) && dns.IsNotFound && l.allSettled():
		return l.noAddress()
	case l.ownFault != nil:
		return &OwnFault{l.ownFault.Cause, fmt.Errorf("%s: %w", doing, l.ownFault.Err)}
	}
	return l.unanswered(doing, dns)
}

// allSettled tells whether every question that matters was answered.
func (l *lookup) allSettled() bool {
	return (l.family == Family6 || l.settled[0]) && (l.family == Family4 || l.settled[1])
}

func (l *lookup) noAddress() error {
	return &Failure{Reason: DNS, Text: fmt.Sprintf("looking up %s: the name exists, but has no %s", l.host, l.family.address())}
}

// unanswered is the error of a lookup that no server gave a definite answer to.
func (l *lookup) unanswered(doing string, dns *net.DNSError) error {
	server := l.resolver.server
	if server == "" && dns != nil {
		server = dns.Server
	}
	if server != "" {
		server = " " + server
	}
	why, late := l.whyUnanswered(dns)
	failure := &Failure{DNS, fmt.Sprintf("%s: the DNS server%s %s", doing, server, why), late}
	if quiet := l.resolver.silence.lasts(); quiet >= l.resolver.patience {
		return &OwnFault{CauseResolver, fmt.Errorf("%s; it has answered nobody for %.1f s", failure.Text, quiet.Seconds())}
	}
	return failure
}

// whyUnanswered says what the DNS server did instead of an answer, and whether it failed by time.
func (l *lookup) whyUnanswered(dns *net.DNSError) (why string, late bool) {
	var failed *Failure
	known := errors.As(l.failed, &failed)
	switch {
	case l.rcode != dnsmessage.RCodeSuccess:
		return "answered with " + rcodeText(l.rcode), false
	case known && !failed.TimedOut:
		return "cannot be asked: " + afterColon(failed.Text), false
	case known || l.ctx.Err() != nil || dns != nil && dns.IsTimeout:
		return "did not answer in time", true
	}
	return "gave no usable answer", false
}

func afterColon(text string) string {
	_, rest, found := strings.Cut(text, ": ")
	if !found {
		return text
	}
	return rest
}

func rcodeText(rcode dnsmessage.RCode) string {
	switch rcode {
	case dnsmessage.RCodeServerFailure:
		return "a server failure (SERVFAIL)"
	case dnsmessage.RCodeRefused:
		return "a refusal (REFUSED)"
	case dnsmessage.RCodeFormatError:
		return "a format error (FORMERR)"
	case dnsmessage.RCodeNotImplemented:
		return "\"not implemented\" (NOTIMP)"
	}
	return fmt.Sprintf("error code %d", rcode)
}
